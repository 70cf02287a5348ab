//! What a run found.

use std::collections::BTreeMap;

use serde::Serialize;

/// The report of a run, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Right answers in the window.
    pub(crate) ok: u64,
    /// Wrong ones, by what is wrong, in the whole run.
    pub(crate) errors: BTreeMap<String, u64>,
    /// The first wrong answer's beginning.
    pub(crate) sample: Option<String>,
    /// From the warm-up's end to the last answer, seconds.
    pub(crate) window_s: f64,
    /// CPU time of the gateway in the window, microseconds.
    pub(crate) gateway_cpu_us: f64,
    /// CPU time of this program in the window, microseconds.
    pub(crate) load_cpu_us: f64,
    /// Memory of the gateway before the first request, and at most after; if the plan asked for it.
    pub(crate) resident_kib: Option<Resident>,
    /// From when a request was due to the end of its answer.
    pub(crate) answer_us: Option<Quantiles>,
    /// From when a request was due to the first bytes of the answer's body.
    pub(crate) first_us: Option<Quantiles>,
    /// From the mock's writing of a chunk to its arrival.
    pub(crate) chunk_us: Option<Quantiles>,
}

/// Resident memory, KiB.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Resident {
    pub(crate) before: u64,
    pub(crate) peak: u64,
}

/// Quantiles of some microseconds.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Quantiles {
    p50: u32,
    p90: u32,
    p99: u32,
    max: u32,
    count: usize,
}

impl Quantiles {
    /// `None` if there are no values.
    pub(crate) fn of(mut values: Vec<u32>) -> Option<Self> {
        values.sort_unstable();
        let count = values.len();
        let at = |percent: usize| values.get(((count * percent).div_ceil(100)).max(1) - 1).copied();
        Some(Self { p50: at(50)?, p90: at(90)?, p99: at(99)?, max: at(100)?, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let all = Quantiles::of((1..=200).rev().collect());
        assert_eq!(all, Some(Quantiles { p50: 100, p90: 180, p99: 198, max: 200, count: 200 }));
        assert_eq!(Quantiles::of(vec![7]), Some(Quantiles { p50: 7, p90: 7, p99: 7, max: 7, count: 1 }));
        assert_eq!(Quantiles::of(vec![]), None);
    }
}
