//! Every error code that this server can answer with, for the test that compares them with `docs/errors.md`.
//!
//! A provider's own codes of errors that Relay does not name itself pass through and are not listed.

/// A code and the status that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `error.code`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
}

/// All of them.
pub const CODES: &[Code] = &[];
