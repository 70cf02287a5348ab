//! What the cache promises: as right as the store behind it, and at most a second late about others' writes.

use std::sync::{Arc, OnceLock};

use futures::FutureExt;
use relay_adapters::cache::{CacheLimits, CachedStore};
use relay_adapters::memory::Memory;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use relay_core::domain::trail::{Actor, By};
use relay_core::domain::{
    Connection, ConnectionState, Grant, KeySignal, KeyedProject, MasterKeyId, Project, RelayKeyRecord, Scope,
    SealedKey, SealedSlot, SecretHash, Slot,
};
use relay_core::ports::{FixedClock, KeyStore, Meta as _, MockKeyStore, MockProjects, MockUsers, Projects, Users as _};
use relay_core::{Provider, conformance};

const NOW: Timestamp = Timestamp(1_795_423_644_000);
const HASH: SecretHash = SecretHash([7; 32]);

fn slot(label: &str, provider: Provider) -> Slot {
    Slot {
        project: ProjectId::parse("prj_0123456789ABCDEFGHIJkl").unwrap(),
        user: EndUser::parse(label).unwrap(),
        provider,
    }
}

fn ana() -> Slot {
    slot("ana", Provider::OPENAI)
}

fn connection(slot: &Slot, version: u64) -> Connection {
    Connection::new(
        SealedSlot { slot: slot.clone(), record: RecordId([1; 16]), version },
        SealedKey::new(MasterKeyId([5; 8]), vec![9; 162]),
        "a1b2",
        [2; 16],
        ConnectionState::Active,
        NOW,
    )
}

fn grant(slot: &Slot) -> Grant {
    Grant::new(slot.project.clone(), slot.user.clone(), NOW, NOW.plus_seconds(600))
}

fn keyed_project() -> KeyedProject {
    let id = ana().project;
    let project = Project::new(id.clone(), "app", NOW);
    let mut key = RelayKeyRecord::new(HASH, id, "backend", "Zx09", NOW);
    key.scopes = vec![Scope::Inference];
    KeyedProject::new(key, project)
}

/// A cache before `memory`, and the clock.
fn before(memory: &Arc<Memory>) -> (CachedStore, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(NOW));
    let cached =
        CachedStore::new(memory.clone(), memory.clone(), memory.clone(), clock.clone(), CacheLimits::default());
    (cached, clock)
}

fn before_mocks(keys: MockKeyStore, projects: MockProjects, limits: CacheLimits) -> CachedStore {
    let (keys, users, projects) = (Arc::new(keys), Arc::new(MockUsers::new()), Arc::new(projects));
    CachedStore::new(keys, users, projects, Arc::new(FixedClock::at(NOW)), limits)
}

async fn connect(store: &dyn KeyStore, token: u8, slot: &Slot, version: u64) {
    store.put_grant(&SecretHash([token; 32]), grant(slot), None).await.unwrap();
    store.redeem(&SecretHash([token; 32]), connection(slot, version), NOW, &By::new(Actor::Program)).await.unwrap();
}

#[tokio::test]
async fn a_cached_store_passes_the_suites() {
    let memory = Arc::new(Memory::default());
    let (cached, _) = before(&memory);
    conformance::key_store(&cached).await;
    conformance::projects(&cached).await;
    let (_directory, sqlite) = crate::stores::sqlite();
    let sqlite = Arc::new(sqlite);
    let clock = Arc::new(FixedClock::at(NOW));
    let cached = CachedStore::new(sqlite.clone(), sqlite.clone(), sqlite, clock, CacheLimits::default());
    conformance::key_store(&cached).await;
    conformance::projects(&cached).await;
}

#[tokio::test]
async fn a_second_look_up_does_not_ask_the_store() {
    let (mut keys, mut projects) = (MockKeyStore::new(), MockProjects::new());
    keys.expect_connection().once().returning(|slot| Ok(Some(connection(slot, 1))));
    projects.expect_relay_key().once().returning(|_| Ok(Some(keyed_project())));
    let cached = before_mocks(keys, projects, CacheLimits::default());
    for _ in 0..3 {
        assert_eq!(cached.connection(&ana()).await.unwrap(), Some(connection(&ana(), 1)));
        assert_eq!(cached.relay_key(&HASH).await.unwrap(), Some(keyed_project()));
    }
}

#[tokio::test]
async fn absence_is_remembered_too() {
    let (mut keys, mut projects) = (MockKeyStore::new(), MockProjects::new());
    keys.expect_connection().once().returning(|_| Ok(None));
    projects.expect_relay_key().once().returning(|_| Ok(None));
    let cached = before_mocks(keys, projects, CacheLimits::default());
    for _ in 0..3 {
        assert_eq!(cached.connection(&ana()).await.unwrap(), None);
        assert_eq!(cached.relay_key(&HASH).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_failure_is_not_remembered() {
    let mut keys = MockKeyStore::new();
    keys.expect_connection().once().returning(|_| Err(relay_core::ports::StoreError::new("down")));
    keys.expect_connection().once().returning(|_| Ok(None));
    let cached = before_mocks(keys, MockProjects::new(), CacheLimits::default());
    cached.connection(&ana()).await.unwrap_err();
    assert_eq!(cached.connection(&ana()).await.unwrap(), None);
}

#[tokio::test]
async fn what_others_write_is_seen_within_a_second() {
    let memory = Arc::new(Memory::default());
    let (cached, clock) = before(&memory);
    let KeyedProject { key, project, .. } = keyed_project();
    memory.create_project(project, &By::new(Actor::Program)).await.unwrap();
    memory.create_relay_key(key.clone(), &By::new(Actor::Program)).await.unwrap();
    assert_eq!(cached.connection(&ana()).await.unwrap(), None);
    assert!(cached.relay_key(&HASH).await.unwrap().unwrap().key.is_live(NOW));

    connect(&*memory, 1, &ana(), 1).await;
    memory.revoke_relay_key(&key.project, &key.id, NOW, &By::new(Actor::Program)).await.unwrap();
    assert_eq!(cached.connection(&ana()).await.unwrap(), None, "within the second");
    clock.advance_seconds(1);
    assert_eq!(cached.connection(&ana()).await.unwrap(), Some(connection(&ana(), 1)));
    assert!(!cached.relay_key(&HASH).await.unwrap().unwrap().key.is_live(NOW));
}

#[tokio::test]
async fn a_clock_that_goes_backwards_keeps_nothing() {
    let memory = Arc::new(Memory::default());
    let mut clock = relay_core::ports::MockClock::new();
    let mut sequence = [NOW, Timestamp(NOW.0 - 10)].into_iter();
    clock.expect_now().returning(move || sequence.next().unwrap());
    let cached =
        CachedStore::new(memory.clone(), memory.clone(), memory.clone(), Arc::new(clock), CacheLimits::default());
    assert_eq!(cached.connection(&ana()).await.unwrap(), None);
    connect(&*memory, 1, &ana(), 1).await;
    assert!(cached.connection(&ana()).await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_written_through_the_cache_is_seen_at_once() {
    let memory = Arc::new(Memory::default());
    let (cached, _) = before(&memory);
    let look = async || cached.connection(&ana()).await.unwrap();
    assert_eq!(look().await, None);
    connect(&cached, 1, &ana(), 1).await;
    assert_eq!(look().await, Some(connection(&ana(), 1)));
    connect(&cached, 2, &ana(), 2).await;
    assert_eq!(look().await, Some(connection(&ana(), 2)));
    cached.observe(&ana(), 2, KeySignal::Revoked, true, NOW, &By::new(Actor::Program)).await.unwrap();
    assert_eq!(look().await.unwrap().state, ConnectionState::Revoked);
    cached.observe(&ana(), 2, KeySignal::Works, true, NOW, &By::new(Actor::Program)).await.unwrap();
    assert_eq!(look().await.unwrap().state, ConnectionState::Active);
    assert!(cached.delete_connection(&ana(), &By::new(Actor::Program)).await.unwrap());
    assert_eq!(look().await, None);
}

#[tokio::test]
async fn a_deleted_users_connections_are_gone_at_once() {
    let memory = Arc::new(Memory::default());
    let (cached, _) = before(&memory);
    for (token, provider) in (1..).zip(Provider::ALL) {
        connect(&cached, token, &slot("ana", *provider), 1).await;
        assert!(cached.connection(&slot("ana", *provider)).await.unwrap().is_some());
    }
    cached.delete_user(&ana().project, &ana().user, &By::new(Actor::Program)).await.unwrap();
    for provider in Provider::ALL {
        assert_eq!(cached.connection(&slot("ana", *provider)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_good_answer_that_changes_nothing_keeps_the_entry() {
    let mut keys = MockKeyStore::new();
    keys.expect_connection().once().returning(|slot| Ok(Some(connection(slot, 1))));
    keys.expect_observe().returning(|_, _, _, _, _, _| Ok(Some(ConnectionState::Active)));
    let cached = before_mocks(keys, MockProjects::new(), CacheLimits::default());
    for _ in 0..3 {
        cached.connection(&ana()).await.unwrap();
        cached.observe(&ana(), 1, KeySignal::Works, false, NOW, &By::new(Actor::Program)).await.unwrap();
    }
}

#[tokio::test]
async fn a_load_that_an_invalidation_overtook_is_not_kept() {
    // The store is asked; before its answer arrives, the connection is deleted.
    let cached = Arc::new(OnceLock::<CachedStore>::new());
    let (mut keys, itself) = (MockKeyStore::new(), Arc::clone(&cached));
    keys.expect_delete_connection().once().returning(|_, _| Ok(true));
    keys.expect_connection().once().returning(move |slot| {
        let delete = itself.get().unwrap().delete_connection(slot, &By::new(Actor::Program)).now_or_never();
        assert!(delete.unwrap().unwrap());
        Ok(Some(connection(slot, 1)))
    });
    keys.expect_connection().once().returning(|_| Ok(None));
    cached.set(before_mocks(keys, MockProjects::new(), CacheLimits::default())).unwrap();
    assert!(cached.get().unwrap().connection(&ana()).await.unwrap().is_some());
    assert_eq!(cached.get().unwrap().connection(&ana()).await.unwrap(), None);
}

#[tokio::test]
async fn a_relay_key_load_that_a_revocation_overtook_is_not_kept() {
    let cached = Arc::new(OnceLock::<CachedStore>::new());
    let (mut projects, itself) = (MockProjects::new(), Arc::clone(&cached));
    projects.expect_revoke_relay_key().once().returning(|_, _, _, _| Ok(true));
    projects.expect_relay_key().once().returning(move |_| {
        let revoke = itself
            .get()
            .unwrap()
            .revoke_relay_key(&ana().project, "070707070707", NOW, &By::new(Actor::Program))
            .now_or_never();
        assert!(revoke.unwrap().unwrap());
        Ok(Some(keyed_project()))
    });
    projects.expect_relay_key().once().returning(|_| Ok(None));
    cached.set(before_mocks(MockKeyStore::new(), projects, CacheLimits::default())).unwrap();
    assert!(cached.get().unwrap().relay_key(&HASH).await.unwrap().is_some());
    assert_eq!(cached.get().unwrap().relay_key(&HASH).await.unwrap(), None);
}

#[tokio::test]
async fn a_write_that_was_given_up_is_seen_too() {
    let (_directory, sqlite) = crate::stores::sqlite();
    let sqlite = Arc::new(sqlite);
    let clock = Arc::new(FixedClock::at(NOW));
    let cached = CachedStore::new(sqlite.clone(), sqlite.clone(), sqlite.clone(), clock, CacheLimits::default());
    cached.put_grant(&HASH, grant(&ana()), None).await.unwrap();
    assert_eq!(cached.connection(&ana()).await.unwrap(), None);
    drop(cached.redeem(&HASH, connection(&ana(), 1), NOW, &By::new(Actor::Program)).now_or_never());
    sqlite.ready().await.unwrap(); // the writer does one after the other
    assert!(cached.connection(&ana()).await.unwrap().is_some());
}

#[tokio::test]
async fn it_holds_no_more_than_its_limit() {
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (mut keys, counter) = (MockKeyStore::new(), Arc::clone(&asked));
    keys.expect_connection().returning(move |_| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(None)
    });
    let limits = CacheLimits { entries: 160, ..CacheLimits::default() };
    let cached = before_mocks(keys, MockProjects::new(), limits);
    for _ in 0..2 {
        for n in 0..2000 {
            cached.connection(&slot(&format!("user-{n}"), Provider::OPENAI)).await.unwrap();
        }
    }
    let hits = 4000 - asked.load(std::sync::atomic::Ordering::SeqCst);
    assert!(hits <= 160, "{hits} hits");
}
