//! One open database: its threads and its usage queue.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relay_core::ports::Bell;

use super::error::SqliteOpenError;
use super::events;
use super::identity::Identity;
use super::open;
use super::usage_queue::{Flusher, Queue};
use super::worker::{Db, Session, Workers};

/// The options of a database. The defaults suit a server.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The number of reading threads.
    pub readers: usize,
    /// How long a call waits for another process that writes, before it fails.
    pub busy_timeout: Duration,
    /// The most rows of usage (user × provider × model × tier) that wait to be written. Further rows are dropped.
    pub usage_rows: usize,
    /// The longest time that a metered call waits to be written.
    pub usage_delay: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            readers: 2,
            busy_timeout: Duration::from_secs(5),
            usage_rows: 50_000,
            usage_delay: Duration::from_secs(1),
        }
    }
}

/// A complete `Store` in an SQLite file.
///
/// Does not depend on a particular async runtime. Dropping it writes the waiting usage, and closes the file.
// Fields are dropped in this order: the usage queue writes to the writer, which closes the file last.
pub struct Sqlite {
    _flusher: Flusher,
    pub(super) usage: Arc<Queue>,
    /// Rung when a change has stored an event.
    pub(super) bell: Arc<Bell>,
    pub(super) readers: Workers,
    pub(super) writer: Workers,
}

impl Sqlite {
    /// Opens the database at `path`. Creates it if it does not exist, readable by its owner only.
    ///
    /// Blocks while migrations run.
    ///
    /// # Errors
    /// If the file is not a Relay database that this program can use safely. The file is not changed then.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, SqliteOpenError> {
        let path = path.as_ref();
        Self::open_file(path, options).map_err(|error| error.explained(path))
    }

    fn open_file(path: &Path, options: SqliteOptions) -> Result<Self, SqliteOpenError> {
        open::refuse_old(rusqlite::version_number())?;
        let path = open::make_file(path)?;
        let file_error = |cause| SqliteOpenError::File { path: path.clone(), cause };
        let writer = Db::for_writing(open::open_first(&path, options.busy_timeout)?, &path).map_err(file_error)?;
        let identity = Identity::of(&path).map_err(file_error)?;
        let session = |db| Session::new(path.clone(), options.busy_timeout, identity.clone(), db);
        let open_reader =
            |_| open::open_again(&path, false, options.busy_timeout).map(|db| session(Db::for_reading(db)));
        let readers = (0..options.readers.max(1)).map(open_reader).collect::<Result<_, _>>()?;
        let readers = Workers::start("relay-db-read", readers)?;
        let bell = Arc::new(Bell::default());
        let ringing = Arc::clone(&bell);
        let ring = move || {
            if events::take_stored() {
                ringing.ring();
            }
        };
        let writer = session(writer).after_commits(Arc::new(ring));
        let writer = Workers::start("relay-db-write", vec![writer])?;
        let usage = Arc::new(Queue::new(options.usage_rows));
        let _flusher = Flusher::start(Arc::clone(&usage), writer.jobs(), options.usage_delay)?;
        Ok(Self { _flusher, usage, bell, readers, writer })
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite(..)")
    }
}
