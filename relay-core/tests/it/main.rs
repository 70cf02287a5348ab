//! The use cases, with mocks in place of the world.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test suite")]

mod bad_input;
mod calls;
mod connection_state;
mod continuation;
mod embeddings;
mod hostile_provider;
mod registration;
