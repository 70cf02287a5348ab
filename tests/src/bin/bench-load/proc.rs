//! What Linux tells about processes, read from `/proc`.

use std::fs;
use std::time::Duration;

/// CPU time of all threads of the processes, ended ones too. Exact to a tick (10 ms) for each process.
pub(crate) fn cpu_time(pids: &[u32], ticks_per_s: f64) -> Duration {
    let ticks: u64 = pids.iter().filter_map(|pid| ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a benchmark takes fewer than 2^52 ticks")]
    Duration::from_secs_f64(ticks as f64 / ticks_per_s)
}

/// utime + stime of a line of `/proc/PID/stat`. The program's name, in parentheses, may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
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
    fn resident_memory_is_the_rss_line() {
        assert_eq!(resident("00-ff ---p\nRss:                1234 kB\nPss:  7 kB\n"), Some(1234));
    }
}
