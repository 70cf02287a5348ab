//! No change without its audit entry: if the entry can't be written, neither can the change.

use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use relay_core::domain::trail::{Actor, AuditChain, AuditPart, By};
use relay_core::domain::{
    Connection, ConnectionState, Grant, KeySignal, MasterKeyId, Project, RelayKeyRecord, SealedKey, SealedSlot,
    SecretHash, Slot, Webhook,
};
use relay_core::ports::{AuditLog as _, KeyStore as _, Outbox as _, Projects as _, Users as _};

const NOW: Timestamp = Timestamp(1_795_423_644_000);

fn by() -> By {
    By::new(Actor::CommandLine).at(NOW)
}

fn project() -> ProjectId {
    ProjectId::from_digits("0123456789ABCDEFGHIJkl").unwrap()
}

fn slot() -> Slot {
    Slot { project: project(), user: EndUser::parse("ana").unwrap(), provider: Provider::OPENAI }
}

fn connection(version: u64) -> Connection {
    let sealed = SealedKey::new(MasterKeyId([5; 8]), vec![7; 162]);
    let slot = SealedSlot { slot: slot(), record: RecordId([1; 16]), version };
    Connection::new(slot, sealed, "a1b2", [1; 16], ConnectionState::Active, NOW)
}

fn webhook(id: &str) -> Webhook {
    let secret = SealedKey::new(MasterKeyId([5; 8]), vec![7; 80]);
    Webhook::new(id.into(), project(), "https://app.example/".into(), secret, NOW)
}

/// All tables but those of the trail, as text.
fn rows(path: &std::path::Path) -> String {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut all = String::new();
    for table in
        ["projects", "relay_keys", "users", "connections", "grants", "webhooks", "events", "deliveries", "audit"]
    {
        let mut query = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = query.column_count();
        let mut found = query.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            for column in 0..columns {
                all.push_str(&format!("{table} {:?} ", row.get_ref(column).unwrap()));
            }
        }
    }
    all
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_does_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.db");
    let store = Sqlite::open(&path, SqliteOptions::default()).unwrap();
    let (key, token) = (SecretHash([1; 32]), SecretHash([9; 32]));
    store.create_project(Project::new(project(), "an app", NOW), &by()).await.unwrap();
    store.create_relay_key(RelayKeyRecord::new(key, project(), "k", "Zx09", NOW), &by()).await.unwrap();
    for hash in [SecretHash([2; 32]), token] {
        let grant = Grant::new(project(), slot().user, NOW, NOW.plus_seconds(600));
        store.put_grant(&hash, grant, None).await.unwrap();
    }
    store.redeem(&SecretHash([2; 32]), connection(1), NOW, &by()).await.unwrap();
    store.create_webhook(webhook("whk_1"), &by()).await.unwrap();
    let sabotage = rusqlite::Connection::open(&path).unwrap();
    let before = rows(&path);
    // The entry, the head of the chain, the event, and its delivery: each write of a trail.
    for table in ["audit", "audit_heads", "events", "deliveries"] {
        let when = if table == "audit_heads" { "UPDATE" } else { "INSERT" };
        sabotage
            .execute_batch(&format!(
                "CREATE TRIGGER sabotage BEFORE {when} ON {table} BEGIN SELECT RAISE(ABORT, 'sabotaged'); END"
            ))
            .unwrap();
        let has_event = ["events", "deliveries"].contains(&table);
        let id = RelayKeyRecord::new(key, project(), "", "", NOW).id;
        let new = RelayKeyRecord::new(SecretHash([3; 32]), project(), "k2", "Zx10", NOW);
        let mut failed = vec![
            store.create_relay_key(new.clone(), &by()).await.is_err(),
            store.revoke_relay_key(&project(), &id, NOW, &by()).await.is_err(),
            store.roll_relay_key(&id, new, NOW, &by()).await.is_err(),
            store.redeem(&token, connection(2), NOW, &by()).await.is_err(),
            store.observe(&slot(), 1, KeySignal::Invalid, true, NOW, &by()).await.is_err(),
            store.delete_connection(&slot(), &by()).await.is_err(),
            store.delete_user(&project(), &slot().user, &by()).await.is_err(),
        ];
        if !has_event {
            let mut changed = Project::new(project(), "another", NOW);
            changed.policy.strict_params = true;
            let mut hook = webhook("whk_1");
            hook.description = "another".into();
            failed.push(store.update_project(changed, &by()).await.is_err());
            failed.push(store.create_webhook(webhook("whk_2"), &by()).await.is_err());
            failed.push(store.update_webhook(hook, &by()).await.is_err());
            failed.push(store.delete_webhook(&project(), "whk_1", &by()).await.is_err());
        }
        assert!(failed.iter().all(|failed| *failed), "{table}: {failed:?}");
        assert_eq!(rows(&path), before, "{table}");
        sabotage.execute_batch("DROP TRIGGER sabotage").unwrap();
    }
    let chain = AuditChain::Project(project());
    let entries = store.audit_part(&chain, AuditPart { after: 0, limit: 100 }).await.unwrap();
    assert_eq!(entries.len(), 4, "project, key, connection, webhook");
}
