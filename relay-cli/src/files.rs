//! Files that are made once and never overwritten.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Creates a file with this mode and these contents, safely on disk; takes it away again if that fails.
///
/// # Errors
/// When it is there already, or can't be written.
pub fn create(path: &Path, mode: u32, parts: &[&[u8]]) -> Result<(), Failure> {
    let failure = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::failed(format_args!("{} is there already", path.display()))
            .hint("nothing was changed; choose another name, or move the file away yourself"),
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

/// Creates a directory for its owner only, with its parents; one that is there stays as it is.
///
/// # Errors
/// When it can't be made.
pub fn create_dir(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Failure::failed(format_args!("cannot make the folder {}: {error}", path.display())))
}

/// A folder that goes away with its contents when this is dropped.
#[derive(Debug)]
pub struct TemporaryDir(PathBuf);

impl TemporaryDir {
    /// Makes a new folder, for its owner only, under the system's folder for temporary files.
    ///
    /// # Errors
    /// When it can't be made, or is there already.
    pub fn new(name: &str) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Failure::failed(format_args!("cannot make the folder {}: {error}", path.display())))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
