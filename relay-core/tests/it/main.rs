//! The use cases, with mocks in place of the world.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test suite")]

mod calls;
mod connection_state;
mod embeddings;
mod registration;
