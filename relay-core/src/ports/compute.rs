//! The port that runs long computations.

use async_trait::async_trait;

/// From this size on, in bytes, a body is translated by [`Compute`]. A smaller one takes at most some 40 ms, even if it
/// was made to take long; most take far less than a job costs to be handed over.
pub(crate) const LARGE: usize = 64 << 10;

/// A computation, which puts its result away itself.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs the translation of large bodies, so that it does not hold up the thread that serves other calls.
///
/// Obligations: runs each job once, unless the future is dropped before the job has begun. A job that has begun runs to
/// its end. If a job panics, the future does.
#[async_trait]
pub trait Compute: Send + Sync {
    /// Runs a job that translates a body of this many bytes, and resolves when it has ended. While it runs it may hold a
    /// dozen times as much.
    async fn run(&self, bytes: usize, job: Job);
}

/// Runs each job where it is asked for: for tests, and where one call does not wait for another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

#[async_trait]
impl Compute for Inline {
    async fn run(&self, _bytes: usize, job: Job) {
        job();
    }
}
