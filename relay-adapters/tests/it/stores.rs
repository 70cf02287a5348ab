//! Every store passes the same suites.

use relay_adapters::memory::Memory;
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_core::conformance;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::{Grant, SecretHash};
use relay_core::ports::KeyStore;

/// A database of its own, in a directory that goes with it.
pub(crate) fn sqlite() -> (tempfile::TempDir, Sqlite) {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = Sqlite::open(directory.path().join("relay.db"), SqliteOptions::default()).unwrap();
    (directory, sqlite)
}

#[tokio::test]
async fn memory_passes_the_suite_of_stores() {
    conformance::store(&Memory::default()).await;
}

#[tokio::test]
async fn sqlite_passes_the_suite_of_stores() {
    conformance::store(&sqlite().1).await;
}

/// Grants that ended more than a day ago go, a few with each new one.
async fn old_grants_are_cleaned_up(store: &dyn KeyStore) {
    let grant = |day: u64| {
        Grant::new(
            ProjectId::parse("prj_0123456789ABCDEFGHIJkl").unwrap(),
            EndUser::parse("ana").unwrap(),
            Timestamp(0).plus_seconds(day * 86_400),
            Timestamp(0).plus_seconds(day * 86_400 + 600),
        )
    };
    for n in 0..30 {
        store.put_grant(&SecretHash([n; 32]), grant(1), None).await.unwrap();
    }
    for (n, day) in [(100, 2), (101, 3), (102, 3), (103, 3)] {
        store.put_grant(&SecretHash([n; 32]), grant(day), None).await.unwrap();
        let kept =
            futures::future::join_all((0..30).map(async |n| store.grant(&SecretHash([n; 32])).await.unwrap())).await;
        let kept = kept.into_iter().flatten().count();
        assert_eq!(kept == 30, day == 2, "{kept} on day {day}");
        assert!(n < 103 || kept == 0, "{kept} in the end");
    }
    assert!(store.grant(&SecretHash([100; 32])).await.unwrap().is_some());
}

#[tokio::test]
async fn memory_cleans_old_grants_up() {
    old_grants_are_cleaned_up(&Memory::default()).await;
}

#[tokio::test]
async fn sqlite_cleans_old_grants_up() {
    old_grants_are_cleaned_up(&sqlite().1).await;
}
