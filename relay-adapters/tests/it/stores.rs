//! Every store passes the same suites.

use relay_adapters::memory::Memory;
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_core::contract;

#[tokio::test]
async fn memory_meets_the_key_store_contract() {
    contract::key_store(&Memory::default()).await;
}

#[tokio::test]
async fn memory_meets_the_projects_contract() {
    contract::projects(&Memory::default()).await;
}

#[tokio::test]
async fn memory_meets_the_usage_contract() {
    let memory = Memory::default();
    contract::usage(&memory, &memory, &memory, &memory).await;
}

/// A database of its own, in a directory that goes with it.
pub(crate) fn sqlite() -> (tempfile::TempDir, Sqlite) {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = Sqlite::open(directory.path().join("relay.db"), SqliteOptions::default()).unwrap();
    (directory, sqlite)
}

#[tokio::test]
async fn sqlite_meets_the_key_store_contract() {
    contract::key_store(&sqlite().1).await;
}

#[tokio::test]
async fn sqlite_meets_the_projects_contract() {
    contract::projects(&sqlite().1).await;
}

#[tokio::test]
async fn sqlite_meets_the_usage_contract() {
    let (_directory, sqlite) = sqlite();
    contract::usage(&sqlite, &sqlite, &sqlite, &sqlite).await;
}
