//! The conformance suite of the trail: audit log and events of each change.
#![expect(clippy::indexing_slicing, reason = "members of JSON, in a test suite")]

use serde_json::Value;

use super::samples::{NOW, by, connect, connection, grant, hash, project, slot, user};
use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::trail::{
    AuditAction, AuditChain, AuditHead, AuditPart, AuditQuery, AuditVerdict, AuditVerifier, Entry,
};
use crate::domain::{KeySignal, Project, Provider, RelayKeyRecord};
use crate::ports::{AuditLog, Store};

/// Checks that each change of a store leaves exactly its trail.
pub async fn trail(store: &(impl Store + ?Sized)) {
    rule!(a_change_of_a_project_has_its_entry(store));
    rule!(a_change_of_a_relay_key_has_its_entry(store));
    rule!(a_change_of_a_connection_has_its_entry(store));
    rule!(what_changes_nothing_has_no_entry(store));
    rule!(an_entry_says_who_when_and_from_where(store));
    rule!(a_deleted_project_leaves_its_trace_with_the_installation(store));
    rule!(an_erased_user_is_named_nowhere_and_the_chain_verifies(store));
    rule!(a_user_who_comes_again_has_another_pseudonym(store));
    rule!(a_rolled_key_expires_and_the_new_one_works(store));
    rule!(pages_are_filtered_and_newest_first(store));
}

/// The actions of a chain, oldest first.
async fn actions(store: &(impl AuditLog + ?Sized), p: &ProjectId) -> Vec<String> {
    rows(store, p).await.into_iter().map(|entry| entry["action"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn rows(store: &(impl AuditLog + ?Sized), p: &ProjectId) -> Vec<Value> {
    let chain = AuditChain::Project(p.clone());
    let rows = store.audit_part(&chain, AuditPart { after: 0, limit: 1000 }).await.unwrap();
    rows.iter().map(|row| row.entry().unwrap().to_json()).collect()
}

/// The verdict on a chain.
async fn verdict(store: &(impl AuditLog + ?Sized), chain: AuditChain) -> AuditVerdict {
    let mut verifier = AuditVerifier::new(chain.clone());
    for row in store.audit_part(&chain, AuditPart { after: 0, limit: 1000 }).await.unwrap() {
        verifier.push(&row);
    }
    verifier.finish(store.audit_head(&chain).await.unwrap())
}

async fn assert_good(store: &(impl AuditLog + ?Sized), p: &ProjectId) {
    assert_eq!(verdict(store, AuditChain::Project(p.clone())).await.bad, None);
}

fn key(p: &ProjectId, n: u8) -> RelayKeyRecord {
    let mut key = RelayKeyRecord::new(hash(p, n), p.clone(), "backend", "Zx09", NOW);
    key.id = format!("{n:012x}");
    key
}

async fn a_change_of_a_project_has_its_entry(store: &(impl Store + ?Sized)) {
    let p = project("trailProject");
    let mut made = Project::new(p.clone(), "an app", NOW);
    store.create_project(made.clone(), &by()).await.unwrap();
    made.policy.allowed_origins = vec!["https://app.example".into()];
    store.update_project(made, &by()).await.unwrap();
    assert_eq!(actions(store, &p).await, ["project.created", "project.updated"]);
    let changed = rows(store, &p).await.pop().unwrap();
    assert_eq!(changed["before"], serde_json::json!({ "allowedOrigins": [] }), "only what differs");
    assert_eq!(changed["after"], serde_json::json!({ "allowedOrigins": ["https://app.example"] }));
    assert_good(store, &p).await;
}

async fn a_change_of_a_relay_key_has_its_entry(store: &(impl Store + ?Sized)) {
    let p = project("trailKey");
    store.create_project(Project::new(p.clone(), "an app", NOW), &by()).await.unwrap();
    store.create_relay_key(key(&p, 1), &by()).await.unwrap();
    store.roll_relay_key(&key(&p, 1).id, key(&p, 2), NOW.plus_seconds(60), &by()).await.unwrap();
    store.revoke_relay_key(&p, &key(&p, 2).id, NOW, &by()).await.unwrap();
    let want = ["project.created", "relay_key.created", "relay_key.rolled", "relay_key.revoked"];
    assert_eq!(actions(store, &p).await, want);
    assert_good(store, &p).await;
}

async fn a_change_of_a_connection_has_its_entry(store: &(impl Store + ?Sized)) {
    let p = project("trailConnection");
    let s = slot(&p, "ana", Provider::OPENAI);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    connect(store, &hash(&p, 2), connection(&s, 2, 2)).await;
    for _ in 0..2 {
        store.observe(&s, 2, KeySignal::Invalid, false, NOW, &by()).await.unwrap();
    }
    store.observe(&s, 2, KeySignal::Works, false, NOW, &by()).await.unwrap();
    store.set_region(&s, 2, None, &by()).await.unwrap();
    store.delete_connection(&s, &by()).await.unwrap();
    let want = [
        "connection.created",
        "connection.replaced",
        "connection.state_changed",
        "connection.state_changed",
        "connection.region_changed",
        "connection.deleted",
    ];
    assert_eq!(actions(store, &p).await, want);
    let entries = rows(store, &p).await;
    let states = entries.iter().filter(|entry| entry["action"] == "connection.state_changed");
    let states: Vec<&Value> = states.map(|entry| &entry["after"]["state"]).collect();
    assert_eq!(states, ["invalid", "active"]);
    assert!(entries.iter().all(|entry| entry["endUserLabel"] == "ana" && entry["target"] == Provider::OPENAI.name()));
    assert_good(store, &p).await;
}

async fn what_changes_nothing_has_no_entry(store: &(impl Store + ?Sized)) {
    let p = project("trailNothing");
    let s = slot(&p, "ana", Provider::OPENAI);
    let made = Project::new(p.clone(), "an app", NOW);
    store.create_project(made.clone(), &by()).await.unwrap();
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    let before = actions(store, &p).await;

    store.create_project(made.clone(), &by()).await.unwrap_err();
    store.update_project(made, &by()).await.unwrap();
    store.revoke_relay_key(&p, "0123456789ab", NOW, &by()).await.unwrap();
    store.roll_relay_key("0123456789ab", key(&p, 3), NOW, &by()).await.unwrap();
    store.observe(&s, 1, KeySignal::Works, false, NOW, &by()).await.unwrap();
    store.observe(&s, 1, KeySignal::Invalid, false, NOW, &by()).await.unwrap();
    store.observe(&s, 9, KeySignal::Invalid, true, NOW, &by()).await.unwrap();
    store.set_region(&s, 1, connection(&s, 1, 1).region, &by()).await.unwrap();
    store.redeem(&hash(&p, 1), connection(&s, 2, 2), NOW, &by()).await.unwrap_err();
    store.delete_connection(&slot(&p, "ana", Provider::GOOGLE), &by()).await.unwrap();
    store.delete_user(&p, &user("nobody"), &by()).await.unwrap();
    store.put_grant(&hash(&p, 4), grant(&p, "bo"), None).await.unwrap();
    assert_eq!(actions(store, &p).await, before);
    assert_eq!(store.relay_keys(&p).await.unwrap(), [], "a key that was not rolled is not stored");
}

async fn an_entry_says_who_when_and_from_where(store: &(impl Store + ?Sized)) {
    use crate::domain::ids::RequestId;
    use crate::domain::trail::{Actor, By};
    let p = project("trailBy");
    let request = RequestId::new(NOW.0, [7; 10]);
    let whole = By::new(Actor::RelayKey(hash(&p, 1))).address("203.0.113.9".parse().ok()).request(request).at(NOW);
    store.create_project(Project::new(p.clone(), "an app", NOW), &whole).await.unwrap();
    let entry = rows(store, &p).await.pop().unwrap();
    assert_eq!(entry["actor"], serde_json::json!({ "type": "relay_key", "id": whole.actor.id() }));
    assert_eq!((&entry["address"], &entry["requestId"]), (&"203.0.113.9".into(), &request.to_string().into()));
    assert_eq!(entry["at"], NOW.to_string());
}

async fn a_deleted_project_leaves_its_trace_with_the_installation(store: &(impl Store + ?Sized)) {
    let p = project("trailDeleted");
    store.create_project(Project::new(p.clone(), "an app", NOW), &by()).await.unwrap();
    store.delete_project(&p, &by()).await.unwrap();
    assert_eq!(actions(store, &p).await, [""; 0]);
    let chain = AuditChain::Installation;
    let query = AuditQuery { limit: 2, ..AuditQuery::default() };
    let found = store.audit(&chain, &query).await.unwrap();
    let found: Vec<(String, Value)> =
        found.iter().map(|row| (row.action.clone(), row.entry().unwrap().to_json()["target"].clone())).collect();
    let id = Value::from(p.as_str());
    assert_eq!(found, [("project.deleted".into(), id.clone()), ("project.deletion_began".into(), id)]);
    assert_eq!(verdict(store, chain).await.bad, None);
}

async fn an_erased_user_is_named_nowhere_and_the_chain_verifies(store: &(impl Store + ?Sized)) {
    let p = project("trailErased");
    for (n, label) in [(1, "ana-label"), (2, "bo-label")] {
        connect(store, &hash(&p, n), connection(&slot(&p, label, Provider::OPENAI), 1, n)).await;
    }
    store.delete_user(&p, &user("ana-label"), &by()).await.unwrap();
    let chain = AuditChain::Project(p.clone());
    let all = store.audit_part(&chain, AuditPart { after: 0, limit: 1000 }).await.unwrap();
    assert_eq!(all.len(), 3);
    for row in &all {
        let everything = format!("{row:?}");
        assert!(!everything.contains("ana-label"), "{everything}");
    }
    let entries = rows(store, &p).await;
    assert_eq!(entries.iter().map(|entry| entry["erased"] == true).collect::<Vec<_>>(), [true, false, false]);
    let [ana, bo, erasure] = entries.as_slice() else { panic!("three entries: {entries:?}") };
    assert_eq!(ana["subject"], erasure["subject"], "the pseudonym stays");
    assert_eq!(bo["endUserLabel"], "bo-label");
    assert_good(store, &p).await;
}

async fn a_user_who_comes_again_has_another_pseudonym(store: &(impl Store + ?Sized)) {
    let p = project("trailAgain");
    let s = slot(&p, "ana", Provider::OPENAI);
    connect(store, &hash(&p, 1), connection(&s, 1, 1)).await;
    store.delete_user(&p, &user("ana"), &by()).await.unwrap();
    connect(store, &hash(&p, 2), connection(&s, 1, 2)).await;
    let entries = rows(store, &p).await;
    let [first, _, second] = entries.as_slice() else { panic!("three entries: {entries:?}") };
    assert_ne!(first["subject"], second["subject"]);
    assert_eq!(second["endUserLabel"], "ana");
    assert_good(store, &p).await;
}

async fn a_rolled_key_expires_and_the_new_one_works(store: &(impl Store + ?Sized)) {
    let p = project("trailRolled");
    store.create_project(Project::new(p.clone(), "an app", NOW), &by()).await.unwrap();
    store.create_relay_key(key(&p, 1), &by()).await.unwrap();
    let end = NOW.plus_seconds(3600);
    assert!(store.roll_relay_key(&key(&p, 1).id, key(&p, 2), end, &by()).await.unwrap());
    let found = async |n| store.relay_key(&hash(&p, n)).await.unwrap().unwrap().key;
    assert_eq!((found(1).await.expires_at, found(2).await.expires_at), (Some(end), None));
    let later = NOW.plus_seconds(7200);
    assert!(store.roll_relay_key(&key(&p, 1).id, key(&p, 3), later, &by()).await.unwrap());
    assert_eq!(found(1).await.expires_at, Some(end), "never later than before");
    assert!(!store.roll_relay_key(&key(&p, 1).id, key(&p, 4), later, &by().at(end)).await.unwrap(), "expired");
}

async fn pages_are_filtered_and_newest_first(store: &(impl Store + ?Sized)) {
    let p = project("trailPages");
    let chain = AuditChain::Project(p.clone());
    for n in 0..5_u64 {
        let entry = Entry::new(AuditAction::AuditExported).target(n.to_string());
        store.append_audit(&chain, entry, &by().at(Timestamp(NOW.0 + n))).await.unwrap();
    }
    connect(store, &hash(&p, 1), connection(&slot(&p, "ana", Provider::OPENAI), 1, 1)).await;
    let page = async |query: AuditQuery| -> Vec<u64> {
        store.audit(&chain, &query).await.unwrap().iter().map(|row| row.seq).collect()
    };
    let all = AuditQuery { limit: 10, ..AuditQuery::default() };
    assert_eq!(page(AuditQuery { limit: 2, ..all.clone() }).await, [6, 5]);
    assert_eq!(page(AuditQuery { before: Some(3), ..all.clone() }).await, [2, 1]);
    assert_eq!(page(AuditQuery { action: Some("connection.created".into()), ..all.clone() }).await, [6]);
    assert_eq!(page(AuditQuery { user: Some(user("ana")), ..all.clone() }).await, [6]);
    let (since, until) = (Some(Timestamp(NOW.0 + 1)), Some(Timestamp(NOW.0 + 3)));
    assert_eq!(page(AuditQuery { since, until, ..all }).await, [3, 2]);
    assert_ne!(store.audit_head(&chain).await.unwrap(), AuditHead::default());
}
