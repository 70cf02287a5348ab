//! The conformance suite of a whole [`Store`].

use super::key_store::key_store;
use super::meta::meta;
use super::outbox::outbox;
use super::projects::projects;
use super::samples::{by, connect, connection, hash, project, slot};
use super::trail::trail;
use super::upkeep::upkeep;
use super::usage::usage;
use crate::domain::{MasterKeyId, Provider};
use crate::ports::Store;

/// Checks every obligation of [`Store`] that can be seen from outside: those of its narrow ports, and what they share.
///
/// The store must be empty, because the list of master keys in use covers all of it.
pub async fn store(store: &dyn Store) {
    rule!(master_keys_in_use_are_those_of_stored_keys(store));
    key_store(store).await;
    upkeep(store).await;
    projects(store).await;
    usage(store).await;
    meta(store).await;
    trail(store).await;
    outbox(store).await;
}

async fn master_keys_in_use_are_those_of_stored_keys(store: &dyn Store) {
    let p = project("masterKeys");
    let (old, new) = (MasterKeyId([1; 8]), MasterKeyId([255, 0, 1, 2, 3, 4, 5, 6]));
    assert_eq!(store.master_keys_in_use().await.unwrap(), []);
    assert_eq!(store.count_by_master_key().await.unwrap(), []);
    let mut slots = Vec::new();
    for (n, (user, id)) in (0..).zip([("ana", new), ("bo", old), ("cy", new)]) {
        let s = slot(&p, user, Provider::OPENAI);
        let mut stored = connection(&s, 1, n);
        stored.sealed.master_key = id;
        connect(store, &hash(&p, n), stored).await;
        slots.push(s);
    }
    assert_eq!(store.master_keys_in_use().await.unwrap(), [old, new], "each once, sorted by bytes");
    assert_eq!(store.count_by_master_key().await.unwrap(), [(old, 1), (new, 2)]);

    let [ana, bo, _] = slots.as_slice() else { return };
    store.delete_connection(bo, &by()).await.unwrap();
    assert_eq!(store.master_keys_in_use().await.unwrap(), [new], "the last key sealed under it is gone");
    let mut replaced = connection(ana, 2, 9);
    replaced.sealed.master_key = old;
    connect(store, &hash(&p, 9), replaced).await;
    assert_eq!(
        store.count_by_master_key().await.unwrap(),
        [(old, 1), (new, 1)],
        "a replaced key counts under its new master key"
    );
    store.delete_user(&p, &ana.user, &by()).await.unwrap();
    assert_eq!(store.master_keys_in_use().await.unwrap(), [new]);
    for s in &slots {
        store.delete_user(&p, &s.user, &by()).await.unwrap();
    }
    assert_eq!(store.master_keys_in_use().await.unwrap(), []);
}
