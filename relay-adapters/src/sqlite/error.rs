//! Why a database could not be opened.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use relay_core::ports::StoreError;
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
    /// There is no room for the database, or for its log.
    #[error("the disk is full: {}; free some space", .0.display())]
    DiskFull(PathBuf),
    /// The file system is mounted read-only, as the kernel does after an error of the disk.
    #[error("the file system of {} is read-only; the kernel's log may say why", .0.display())]
    ReadOnlyFileSystem(PathBuf),
    /// This user may not write to the database, or to its folder.
    #[error("this user may not write to {} and the folder around it; change their owner or their modes", .0.display())]
    NoPermission(PathBuf),
    /// Another process has locked the database for longer than the busy timeout.
    #[error("another process has locked the database {}; find it with `fuser {}`", .0.display(), .0.display())]
    Locked(PathBuf),
    /// SQLite returned an error.
    #[error("the database could not be opened: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl SqliteOpenError {
    /// Whether the fault may pass without anybody changing a setting or a file of Relay: a full disk, a lock, a lack of
    /// threads or files. Opening the database again later can succeed.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::DiskFull(_) | Self::ReadOnlyFileSystem(_) | Self::Locked(_) | Self::Thread(_) => true,
            Self::Sqlite(cause) => error_may_pass(cause),
            Self::File { cause, .. } => !matches!(
                cause.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory | ErrorKind::IsADirectory
            ),
            _ => false,
        }
    }

    /// The same error, with its reason as far as the operating system tells it.
    pub(super) fn explained(self, path: &Path) -> Self {
        let code = match &self {
            Self::Sqlite(cause) => cause.sqlite_error_code(),
            Self::File { cause, .. } => return Self::of_file(cause.kind(), path).unwrap_or(self),
            _ => None,
        };
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path.to_owned()),
            Some(ErrorCode::DiskFull) => Self::DiskFull(path.to_owned()),
            // SQLite uses these for several reasons.
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => {
                let found = write_beside(path).err().and_then(|cause| Self::of_file(cause.kind(), path));
                let is_read_only = code == Some(ErrorCode::ReadOnly);
                found.unwrap_or_else(|| if is_read_only { Self::NoPermission(path.to_owned()) } else { self })
            }
            _ => self,
        }
    }

    fn of_file(kind: ErrorKind, path: &Path) -> Option<Self> {
        match kind {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Self::DiskFull(path.to_owned())),
            ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnlyFileSystem(path.to_owned())),
            ErrorKind::PermissionDenied => Some(Self::NoPermission(path.to_owned())),
            _ => None,
        }
    }
}

/// What is written to see whether there is room, in bytes: the smallest file that SQLite's log needs beside it.
const ROOM: usize = 32 << 10;

/// Writes a file beside the database, and removes it.
fn write_beside(path: &Path) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.probe", std::process::id()));
    let probe = PathBuf::from(name);
    let written = std::fs::File::create_new(&probe).and_then(|mut file| {
        file.write_all(&[0; ROOM])?;
        file.sync_all()
    });
    // Nothing is left of it; if it was never created, there is nothing to remove.
    let _ = std::fs::remove_file(&probe);
    written
}

fn error_may_pass(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory
        )
    )
}

/// Whether a failure of an open database may pass by itself; see [`SqliteOpenError::may_pass`].
pub fn failure_may_pass(error: &StoreError) -> bool {
    error.0.downcast_ref::<rusqlite::Error>().is_none_or(error_may_pass)
}

impl From<rusqlite::Error> for SqliteOpenError {
    fn from(cause: rusqlite::Error) -> Self {
        match cause.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotRelay,
            _ => Self::Sqlite(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn only_what_a_person_must_change_can_not_pass() {
        let path = || PathBuf::from("relay.db");
        let file = |kind: ErrorKind| SqliteOpenError::File { path: path(), cause: kind.into() };
        let sqlite =
            |code| SqliteOpenError::Sqlite(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        for (error, may_pass, words) in [
            (file(ErrorKind::StorageFull), true, "the disk is full"),
            (file(ErrorKind::QuotaExceeded), true, "the disk is full"),
            (file(ErrorKind::ReadOnlyFilesystem), true, "read-only"),
            (file(ErrorKind::PermissionDenied), false, "may not write"),
            (file(ErrorKind::NotADirectory), false, "could not be created or read"),
            (sqlite(rusqlite::ffi::SQLITE_FULL), true, "the disk is full"),
            (sqlite(rusqlite::ffi::SQLITE_BUSY), true, "locked"),
            (sqlite(rusqlite::ffi::SQLITE_NOMEM), true, "could not be opened"),
            (sqlite(rusqlite::ffi::SQLITE_CORRUPT), false, "could not be opened"),
            (SqliteOpenError::Thread(io::ErrorKind::WouldBlock.into()), true, "no thread"),
            (SqliteOpenError::NoDirectory(path()), false, "does not exist"),
            (SqliteOpenError::NotRelay, false, "not a Relay database"),
        ] {
            let error = error.explained(&path());
            assert!(error.may_pass() == may_pass && error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn a_folder_that_takes_no_file_explains_what_sqlite_does_not_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.db");
        assert!(write_beside(&path).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        let cannot = || SqliteOpenError::Sqlite(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(14), None));
        assert!(matches!(cannot().explained(&path), SqliteOpenError::Sqlite(_)), "another reason");
    }
}
