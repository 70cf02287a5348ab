//! Keeps the process's memory private: it holds users' keys.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What [`protect`] changed, to be made permanent or undone once the configuration has been read.
#[derive(Debug)]
pub struct Protection {
    core_before: Rlimit,
}

/// Forbids core dumps of this process, and other processes of the same user to read its memory or environment.
///
/// Call this first in `main`, before any secret is read. A system that cannot do it is used as it is: a process is no
/// less private there than it was before.
pub fn protect() -> Protection {
    let core_before = getrlimit(Resource::Core);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..core_before });
    set_dumpable(false);
    Protection { core_before }
}

impl Protection {
    /// Makes the protection permanent: not even this process can allow core dumps again.
    pub fn keep(self) {
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }

    /// Allows core dumps and debuggers again, for `server.allow_core_dumps`.
    pub fn lift(self) {
        let _ = setrlimit(Resource::Core, self.core_before);
        set_dumpable(true);
    }
}

/// The kernel writes no core of a process that is not dumpable, not even to a program, for which it ignores the limit
/// (core(5)). It also gives the files in `/proc/PID` to root, and refuses `ptrace` to the same user (prctl(2)).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_dumpable(dumpable: bool) {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let behavior = if dumpable { DumpableBehavior::Dumpable } else { DumpableBehavior::NotDumpable };
    let _ = set_dumpable_behavior(behavior);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_dumpable(_: bool) {}
