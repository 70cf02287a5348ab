//! Why a database can't be opened.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why a database can't be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteOpenError {
    /// The linked SQLite can corrupt databases.
    #[error("SQLite {0} is older than 3.51.3 and can corrupt a database: build with the bundled one")]
    TooOld(i32),
    /// Where the file should be is no directory.
    #[error("the directory {} does not exist: make it, or name another path", .0.display())]
    NoDirectory(PathBuf),
    /// The operating system said no.
    #[error("the database {} can't be created or read: {cause}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Its words.
        #[source]
        cause: std::io::Error,
    },
    /// A file of something else. It was not changed.
    #[error("the file is no Relay database and was left as it is: name another path")]
    NotRelay,
    /// Written by a newer program. It was not changed.
    #[error("the database has schema {found} and this program knows {known}: use a newer one, or restore a backup")]
    NewerSchema {
        /// The file's schema.
        found: usize,
        /// Our schema.
        known: usize,
    },
    /// Made by a program with other migrations.
    #[error("migration {0} of the database is not this program's: use the program that made it, or restore a backup")]
    ChangedMigration(usize),
    /// The file system lacks what SQLite's write-ahead log needs.
    #[error("the database can't use a write-ahead log (it has `{0}`): put it on a local disk")]
    NoWal(String),
    /// SQLite said no.
    #[error("the database can't be opened: {0}")]
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
