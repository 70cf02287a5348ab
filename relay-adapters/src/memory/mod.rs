//! The store in memory: for tests, for the demo, and for programs that need no persistence.
//!
//! One lock around plain maps, without threads or a clock: the result depends only on the calls.

mod delivery;
mod key_store;
mod meta;
mod outbox;
mod projects;
mod state;
mod trail;
mod upkeep;
mod usage;
mod users;

pub use state::Memory;
