//! Every store passes the same suites.

use relay_adapters::memory::Memory;
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
