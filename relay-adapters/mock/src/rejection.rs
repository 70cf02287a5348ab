//! Why a request gets no answer of a model.

/// Why a provider rejects a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rejection<'a> {
    NoKey,
    ManyKeys,
    Refused(&'a str),
    Revoked,
    Expired,
    Restricted,
    NoCredit,
    RateLimited,
    Overloaded,
    /// The error of this name.
    Named(&'a str),
    /// Any error of this status.
    Status(u16),
    /// A 400 with this message.
    Request(&'a str),
}
