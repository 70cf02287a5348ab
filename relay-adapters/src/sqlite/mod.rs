//! The store in an SQLite file: one thread writes, a few threads read, and usage is written in batches.
//!
//! Labels of erased end users can survive in unused parts of the file until `VACUUM` rewrites it. Sealed keys cannot
//! (see the table `sealed_keys`).

mod connections;
mod error;
mod events;
mod failure;
mod grants;
mod identity;
mod key_store;
mod meta;
mod migrate;
mod open;
mod outbox;
mod projects;
mod rows;
mod store;
mod trail;
mod upkeep;
mod usage;
mod usage_queue;
mod users;
mod worker;

pub use error::{SqliteOpenError, failure_may_pass};
pub use store::{Sqlite, SqliteOptions};
