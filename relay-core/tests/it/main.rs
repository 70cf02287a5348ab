//! The use cases, with mocks in place of the world.

#![expect(clippy::unwrap_used, reason = "a test suite")]

mod calls;
mod connection_state;
mod embeddings;
mod registration;
