//! [`Relay`]: the type whose methods are the use cases.

use std::fmt;
use std::sync::Arc;

use futures::channel::oneshot;

use crate::domain::ids::{ProjectId, RequestId, Timestamp};
use crate::domain::trail::{Actor, By};
use crate::error::RelayError;
use crate::ports::LARGE;
use crate::relay::ports::Ports;
use crate::relay::token_clock::TokenClock;

/// Relay, built from its ports. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    pub(crate) ports: Arc<Ports>,
    token_clock: Arc<TokenClock>,
    by: By,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relay")
    }
}

impl Relay {
    /// Builds a `Relay` from its ports.
    pub fn new(ports: Ports) -> Self {
        Self { ports: Arc::new(ports), token_clock: Arc::default(), by: By::new(Actor::Program) }
    }

    /// The ports that it was built from.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The same Relay, whose changes are attributed to `by` in the audit log. Without it they are the embedding program's.
    ///
    /// ```
    /// use relay_core::Relay;
    /// use relay_core::domain::trail::{Actor, By};
    ///
    /// fn for_operator(relay: &Relay) -> Relay {
    ///     relay.by(By::new(Actor::CommandLine))
    /// }
    /// ```
    #[must_use]
    pub fn by(&self, by: By) -> Self {
        Self { by, ..self.clone() }
    }

    /// Who makes a change now.
    pub(super) fn acting(&self) -> By {
        self.by.clone().at(self.ports.clock.now())
    }

    /// The same, by this actor: one that the use case knows better than its caller.
    pub(super) fn acting_as(&self, actor: Actor) -> By {
        By { actor, ..self.acting() }
    }

    /// The time by which registration tokens are issued, and expire as Relay keys do.
    pub(super) fn token_time(&self) -> Timestamp {
        self.token_clock.now(&*self.ports.clock)
    }

    /// What a project's `job` gives, which translates `bytes` bytes: a large job is left to the port for it.
    ///
    /// # Errors
    /// `internal_error` if the port did not run the job.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        project: &ProjectId,
        bytes: usize,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RelayError> {
        if bytes < LARGE { Ok(job()) } else { self.compute_aside(project, bytes, job).await }
    }

    /// The same for a job that is left to the port whatever its size.
    ///
    /// # Errors
    /// `internal_error` if the port did not run the job.
    pub(crate) async fn compute_aside<T: Send + 'static>(
        &self,
        project: &ProjectId,
        bytes: usize,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RelayError> {
        let (done, result) = oneshot::channel();
        // If nobody waits for the result any more, it is dropped.
        self.ports.compute.run(project, bytes, Box::new(move || drop(done.send(job())))).await;
        result.await.map_err(|_| RelayError::internal())
    }

    /// A new request id.
    pub fn request_id(&self) -> RequestId {
        self.ports.tokens.request_id(self.ports.clock.now())
    }
}
