//! End users, as lists show them.

use crate::domain::ids::{EndUser, Timestamp};
use crate::domain::provider::Provider;

/// An end user with anything stored, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserSummary {
    /// The developer's id of the user.
    pub user: EndUser,
    /// When the first token was issued or the first key stored.
    pub created_at: Timestamp,
    /// Which providers are connected, in the order of [`Provider::ALL`].
    pub providers: Vec<Provider>,
}

impl UserSummary {
    /// A user, with the providers that are connected.
    pub fn new(user: EndUser, created_at: Timestamp, mut providers: Vec<Provider>) -> Self {
        providers.sort_by_key(|provider| provider.rank());
        Self { user, created_at, providers }
    }
}
