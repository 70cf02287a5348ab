//! Opens the file: checks it, and sets up each connection.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::SqliteOpenError;
use super::migrate::{self, MIGRATIONS};

/// Older versions can corrupt a database in WAL mode with more than one connection (the "WAL-reset" bug, fixed in
/// 3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

/// The smallest database that is not empty, in bytes: one page of the smallest size.
const SMALLEST: u64 = 512;

/// Refuses a version of SQLite that is too old.
pub(super) fn refuse_old(version: i32) -> Result<(), SqliteOpenError> {
    if version < OLDEST_SQLITE { Err(SqliteOpenError::TooOld(version)) } else { Ok(()) }
}

/// Creates the file if it does not exist, readable by its owner only. Returns its absolute path.
pub(super) fn make_file(path: &Path) -> Result<PathBuf, SqliteOpenError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        return Err(SqliteOpenError::NoDirectory(parent.to_owned()));
    }
    let mut options = std::fs::OpenOptions::new();
    // An existing file is not opened: closing it would release the locks of a database that this process has open.
    options.write(true).create_new(true);
    // SQLite gives the other files (-wal, -shm) the same mode.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file_error = |cause| SqliteOpenError::File { path: path.to_owned(), cause };
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // SQLite would take such a file for an empty database, and overwrite it.
            let length = std::fs::metadata(path).map_err(file_error)?.len();
            if (1..SMALLEST).contains(&length) {
                return Err(SqliteOpenError::NotRelay);
            }
        }
        made => drop(made.map_err(file_error)?),
    }
    path.canonicalize().map_err(file_error)
}

/// Opens the connection that writes, and migrates the schema.
pub(super) fn open_first(path: &Path, busy_timeout: Duration) -> Result<Connection, SqliteOpenError> {
    let start = Instant::now();
    loop {
        match try_open_first(path, busy_timeout) {
            // If two processes switch to WAL at the same time, SQLite fails one of them without waiting.
            Err(SqliteOpenError::Sqlite(error)) if is_busy(&error) && start.elapsed() < busy_timeout => {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn try_open_first(path: &Path, busy_timeout: Duration) -> Result<Connection, SqliteOpenError> {
    let mut connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    connection.busy_timeout(busy_timeout)?;
    migrate::refuse_foreign(&connection, MIGRATIONS.len())?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(SqliteOpenError::NoWal(mode));
    }
    set_up(&connection)?;
    migrate::migrate(&mut connection, MIGRATIONS)?;
    Ok(connection)
}

/// Opens one more connection, to a database that [`open_first`] has opened before.
pub(super) fn open_again(path: &Path, may_write: bool, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let access = if may_write { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let connection = Connection::open_with_flags(path, flags(access))?;
    connection.busy_timeout(busy_timeout)?;
    set_up(&connection)?;
    Ok(connection)
}

/// Each connection belongs to one thread, so SQLite need not lock it. Paths are not URIs.
fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // An acknowledged write must survive a power cut, which NORMAL does not guarantee.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Deleted data is overwritten, and no temporary file may get a copy of it.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // A damaged or malicious file must not run code, and damage must be detected.
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_of_sqlite_that_corrupts_databases_is_refused() {
        assert!(matches!(refuse_old(3_051_002), Err(SqliteOpenError::TooOld(3_051_002))));
        assert!(refuse_old(3_051_003).is_ok());
        assert!(refuse_old(rusqlite::version_number()).is_ok());
    }

    #[test]
    fn every_connection_is_set_up_for_safety() {
        let directory = tempfile::tempdir().unwrap();
        let path = make_file(&directory.path().join("relay.db")).unwrap();
        let busy_timeout = Duration::from_secs(5);
        let first = open_first(&path, busy_timeout).unwrap();
        for connection in
            [&first, &open_again(&path, true, busy_timeout).unwrap(), &open_again(&path, false, busy_timeout).unwrap()]
        {
            for (pragma, want) in [
                ("synchronous", "2"),
                ("secure_delete", "1"),
                ("temp_store", "2"),
                ("foreign_keys", "1"),
                ("trusted_schema", "0"),
                ("cell_size_check", "1"),
                ("busy_timeout", "5000"),
                ("journal_mode", "wal"),
                ("application_id", "1382834553"),
            ] {
                let value: rusqlite::types::Value =
                    connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
                let value = match value {
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    rusqlite::types::Value::Text(text) => text,
                    other => panic!("{pragma}: {other:?}"),
                };
                assert_eq!(value, want, "{pragma}");
            }
        }
    }
}
