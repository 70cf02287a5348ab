//! Who calls, and for whom.

use crate::domain::ids::{EndUser, RequestId, Tier};
use crate::domain::{Project, SecretHash};

/// Who is calling, and for whom. Holding one means that the caller may: relay-server makes one of a Relay key and two headers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Caller {
    /// The tenant.
    pub project: Project,
    /// The Relay key that was shown, to note its use. `None` for programs that embed Relay and have keys of their own.
    pub relay_key: Option<SecretHash>,
    /// On whose key.
    pub user: EndUser,
    /// Under which tier it is metered.
    pub tier: Tier,
    /// The request.
    pub request: RequestId,
}

impl Caller {
    /// Calls for this user of a project, metered as paid, without a Relay key.
    pub fn new(project: Project, user: EndUser, request: RequestId) -> Self {
        Self { project, relay_key: None, user, tier: Tier::Paid, request }
    }
}
