//! The stores in an SQLite file: one thread writes, some read, usage is written in batches.
//!
//! Names of end users that were erased can survive in unused parts of the file until `VACUUM` rewrites it; sealed keys
//! can't (see the table `sealed_keys`).

mod grants;
mod identity;
mod key_store;
mod migrate;
mod open;
mod projects;
mod rows;
mod usage;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relay_core::ports::StoreError;
use rusqlite::{OptionalExtension, params};

pub use open::SqliteOpenError;

use identity::Identity;
use usage::{Flusher, Queue};
use worker::{Db, Session, Workers};

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

/// `KeyStore`, `Projects`, `UsageSink` and `UsageReport` in an SQLite file.
///
/// Needs no particular async runtime. Dropping it writes the usage that waits, and closes the file.
// Dropped in this order: the usage goes to the writer, and the writer is the last to close the file.
pub struct Sqlite {
    _flusher: Flusher,
    usage: Arc<Queue>,
    readers: Workers,
    writer: Workers,
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

    /// Returns a small value that the wiring keeps beside the data: canaries, counters.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.to_owned();
        let read = move |db: &mut Db| {
            let mut query = db.reader().prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
            Ok(query.query_row([key], |row| row.get(0)).optional()?)
        };
        self.readers.run(read).await
    }

    /// Stores a small value, replacing what was there.
    ///
    /// # Errors
    /// When the store fails; nothing was changed then.
    pub async fn put_meta(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        const PUT: &str = "INSERT INTO meta (key, value) VALUES (?1, ?2)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let key = key.to_owned();
        let write = move |db: &mut Db| {
            db.write(|transaction| {
                transaction.prepare_cached(PUT)?.execute(params![key, value])?;
                Ok(())
            })
        };
        self.writer.run(write).await
    }

    /// Counts the stored keys by bytes 2 to 10 of their sealed form: the master key's id, in records of our ciphers.
    ///
    /// Reads every sealed key: for start-up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sealed_prefixes(&self) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
        const COUNT: &str =
            "SELECT substr(bytes, 3, 8), count(*) FROM sealed_keys WHERE used = 1 GROUP BY 1 ORDER BY 1";
        let read = |db: &mut Db| {
            let mut query = db.reader().prepare_cached(COUNT)?;
            let counts = query.query_map([], |row| Ok((row.get(0)?, rows::counter(row, 1)?)))?;
            Ok(counts.collect::<Result<_, _>>()?)
        };
        self.readers.run(read).await
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite(..)")
    }
}
