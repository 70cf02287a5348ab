//! `bench-load PLAN.json`: sends the plan's requests to a gateway on loopback, checks every answer, prints a report.
//!
//! Closed loop (each connection sends its next request after an answer), or open loop at a fixed rate, where latency
//! counts from the moment at which a request was due, so that a stall is not hidden. `tests/bench/run.py` writes the
//! plans and reads the reports.

mod check;
mod client;
mod plan;
mod proc;
mod report;
mod workers;

use std::error::Error;
use std::io::Write as _;

use tokio::task::LocalSet;

use crate::plan::Plan;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: bench-load PLAN.json")?;
    let plan: Plan = serde_json::from_slice(&std::fs::read(path)?)?;
    plan.check()?;
    proc::sharpen_timers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = LocalSet::new().block_on(&runtime, workers::run(plan));
    serde_json::to_writer(std::io::stdout(), &report)?;
    writeln!(std::io::stdout())?;
    Ok(())
}
