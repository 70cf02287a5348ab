//! Runs the translation of large bodies on threads of its own, so that a worker goes on serving its other calls.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use async_trait::async_trait;
use futures::executor::block_on;
use relay_core::ports::{Compute, Job};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;

use crate::observe::logging;

/// How many bytes of bodies are translated at once: one body of the largest size, or many small ones. A translation holds up
/// to 15 times its body, so this bounds the memory above the budget of bodies, whatever the number of cores.
const BYTES_AT_ONCE: usize = 32 << 20;
/// In what pieces these bytes are given out.
const UNIT: usize = 64 << 10;

/// How much the threads give way to the workers: `nice` of 10 is a tenth of a worker's share of a busy core.
const NICE: i32 = 10;
/// The threads stay. An allocator keeps what a thread has freed, and a new thread can't use it again.
const STAY: Duration = Duration::from_secs(365 * 24 * 3600);

/// Hands each job to one of a few threads. There are as many as cores: more would end none of the jobs earlier. The
/// others wait in the order in which they came, and one whose caller has left is never begun.
pub(crate) struct Aside {
    /// Runs nothing but the jobs.
    pool: Handle,
    _ends: Ends,
    threads: Arc<Semaphore>,
    /// In units.
    bytes: Arc<Semaphore>,
    /// What runs a job on its thread.
    inner: Arc<dyn Compute>,
}

impl Aside {
    /// # Errors
    /// If the system refuses what the pool needs.
    pub(crate) fn new(inner: Arc<dyn Compute>) -> io::Result<Self> {
        Self::with_threads(available_parallelism().map_or(1, NonZero::get), inner)
    }

    fn with_threads(threads: usize, inner: Arc<dyn Compute>) -> io::Result<Self> {
        let mut pool = Builder::new_current_thread();
        pool.max_blocking_threads(threads).thread_keep_alive(STAY).thread_name("translation").on_thread_start(give_way);
        let pool = pool.build()?;
        let bytes = Arc::new(Semaphore::new(BYTES_AT_ONCE / UNIT));
        Ok(Self {
            pool: pool.handle().clone(),
            _ends: Ends(Some(pool)),
            threads: Arc::new(Semaphore::new(threads)),
            bytes,
            inner,
        })
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
    async fn run(&self, bytes: usize, job: Job) {
        // Neither semaphore is ever closed. The permits stay with the job if the caller leaves.
        let units = u32::try_from(bytes.min(BYTES_AT_ONCE).div_ceil(UNIT)).unwrap_or(u32::MAX);
        let permits =
            (Arc::clone(&self.bytes).acquire_many_owned(units).await, Arc::clone(&self.threads).acquire_owned().await);
        let (inner, current) = (Arc::clone(&self.inner), logging::current());
        let done = self.pool.spawn_blocking(move || {
            let _permits = permits;
            let _current = current.map(logging::enter);
            block_on(inner.run(bytes, job));
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

    #[tokio::test]
    async fn no_more_jobs_run_at_once_than_there_are_threads() {
        let aside = Aside::with_threads(2, Arc::new(Inline)).unwrap();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..20).map(|_| {
            let (running, most) = (running.clone(), most.clone());
            aside.run(
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
        let aside = Aside::with_threads(8, Arc::new(Inline)).unwrap();
        let ((begun, has_begun), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let mut first = Box::pin(aside.run(
            BYTES_AT_ONCE - UNIT,
            Box::new(move || {
                begun.send(()).unwrap();
                released.recv().unwrap();
            }),
        ));
        assert!(first.as_mut().now_or_never().is_none());
        has_begun.recv().unwrap();
        aside.run(UNIT, Box::new(|| {})).await;
        let mut second = Box::pin(aside.run(5 * BYTES_AT_ONCE, Box::new(|| {})));
        assert!(second.as_mut().now_or_never().is_none());
        release.send(()).unwrap();
        first.await;
        second.await;
    }

    #[tokio::test]
    async fn a_job_whose_caller_has_left_keeps_its_place_until_it_ends() {
        let aside = Aside::with_threads(1, Arc::new(Inline)).unwrap();
        let ((begun, has_begun), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let mut first = Box::pin(aside.run(
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
        assert!(aside.run(1, Box::new(move || never.send(()).unwrap())).now_or_never().is_none());
        let second = aside.run(1, Box::new(|| {}));
        release.send(()).unwrap();
        second.await;
        assert!(was_begun.try_recv().is_err(), "its caller left before it began");
    }

    #[tokio::test]
    async fn a_job_that_panics_does_not_end_quietly() {
        let aside = Aside::with_threads(1, Arc::new(Inline)).unwrap();
        let ran = std::panic::AssertUnwindSafe(aside.run(1, Box::new(|| panic!("no")))).catch_unwind().await;
        assert!(ran.is_err());
        aside.run(1, Box::new(|| {})).await;
    }
}
