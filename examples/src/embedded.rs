//! The few steps with which a program of your own takes the place of relay-server.
//!
//! relay-server finds out who calls by a Relay key. A program that embeds Relay knows its users already, so it makes the
//! same values itself: it has one project, and no Relay keys at all.

use relay_core::ids::{EndUser, ProjectId, Tier, Timestamp};
use relay_core::onboarding::{Registered, TokenRequest};
use relay_core::ports::{Allowed, KeyedProject, Project, RelayKeyRecord, Scope, SecretHash};
use relay_core::secret::ProviderKey;
use relay_core::{Caller, Class, Provider, Relay, RelayError};

/// The program's own project: any constant will do, as long as it never changes. Sealed keys are bound to it.
const PROJECT: &str = "0000000000000000000App";

/// The program's access to its project. The project is stored at the first start: registrations look it up.
///
/// # Errors
/// `storage_unavailable`.
pub async fn access(relay: &Relay, name: &str) -> Result<KeyedProject, RelayError> {
    let id = ProjectId::from_digits(PROJECT)
        .map_err(|error| RelayError::new(Class::Internal, "internal_error", error.to_string()))?;
    let projects = &relay.ports().projects;
    let project = match projects.project(&id).await? {
        Some(known) => known,
        None => {
            let created_at = relay.ports().clock.now();
            let new = Project { id, name: name.to_owned(), allowed_origins: vec![], strict_params: false, created_at };
            projects.create_project(new.clone()).await?;
            new
        }
    };
    Ok(KeyedProject { key: no_relay_key(&project), project })
}

/// Stands where the record of a Relay key would. It is never stored, and no key has this hash.
fn no_relay_key(project: &Project) -> RelayKeyRecord {
    RelayKeyRecord {
        hash: SecretHash([0; 32]),
        id: "embedded".to_owned(),
        project: project.id.clone(),
        name: "embedded".to_owned(),
        last4: String::new(),
        scopes: Scope::ALL.to_vec(),
        created_at: Timestamp(0),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

/// One call for one user. Who the user is, your own session has decided.
pub fn caller(relay: &Relay, access: &KeyedProject, user: EndUser) -> Caller {
    Caller { access: access.clone(), user, tier: Tier::Paid, request: relay.request_id() }
}

/// Checks a user's key with its provider, seals and stores it.
///
/// Relay stores a key only against a registration token. In one process the token has nowhere to go, so it is made and
/// spent at once.
///
/// # Errors
/// `key_refused_by_provider` and what else [`Relay::register`] says.
pub async fn connect(
    relay: &Relay,
    access: &KeyedProject,
    user: EndUser,
    provider: Provider,
    key: ProviderKey,
) -> Result<Registered, RelayError> {
    let allowed = Allowed::Only(provider);
    let request = TokenRequest { user, allowed, seconds: 60, allowed_origins: vec![], replace: true };
    let issued = relay.issue_token(access, request, None).await?;
    relay.register(&issued.token, None, provider, key, None).await
}
