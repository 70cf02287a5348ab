//! Detects that a file was deleted, moved or replaced while it is open.

use std::path::{Path, PathBuf};

use super::failure::Failure;

/// The identity of the file that a path named when it was opened.
///
/// SQLite keeps writing to a file that was deleted. Such writes would be acknowledged and then lost.
#[derive(Clone)]
pub(super) struct Identity {
    path: PathBuf,
    id: FileId,
}

type FileId = (u64, u64);

impl Identity {
    /// The identity of the file at `path`.
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), id: file_id(path)? })
    }

    /// The identity of the write-ahead log of the database at `path`, which must be open.
    pub(super) fn of_log(path: &Path) -> std::io::Result<Self> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self::of(Path::new(&log))
    }

    /// Whether the path still names the same file.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if file_id(&self.path).is_ok_and(|now| now == self.id) {
            return Ok(());
        }
        let path = self.path.display();
        Err(format!("{path} was deleted, moved or replaced while it was open; restart Relay with the right file")
            .into())
    }
}

#[cfg(unix)]
fn file_id(path: &Path) -> std::io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// On other systems an open file cannot be deleted or replaced.
#[cfg(not(unix))]
fn file_id(_: &Path) -> std::io::Result<FileId> {
    Ok((0, 0))
}
