//! The port that runs long computations.

use async_trait::async_trait;

use crate::domain::ids::ProjectId;

/// From this size on, in bytes, a body is translated by [`Compute`]. A smaller one takes at most half a millisecond, even
/// if it was made to take long: one whose schemas cost more is handed over, too. Most take far less than a job costs to be
/// handed over.
pub(crate) const LARGE: usize = 16 << 10;

/// A computation, which puts its result away itself.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs the translation of large bodies and costly schemas, so that it does not hold up the thread that serves other calls.
///
/// Obligations: runs each job once, unless the future is dropped before the job has begun. A job that has begun runs to
/// its end. If a job panics, the future does. The jobs of one project, however many, must not keep those of another
/// waiting for longer than a few jobs take.
#[async_trait]
pub trait Compute: Send + Sync {
    /// Runs a project's job, which translates a body of this many bytes, and resolves when it has ended. While it runs it
    /// may hold a dozen times as much.
    async fn run(&self, project: &ProjectId, bytes: usize, job: Job);
}

/// Runs each job where it is asked for: for tests, and where one call does not wait for another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inline;

#[async_trait]
impl Compute for Inline {
    async fn run(&self, _project: &ProjectId, _bytes: usize, job: Job) {
        job();
    }
}
