//! Notices that another server serves the same store. Two can, but each then has limits, quotas and caches of its own.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Locks the file beside the store for as long as the result exists; warns if another server holds it.
///
/// A folder in which no such file can be made is no reason not to serve.
pub(super) fn hold(store: &Path) -> Option<File> {
    let mut name = OsString::from(store);
    name.push(".lock");
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(name).ok()?;
    match file.try_lock() {
        Ok(()) => {
            let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            Some(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            tracing::warn!(
                store = %store.display(),
                pid = pid.trim(),
                "another server serves the same store: each has limits, quotas and caches of its own; stop one of them"
            );
            None
        }
        Err(TryLockError::Error(_)) => None,
    }
}
