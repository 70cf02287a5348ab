//! Who calls, and on whose behalf.

use crate::domain::ids::{EndUser, RequestId, Tier};
use crate::domain::{Project, SecretHash, TraceParent};

/// Who calls, and on whose behalf. A `Caller` is already authorised: relay-server makes one from a Relay key and two
/// headers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Caller {
    /// The tenant.
    pub project: Project,
    /// The Relay key that the caller sent, to record its use. `None` in programs that embed Relay.
    pub relay_key: Option<SecretHash>,
    /// The end user whose key is used.
    pub user: EndUser,
    /// The tier that the call is metered under.
    pub tier: Tier,
    /// The request's id.
    pub request: RequestId,
    /// The caller's trace that this call belongs to.
    pub trace: Option<TraceParent>,
    /// When the request arrived, in the clock's microseconds. `None`: when the use case is called.
    pub arrived: Option<u64>,
    /// When its Relay key was checked, in the clock's microseconds.
    pub authenticated: Option<u64>,
}

impl Caller {
    /// A caller for this user of a project, in the paid tier, without a Relay key.
    pub fn new(project: Project, user: EndUser, request: RequestId) -> Self {
        Self {
            project,
            relay_key: None,
            user,
            tier: Tier::Paid,
            request,
            trace: None,
            arrived: None,
            authenticated: None,
        }
    }
}
