//! The stores in an SQLite file: one thread writes, some read, usage is written in batches.
//!
//! Names of end users that were erased can survive in unused parts of the file until `VACUUM` rewrites it; sealed keys
//! can't (see the table `sealed_keys`).

mod connections;
mod error;
mod failure;
mod grants;
mod identity;
mod key_store;
mod meta;
mod migrate;
mod open;
mod projects;
mod rows;
mod store;
mod usage;
mod usage_queue;
mod users;
mod worker;

pub use error::SqliteOpenError;
pub use store::{Sqlite, SqliteOptions};
