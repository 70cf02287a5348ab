//! A provider's failure: as it was received, and as the caller sees it.

use std::borrow::Cow;

use crate::domain::{KeyRow, KeySignal, Region};
use crate::error::{Code, RelayError};

/// A provider's answer that means failure, as it was received.
#[derive(Clone, Copy, Debug)]
pub struct ErrorResponse<'a> {
    /// The HTTP status, or the one that an error inside a stream implies.
    pub status: u16,
    /// Response headers, with lower-case names.
    pub headers: &'a [(String, String)],
    /// The body, up to a limit. It may be anything: HTML, nothing, half a JSON.
    pub body: &'a [u8],
}

impl ErrorResponse<'_> {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A provider's failure as the caller sees it, and what it means for the user's key.
#[derive(Debug)]
pub struct ProviderError {
    /// For the caller.
    pub error: RelayError,
    /// What it means for the connection's state; `None` if nothing.
    pub signal: Option<KeySignal>,
}

impl From<RelayError> for ProviderError {
    fn from(error: RelayError) -> Self {
        Self { error, signal: None }
    }
}

/// The code of the error that a caller gets for this signal; `None` where the answer's other members decide.
fn code_of(row: &KeyRow) -> Option<Code> {
    Some(match row.signal {
        _ if row.reason == Some(ACCOUNT_DISABLED) => Code::ProviderAccountDisabled,
        KeySignal::Works | KeySignal::Accepted => return None,
        KeySignal::Invalid => Code::ProviderKeyInvalid,
        KeySignal::Revoked => Code::ProviderKeyRevoked,
        KeySignal::Restricted => Code::ProviderPermissionDenied,
        KeySignal::NoCredit | KeySignal::SpendLimit => Code::InsufficientQuota,
        KeySignal::NeedsWorkspace => Code::ProviderKeyNeedsWorkspace,
        KeySignal::NeedsOrganization => Code::ProviderKeyNeedsOrganization,
        KeySignal::NeedsProject => Code::ProviderKeyNeedsProject,
        KeySignal::Disabled => Code::ProviderAccountDisabled,
        KeySignal::IpNotAllowed => Code::ProviderIpNotAllowed,
        KeySignal::WrongRegion(_) => Code::ProviderKeyWrongRegion,
    })
}

/// The reason of rows about a disabled account. Google's leave the key restricted, so their signal does not say it.
const ACCOUNT_DISABLED: &str = "account_disabled";

/// The error that a row about the key stands for; `None` where the answer's other members decide.
pub(super) fn about_the_key(row: &KeyRow, message: impl Into<Cow<'static, str>>) -> Option<RelayError> {
    Some(RelayError::from_answer(code_of(row)?, message).with_reason(row.reason))
}

/// The signal of a row, with the region that the answer names.
pub(super) fn signal_of(row: &KeyRow, named: impl FnOnce() -> Option<Region>) -> KeySignal {
    match row.signal {
        KeySignal::WrongRegion(None) => KeySignal::WrongRegion(named()),
        signal => signal,
    }
}

/// The error for an answer that is not in the provider's own format: something on the way to the provider sent it. It says
/// nothing about the key.
pub(super) fn from_between(label: &str, status: u16) -> RelayError {
    RelayError::not_the_provider(label, status)
}

/// Whether an answer with this status that is not in the provider's own format is about access: the network's, not the
/// user's.
pub(super) fn is_about_access(status: u16) -> bool {
    matches!(status, 401..=403 | 407 | 451 | 511)
}
