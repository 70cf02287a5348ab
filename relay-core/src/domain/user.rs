//! The summary of an end user in a list.

use crate::domain::ids::{EndUser, Timestamp};
use crate::domain::provider::Provider;

/// An end user about whom anything is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserSummary {
    /// The developer's id of the user.
    pub user: EndUser,
    /// When the first token was issued or the first key stored.
    pub created_at: Timestamp,
    /// Whether they ever connected a key.
    pub state: UserState,
    /// The connected providers, in the order of [`Provider::ALL`].
    pub providers: Vec<Provider>,
}

/// Whether a user ever connected a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UserState {
    /// They did, though the key may be gone by now.
    #[default]
    Connected,
    /// A registration token was issued for them, and they have not used it.
    Pending,
}

impl UserState {
    /// `connected` or `pending`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Pending => "pending",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Connected, Self::Pending].into_iter().find(|state| state.as_str() == name)
    }

    /// The state of a user who ever connected a key, or never did.
    pub fn of(ever_connected: bool) -> Self {
        if ever_connected { Self::Connected } else { Self::Pending }
    }
}

impl UserSummary {
    /// A user with connected providers.
    pub fn new(user: EndUser, created_at: Timestamp, state: UserState, mut providers: Vec<Provider>) -> Self {
        providers.sort_by_key(|provider| provider.rank());
        Self { user, created_at, state, providers }
    }
}
