//! A provider's failure: as it was received, and as the caller sees it.

use crate::domain::KeySignal;
use crate::error::RelayError;

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
