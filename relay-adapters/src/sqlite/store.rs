//! The threads and the queue of one open database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::error::SqliteOpenError;
use super::identity::Identity;
use super::open;
use super::usage_queue::{Flusher, Queue};
use super::worker::{Db, Session, Workers};

/// How a database is used. The defaults suit a server.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// How many threads read.
    pub readers: usize,
    /// How long a call waits for another process that writes, before it fails.
    pub patience: Duration,
    /// How many rows of usage (user × provider × model × tier) wait to be written, before calls of others are dropped.
    pub usage_rows: usize,
    /// How long a metered call waits at most to be written.
    pub usage_delay: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { readers: 2, patience: Duration::from_secs(5), usage_rows: 50_000, usage_delay: Duration::from_secs(1) }
    }
}

/// A whole `Store` in an SQLite file.
///
/// Needs no particular async runtime. Dropping it writes the usage that waits, and closes the file.
// Dropped in this order: the usage goes to the writer, and the writer is the last to close the file.
pub struct Sqlite {
    _flusher: Flusher,
    pub(super) usage: Arc<Queue>,
    pub(super) readers: Workers,
    pub(super) writer: Workers,
}

impl Sqlite {
    /// Opens the database at `path`; makes it, readable by its owner alone, if there is none.
    ///
    /// Blocks for as long as migrations take.
    ///
    /// # Errors
    /// When the file is not a Relay database that this program can keep safely; it is left as it is then.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, SqliteOpenError> {
        open::refuse_old(rusqlite::version_number())?;
        let path = open::make_file(path.as_ref())?;
        let file_error = |cause| SqliteOpenError::File { path: path.clone(), cause };
        let writer = Db::for_writing(open::open_first(&path, options.patience)?, &path).map_err(file_error)?;
        let identity = Identity::of(&path).map_err(file_error)?;
        let session = |db| Session::new(path.clone(), options.patience, identity.clone(), db);
        let open_reader = |_| open::open_again(&path, false, options.patience).map(|db| session(Db::for_reading(db)));
        let readers = (0..options.readers.max(1)).map(open_reader).collect::<Result<_, _>>()?;
        let readers = Workers::start("relay-db-read", readers)?;
        let writer = Workers::start("relay-db-write", vec![session(writer)])?;
        let usage = Arc::new(Queue::new(options.usage_rows));
        let _flusher = Flusher::start(Arc::clone(&usage), writer.jobs(), options.usage_delay)?;
        Ok(Self { _flusher, usage, readers, writer })
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite(..)")
    }
}
