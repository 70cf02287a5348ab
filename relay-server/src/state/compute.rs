//! Runs the translation of large bodies and costly schemas on threads of its own, so that a worker goes on serving its
//! other calls.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use relay_core::domain::ids::ProjectId;
use relay_core::ports::{Compute, Job};
use tokio::runtime::{Builder, Handle, Runtime};

use super::queue::{Limits, Queue};
use crate::observe::logging;

/// How many bytes of bodies of more than 1 MiB are translated at once: one of the largest size, or some smaller ones. A
/// translation holds up to 15 times its body, so this bounds the memory above the budget of bodies.
const BYTES_AT_ONCE: usize = 32 << 20;

/// From how many bytes on a value is dropped by the pool: a tenth of a millisecond.
const DISCARDED_ASIDE: usize = 512 << 10;

/// How much the threads give way to the workers: `nice` of 10 is a tenth of a worker's share of a busy core.
const NICE: i32 = 10;
/// The threads stay. An allocator keeps what a thread has freed, and a new thread can't use it again.
const STAY: Duration = Duration::from_secs(365 * 24 * 3600);

/// Hands each job to one of a few threads. A project's jobs may use as many as there are cores: more would end none of
/// them earlier. One more thread is for the others, who so wait for no project's jobs. Jobs that wait take turns by project, in
/// the order in which they came, and one whose caller has left is never begun.
pub(crate) struct Aside {
    /// Runs nothing but the jobs.
    pool: Handle,
    _ends: Ends,
    queue: Queue,
    /// What runs a job on its thread.
    inner: Arc<dyn Compute>,
}

impl Aside {
    /// # Errors
    /// If the system refuses what the pool needs.
    pub(crate) fn new(inner: Arc<dyn Compute>) -> io::Result<Self> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self::with_limits(Limits { jobs: cores + 1, of_a_project: cores, bytes: BYTES_AT_ONCE }, inner)
    }

    /// What drops large values on the threads of this pool. One of them is always free for that.
    pub(crate) fn discard(&self) -> Discard {
        Discard(self.pool.clone())
    }

    fn with_limits(limits: Limits, inner: Arc<dyn Compute>) -> io::Result<Self> {
        let mut pool = Builder::new_current_thread();
        pool.max_blocking_threads(limits.jobs + 1)
            .thread_keep_alive(STAY)
            .thread_name("translation")
            .on_thread_start(give_way);
        let pool = pool.build()?;
        Ok(Self { pool: pool.handle().clone(), _ends: Ends(Some(pool)), queue: Queue::new(limits), inner })
    }
}

/// Drops large values on the threads of the pool: overwriting them and giving their memory back takes milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Discard(Handle);

impl Discard {
    /// Drops a value that has this many bytes.
    pub(crate) fn discard<T: Send + 'static>(&self, bytes: usize, value: T) {
        if bytes >= DISCARDED_ASIDE {
            self.0.spawn_blocking(move || drop(value));
        }
    }
}

/// Ends the threads without waiting for their jobs: the drain has done that.
struct Ends(Option<Runtime>);

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            pool.shutdown_background();
        }
    }
}

/// Lowers the priority of the calling thread, so that translation takes what the workers leave.
fn give_way() {
    // On Linux the priority is a thread's. Elsewhere it is the process's, which must stay as it is.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
    #[cfg(not(target_os = "linux"))]
    let _ = NICE;
}

#[async_trait]
impl Compute for Aside {
    async fn run(&self, project: &ProjectId, bytes: usize, job: Job) {
        // The permit stays with the job if the caller leaves.
        let permit = self.queue.turn(project, bytes).await;
        let (inner, current, project) = (Arc::clone(&self.inner), logging::current(), project.clone());
        let done = self.pool.spawn_blocking(move || {
            let _permit = permit;
            let _current = current.map(logging::enter);
            block_on(inner.run(&project, bytes, job));
        });
        if let Err(error) = done.await
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use futures::FutureExt as _;
    use relay_core::ports::Inline;

    use super::*;

    fn project() -> ProjectId {
        ProjectId::parse(&format!("prj_{}", "a".repeat(22))).unwrap()
    }

    fn aside(threads: usize) -> Aside {
        let limits = Limits { jobs: threads, of_a_project: threads, bytes: BYTES_AT_ONCE };
        Aside::with_limits(limits, Arc::new(Inline)).unwrap()
    }

    #[tokio::test]
    async fn no_more_jobs_run_at_once_than_there_are_threads() {
        let (aside, project) = (aside(2), project());
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..20).map(|_| {
            let (running, most) = (running.clone(), most.clone());
            aside.run(
                &project,
                1,
                Box::new(move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(1));
                    running.fetch_sub(1, Ordering::SeqCst);
                }),
            )
        });
        futures::future::join_all(jobs).await;
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn no_more_bytes_are_translated_at_once_than_one_body_may_have() {
        let (aside, project) = (aside(8), project());
        let ((begun, has_begun), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let mut first = Box::pin(aside.run(
            &project,
            BYTES_AT_ONCE - (1 << 20),
            Box::new(move || {
                begun.send(()).unwrap();
                released.recv().unwrap();
            }),
        ));
        assert!(first.as_mut().now_or_never().is_none());
        has_begun.recv().unwrap();
        aside.run(&project, 1 << 20, Box::new(|| {})).await;
        let mut second = Box::pin(aside.run(&project, 5 * BYTES_AT_ONCE, Box::new(|| {})));
        assert!(second.as_mut().now_or_never().is_none());
        release.send(()).unwrap();
        first.await;
        second.await;
    }

    #[tokio::test]
    async fn a_job_whose_caller_has_left_keeps_its_place_until_it_ends() {
        let (aside, project) = (aside(1), project());
        let ((begun, has_begun), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let mut first = Box::pin(aside.run(
            &project,
            1,
            Box::new(move || {
                begun.send(()).unwrap();
                released.recv().unwrap();
            }),
        ));
        assert!(first.as_mut().now_or_never().is_none());
        has_begun.recv().unwrap();
        drop(first);
        let (never, was_begun) = mpsc::channel();
        assert!(aside.run(&project, 1, Box::new(move || never.send(()).unwrap())).now_or_never().is_none());
        let second = aside.run(&project, 1, Box::new(|| {}));
        release.send(()).unwrap();
        second.await;
        assert!(was_begun.try_recv().is_err(), "its caller left before it began");
    }

    #[tokio::test]
    async fn a_job_that_panics_does_not_end_quietly() {
        let (aside, project) = (aside(1), project());
        let ran = std::panic::AssertUnwindSafe(aside.run(&project, 1, Box::new(|| panic!("no")))).catch_unwind().await;
        assert!(ran.is_err());
        aside.run(&project, 1, Box::new(|| {})).await;
    }
}
