//! The conformance suite of [`Upkeep`].

use super::samples::{NOW, by, connection, grant, hash, project, slot, user};
use crate::domain::ids::Timestamp;
use crate::domain::{IdempotencyRecord, KEEP_GRANTS_SECONDS, Provider};
use crate::ports::Store;

/// When the grants of the samples have expired.
const EXPIRED: Timestamp = Timestamp(NOW.0 + 600_000);
/// When they are no longer reported as expired.
const FORGOTTEN: Timestamp = Timestamp(EXPIRED.0 + KEEP_GRANTS_SECONDS * 1000);

/// Checks every obligation of [`Upkeep`](crate::ports::Upkeep) that can be seen from outside.
pub async fn upkeep(store: &dyn Store) {
    rule!(a_user_is_pending_until_they_connect_a_key(store));
    rule!(an_expired_token_is_expired_for_good(store));
    rule!(a_pending_user_goes_with_their_last_grant(store));
    rule!(a_user_who_ever_connected_a_key_stays(store));
    rule!(an_idempotency_record_goes_when_it_expires(store));
}

async fn clean_up(store: &dyn Store, now: Timestamp) {
    for _ in 0..10_000 {
        if !store.clean_up(now).await.unwrap() {
            return;
        }
    }
    panic!("it never ends");
}

async fn a_user_is_pending_until_they_connect_a_key(store: &dyn Store) {
    let (p, other) = (project("pending"), project("pendingOther"));
    assert_eq!(store.pending_users(&p).await.unwrap(), 0);
    for (n, label) in [(1, "ana"), (2, "bo"), (3, "bo")] {
        store.put_grant(&hash(&p, n), grant(&p, label), None).await.unwrap();
    }
    assert_eq!((store.pending_users(&p).await.unwrap(), store.pending_users(&other).await.unwrap()), (2, 0));
    let s = slot(&p, "ana", Provider::OPENAI);
    store.redeem(&hash(&p, 1), connection(&s, 1, 1), NOW, &by()).await.unwrap();
    assert_eq!(store.pending_users(&p).await.unwrap(), 1);
    store.delete_connection(&s, &by()).await.unwrap();
    assert_eq!(store.pending_users(&p).await.unwrap(), 1, "ana connected a key once");
    store.delete_user(&p, &user("bo"), &by()).await.unwrap();
    assert_eq!(store.pending_users(&p).await.unwrap(), 0);
    store.delete_user(&p, &user("ana"), &by()).await.unwrap();
    store.put_grant(&hash(&p, 4), grant(&p, "ana"), None).await.unwrap();
    assert_eq!(store.pending_users(&p).await.unwrap(), 1, "another user with the same label");
    store.delete_user(&p, &user("ana"), &by()).await.unwrap();
}

async fn an_expired_token_is_expired_for_good(store: &dyn Store) {
    let p = project("goodbye");
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    let mut longer = grant(&p, "ana");
    longer.expires_at = EXPIRED.plus_seconds(1);
    store.put_grant(&hash(&p, 2), longer, None).await.unwrap();
    clean_up(store, EXPIRED).await;
    // The clock is set back.
    let s = slot(&p, "ana", Provider::OPENAI);
    store.redeem(&hash(&p, 1), connection(&s, 1, 1), NOW, &by()).await.unwrap_err();
    assert_eq!(store.grant(&hash(&p, 1)).await.unwrap().unwrap().tries_left, 0);
    store.redeem(&hash(&p, 2), connection(&s, 1, 1), NOW, &by()).await.unwrap();
    clean_up(store, FORGOTTEN.plus_seconds(1)).await;
    assert_eq!(store.grant(&hash(&p, 2)).await.unwrap(), None);
}

async fn a_pending_user_goes_with_their_last_grant(store: &dyn Store) {
    let p = project("lastGrant");
    let mut later = grant(&p, "bo");
    later.expires_at = EXPIRED.plus_seconds(1);
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), None).await.unwrap();
    store.put_grant(&hash(&p, 2), grant(&p, "bo"), None).await.unwrap();
    store.put_grant(&hash(&p, 3), later, None).await.unwrap();
    clean_up(store, EXPIRED).await;
    assert_eq!(store.pending_users(&p).await.unwrap(), 2, "expired tokens are still known for a day");
    clean_up(store, FORGOTTEN).await;
    assert_eq!(store.user(&p, &user("ana")).await.unwrap(), None);
    assert!(store.user(&p, &user("bo")).await.unwrap().is_some(), "one of two grants is left");
    assert_eq!(store.pending_users(&p).await.unwrap(), 1);
    clean_up(store, FORGOTTEN.plus_seconds(1)).await;
    assert_eq!((store.user(&p, &user("bo")).await.unwrap(), store.pending_users(&p).await.unwrap()), (None, 0));
}

async fn a_user_who_ever_connected_a_key_stays(store: &dyn Store) {
    let p = project("stays");
    for (n, label) in [(1, "ana"), (2, "bo")] {
        let s = slot(&p, label, Provider::OPENAI);
        store.put_grant(&hash(&p, n), grant(&p, label), None).await.unwrap();
        store.redeem(&hash(&p, n), connection(&s, 1, n), NOW, &by()).await.unwrap();
    }
    store.delete_connection(&slot(&p, "bo", Provider::OPENAI), &by()).await.unwrap();
    clean_up(store, FORGOTTEN).await;
    assert_eq!(store.grant(&hash(&p, 1)).await.unwrap(), None);
    for label in ["ana", "bo"] {
        assert!(store.user(&p, &user(label)).await.unwrap().is_some(), "{label}");
        store.delete_user(&p, &user(label), &by()).await.unwrap();
    }
}

async fn an_idempotency_record_goes_when_it_expires(store: &dyn Store) {
    let p = project("record");
    let record = |expires_at| IdempotencyRecord { key: "k".into(), request: [1; 32], salt: [2; 16], expires_at };
    let end = FORGOTTEN.plus_seconds(60);
    store.put_grant(&hash(&p, 1), grant(&p, "ana"), Some(record(end))).await.unwrap();
    clean_up(store, FORGOTTEN).await;
    assert!(store.grant(&hash(&p, 1)).await.unwrap().is_some(), "its record can still ask for it");
    clean_up(store, end).await;
    assert_eq!(store.grant(&hash(&p, 1)).await.unwrap(), None);
    assert_eq!(store.user(&p, &user("ana")).await.unwrap(), None);
}
