//! The connections that send, the pacer of the open loop, and what they find.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{JoinHandle, spawn_local};

use crate::check::check;
use crate::client::{Answer, Connection};
use crate::plan::Plan;
use crate::proc::{self, Cpu};
use crate::report::{Quantiles, Report, Resident};

const MEMORY_SAMPLE: Duration = Duration::from_millis(250);

/// What all workers share.
struct Run {
    plan: Plan,
    warm: Instant,
    end: Instant,
    /// The moments at which requests are due (open loop).
    due: Option<Mutex<UnboundedReceiver<Instant>>>,
    found: RefCell<Found>,
}

#[derive(Default)]
struct Found {
    sent: u32,
    ok: u64,
    errors: BTreeMap<String, u64>,
    sample: Option<String>,
    answer_us: Vec<u32>,
    first_us: Vec<u32>,
    chunk_us: Vec<u32>,
    peak_kib: u64,
}

/// Carries out the plan.
pub(crate) async fn run(plan: Plan) -> Report {
    let before_kib = proc::resident_kib(&plan.pids);
    let start = Instant::now();
    let warm = start + Duration::from_secs_f64(plan.warmup_s);
    let end = warm + Duration::from_secs_f64(plan.seconds);
    let due = plan.rate.map(|rate| Mutex::new(pace(rate, start, end)));
    let run = Rc::new(Run { plan, warm, end, due, found: RefCell::default() });
    let workers: Vec<JoinHandle<()>> =
        (0..run.plan.connections).map(|id| spawn_local(work(id, Rc::clone(&run)))).collect();
    let sampler = run.plan.sample_memory.then(|| spawn_local(sample_memory(Rc::clone(&run))));

    tokio::time::sleep_until(warm.into()).await;
    let (from, gateway, own) = (Instant::now(), run.gateway_cpu(), run.own_cpu());
    for worker in workers {
        if let Err(error) = worker.await {
            run.found.borrow_mut().error(format!("a worker failed: {error}"), &[]);
        }
    }
    let (window, gateway, own) = (from.elapsed(), run.gateway_cpu().since(gateway), run.own_cpu().since(own));
    if let Some(sampler) = &sampler {
        sampler.abort();
    }
    let found = run.found.take();
    Report {
        ok: found.ok,
        errors: found.errors,
        sample: found.sample,
        window_s: window.as_secs_f64(),
        gateway_cpu_us: gateway.as_secs_f64() * 1e6,
        load_cpu_us: own.as_secs_f64() * 1e6,
        resident_kib: sampler.map(|_| Resident { before: before_kib, peak: found.peak_kib }),
        answer_us: Quantiles::of(found.answer_us),
        first_us: Quantiles::of(found.first_us),
        chunk_us: Quantiles::of(found.chunk_us),
    }
}

/// Sends the moments at which requests are due, each at its moment. A thread of its own, because the runtime's timer
/// goes by milliseconds.
fn pace(rate: f64, start: Instant, end: Instant) -> UnboundedReceiver<Instant> {
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        let due = (0_u32..).map(|i| start + Duration::from_secs_f64(f64::from(i) / rate));
        for due in due.take_while(|due| *due < end) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.send(due).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn work(id: u32, run: Rc<Run>) {
    let ramp = run.plan.ramp_s * f64::from(id) / f64::from(run.plan.connections);
    tokio::time::sleep(Duration::from_secs_f64(ramp)).await;
    let mut connection = None;
    let mut answer = Answer::default();
    while let Some(due) = run.next_due().await {
        let user = run.next_user();
        let request = run.plan.request(&user);
        let exchange = exchange(&run.plan, &mut connection, &request, &mut answer);
        let outcome = match tokio::time::timeout(run.plan.timeout(), exchange).await {
            Ok(outcome) => outcome.and_then(|()| check(&answer, &run.plan.expect, &user)),
            Err(_) => Err("timeout".to_owned()),
        };
        if outcome.is_err() || answer.close {
            connection = None;
        }
        run.record(due, outcome, &answer);
    }
}

async fn exchange(
    plan: &Plan,
    connection: &mut Option<Connection>,
    request: &[u8],
    answer: &mut Answer,
) -> Result<(), String> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(plan.address).await?),
    };
    connection.exchange(request, answer).await
}

async fn sample_memory(run: Rc<Run>) {
    loop {
        let now = proc::resident_kib(&run.plan.pids);
        {
            let mut found = run.found.borrow_mut();
            found.peak_kib = found.peak_kib.max(now);
        }
        tokio::time::sleep(MEMORY_SAMPLE).await;
    }
}

impl Run {
    /// When the next request is due; `None` when the run is over.
    async fn next_due(&self) -> Option<Instant> {
        match &self.due {
            Some(due) => due.lock().await.recv().await,
            None => Some(Instant::now()).filter(|now| *now < self.end),
        }
    }

    fn next_user(&self) -> String {
        let mut found = self.found.borrow_mut();
        let user = found.sent % self.plan.users;
        found.sent += 1;
        format!("{user:04}")
    }

    fn record(&self, due: Instant, outcome: Result<(), String>, answer: &Answer) {
        let mut found = self.found.borrow_mut();
        if let Err(wrong) = outcome {
            return found.error(wrong, &answer.body);
        }
        let done = Instant::now();
        // In a closed loop whatever is answered in the window counts, so that a slow gateway has a figure too.
        let counts_from = if self.due.is_some() { due } else { done };
        if counts_from < self.warm {
            return;
        }
        found.ok += 1;
        found.answer_us.push(micros(done - due));
        found.first_us.extend(answer.first_body.map(|first| micros(first - due)));
        found.chunk_us.extend_from_slice(&answer.chunks_us);
    }

    fn gateway_cpu(&self) -> Cpu {
        Cpu::of(&self.plan.pids, self.plan.ticks_per_s)
    }

    fn own_cpu(&self) -> Cpu {
        Cpu::of(&[std::process::id()], self.plan.ticks_per_s)
    }
}

impl Found {
    fn error(&mut self, wrong: String, body: &[u8]) {
        self.sample.get_or_insert_with(|| String::from_utf8_lossy(body).chars().take(400).collect());
        *self.errors.entry(wrong).or_default() += 1;
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
