//! End users, as lists show them.

use crate::domain::ids::{EndUser, Timestamp};
use crate::domain::provider::Provider;

/// An end user with anything stored, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The developer's id of the user.
    pub user: EndUser,
    /// When the first token was issued or the first key stored.
    pub created_at: Timestamp,
    /// Which providers are connected, in the order of [`Provider::ALL`].
    pub providers: Vec<Provider>,
}
