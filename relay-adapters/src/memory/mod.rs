//! The stores in memory: for tests, for the demo, for embedders who keep nothing.
//!
//! One lock around plain maps, no threads, no clock: what happens depends on the calls alone.

mod key_store;
mod meta;
mod projects;
mod state;
mod usage;
mod users;

pub use state::Memory;
