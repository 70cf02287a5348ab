//! `[storage]`

use std::path::PathBuf;

use super::reader::Reader;

/// Where data is stored.
#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// The database.
    pub path: StoragePath,
}

/// The location of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoragePath {
    /// In memory: `":memory:"`. Everything is lost when the process ends.
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
