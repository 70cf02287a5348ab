//! `[storage]`

use std::path::PathBuf;

use super::reader::Reader;

/// Where data is kept.
#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// The database.
    pub path: StoragePath,
}

/// A database's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoragePath {
    /// Nowhere: `":memory:"`. All is gone when the process ends.
    Memory,
    /// An SQLite file.
    File(PathBuf),
}

impl StorageConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let memory = reader.text_is("storage.path", ":memory:");
        let path = reader.path("storage.path").unwrap_or_else(|| reader.beside("relay.db"));
        Self { path: if memory { StoragePath::Memory } else { StoragePath::File(path) } }
    }
}
