//! Whose job is next: the projects take turns, so that one that sends many does not keep the others waiting.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;
use relay_core::domain::ids::ProjectId;

/// The largest job that does not count as a large one. Small jobs never wait for the memory of large ones.
const SMALL: usize = 1 << 20;

/// What may run at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Jobs.
    pub(super) jobs: usize,
    /// Jobs of one project.
    pub(super) of_a_project: usize,
    /// Bytes of the large jobs, together.
    pub(super) bytes: usize,
}

/// The jobs that wait. Cheap to clone.
#[derive(Clone)]
pub(super) struct Queue(Arc<Inner>);

struct Inner {
    limits: Limits,
    state: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    running: usize,
    bytes: usize,
    /// The projects that have jobs: the one whose turn it is first.
    projects: VecDeque<OfProject>,
}

struct OfProject {
    project: ProjectId,
    running: usize,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    /// Of a large job; 0 for a small one.
    bytes: usize,
    turn: oneshot::Sender<Permit>,
}

/// The right to run one job. Dropping it lets another one run.
pub(super) struct Permit {
    queue: Queue,
    project: ProjectId,
    bytes: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut jobs = self.queue.lock();
        jobs.running -= 1;
        jobs.bytes -= self.bytes;
        if let Some(of) = jobs.projects.iter_mut().find(|of| of.project == self.project) {
            of.running -= 1;
        }
        drop(jobs);
        self.queue.begin_more();
    }
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self(Arc::new(Inner { limits, state: Mutex::default() }))
    }

    /// Waits for the turn of a project's job of this many bytes. `None` does not happen.
    pub(super) async fn turn(&self, project: &ProjectId, bytes: usize) -> Option<Permit> {
        let comes = self.enter(project, bytes);
        self.begin_more();
        comes.await.ok()
    }

    fn enter(&self, project: &ProjectId, bytes: usize) -> oneshot::Receiver<Permit> {
        let bytes = if bytes <= SMALL { 0 } else { bytes.min(self.0.limits.bytes) };
        let (turn, comes) = oneshot::channel();
        let waiting = Waiting { bytes, turn };
        let mut jobs = self.lock();
        match jobs.projects.iter_mut().find(|of| of.project == *project) {
            Some(of) => of.waiting.push_back(waiting),
            None => {
                let (project, waiting) = (project.clone(), VecDeque::from([waiting]));
                jobs.projects.push_back(OfProject { project, running: 0, waiting });
            }
        }
        comes
    }

    /// Begins as many jobs as may run.
    fn begin_more(&self) {
        while let Some((turn, permit)) = self.next() {
            // A caller that has left meanwhile gives the permit back; not while the queue is locked.
            if let Err(unused) = turn.send(permit) {
                drop(unused);
            }
        }
    }

    /// The next job that may run.
    fn next(&self) -> Option<(oneshot::Sender<Permit>, Permit)> {
        let mut jobs = self.lock();
        let (running, bytes, limits) = (jobs.running, jobs.bytes, self.0.limits);
        if running >= limits.jobs {
            return None;
        }
        jobs.projects.retain_mut(|of| {
            // Those whose callers have left. Only at the front: each job is looked at once.
            while of.waiting.front().is_some_and(|waiting| waiting.turn.is_canceled()) {
                of.waiting.pop_front();
            }
            of.running > 0 || !of.waiting.is_empty()
        });
        // A large job that does not fit keeps its place among the large ones, or it would never fit.
        let mut large_ones_wait = false;
        let place = jobs.projects.iter().position(|of| {
            let Some(first) = of.waiting.front().filter(|_| of.running < limits.of_a_project) else { return false };
            let fits = first.bytes == 0 || (!large_ones_wait && bytes + first.bytes <= limits.bytes);
            large_ones_wait |= !fits;
            fits
        })?;
        let mut of = jobs.projects.remove(place)?;
        let Waiting { bytes, turn } = of.waiting.pop_front()?;
        of.running += 1;
        jobs.running += 1;
        jobs.bytes += bytes;
        let permit = Permit { queue: self.clone(), project: of.project.clone(), bytes };
        jobs.projects.push_back(of);
        Some((turn, permit))
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::future::BoxFuture;

    use super::*;

    const LIMITS: Limits = Limits { jobs: 3, of_a_project: 2, bytes: 32 << 20 };
    const LARGE: usize = 20 << 20;

    /// A job that waits, or that may run.
    struct Job(BoxFuture<'static, Option<Permit>>, Option<Permit>);

    impl Job {
        fn runs(&mut self) -> bool {
            if self.1.is_none() {
                self.1 = (&mut self.0).now_or_never().flatten();
            }
            self.1.is_some()
        }
    }

    /// A job of the project of this letter, which is in the queue.
    fn job(queue: &Queue, project: char, bytes: usize) -> Job {
        let project = ProjectId::parse(&format!("prj_{}", project.to_string().repeat(22))).unwrap();
        let queue = queue.clone();
        let mut job = Job(Box::pin(async move { queue.turn(&project, bytes).await }), None);
        job.runs();
        job
    }

    #[test]
    fn a_project_leaves_room_for_others() {
        let queue = Queue::new(LIMITS);
        let mut first: Vec<Job> = (0..100).map(|_| job(&queue, 'a', 1)).collect();
        assert_eq!(first.iter_mut().filter_map(|job| job.runs().then_some(())).count(), 2, "its share");
        assert!(job(&queue, 'b', 1).runs(), "another project's job does not wait for a hundred");
    }

    #[test]
    fn projects_take_turns() {
        let queue = Queue::new(Limits { jobs: 1, of_a_project: 1, ..LIMITS });
        let running = job(&queue, 'a', 1);
        let mut many: Vec<Job> = (0..10).map(|_| job(&queue, 'a', 1)).collect();
        let mut other = job(&queue, 'b', 1);
        assert!(!other.runs());
        drop(running);
        let mut next = many.remove(0);
        assert!(next.runs() && !other.runs(), "it was the first project's turn before the other one came");
        drop(next);
        assert!(
            other.runs() && many.iter_mut().all(|job| !job.runs()),
            "now it is the other one's, not that of the nine"
        );
        drop(other);
        assert!(many.remove(0).runs(), "then the next of the nine");
    }

    #[test]
    fn small_jobs_do_not_wait_for_the_memory_of_large_ones() {
        let queue = Queue::new(LIMITS);
        let first = job(&queue, 'a', LARGE);
        let mut second = job(&queue, 'b', LARGE);
        let mut third = job(&queue, 'c', LARGE / 2);
        assert!(!second.runs(), "both do not fit");
        assert!(!third.runs(), "no other large one goes before it, or it might wait for ever");
        assert!(job(&queue, 'd', SMALL).runs());
        drop(first);
        assert!(second.runs() && third.runs(), "both fit");
    }

    #[test]
    fn the_largest_job_runs_alone_among_large_ones() {
        let queue = Queue::new(LIMITS);
        let mut huge = job(&queue, 'a', usize::MAX);
        assert!(huge.runs());
        assert!(!job(&queue, 'b', SMALL + 1).runs());
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let queue = Queue::new(Limits { jobs: 1, of_a_project: 1, ..LIMITS });
        let running = job(&queue, 'a', 1);
        let left: Vec<Job> = (0..10).map(|_| job(&queue, 'a', 1)).collect();
        let mut last = job(&queue, 'a', 1);
        drop(left);
        drop(running);
        assert!(last.runs());
        drop(last);
        drop(job(&queue, 'b', 1));
        assert!(queue.next().is_none());
        assert!(queue.lock().projects.is_empty() && queue.lock().running == 0);
    }

    #[test]
    fn who_leaves_when_the_turn_comes_gives_it_back() {
        let queue = Queue::new(Limits { jobs: 1, of_a_project: 1, ..LIMITS });
        let running = job(&queue, 'a', 1);
        let mut leaves = job(&queue, 'a', 1);
        drop(running);
        assert!(leaves.1.is_none(), "its turn has come, and it has not looked");
        drop(std::mem::replace(&mut leaves.0, Box::pin(async { None })));
        assert!(job(&queue, 'a', 1).runs());
    }
}
