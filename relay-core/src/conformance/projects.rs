//! The conformance suite of [`Projects`].

use serde_json::json;

use super::samples::{NOW, by, hash, project};
use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::{KeyedProject, Logo, Policy, PolicyKind, Project, RelayKeyRecord, Scope, SecretHash};
use crate::ports::Projects;

/// Checks every obligation of [`Projects`] that can be seen from outside.
pub async fn projects(store: &dyn Projects) {
    rule!(a_project_comes_back_as_it_was_stored(store));
    rule!(a_project_is_stored_once(store));
    rule!(a_changed_project_is_seen_as_changed_at_once(store));
    rule!(only_an_existing_project_is_changed(store));
    rule!(a_deleted_project_is_gone_with_its_keys(store));
    rule!(projects_are_listed_oldest_first(store));
    rule!(a_key_comes_back_with_its_project(store));
    rule!(a_key_needs_a_project_and_a_hash_of_its_own(store));
    rule!(keys_are_listed_oldest_first(store));
    rule!(a_project_can_have_two_active_keys(store));
    rule!(a_revoked_key_is_seen_as_revoked_at_once(store));
    rule!(only_an_active_key_of_the_project_is_revoked(store));
}

/// A project whose policy has no default value, and a member that no version knows.
fn new_project(id: &ProjectId, created_at: Timestamp) -> Project {
    let mut project = Project::new(id.clone(), "An app, \"quoted\" / 한국어", created_at);
    project.policy = serde_json::from_value(json!({ "fromALaterVersion": { "limit": 3 } })).unwrap();
    for field in Policy::FIELDS {
        match field.kind {
            PolicyKind::Switch { set, .. } => set(&mut project.policy, true),
            PolicyKind::List { set, .. } => {
                set(
                    &mut project.policy,
                    vec!["https://app.example/?a=1&b=\"2\"".into(), "http://localhost:3000".into()],
                );
            }
            PolicyKind::Image { set, .. } => set(&mut project.policy, Logo::parse(b"\xff\xd8\xff\xe0 \"'").ok()),
        }
    }
    project
}

fn new_key(hash: SecretHash, project: &ProjectId, created_at: Timestamp) -> RelayKeyRecord {
    RelayKeyRecord {
        hash,
        id: id_of(hash),
        project: project.clone(),
        name: "backend".into(),
        last4: "Zx09".into(),
        scopes: Scope::ALL.to_vec(),
        created_at,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

/// The suite's hashes differ in their last byte within a project.
fn id_of(SecretHash(bytes): SecretHash) -> String {
    format!("{:012x}", bytes.last().copied().unwrap_or_default())
}

async fn a_project_comes_back_as_it_was_stored(store: &dyn Projects) {
    let open = Project::new(project("projectOpen"), "open", NOW);
    for stored in [new_project(&project("project"), NOW), open] {
        assert_eq!(store.project(&stored.id).await.unwrap(), None);
        store.create_project(stored.clone(), &by()).await.unwrap();
        assert_eq!(store.project(&stored.id).await.unwrap(), Some(stored));
    }
}

async fn a_project_is_stored_once(store: &dyn Projects) {
    let first = new_project(&project("twice"), NOW);
    store.create_project(first.clone(), &by()).await.unwrap();
    let second = Project { name: "another".into(), ..first.clone() };
    store.create_project(second, &by()).await.unwrap_err();
    assert_eq!(store.project(&first.id).await.unwrap(), Some(first));
}

async fn a_changed_project_is_seen_as_changed_at_once(store: &dyn Projects) {
    let (first, other) = (new_project(&project("change"), NOW), new_project(&project("changeOther"), NOW));
    for made in [&first, &other] {
        store.create_project(made.clone(), &by()).await.unwrap();
    }
    let key = new_key(hash(&first.id, 1), &first.id, NOW);
    store.create_relay_key(key.clone(), &by()).await.unwrap();
    assert!(store.relay_key(&key.hash).await.unwrap().is_some());
    let mut changed = Project::new(first.id.clone(), "another", NOW.plus_seconds(60));
    changed.policy.allowed_origins = vec!["https://other.example".into()];
    assert!(store.update_project(changed.clone(), &by()).await.unwrap());
    let changed = Project { created_at: first.created_at, ..changed };
    assert_eq!(store.project(&first.id).await.unwrap().as_ref(), Some(&changed));
    assert_eq!(store.relay_key(&key.hash).await.unwrap(), Some(KeyedProject::new(key, changed)));
    assert_eq!(store.project(&other.id).await.unwrap(), Some(other));
}

async fn only_an_existing_project_is_changed(store: &dyn Projects) {
    let nowhere = new_project(&project("changeNone"), NOW);
    assert!(!store.update_project(nowhere.clone(), &by()).await.unwrap());
    assert_eq!(store.project(&nowhere.id).await.unwrap(), None);
}

async fn a_deleted_project_is_gone_with_its_keys(store: &dyn Projects) {
    let (p, other) = (project("deleted"), project("deletedOther"));
    for (n, id) in [(1, &p), (2, &other)] {
        store.create_project(new_project(id, NOW), &by()).await.unwrap();
        store.create_relay_key(new_key(hash(id, n), id, NOW), &by()).await.unwrap();
    }
    assert!(store.delete_project(&p, &by()).await.unwrap());
    assert_eq!(store.project(&p).await.unwrap(), None);
    assert_eq!(store.relay_key(&hash(&p, 1)).await.unwrap(), None);
    assert_eq!(store.relay_keys(&p).await.unwrap(), []);
    assert!(!store.delete_project(&p, &by()).await.unwrap(), "it is gone");
    assert!(store.relay_key(&hash(&other, 2)).await.unwrap().is_some(), "another project stays");
    assert!(store.delete_project(&other, &by()).await.unwrap());
}

async fn projects_are_listed_oldest_first(store: &dyn Projects) {
    let names = ["listC", "listB", "listA"];
    for (name, age) in [("listA", 10), ("listC", 30), ("listB", 20)] {
        let made = new_project(&project(name), Timestamp(NOW.0 - age));
        store.create_project(made, &by()).await.unwrap();
    }
    let listed: Vec<ProjectId> = store.projects().await.unwrap().into_iter().map(|listed| listed.id).collect();
    let ours: Vec<ProjectId> = listed.into_iter().filter(|id| names.iter().any(|name| *id == project(name))).collect();
    assert_eq!(ours, names.map(project));
}

async fn a_key_comes_back_with_its_project(store: &dyn Projects) {
    let owner = new_project(&project("key"), NOW);
    store.create_project(owner.clone(), &by()).await.unwrap();
    let mut narrow = new_key(hash(&owner.id, 2), &owner.id, NOW);
    narrow.scopes = vec![Scope::Tokens];
    narrow.expires_at = Some(NOW.plus_seconds(5));
    for key in [new_key(hash(&owner.id, 1), &owner.id, NOW), narrow] {
        assert_eq!(store.relay_key(&key.hash).await.unwrap(), None);
        store.create_relay_key(key.clone(), &by()).await.unwrap();
        let found = store.relay_key(&key.hash).await.unwrap();
        assert_eq!(found, Some(KeyedProject::new(key, owner.clone())));
    }
}

async fn a_key_needs_a_project_and_a_hash_of_its_own(store: &dyn Projects) {
    let nowhere = project("nowhere");
    store.create_relay_key(new_key(hash(&nowhere, 1), &nowhere, NOW), &by()).await.unwrap_err();
    assert_eq!(store.relay_key(&hash(&nowhere, 1)).await.unwrap(), None);

    let owner = project("sameHash");
    store.create_project(new_project(&owner, NOW), &by()).await.unwrap();
    let first = new_key(hash(&owner, 1), &owner, NOW);
    store.create_relay_key(first.clone(), &by()).await.unwrap();
    let second = RelayKeyRecord { id: "another".into(), name: "another".into(), ..first.clone() };
    store.create_relay_key(second, &by()).await.unwrap_err();
    assert_eq!(store.relay_keys(&owner).await.unwrap(), [first]);
}

async fn keys_are_listed_oldest_first(store: &dyn Projects) {
    let owner = project("keys");
    store.create_project(new_project(&owner, NOW), &by()).await.unwrap();
    assert_eq!(store.relay_keys(&owner).await.unwrap(), []);
    let old = new_key(hash(&owner, 2), &owner, NOW);
    let new = new_key(hash(&owner, 1), &owner, NOW.plus_seconds(1));
    store.create_relay_key(new.clone(), &by()).await.unwrap();
    store.create_relay_key(old.clone(), &by()).await.unwrap();
    assert_eq!(store.relay_keys(&owner).await.unwrap(), [old, new]);
    assert_eq!(store.relay_keys(&project("keysOther")).await.unwrap(), []);
}

async fn a_project_can_have_two_active_keys(store: &dyn Projects) {
    let owner = project("rolling");
    store.create_project(new_project(&owner, NOW), &by()).await.unwrap();
    for n in [1, 2] {
        store.create_relay_key(new_key(hash(&owner, n), &owner, NOW), &by()).await.unwrap();
    }
    for n in [1, 2] {
        assert!(store.relay_key(&hash(&owner, n)).await.unwrap().unwrap().key.is_live(NOW));
    }
}

async fn a_revoked_key_is_seen_as_revoked_at_once(store: &dyn Projects) {
    let owner = project("revoke");
    store.create_project(new_project(&owner, NOW), &by()).await.unwrap();
    let (revoked, active) = (hash(&owner, 1), hash(&owner, 2));
    for hash in [revoked, active] {
        store.create_relay_key(new_key(hash, &owner, NOW), &by()).await.unwrap();
        store.relay_key(&hash).await.unwrap().unwrap();
    }
    assert!(store.revoke_relay_key(&owner, &id_of(revoked), NOW, &by()).await.unwrap());
    let found = store.relay_key(&revoked).await.unwrap().unwrap().key;
    assert_eq!(found.revoked_at, Some(NOW));
    assert!(!found.is_live(NOW));
    assert!(store.relay_key(&active).await.unwrap().unwrap().key.is_live(NOW));
    assert_eq!(store.relay_keys(&owner).await.unwrap().len(), 2, "a revoked key must stay in the list");
}

async fn only_an_active_key_of_the_project_is_revoked(store: &dyn Projects) {
    let (owner, other) = (project("live"), project("liveOther"));
    for id in [&owner, &other] {
        store.create_project(new_project(id, NOW), &by()).await.unwrap();
    }
    let key = hash(&owner, 1);
    store
        .create_relay_key(RelayKeyRecord { expires_at: Some(NOW.plus_seconds(9)), ..new_key(key, &owner, NOW) }, &by())
        .await
        .unwrap();
    assert!(!store.revoke_relay_key(&other, &id_of(key), NOW, &by()).await.unwrap(), "of another project");
    assert!(!store.revoke_relay_key(&owner, "0123456789ab", NOW, &by()).await.unwrap(), "unknown");
    assert!(!store.revoke_relay_key(&owner, &id_of(key), NOW.plus_seconds(9), &by()).await.unwrap(), "expired");
    assert!(store.relay_key(&key).await.unwrap().unwrap().key.is_live(NOW));
    assert!(store.revoke_relay_key(&owner, &id_of(key), NOW, &by()).await.unwrap());
    assert!(!store.revoke_relay_key(&owner, &id_of(key), NOW.plus_seconds(1), &by()).await.unwrap(), "revoked before");
    assert_eq!(store.relay_key(&key).await.unwrap().unwrap().key.revoked_at, Some(NOW));
}
