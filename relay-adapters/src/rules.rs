//! What every store decides alike.

use relay_core::Provider;
use relay_core::ids::Timestamp;
use relay_core::ports::{Connection, RedeemError, Spent, StoredGrant};

/// How long an expired grant is still known: long enough to say "expired" and not "unknown".
pub(crate) const KEEP_GRANTS_SECONDS: u64 = 86_400;

/// The place of a provider in lists.
pub(crate) fn rank(provider: Provider) -> Option<usize> {
    Provider::ALL.iter().position(|other| *other == provider)
}

/// Whether a token may store `connection` now. `grant` is the token's, `version` that of the connection in the slot.
///
/// A token is unknown to all slots but its own.
pub(crate) fn redeemable(
    grant: Option<&StoredGrant>,
    version: Option<u64>,
    connection: &Connection,
    now: Timestamp,
) -> Result<(), RedeemError> {
    let slot = &connection.slot.slot;
    let StoredGrant { grant, tries_left, spent } = grant.ok_or(RedeemError::Unknown)?;
    if grant.project != slot.project || grant.user != slot.user || !grant.allowed.permits(slot.provider) {
        return Err(RedeemError::Unknown);
    }
    if spent.is_some() {
        return Err(RedeemError::Used);
    }
    if *tries_left == 0 || grant.expires_at <= now {
        return Err(RedeemError::Expired);
    }
    if version.is_some() && !grant.replace {
        return Err(RedeemError::Occupied);
    }
    if version.unwrap_or(0).checked_add(1) != Some(connection.slot.version) {
        return Err(RedeemError::Conflict);
    }
    Ok(())
}

/// What a token that stored `connection` was spent on.
pub(crate) fn spent_on(connection: &Connection, now: Timestamp) -> Spent {
    Spent {
        at: now,
        provider: connection.slot.slot.provider,
        fingerprint: connection.fingerprint,
        last4: connection.last4.clone(),
        state: connection.state,
    }
}
