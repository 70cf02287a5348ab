//! Notices that the database was deleted, moved or replaced while it is open.

use std::path::{Path, PathBuf};

use super::worker::Failure;

/// Which files a path named when the database was opened.
///
/// SQLite goes on writing to a file that has no name any more: such writes would be acknowledged, and lost at the end.
#[derive(Clone)]
pub(super) struct Identity(Vec<(PathBuf, FileId)>);

type FileId = (u64, u64);

impl Identity {
    /// Of the database at `path` and its write-ahead log, which must be open.
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let files = [path.to_owned(), PathBuf::from(log)];
        let named = files.into_iter().map(|file| Ok((file.clone(), file_id(&file)?)));
        named.collect::<std::io::Result<_>>().map(Self)
    }

    /// Whether the path still names the same files.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let is_same = |(file, id): &(PathBuf, FileId)| file_id(file).is_ok_and(|now| now == *id);
        if self.0.iter().all(is_same) {
            Ok(())
        } else {
            Err("the database file was deleted, moved or replaced while open: restart with the right one".into())
        }
    }
}

#[cfg(unix)]
fn file_id(path: &Path) -> std::io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// Elsewhere an open file can't be deleted or replaced.
#[cfg(not(unix))]
fn file_id(_: &Path) -> std::io::Result<FileId> {
    Ok((0, 0))
}
