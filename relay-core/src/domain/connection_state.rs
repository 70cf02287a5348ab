//! The state of a connection's key, and how a provider's answers change it.

/// The state of a connection's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// The provider accepts it.
    Active,
    /// The provider could not be reached at registration.
    Unverified,
    /// Valid, but without all permissions.
    Restricted,
    /// Valid, but its account has no credit or quota left.
    NoCredit,
    /// The provider refuses it.
    Invalid,
    /// The provider revoked it, for example because it leaked.
    Revoked,
}

impl ConnectionState {
    /// All states, for stores that store their names.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Unverified, Self::Restricted, Self::NoCredit, Self::Invalid, Self::Revoked];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unverified => "unverified",
            Self::Restricted => "restricted",
            Self::NoCredit => "no_credit",
            Self::Invalid => "invalid",
            Self::Revoked => "revoked",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether a call must fail fast, without asking the provider.
    pub fn refuses_calls(self) -> bool {
        matches!(self, Self::Invalid | Self::Revoked)
    }
}

/// What real traffic, or a check, revealed about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeySignal {
    /// The provider answered a call.
    Works,
    /// The provider reported the key as invalid.
    Invalid,
    /// The provider reported the key as revoked.
    Revoked,
    /// The key lacks a permission.
    Restricted,
    /// No credit left.
    NoCredit,
    /// The account has reached its spending limit.
    SpendLimit,
    /// The key needs a workspace id.
    NeedsWorkspace,
    /// The account is disabled or on hold.
    Disabled,
}

impl KeySignal {
    /// Applies this signal to a state; `refusals` counts `Invalid` and `Revoked` answers in a row.
    ///
    /// One refusal is not proof, so `invalid` and `revoked` need two in a row; a single one is enough if `checked` is
    /// set (a validation call). A successful answer resets every state to `active`.
    pub fn apply(self, state: ConnectionState, refusals: u32, checked: bool) -> (ConnectionState, u32) {
        let count = refusals.saturating_add(1);
        match self {
            Self::Works => (ConnectionState::Active, 0),
            Self::Invalid if checked || count >= 2 => (ConnectionState::Invalid, count),
            Self::Revoked if checked || count >= 2 => (ConnectionState::Revoked, count),
            Self::Invalid | Self::Revoked => (state, count),
            Self::NoCredit | Self::SpendLimit => (ConnectionState::NoCredit, 0),
            Self::Restricted | Self::NeedsWorkspace | Self::Disabled => (ConnectionState::Restricted, 0),
        }
    }
}
