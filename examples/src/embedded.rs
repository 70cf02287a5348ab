//! The few steps with which a program of your own takes the place of relay-server.
//!
//! relay-server finds out who calls by a Relay key. A program that embeds Relay knows its users already: it has one project,
//! and no Relay keys at all.

use relay_core::domain::Project;
use relay_core::domain::ids::{EndUser, ProjectId};
use relay_core::{Caller, Relay, RelayError};

/// The program's own project: any constant will do, as long as it never changes. Sealed keys are bound to it.
const PROJECT: &str = "0000000000000000000App";

/// The program's project, stored at the first start: registrations look it up.
///
/// # Errors
/// `storage_unavailable`.
pub async fn project(relay: &Relay, name: &str) -> Result<Project, RelayError> {
    let id = ProjectId::from_digits(PROJECT).map_err(|error| RelayError::internal().with_source(error))?;
    relay.ensure_project(id, name).await
}

/// One call for one user. Who the user is, your own session has decided.
pub fn caller(relay: &Relay, project: &Project, user: EndUser) -> Caller {
    Caller::new(project.clone(), user, relay.request_id())
}
