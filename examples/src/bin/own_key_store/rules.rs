//! What every key store must decide alike: whether a token may store a key now.

use relay_core::ids::Timestamp;
use relay_core::ports::{Connection, RedeemError, Spent, StoredGrant};

/// How long an expired grant is kept, so that its user hears "expired" and not "unknown", in seconds.
pub(crate) const KEEP_GRANTS_SECONDS: u64 = 86_400;

/// The order of these checks is part of the contract. `version` is that of the connection in the slot, if there is one.
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

/// What the token was spent on: enough to answer a lost response again.
pub(crate) fn spent_on(connection: &Connection, now: Timestamp) -> Spent {
    Spent {
        at: now,
        provider: connection.slot.slot.provider,
        fingerprint: connection.fingerprint,
        last4: connection.last4.clone(),
        state: connection.state,
    }
}
