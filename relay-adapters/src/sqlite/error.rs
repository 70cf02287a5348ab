//! Why a database could not be opened.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why a database could not be opened, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteOpenError {
    /// The linked SQLite can corrupt databases.
    #[error("SQLite {0} is older than 3.51.3 and can corrupt a database; build with the bundled version")]
    TooOld(i32),
    /// The file's directory does not exist.
    #[error("the directory {} does not exist; create it, or configure another path", .0.display())]
    NoDirectory(PathBuf),
    /// The operating system returned an error.
    #[error("the database {} could not be created or read: {cause}", .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not a Relay database. It was not changed.
    #[error("the file is not a Relay database and was not changed; configure another path")]
    NotRelay,
    /// The database was written by a newer program. It was not changed.
    #[error("the database has schema {found} and this program knows {known}; use a newer program, or restore a backup")]
    NewerSchema {
        /// The schema version of the file.
        found: usize,
        /// The newest schema version that this program knows.
        known: usize,
    },
    /// The database was created by a program with different migrations.
    #[error(
        "migration {0} of the database differs from this program's; use the program that created it, or restore a backup"
    )]
    ChangedMigration(usize),
    /// The file system lacks what SQLite's write-ahead log needs.
    #[error("the database cannot use a write-ahead log (its journal mode is `{0}`); move it to a local disk")]
    NoWal(String),
    /// SQLite returned an error.
    #[error("the database could not be opened: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl From<rusqlite::Error> for SqliteOpenError {
    fn from(cause: rusqlite::Error) -> Self {
        match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotRelay,
            _ => Self::Sqlite(cause),
        }
    }
}
