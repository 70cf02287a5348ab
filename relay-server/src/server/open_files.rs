//! How many connections the limit on open files leaves room for.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Files that each worker opens: its selector and what wakes it.
const OF_A_WORKER: usize = 4;
/// Files that the start opens besides: the acceptor's selector, the metrics.
const OF_THE_START: usize = 8;
/// The smallest and the largest number of files that are left for the store and for connections to providers.
const LEFT: std::ops::RangeInclusive<usize> = 8..=4096;
/// Connections beyond the maximum that a worker serves health checks on, if there are files for them.
const RESERVE: usize = 64;
/// The fewest connections that a server has.
const FEWEST: usize = 4;

/// What the limit on open files allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// The limit itself.
    pub(super) files: usize,
    /// Connections of all workers.
    pub(super) connections: usize,
    /// Connections of each worker beyond those, for health checks. As many again may wait for the worker.
    pub(super) reserve: usize,
}

impl Room {
    /// When a worker gets no more connections: beyond its share it has its reserve, and as many that it has not looked
    /// at. A full server is told by the worker, which closes something; this limit keeps the acceptor from running out
    /// of files before the worker gets to it.
    pub(super) fn of_a_worker(&self, connections: usize, workers: usize) -> usize {
        connections.div_ceil(workers.max(1)) + 2 * self.reserve
    }
}

/// Raises the soft limit to the hard one, and divides it.
pub(super) fn room(workers: usize) -> Room {
    divide(raise(), open(), workers)
}

/// The limit, as high as it may be.
fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let mut raised = limit;
        raised.current = limit.maximum;
        // Not every system takes its own hard limit. The soft one then stays.
        let _ = setrlimit(Resource::Nofile, raised);
    }
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// Files that are open now; 0 where the system does not say.
fn open() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn divide(files: usize, open: usize, workers: usize) -> Room {
    let reserve = (files / 64).clamp(1, RESERVE);
    let left = (files / 8).clamp(*LEFT.start(), *LEFT.end());
    let used = open + left + OF_THE_START + workers.saturating_mul(OF_A_WORKER + 2 * reserve);
    Room { files, connections: files.saturating_sub(used).max(FEWEST), reserve }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_get_what_the_rest_of_the_server_leaves() {
        for (files, open, workers) in [(64, 20, 2), (256, 30, 2), (1024, 40, 8), (20_000, 40, 2), (1 << 20, 40, 64)] {
            let room = divide(files, open, workers);
            assert!(room.connections >= FEWEST && room.reserve >= 1, "{room:?}");
            let others = open + workers * (OF_A_WORKER + 2 * room.reserve) + *LEFT.start();
            assert!(room.connections == FEWEST || room.connections + others <= files, "{files}: {room:?}");
        }
        assert!(divide(20_000, 40, 2).connections > 17_000, "nearly all");
        assert_eq!(divide(usize::MAX, 40, 2).reserve, RESERVE);
    }

    #[test]
    fn the_limit_is_raised() {
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(raise() as u64, limit.maximum.unwrap_or(u64::MAX));
    }
}
