//! The words of `error.type` that Relay uses. OpenAI's clients show them and do not branch on them.

use crate::error::Class;

/// The request is wrong.
pub(crate) const INVALID_REQUEST: &str = "invalid_request_error";
/// The developer's credential is wrong.
pub(crate) const AUTHENTICATION: &str = "authentication_error";
/// The credential is right, and may not do this.
pub(crate) const PERMISSION: &str = "permission_error";
/// Too many requests.
pub(crate) const REQUESTS: &str = "requests";
/// Too many tokens.
pub(crate) const TOKENS: &str = "tokens";
/// The account has no money or no quota left.
pub(crate) const INSUFFICIENT_QUOTA: &str = "insufficient_quota";
/// A fault of Relay or of the provider.
pub(crate) const SERVER: &str = "server_error";

/// The type of an error of this class, unless its constructor sets another one.
pub(super) fn usual(class: Class) -> &'static str {
    match class {
        Class::Unauthenticated | Class::Gone => AUTHENTICATION,
        Class::Forbidden => PERMISSION,
        Class::RateLimited => REQUESTS,
        Class::Internal | Class::BadGateway | Class::Unavailable | Class::GatewayTimeout | Class::Cancelled => SERVER,
        _ => INVALID_REQUEST,
    }
}
