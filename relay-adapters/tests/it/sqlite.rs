//! What SQLite's store does beyond the conformance suite: files, faults, crashes, threads.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relay_adapters::sqlite::{Sqlite, SqliteOpenError, SqliteOptions};
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, RequestId, Timestamp};
use relay_core::domain::trail::{Actor, By};
use relay_core::domain::{
    Connection, ConnectionState, Endpoint, Grant, MasterKeyId, Outcome, RedeemRefusal, SealedKey, SealedSlot,
    SecretHash, Slot, UsageEvent, UsageQuery, UserState,
};
use relay_core::ports::{KeyStore, Meta, RedeemError, UsageReport, UsageSink, Users as _};
use rusqlite::Connection as Foreign;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp(1_795_423_644_000);

fn options() -> SqliteOptions {
    SqliteOptions { busy_timeout: Duration::from_millis(200), ..SqliteOptions::default() }
}

fn open(directory: &TempDir) -> Sqlite {
    Sqlite::open(directory.path().join("relay.db"), options()).unwrap()
}

fn project() -> ProjectId {
    ProjectId::parse("prj_0123456789ABCDEFGHIJkl").unwrap()
}

fn slot(n: u32) -> Slot {
    Slot { project: project(), user: EndUser::parse(&format!("user-{n}")).unwrap(), provider: Provider::OPENAI }
}

fn hash(n: u32) -> SecretHash {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    SecretHash(bytes)
}

fn grant(slot: &Slot) -> Grant {
    Grant::new(slot.project.clone(), slot.user.clone(), NOW, NOW.plus_seconds(600))
}

fn connection(slot: &Slot, version: u64, sealed: Vec<u8>) -> Connection {
    Connection::new(
        SealedSlot { slot: slot.clone(), record: RecordId([1; 16]), version },
        SealedKey::new(MasterKeyId([5; 8]), sealed),
        "a1b2",
        [2; 16],
        ConnectionState::Active,
        NOW,
    )
}

async fn connect(store: &Sqlite, token: u32, connection: Connection) {
    store.put_grant(&hash(token), grant(&connection.slot.slot), None).await.unwrap();
    store.redeem(&hash(token), connection, NOW, &By::new(Actor::Program)).await.unwrap();
}

fn event(slot: &Slot) -> UsageEvent {
    let mut event = UsageEvent::new(RequestId::new(NOW.0, [0; 10]), NOW, slot.clone(), Endpoint::Chat, "gpt-4o-mini");
    event.relay_key = Some(hash(0));
    event.outcome = Outcome::Complete;
    event.tokens.input = 1;
    event
}

fn everything() -> UsageQuery {
    UsageQuery::new(project(), 0..=u32::MAX, 1000)
}

/// All bytes of the database and the files beside it.
fn bytes_on_disk(directory: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(directory).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

mod files {
    use super::*;

    #[tokio::test]
    async fn acknowledged_writes_are_there_after_reopening() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        connect(&store, 1, connection(&slot(1), 1, vec![9; 162])).await;
        store.put_meta("canary", vec![1, 2, 3]).await.unwrap();
        store.record(event(&slot(1)));
        drop(store);

        let store = open(&directory);
        let kept = store.connection(&slot(1)).await.unwrap().unwrap();
        assert_eq!(kept.sealed, SealedKey::new(MasterKeyId([5; 8]), vec![9; 162]));
        assert!(store.grant(&hash(1)).await.unwrap().unwrap().spent.is_some());
        assert_eq!(store.meta("canary").await.unwrap(), Some(vec![1, 2, 3]));
        assert_eq!(store.meta("other").await.unwrap(), None);
        assert_eq!(store.usage(&everything()).await.unwrap().len(), 1, "waiting usage is written on the way out");
    }

    #[tokio::test]
    async fn acknowledged_writes_are_in_the_files_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        connect(&store, 1, connection(&slot(1), 1, vec![9; 162])).await;

        // What a crash leaves: the files as they are now.
        let copy = tempfile::tempdir().unwrap();
        for name in ["relay.db", "relay.db-wal"] {
            std::fs::copy(directory.path().join(name), copy.path().join(name)).unwrap();
        }
        let survivor = open(&copy);
        assert!(survivor.connection(&slot(1)).await.unwrap().is_some());
        assert!(survivor.grant(&hash(1)).await.unwrap().unwrap().spent.is_some());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_can_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        store.ready().await.unwrap();
        let mut names = vec![];
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
            names.push(file.file_name().into_string().unwrap());
        }
        names.sort();
        assert_eq!(names, ["relay.db", "relay.db-shm", "relay.db-wal"]);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = Sqlite::open(directory.path().join("no/relay.db"), options()).unwrap_err();
        assert!(matches!(&error, SqliteOpenError::NoDirectory(path) if path.ends_with("no")), "{error}");
    }

    #[track_caller]
    fn is_left_as_it_is(path: &Path) -> SqliteOpenError {
        let before = std::fs::read(path).unwrap();
        let error = Sqlite::open(path, options()).unwrap_err();
        assert_eq!(std::fs::read(path).unwrap(), before);
        error
    }

    #[test]
    fn a_file_of_something_else_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let text = directory.path().join("text");
        std::fs::write(&text, "no database at all, but long enough to have a header".repeat(100)).unwrap();
        assert!(matches!(is_left_as_it_is(&text), SqliteOpenError::NotRelay));

        let foreign = directory.path().join("foreign.db");
        Foreign::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(matches!(is_left_as_it_is(&foreign), SqliteOpenError::NotRelay));

        let marked = directory.path().join("marked.db");
        Foreign::open(&marked).unwrap().execute_batch("PRAGMA application_id = 5").unwrap();
        assert!(matches!(is_left_as_it_is(&marked), SqliteOpenError::NotRelay));
    }

    #[test]
    fn a_newer_schema_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        drop(open(&directory));
        let path = directory.path().join("relay.db");
        Foreign::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        let error = is_left_as_it_is(&path);
        assert!(matches!(error, SqliteOpenError::NewerSchema { found: 99, .. }), "{error}");
    }

    #[test]
    fn two_processes_can_open_one_database() {
        let directory = tempfile::tempdir().unwrap();
        let openers: Vec<_> = (0..4)
            .map(|_| {
                let path = directory.path().join("relay.db");
                std::thread::spawn(move || Sqlite::open(path, SqliteOptions::default()).map(drop))
            })
            .collect();
        for opener in openers {
            opener.join().unwrap().unwrap();
        }
    }

    /// Locks belong to the process: a file that is opened and closed there takes those of SQLite along.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_store_that_is_opened_twice_keeps_its_locks() {
        use std::os::unix::fs::MetadataExt as _;
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        let inode = format!(":{} ", std::fs::metadata(directory.path().join("relay.db")).unwrap().ino());
        let is_locked_now = || std::fs::read_to_string("/proc/locks").unwrap().contains(&inode);
        // The kernel lists locks in pieces and can leave some out while others come and go. A lock that is lost stays
        // lost.
        let is_locked = || (0..1000).any(|_| is_locked_now());
        assert!(is_locked(), "SQLite locks an open database");
        let again = open(&directory);
        assert!(is_locked());
        drop((store, again));
    }
}

mod shredding {
    use super::*;

    /// A canary that is easy to find and different in every eight bytes from all others.
    fn canary(n: u32) -> Vec<u8> {
        let length = if n.is_multiple_of(3) { 28 } else { 20 };
        format!("C{n:07}").into_bytes().repeat(length)
    }

    fn survivors(directory: &TempDir, gone: impl Iterator<Item = u32>) -> Vec<u32> {
        let bytes = bytes_on_disk(directory.path());
        let found: std::collections::HashSet<&[u8]> = bytes.windows(8).filter(|window| window[0] == b'C').collect();
        gone.filter(|n| found.contains(&canary(*n)[..8])).collect()
    }

    #[tokio::test]
    async fn deleted_keys_are_gone_from_all_files() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        for n in 0..1000 {
            connect(&store, n, connection(&slot(n * 7919 % 1000), 1, canary(n))).await;
        }
        assert_eq!(survivors(&directory, 0..1000).len(), 1000, "the search finds what is there");

        for n in (0..1000).filter(|n| n % 10 != 0) {
            assert!(store.delete_connection(&slot(n * 7919 % 1000), &By::new(Actor::Program)).await.unwrap());
        }
        let gone = (0..1000).filter(|n| n % 10 != 0);
        assert_eq!(survivors(&directory, gone), Vec::<u32>::new(), "while the database is open");
        for n in (0..1000).step_by(10) {
            assert!(
                store.delete_user(&project(), &slot(n * 7919 % 1000).user, &By::new(Actor::Program)).await.unwrap()
            );
        }
        drop(store);
        assert_eq!(survivors(&directory, 0..1000), Vec::<u32>::new());
    }

    #[tokio::test]
    async fn keys_that_come_and_go_leave_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        let mut random = 1_u32;
        let mut live: Vec<(u32, Slot)> = vec![];
        let mut gone = vec![];
        for n in 0..2000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if (random >> 16) % 100 < 55 || live.is_empty() {
                connect(&store, n, connection(&slot(random), 1, canary(n))).await;
                live.push((n, slot(random)));
            } else {
                let (n, slot) = live.swap_remove((random >> 8) as usize % live.len());
                assert!(store.delete_connection(&slot, &By::new(Actor::Program)).await.unwrap());
                gone.push(n);
            }
        }
        assert_eq!(survivors(&directory, gone.into_iter()), Vec::<u32>::new());
        assert_eq!(survivors(&directory, live.iter().map(|(n, _)| *n)).len(), live.len());
    }

    #[tokio::test]
    async fn a_replaced_key_is_gone_from_all_files() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        for n in 0..20 {
            connect(&store, n, connection(&slot(0), u64::from(n) + 1, canary(n))).await;
            assert_eq!(survivors(&directory, 0..n), Vec::<u32>::new());
        }
        assert_eq!(survivors(&directory, 0..20), [19]);
    }

    #[tokio::test]
    async fn a_reader_that_holds_the_log_delays_the_shredding_and_not_the_deletion() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        connect(&store, 1, connection(&slot(1), 1, canary(1))).await;
        let reader = Foreign::open(directory.path().join("relay.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM users").unwrap();
        assert!(store.delete_connection(&slot(1), &By::new(Actor::Program)).await.unwrap());
        assert_eq!(store.connection(&slot(1)).await.unwrap(), None);
        reader.execute_batch("COMMIT").unwrap();
        store.ready().await.unwrap();
        store.ready().await.unwrap(); // the shredding comes after the answer
        assert_eq!(survivors(&directory, 1..2), Vec::<u32>::new());
    }
}

/// A program beside the server that reads an old state for as long as it likes, as a backup does.
mod long_readers {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// Names the store for [`hold_a_snapshot`], which does nothing without it.
    const STORE: &str = "RELAY_TEST_HOLD_STORE";

    /// What the other process runs: it opens a snapshot, says so, and keeps it until its standard input ends.
    #[test]
    #[ignore = "the other process of the tests below"]
    fn hold_a_snapshot() {
        let Some(path) = std::env::var_os(STORE) else { return };
        let reader = Foreign::open(path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM users").unwrap();
        println!("holding");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        reader.execute_batch("COMMIT").unwrap();
        println!("released");
    }

    struct Holder {
        child: Child,
        said: BufReader<std::process::ChildStdout>,
    }

    impl Holder {
        fn of(directory: &TempDir) -> Self {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "sqlite::long_readers::hold_a_snapshot", "--ignored", "--nocapture"]);
            command.env(STORE, directory.path().join("relay.db")).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let said = BufReader::new(child.stdout.take().unwrap());
            let mut holder = Self { child, said };
            holder.read_until("holding");
            holder
        }

        fn read_until(&mut self, word: &str) {
            let mut line = String::new();
            while !line.contains(word) {
                line.clear();
                assert_ne!(self.said.read_line(&mut line).unwrap(), 0, "it ended before it was {word}");
            }
        }

        fn release(&mut self) {
            self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
            self.read_until("released");
            self.child.wait().unwrap();
        }
    }

    #[tokio::test]
    async fn a_process_that_reads_for_long_delays_no_write_and_only_puts_the_shredding_off() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        for n in 0..12 {
            connect(&store, n, connection(&slot(n), 1, vec![9; 162])).await;
        }
        let mut holder = Holder::of(&directory);
        // How often they pause for the reader is counted in `worker.rs`.
        for n in 0..12 {
            assert!(store.delete_user(&project(), &slot(n).user, &By::new(Actor::Program)).await.unwrap());
            connect(&store, 100 + n, connection(&slot(100 + n), 1, vec![9; 162])).await;
        }
        let log = directory.path().join("relay.db-wal");
        assert!(log.metadata().unwrap().len() > 0, "the log can't be emptied while it is read");
        holder.release();
        // Nobody writes any more: the writer looks by itself.
        let patience = std::time::Instant::now();
        while log.metadata().unwrap().len() > 0 {
            assert!(patience.elapsed() < Duration::from_secs(60), "the deleted bytes stay in the log");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(store);
    }
}

mod faults {
    use super::*;

    #[tokio::test]
    async fn a_foreign_writer_fails_writes_and_not_reads() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        connect(&store, 1, connection(&slot(1), 1, vec![9; 162])).await;
        let other = Foreign::open(directory.path().join("relay.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();

        let writes = (0..20).map(|n| store.put_meta("busy", vec![n]));
        let results = futures::future::join_all(writes).await;
        assert!(results.iter().all(Result::is_err));
        store.ready().await.unwrap_err();
        let redeemed =
            store.redeem(&hash(1), connection(&slot(1), 2, vec![8; 162]), NOW, &By::new(Actor::Program)).await;
        assert!(matches!(redeemed, Err(RedeemError::Store(_))), "{redeemed:?}");
        store.record(event(&slot(1)));
        store.usage(&everything()).await.unwrap_err();
        assert!(store.connection(&slot(1)).await.unwrap().is_some(), "reads go on");

        other.execute_batch("ROLLBACK").unwrap();
        store.ready().await.unwrap();
        assert_eq!(store.usage(&everything()).await.unwrap().len(), 1, "no event was lost");
        assert_eq!(store.meta("busy").await.unwrap(), None, "nothing of the failed writes");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn writes_to_a_file_that_lost_its_name_are_refused() {
        for lost in ["relay.db", "relay.db-wal"] {
            let directory = tempfile::tempdir().unwrap();
            let store = open(&directory);
            store.ready().await.unwrap();
            std::fs::rename(directory.path().join(lost), directory.path().join("elsewhere")).unwrap();
            let error = store.ready().await.unwrap_err();
            assert!(error.to_string().contains("restart"), "{lost}: {error}");
            std::fs::rename(directory.path().join("elsewhere"), directory.path().join(lost)).unwrap();
            store.ready().await.unwrap();
        }
    }

    #[tokio::test]
    async fn usage_that_finds_no_room_is_counted_as_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let few = SqliteOptions { usage_rows: 10, usage_delay: Duration::from_secs(3600), ..options() };
        let store = Sqlite::open(directory.path().join("relay.db"), few).unwrap();
        connect(&store, 1, connection(&slot(1), 1, vec![9; 162])).await;
        for model in (0..15).chain(0..15) {
            let mut call = event(&slot(1));
            call.model_answered = Some(format!("model-{model}"));
            store.record(call);
        }
        assert_eq!(store.dropped(), 10);
        let rows = store.usage(&everything()).await.unwrap();
        assert_eq!((rows.len(), rows[0].requests), (10, 2));
    }

    #[tokio::test]
    async fn usage_is_written_without_being_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let soon = SqliteOptions { usage_delay: Duration::from_millis(1), ..options() };
        let store = Sqlite::open(directory.path().join("relay.db"), soon).unwrap();
        connect(&store, 1, connection(&slot(1), 1, vec![9; 162])).await;
        store.record(event(&slot(1)));
        while store.connection(&slot(1)).await.unwrap().unwrap().last_used_at.is_none() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_damaged_file_is_an_error_and_never_a_panic() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relay.db");
        let store = open(&directory);
        for n in 0..40 {
            connect(&store, n, connection(&slot(n), 1, vec![u8::try_from(n).unwrap(); 162])).await;
        }
        drop(store);
        let sound = std::fs::read(&path).unwrap();
        for step in 0..200 {
            let mut damaged = sound.clone();
            let place = step * sound.len() / 200 + step % 97;
            damaged[place % sound.len()] ^= 1 << (step % 8);
            std::fs::write(&path, &damaged).unwrap();
            for beside in ["relay.db-wal", "relay.db-shm"] {
                let _ = std::fs::remove_file(directory.path().join(beside));
            }
            let Ok(store) = Sqlite::open(&path, options()) else { continue };
            for n in [0, 17, 39] {
                match store.connection(&slot(n)).await {
                    Ok(found) => assert!(found.is_none_or(|found| found.slot.slot == slot(n))),
                    Err(error) => assert!(!error.to_string().contains("panicked"), "{error}"),
                }
            }
            let _ = store.users(&project(), UserState::Connected, None, 100).await;
            let _ = store.delete_user(&project(), &slot(17).user, &By::new(Actor::Program)).await;
        }
    }
}

mod races {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_a_thousand_parallel_redemptions_exactly_one_succeeds() {
        let directory = tempfile::tempdir().unwrap();
        let long = SqliteOptions { busy_timeout: Duration::from_secs(60), ..options() };
        // Two openings of one file: what two processes would be.
        let stores: Vec<Arc<Sqlite>> =
            (0..2).map(|_| Arc::new(Sqlite::open(directory.path().join("relay.db"), long.clone()).unwrap())).collect();
        stores[0].put_grant(&hash(1), grant(&slot(1)), None).await.unwrap();
        let tasks: Vec<_> = (0..1000_usize)
            .map(|n| {
                let store = Arc::clone(&stores[n % 2]);
                let mark = n.to_be_bytes().repeat(20);
                tokio::spawn(async move {
                    store.redeem(&hash(1), connection(&slot(1), 1, mark), NOW, &By::new(Actor::Program)).await
                })
            })
            .collect();
        let mut winners = vec![];
        for (n, task) in tasks.into_iter().enumerate() {
            match task.await.unwrap() {
                Ok(()) => winners.push(n),
                Err(RedeemError::Refused(RedeemRefusal::Used)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        let [winner] = winners[..] else { panic!("exactly one: {winners:?}") };
        for store in &stores {
            let stored = store.connection(&slot(1)).await.unwrap().unwrap();
            assert_eq!(stored.sealed.bytes, winner.to_be_bytes().repeat(20));
        }
    }

    /// The least that can run a future.
    fn block_on<T>(future: impl Future<Output = T>) -> T {
        struct Unpark(std::thread::Thread);
        impl std::task::Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Arc::new(Unpark(std::thread::current())).into();
        let mut future = std::pin::pin!(future);
        loop {
            match future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
                std::task::Poll::Ready(value) => return value,
                std::task::Poll::Pending => std::thread::park(),
            }
        }
    }

    #[test]
    fn no_particular_runtime_is_needed() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        block_on(async {
            connect(&store, 1, connection(&slot(1), 1, vec![9; 162])).await;
            assert!(store.connection(&slot(1)).await.unwrap().is_some());
        });
    }

    #[tokio::test]
    async fn what_a_caller_no_longer_waits_for_is_done_wholly() {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory);
        store.put_grant(&hash(1), grant(&slot(1)), None).await.unwrap();
        let token = hash(1);
        let by = By::new(Actor::Program);
        let redemption = store.redeem(&token, connection(&slot(1), 1, vec![9; 162]), NOW, &by);
        let polled_once = futures::future::select(redemption, futures::future::ready(())).await;
        drop(polled_once);
        store.ready().await.unwrap(); // the writer does one after the other
        assert!(store.connection(&slot(1)).await.unwrap().is_some());
        assert!(store.grant(&hash(1)).await.unwrap().unwrap().spent.is_some());
    }
}
