//! `[quota]`

use relay_core::relay::quotas::QuotaLimits;

use super::reader::Reader;

/// Reads what one project may do.
pub(super) fn read(reader: &mut Reader) -> QuotaLimits {
    let default = QuotaLimits::default();
    let a_minute = |reader: &mut Reader, name, default: u32| {
        reader.number(name, 1..=60_000_000).and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
    };
    QuotaLimits {
        tokens_a_minute: a_minute(reader, "quota.tokens_per_minute", default.tokens_a_minute),
        key_checks_a_minute: a_minute(reader, "quota.key_checks_per_minute", default.key_checks_a_minute),
        pending_users: reader.number("quota.pending_users", 1..=1_000_000_000).unwrap_or(default.pending_users),
    }
}
