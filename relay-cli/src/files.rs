//! Creates files and folders without overwriting anything.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Creates a file with this mode and these contents, and flushes it to disk. Removes it again if that fails.
///
/// # Errors
/// If it already exists, or cannot be written.
pub fn create(path: &Path, mode: u32, parts: &[&[u8]]) -> Result<(), Failure> {
    let failure = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::failed(format_args!("{} already exists", path.display()))
            .hint("nothing was changed; choose another name, or move the file away"),
        _ => Failure::failed(format_args!("cannot write {}: {error}", path.display())),
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(failure)?;
    if let Err(error) = fill(file, path, parts) {
        let _ = fs::remove_file(path);
        return Err(failure(error));
    }
    Ok(())
}

fn fill(mut file: File, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Creates a directory for its owner only, with its parents. An existing directory is not changed.
///
/// # Errors
/// If it cannot be created.
pub fn create_dir(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Failure::failed(format_args!("cannot create the folder {}: {error}", path.display())))
}

/// A folder that is deleted with its contents when this is dropped.
#[derive(Debug)]
pub struct TemporaryDir(PathBuf);

impl TemporaryDir {
    /// Creates a new folder, for its owner only, in the system's folder for temporary files.
    ///
    /// # Errors
    /// If it cannot be created, or already exists.
    pub fn new(name: &str) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Failure::failed(format_args!("cannot create the folder {}: {error}", path.display())))?;
        Ok(Self(path))
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
