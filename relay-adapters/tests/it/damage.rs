//! Damaged databases: the answer is the one from before, or an error; never another user's key.

use std::path::Path;
use std::time::Duration;

use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher};
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use relay_core::domain::secret::ProviderKey;
use relay_core::domain::trail::{Actor, By};
use relay_core::domain::{Connection, ConnectionState, Grant, SealedSlot, SecretHash, Slot};
use relay_core::ports::{Cipher as _, KeyStore as _};

const NOW: Timestamp = Timestamp(1_795_423_644_000);
const USERS: u32 = 40;
/// Places that are damaged, one at a time; RELAY_DAMAGE sets another number.
const PLACES: usize = 150;

fn places() -> usize {
    std::env::var("RELAY_DAMAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(PLACES)
}

fn slot(user: u32) -> Slot {
    Slot {
        project: ProjectId::parse("prj_0123456789ABCDEFGHIJkl").unwrap(),
        user: EndUser::parse(&format!("user-{user}")).unwrap(),
        provider: Provider::OPENAI,
    }
}

fn key(user: u32) -> String {
    format!("sk-of-user-{user:0>20}")
}

fn open(path: &Path) -> Result<Sqlite, relay_adapters::sqlite::SqliteOpenError> {
    Sqlite::open(path, SqliteOptions { busy_timeout: Duration::from_millis(100), ..SqliteOptions::default() })
}

/// A database with a key for each user, and the cipher that opens them.
async fn filled(path: &Path) -> (Sqlite, RingCipher) {
    let cipher = RingCipher::new(&MasterKeys::new(vec![MasterKey::generate().unwrap()]).unwrap()).unwrap();
    let store = open(path).unwrap();
    for user in 0..USERS {
        let (slot, mut hash) = (slot(user), [7; 32]);
        hash[..4].copy_from_slice(&user.to_be_bytes());
        let sealed_slot = SealedSlot { slot: slot.clone(), record: RecordId([user as u8; 16]), version: 1 };
        let sealed = cipher.seal(&sealed_slot, &ProviderKey::parse(key(user)).unwrap()).unwrap();
        let connection = Connection::new(sealed_slot, sealed, "a1b2", [2; 16], ConnectionState::Active, NOW);
        let grant = Grant::new(slot.project, slot.user, NOW, NOW.plus_seconds(600));
        store.put_grant(&SecretHash(hash), grant, None).await.unwrap();
        store.redeem(&SecretHash(hash), connection, NOW, &By::new(Actor::Program)).await.unwrap();
    }
    (store, cipher)
}

/// How often a key was found, was not found, and could not be read.
#[derive(Debug, Default)]
struct Outcomes {
    found: usize,
    absent: usize,
    failed: usize,
}

impl Outcomes {
    /// Asks for some users' keys. Each must be that user's own.
    async fn ask(&mut self, path: &Path, cipher: &RingCipher) {
        let store = match open(path) {
            Ok(store) => store,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                self.failed += 1;
                return;
            }
        };
        for user in (0..USERS).step_by(7) {
            match store.connection(&slot(user)).await {
                Err(_) => self.failed += 1,
                Ok(None) => self.absent += 1,
                Ok(Some(found)) => match cipher.open(&found.slot, &found.sealed) {
                    Err(_) => self.failed += 1,
                    Ok(opened) => {
                        assert_eq!(opened.expose(), key(user), "another user's key");
                        assert_eq!(found.slot.slot, slot(user), "another user's row");
                        self.found += 1;
                    }
                },
            }
        }
    }
}

/// A number that follows from `n`, spread over all values.
fn spread(n: usize) -> u64 {
    (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23)
}

#[tokio::test]
async fn a_flipped_bit_anywhere_in_the_file_gives_nobody_anothers_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.db");
    let (store, cipher) = filled(&path).await;
    drop(store);
    let (whole, mut outcomes) = (std::fs::read(&path).unwrap(), Outcomes::default());
    for n in 0..places() {
        let (mut bytes, random) = (whole.clone(), spread(n));
        // One in four in the file's head and the schema, the others anywhere.
        let end = if n % 4 == 0 { 4096.min(bytes.len()) } else { bytes.len() };
        bytes[random as usize % end] ^= 1 << (random >> 60 & 7);
        let damaged = folder.path().join(format!("damaged-{n}.db"));
        std::fs::write(&damaged, bytes).unwrap();
        outcomes.ask(&damaged, &cipher).await;
    }
    println!("{} places in {} bytes: {outcomes:?}", places(), whole.len());
    assert!(outcomes.found > places() * 3, "{outcomes:?}");
}

#[tokio::test]
async fn a_zeroed_or_garbled_page_gives_nobody_anothers_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.db");
    let (store, cipher) = filled(&path).await;
    drop(store);
    let (whole, mut outcomes) = (std::fs::read(&path).unwrap(), Outcomes::default());
    for (page, at) in (0..whole.len()).step_by(4096).enumerate() {
        let next = (at + 4096) % whole.len();
        for damage in 0..3 {
            let mut bytes = whole.clone();
            let neighbour = bytes[next..next + 4096].to_vec();
            let part = &mut bytes[at..at + 4096];
            match damage {
                0 => part.fill(0),
                1 => part.iter_mut().for_each(|byte| *byte = byte.wrapping_mul(167).wrapping_add(13)),
                _ => part.copy_from_slice(&neighbour),
            }
            let damaged = folder.path().join(format!("damaged-{page}-{damage}.db"));
            std::fs::write(&damaged, bytes).unwrap();
            outcomes.ask(&damaged, &cipher).await;
        }
    }
    println!("{} pages: {outcomes:?}", whole.len() / 4096);
    assert!(outcomes.found > 0 && outcomes.failed > 0, "{outcomes:?}");
}

#[tokio::test]
async fn a_zeroed_head_or_a_cut_file_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.db");
    drop(filled(&path).await);
    let whole = std::fs::read(&path).unwrap();
    for (zeros, kept) in
        [(16, whole.len()), (100, whole.len()), (4096, whole.len()), (0, 4096), (0, 100), (0, 16), (0, 1)]
    {
        let mut bytes = whole[..kept].to_vec();
        bytes[..zeros].fill(0);
        let damaged = folder.path().join(format!("{zeros}-{kept}.db"));
        std::fs::write(&damaged, &bytes).unwrap();
        assert!(open(&damaged).is_err(), "{zeros} zeros, {kept} bytes");
        assert!(std::fs::read(&damaged).unwrap() == bytes, "{zeros} zeros, {kept} bytes: the file was changed");
    }
}

/// The write-ahead log holds everything here: the last writer has not ended.
#[tokio::test]
async fn a_cut_or_garbled_log_loses_its_end_and_gives_nobody_anothers_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.db");
    let (store, cipher) = filled(&path).await;
    let (whole, log) = (std::fs::read(&path).unwrap(), std::fs::read(folder.path().join("relay.db-wal")).unwrap());
    assert!(log.len() > 20 * 4096, "{} bytes", log.len());
    let mut outcomes = Outcomes::default();
    for n in 0..places() {
        let random = spread(n);
        let (at, mut damaged) = (random as usize % log.len(), log.clone());
        if n % 2 == 0 {
            damaged.truncate(at);
        } else {
            damaged[at] ^= 1 << (random >> 60 & 7);
        }
        let path = folder.path().join(format!("damaged-{n}.db"));
        std::fs::write(&path, &whole).unwrap();
        std::fs::write(folder.path().join(format!("damaged-{n}.db-wal")), damaged).unwrap();
        outcomes.ask(&path, &cipher).await;
    }
    drop(store);
    println!("{} places in {} bytes of log: {outcomes:?}", places(), log.len());
    assert!(outcomes.found > 0 && outcomes.absent > 0, "{outcomes:?}");
}
