//! What a translation costs, and whether that grows as it may.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What was counted of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Steps of the work budget.
    pub(crate) steps: u64,
    /// Bytes that came out.
    pub(crate) bytes: usize,
}

/// How much more 4n may cost than n, of what is counted: 4 log(4n)/log(n) is below 5 from n = 256 on.
const MAX_COUNTED: f64 = 5.5;
/// The same of CPU time. Twice the expected, since caches are shared; quadratic growth is a factor of 16.
const MAX_TIMED: f64 = 8.0;
/// What costs less than this at 4n is not compared: it is no burden, and too short to be measured.
const SHORT: Duration = Duration::from_millis(8);
/// How many runs there are, of which the fastest counts: few at first, and more before a bad result stands.
const RUNS: [usize; 4] = [1, 3, 5, 5];

/// CPU time of this thread: what other processes do on the machine is not in it.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

fn fastest<I>(runs: usize, input: &I, run: &mut impl FnMut(&I) -> Cost) -> (Duration, Cost) {
    let mut best = (Duration::MAX, Cost::default());
    for _ in 0..runs {
        let before = cpu_time();
        let cost = run(input);
        best = (best.0.min(cpu_time() - before), cost);
    }
    best
}

/// Runs what `make` gives for n, 2n and 4n.
///
/// # Errors
/// How the cost grew, if it did so faster than n log n.
pub(crate) fn grows_linearly<I>(
    n: usize,
    make: impl Fn(usize) -> I,
    mut run: impl FnMut(&I) -> Cost,
) -> Result<(), String> {
    let inputs = [make(n), make(2 * n), make(4 * n)];
    let mut problem = String::new();
    for runs in RUNS {
        let measured = inputs.each_ref().map(|input| fastest(runs, input, &mut run));
        let [(short, few), (middle, _), (long, many)] = measured;
        let ratio = |many: f64, few: f64| many / few.max(1.0);
        let steps = ratio(many.steps as f64, few.steps as f64);
        let bytes = ratio(many.bytes as f64, few.bytes as f64);
        let time = ratio(long.as_nanos() as f64, short.as_nanos() as f64);
        let is_small = many.bytes < 64 << 10;
        if steps <= MAX_COUNTED && (bytes <= MAX_COUNTED || is_small) && (time <= MAX_TIMED || long < SHORT) {
            return Ok(());
        }
        problem = format!(
            "n, 2n, 4n = {n}, {}, {}: {short:?}, {middle:?}, {long:?} (x{time:.1}); steps x{steps:.1}; output x{bytes:.1}",
            2 * n,
            4 * n
        );
    }
    Err(problem)
}

/// CPU time of one run.
#[allow(dead_code, reason = "another test that shares this file has no use for it")]
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let before = cpu_time();
    let made = run();
    (cpu_time() - before, made)
}

/// Fails with all problems of a table.
pub(crate) fn report(problems: &[String]) {
    assert!(problems.is_empty(), "{} of the table grow too fast:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn quadratic_growth_is_seen_and_linear_is_not() {
    let text = |n: usize| "ab".repeat(n);
    let cost = |steps: u64| Cost { steps, bytes: 0 };
    let linear = |text: &String| {
        let sum: u64 = text.bytes().map(|byte| u64::from(std::hint::black_box(byte))).sum();
        cost(sum.min(1))
    };
    grows_linearly(200_000, text, linear).unwrap();
    let quadratic = |text: &String| {
        let pairs = text.bytes().map(|a| text.bytes().filter(|b| *b == std::hint::black_box(a)).count() as u64);
        cost(pairs.sum::<u64>().min(1))
    };
    assert!(grows_linearly(600, text, quadratic).is_err());
    assert!(grows_linearly(100, |n| n as u64, |n| cost(n * n)).is_err(), "counted");
}
