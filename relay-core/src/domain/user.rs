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
    /// The connected providers, in the order of [`Provider::ALL`].
    pub providers: Vec<Provider>,
}

impl UserSummary {
    /// A user with connected providers.
    pub fn new(user: EndUser, created_at: Timestamp, mut providers: Vec<Provider>) -> Self {
        providers.sort_by_key(|provider| provider.rank());
        Self { user, created_at, providers }
    }
}
