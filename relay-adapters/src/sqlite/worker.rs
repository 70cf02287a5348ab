//! The threads that own the connections, and the queue through which async code sends them jobs.
//!
//! SQLite blocks, and an executor's threads must not. The queue does not depend on a particular runtime.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use relay_core::ports::StoreError;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::error::SqliteOpenError;
use super::failure::Failure;
use super::identity::Identity;
use super::open::open_again;

/// The number of queued jobs above which callers wait.
const QUEUE: usize = 1024;

/// The shortest time that a job waits for a lock, however long it was queued.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(50);

/// How often a deletion pauses for readers to release the write-ahead log, and for how long: together as long as a query of
/// Relay's own takes. A reader that stays, such as a backup, must not delay every other write.
const SHRED_PAUSES: i32 = 5;
const SHRED_PAUSE: Duration = Duration::from_millis(2);
/// How often the writer looks whether such a reader is gone, while it has nothing else to do.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long deleted bytes stay in the log before that is worth a line.
const LATE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// A connection as a job sees it.
pub(super) struct Db {
    connection: Connection,
    /// The write-ahead log, if this connection writes to it.
    log: Option<Identity>,
    /// Since when the write-ahead log may contain deleted bytes.
    shred_due: Option<Instant>,
    /// Whether it was reported that they are still there.
    late: bool,
    /// What to do after a commit.
    committed: Option<Committed>,
}

/// What is done after each commit.
pub(super) type Committed = Arc<dyn Fn() + Send + Sync>;

/// Opens a thread's connection, and opens it again after a failure that the connection should not survive.
pub(super) struct Session {
    path: PathBuf,
    may_write: bool,
    busy_timeout: Duration,
    identity: Identity,
    committed: Option<Committed>,
    db: Option<Db>,
}

/// Threads that work on one queue.
pub(super) struct Workers {
    jobs: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// A handle to the threads. They end when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Jobs(mpsc::Sender<Job>);

impl Db {
    /// A read-only connection.
    pub(super) fn for_reading(connection: Connection) -> Self {
        Self { connection, log: None, shred_due: None, late: false, committed: None }
    }

    /// A connection that may write to the database at `path`.
    pub(super) fn for_writing(connection: Connection, path: &Path) -> std::io::Result<Self> {
        let mut db = Self { connection, log: None, shred_due: Some(Instant::now()), late: false, committed: None };
        db.try_shred(false); // removes what a crash left in the log, and creates the file
        db.log = Some(Identity::of_log(path)?);
        Ok(db)
    }

    /// The connection, for reading.
    pub(super) fn reader(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` in one transaction, which is rolled back if it fails or panics.
    pub(super) fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        if let Some(committed) = &self.committed {
            committed();
        }
        Ok(result)
    }

    /// Removes deleted bytes from the write-ahead log too. If that is not possible now, it is tried again after each
    /// job, and while the worker is idle.
    pub(super) fn shred(&mut self) {
        // Who held the log a moment ago is not waited for again.
        let waits = self.shred_due.is_none();
        self.shred_due.get_or_insert_with(Instant::now);
        self.try_shred(waits);
    }

    /// `waits`: whether readers get a moment to release the log.
    fn try_shred(&mut self, waits: bool) {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy = self
            .connection
            .busy_handler(waits.then_some(pause as fn(i32) -> bool))
            .and_then(|()| self.connection.query_row(checkpoint, [], |row| row.get::<_, i64>(0)));
        let waited = self.shred_due.map(|since| since.elapsed()).unwrap_or_default();
        match busy {
            Ok(0) => {
                self.shred_due = None;
                if std::mem::take(&mut self.late) {
                    tracing::info!(seconds = waited.as_secs(), "deleted bytes are out of the write-ahead log");
                }
            }
            failed if waited >= LATE && !std::mem::replace(&mut self.late, true) => {
                let cause = failed.err().map_or_else(|| "a reader holds it".to_owned(), |error| error.to_string());
                tracing::warn!(
                    cause,
                    "deleted bytes are still in the write-ahead log, which grows meanwhile; they go as soon as no backup or \
                     other program reads an old state of the store"
                );
            }
            _ => {}
        }
    }
}

/// What SQLite calls when a reader holds the log: pauses, and returns whether to try again. `paused`: how often it was
/// called for this checkpoint.
fn pause(paused: i32) -> bool {
    let again = paused < SHRED_PAUSES;
    if again {
        #[cfg(test)]
        tests::PAUSES.with(|pauses| pauses.set(pauses.get() + 1));
        std::thread::sleep(SHRED_PAUSE);
    }
    again
}

impl Session {
    /// `identity` is that of the database at `path`.
    pub(super) fn new(path: PathBuf, busy_timeout: Duration, identity: Identity, db: Db) -> Self {
        Self { path, may_write: db.log.is_some(), busy_timeout, identity, committed: None, db: Some(db) }
    }

    /// Sets what is done after each commit.
    pub(super) fn after_commits(mut self, committed: Committed) -> Self {
        if let Some(db) = &mut self.db {
            db.committed = Some(Arc::clone(&committed));
        }
        self.committed = Some(committed);
        self
    }

    /// Runs one job. `asked` is when its caller began to wait: the time in the queue counts against the busy timeout,
    /// so a lock of another process delays each caller once, and not once for each job before it.
    fn run<T>(&mut self, asked: Instant, work: impl FnOnce(&mut Db) -> Result<T, Failure>) -> Result<T, Failure> {
        let busy_timeout = self.busy_timeout.saturating_sub(asked.elapsed()).max(SHORTEST_TIMEOUT);
        let db = self.db()?;
        db.connection.busy_timeout(busy_timeout)?;
        let result = catch_unwind(AssertUnwindSafe(|| work(db))).unwrap_or_else(|panic| Err(words_of(&*panic).into()));
        if result.as_ref().is_err_and(is_broken) {
            self.db = None; // rolls back what is open
        }
        result
    }

    /// The connection, which is opened again if the last one broke.
    fn db(&mut self) -> Result<&mut Db, Failure> {
        if self.may_write {
            self.identity.check()?;
        }
        match &mut self.db {
            Some(db) => {
                db.log.as_ref().map_or(Ok(()), Identity::check)?;
                Ok(db)
            }
            none => {
                let connection = open_again(&self.path, self.may_write, self.busy_timeout)?;
                let mut db =
                    if self.may_write { Db::for_writing(connection, &self.path)? } else { Db::for_reading(connection) };
                db.committed.clone_from(&self.committed);
                Ok(none.insert(db))
            }
        }
    }

    /// Whether there is something to do while no job comes.
    fn is_untidy(&self) -> bool {
        self.db.as_ref().is_some_and(|db| db.shred_due.is_some())
    }

    fn tidy_up(&mut self) {
        if let Some(db) = self.db.as_mut().filter(|db| db.shred_due.is_some()) {
            db.try_shred(false);
        }
    }
}

/// Whether a connection should not be used again: after an I/O error, SQLite's memory may differ from the file; after a
/// panic, its state is unknown.
fn is_broken(failure: &Failure) -> bool {
    let Some(error) = failure.downcast_ref::<rusqlite::Error>() else { return failure.is::<Panicked>() };
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::CannotOpen)
    )
}

/// A job panicked. The panic's message is for the log.
#[derive(Debug, thiserror::Error)]
#[error("a database job panicked: {0}")]
struct Panicked(String);

fn words_of(panic: &(dyn Any + Send)) -> Panicked {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    Panicked(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
}

impl Workers {
    /// Starts a thread for each session.
    pub(super) fn start(name: &str, sessions: Vec<Session>) -> Result<Self, SqliteOpenError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let start = |session| {
            let queue = Arc::clone(&queue);
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread.spawn(move || work_off(&queue, session)).map_err(SqliteOpenError::Thread)
        };
        let threads = sessions.into_iter().map(start).collect::<Result<_, _>>()?;
        Ok(Self { jobs: Some(jobs), threads })
    }

    /// A handle to these threads that can be stored elsewhere.
    pub(super) fn jobs(&self) -> Option<Jobs> {
        self.jobs.clone().map(Jobs)
    }

    /// Runs `work` on a thread and waits for it. It runs even if the caller stops waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = package(work);
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?.map_err(StoreError::new)
    }
}

impl Jobs {
    /// Like [`Workers::run`], for a thread that may block.
    pub(super) fn run_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer) = package(work);
        self.0.blocking_send(job).map_err(|_| gone())?;
        answer.blocking_recv().map_err(|_| gone())?.map_err(StoreError::new)
    }
}

impl Drop for Workers {
    /// Waits until all queued jobs are done.
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

type Pending<T> = oneshot::Receiver<Result<T, Failure>>;

fn package<T: Send + 'static>(work: impl FnOnce(&mut Db) -> Result<T, Failure> + Send + 'static) -> (Job, Pending<T>) {
    let (answer, receiver) = oneshot::channel();
    let asked = Instant::now();
    let job = move |session: &mut Session| {
        let _ = answer.send(session.run(asked, work));
    };
    (Box::new(job), receiver)
}

fn work_off(queue: &Mutex<mpsc::Receiver<Job>>, mut session: Session) {
    loop {
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the writer is ever untidy, and it has its queue to itself.
        let next = if session.is_untidy() { next_within(&mut queue, LOOK_EVERY) } else { Ok(queue.blocking_recv()) };
        drop(queue);
        match next {
            Ok(Some(job)) => job(&mut session),
            Ok(None) => return,
            Err(TimedOut) => {}
        }
        session.tidy_up();
    }
}

/// No job came in time.
struct TimedOut;

/// The next job; `None` when there will be none.
fn next_within(queue: &mut mpsc::Receiver<Job>, time: Duration) -> Result<Option<Job>, TimedOut> {
    match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(timer) => timer.block_on(async { tokio::time::timeout(time, queue.recv()).await }).map_err(|_| TimedOut),
        Err(_) => Ok(queue.blocking_recv()),
    }
}

fn gone() -> StoreError {
    StoreError::new("the database's threads have ended")
}

#[cfg(test)]
mod tests {
    use super::super::open::{make_file, open_first};
    use super::*;

    std::thread_local! {
        /// How often this thread paused for readers.
        pub(super) static PAUSES: std::cell::Cell<i32> = const { std::cell::Cell::new(0) };
    }

    /// Counted in pauses, so that the machine's speed does not matter.
    #[test]
    fn a_reader_that_stays_costs_all_deletions_together_a_few_pauses() {
        let directory = tempfile::tempdir().unwrap();
        let path = make_file(&directory.path().join("relay.db")).unwrap();
        let mut db = Db::for_writing(open_first(&path, Duration::from_secs(5)).unwrap(), &path).unwrap();
        let reader = open_again(&path, false, Duration::from_secs(5)).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM meta").unwrap();
        for n in 0..12 {
            db.write(|transaction| Ok(transaction.execute("INSERT INTO meta VALUES (?1, x'01')", [n.to_string()])?))
                .unwrap();
            db.write(|transaction| Ok(transaction.execute("DELETE FROM meta", [])?)).unwrap();
            db.shred();
        }
        // At most 10 ms for the first one, and nothing for the others, nor for what is written between them.
        assert_eq!(PAUSES.get(), SHRED_PAUSES);
        assert!(SHRED_PAUSE * SHRED_PAUSES.unsigned_abs() <= Duration::from_millis(10));
        let log = directory.path().join("relay.db-wal");
        assert!(db.shred_due.is_some() && log.metadata().unwrap().len() > 0, "the reader still sees the old state");
        reader.execute_batch("COMMIT").unwrap();
        db.try_shred(false);
        assert!(db.shred_due.is_none() && log.metadata().unwrap().len() == 0, "a later checkpoint keeps the promise");
        // The next reader is waited for again, and a write itself waits for a lock as long as ever.
        reader.execute_batch("BEGIN; SELECT count(*) FROM meta").unwrap();
        db.write(|transaction| Ok(transaction.execute("DELETE FROM meta", [])?)).unwrap();
        db.shred();
        assert_eq!(PAUSES.get(), 2 * SHRED_PAUSES);
    }

    fn one_writer(directory: &tempfile::TempDir) -> Workers {
        let path = make_file(&directory.path().join("relay.db")).unwrap();
        let busy_timeout = Duration::from_secs(5);
        let db = Db::for_writing(open_first(&path, busy_timeout).unwrap(), &path).unwrap();
        let identity = Identity::of(&path).unwrap();
        Workers::start("test", vec![Session::new(path, busy_timeout, identity, db)]).unwrap()
    }

    const PUT: &str = "INSERT INTO meta (key, value) VALUES ('k', x'01')";
    const COUNT: &str = "SELECT count(*) FROM meta";

    #[tokio::test]
    async fn a_job_that_panics_is_rolled_back_and_the_thread_continues() {
        let directory = tempfile::tempdir().unwrap();
        let writer = one_writer(&directory);
        let panicking = |db: &mut Db| {
            db.write(|transaction| {
                transaction.execute(PUT, [])?;
                if transaction.changes() == 1 {
                    panic!("a planted panic");
                }
                Ok(())
            })
        };
        let error = writer.run(panicking).await.unwrap_err();
        assert!(error.to_string().contains("a planted panic"), "{error}");
        let count = |db: &mut Db| Ok(db.reader().query_row(COUNT, [], |row| row.get::<_, i64>(0))?);
        assert_eq!(writer.run(count).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_job_that_fails_is_rolled_back() {
        let directory = tempfile::tempdir().unwrap();
        let writer = one_writer(&directory);
        let failing = |db: &mut Db| {
            db.write(|transaction| {
                transaction.execute(PUT, [])?;
                transaction.execute(PUT, [])?;
                Ok(())
            })
        };
        writer.run(failing).await.unwrap_err();
        let count = |db: &mut Db| Ok(db.reader().query_row(COUNT, [], |row| row.get::<_, i64>(0))?);
        assert_eq!(writer.run(count).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_connection_is_opened_again_after_an_io_error() {
        let directory = tempfile::tempdir().unwrap();
        let writer = one_writer(&directory);
        let broken = |db: &mut Db| -> Result<(), Failure> {
            db.reader().execute_batch("CREATE TEMP TABLE mark (x)")?;
            Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR), None).into())
        };
        writer.run(broken).await.unwrap_err();
        let marks = "SELECT count(*) FROM temp.sqlite_schema WHERE name = 'mark'";
        let is_marked = move |db: &mut Db| Ok(db.reader().query_row(marks, [], |row| row.get::<_, i64>(0))?);
        assert_eq!(writer.run(is_marked).await.unwrap(), 0);
    }
}
