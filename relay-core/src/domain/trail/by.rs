//! Who changes something.

use std::net::IpAddr;

use crate::domain::ids::{RequestId, Timestamp};
use crate::domain::provider::Provider;
use crate::domain::secret_hash::SecretHash;

/// The first hex digits of a hash that identify a Relay key or a registration token.
const ID_LEN: usize = 12;

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Actor {
    /// The program that embeds Relay. Also everything that nobody was named for.
    Program,
    /// The operator's command line, on the store itself.
    CommandLine,
    /// A request with this Relay key.
    RelayKey(SecretHash),
    /// A request with this registration token: an end user in the widget.
    RegistrationToken(SecretHash),
    /// An end user on their own page.
    EndUser,
    /// A member of the console, by id.
    Member(String),
    /// A provider, by its answer to a call.
    Provider(Provider),
    /// Relay itself, for example when it disables a webhook that fails.
    Relay,
}

impl Actor {
    /// The kind of actor, in the API and in the audit log.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::CommandLine => "command_line",
            Self::RelayKey(_) => "relay_key",
            Self::RegistrationToken(_) => "registration_token",
            Self::EndUser => "end_user",
            Self::Member(_) => "member",
            Self::Provider(_) => "provider",
            Self::Relay => "relay",
        }
    }

    /// Which one of its kind: a Relay key's public id, the same digits of a registration token, a member's id, a
    /// provider's name.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::RelayKey(hash) | Self::RegistrationToken(hash) => {
                let mut id = hash.to_hex();
                id.truncate(ID_LEN);
                Some(id)
            }
            Self::Member(id) => Some(id.clone()),
            Self::Provider(provider) => Some(provider.name().to_owned()),
            Self::Program | Self::CommandLine | Self::EndUser | Self::Relay => None,
        }
    }
}

/// Who changes something, from where, in which request, and when. Every change that a store makes gets one.
///
/// ```
/// use relay_core::domain::trail::{Actor, By};
///
/// let by = By::new(Actor::CommandLine);
/// assert_eq!(by.actor.kind(), "command_line");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The address of the client, where there is one.
    pub address: Option<IpAddr>,
    /// The request in which it is done.
    pub request: Option<RequestId>,
    /// When. A use case sets it.
    pub at: Timestamp,
}

impl By {
    /// A change by this actor, from nowhere in particular.
    pub const fn new(actor: Actor) -> Self {
        Self { actor, address: None, request: None, at: Timestamp(0) }
    }

    /// Sets the client's address.
    #[must_use]
    pub fn address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// Sets the request.
    #[must_use]
    pub fn request(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// Sets the time.
    #[must_use]
    pub const fn at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }
}
