//! Sample records of the suites. Each rule uses ids of its own.

use crate::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use crate::domain::trail::{Actor, By};
use crate::domain::{
    Connection, ConnectionState, Grant, MasterKeyId, Provider, SealedKey, SealedSlot, SecretHash, Slot,
};
use crate::ports::KeyStore;

/// The time at which the suites run.
pub(super) const NOW: Timestamp = Timestamp(1_795_423_644_000);

/// Who changes something in the suites.
pub(super) fn by() -> By {
    By::new(Actor::CommandLine).at(NOW)
}

/// A project of its own for each rule: `name` is at most 20 letters.
pub(super) fn project(name: &str) -> ProjectId {
    ProjectId::from_digits(&format!("{name:0<22}")).unwrap()
}

pub(super) fn user(label: &str) -> EndUser {
    EndUser::parse(label).unwrap()
}

pub(super) fn slot(project: &ProjectId, label: &str, provider: Provider) -> Slot {
    Slot { project: project.clone(), user: user(label), provider }
}

/// A token hash that no other rule uses, because it is made from the project's id.
pub(super) fn hash(project: &ProjectId, n: u8) -> SecretHash {
    let mut bytes = [n; 32];
    bytes.iter_mut().zip(project.as_str().bytes()).for_each(|(byte, letter)| *byte = letter);
    SecretHash(bytes)
}

pub(super) fn grant(project: &ProjectId, label: &str) -> Grant {
    let mut grant = Grant::new(project.clone(), user(label), NOW, NOW.plus_seconds(600));
    grant.allowed_origins = vec!["https://app.example".into()];
    grant
}

/// A connection whose sealed bytes all are `mark`.
pub(super) fn connection(slot: &Slot, version: u64, mark: u8) -> Connection {
    let region = slot.provider.regions().next();
    let slot = SealedSlot { slot: slot.clone(), record: RecordId([mark; 16]), version };
    let sealed = SealedKey::new(MasterKeyId([5; 8]), vec![mark; 162]);
    let mut connection = Connection::new(slot, sealed, "a1b2", [mark; 16], ConnectionState::Active, NOW);
    connection.ids.workspace = Some("wrkspc_1".into());
    connection.ids.organization = Some("org-1".into());
    connection.ids.project = Some("proj_1".into());
    connection.region = region;
    connection
}

/// Connects a key in the same way as Relay: stores a grant and redeems it.
pub(super) async fn connect(store: &(impl KeyStore + ?Sized), hash: &SecretHash, connection: Connection) {
    let Slot { project, user, .. } = &connection.slot.slot;
    assert_eq!(store.put_grant(hash, grant(project, user.as_str()), None).await.unwrap(), None);
    store.redeem(hash, connection, NOW, &by()).await.unwrap();
}
