//! Measurements of processes, read from `/proc`.

use std::fs;
use std::time::Duration;

/// CPU time of some processes until now, known in two ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    /// Of all their threads, ended ones too, but in ticks of 10 ms.
    coarse: Duration,
    /// Of the threads that live, to the nanosecond.
    exact: Duration,
    /// How much `coarse` may be wrong.
    tolerance: Duration,
}

impl Cpu {
    /// Reads it. A process that is gone counts as zero.
    pub(crate) fn of(pids: &[u32], ticks_per_s: f64) -> Self {
        let read = |path: String| fs::read_to_string(path).ok();
        let ticks: u32 = pids.iter().filter_map(|pid| ticks(&read(format!("/proc/{pid}/stat"))?)).sum();
        let tasks = pids.iter().filter_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).ok());
        let exact = tasks.flatten().flatten().filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        let processes = u32::try_from(pids.len()).unwrap_or_default();
        Self {
            coarse: Duration::from_secs_f64(f64::from(ticks) / ticks_per_s),
            exact: Duration::from_nanos(exact.sum()),
            tolerance: Duration::from_secs_f64(2.0 / ticks_per_s) * processes,
        }
    }

    /// CPU time spent since `earlier`: the exact one, unless threads have ended and taken theirs with them.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let coarse = self.coarse.saturating_sub(earlier.coarse);
        let exact = self.exact.saturating_sub(earlier.exact);
        if exact + self.tolerance < coarse { coarse } else { exact }
    }
}

/// utime + stime of a line of `/proc/PID/stat`. The program's name, in parentheses, may hold anything.
fn ticks(stat: &str) -> Option<u32> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Resident memory of the processes together, KiB.
pub(crate) fn resident_kib(pids: &[u32]) -> u64 {
    let read = |pid: &u32| resident(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?);
    pids.iter().filter_map(read).sum()
}

fn resident(smaps: &str) -> Option<u64> {
    smaps.lines().find_map(|line| line.strip_prefix("Rss:"))?.trim().trim_end_matches(" kB").parse().ok()
}

/// Lets this process's sleeps end within a microsecond of their time and not 50. Where Linux refuses, they do not.
pub(crate) fn sharpen_timers() {
    let _ = fs::write("/proc/self/timerslack_ns", "1000");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_user_and_system_time() {
        let stat = "12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 70 30 0 0 20 0 1 0 100 1 1";
        assert_eq!(ticks(stat), Some(100));
        assert_eq!(ticks("12 (a"), None);
    }

    #[test]
    fn the_time_of_ended_threads_is_not_lost() {
        let cpu = |coarse, exact| Cpu {
            coarse: Duration::from_millis(coarse),
            exact: Duration::from_millis(exact),
            tolerance: Duration::from_millis(20),
        };
        assert_eq!(cpu(510, 505).since(cpu(10, 11)), Duration::from_millis(494));
        assert_eq!(cpu(510, 205).since(cpu(10, 11)), Duration::from_millis(500));
    }

    #[test]
    fn resident_memory_is_the_rss_line() {
        assert_eq!(resident("00-ff ---p\nRss:                1234 kB\nPss:  7 kB\n"), Some(1234));
    }
}
