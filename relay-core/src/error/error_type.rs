//! The values of `error.type` that Relay uses. OpenAI's clients show them and do not branch on them.

use crate::error::Class;

/// The request is invalid.
pub(crate) const INVALID_REQUEST: &str = "invalid_request_error";
/// The developer's credential is invalid.
pub(crate) const AUTHENTICATION: &str = "authentication_error";
/// The credential is valid but lacks the permission.
pub(crate) const PERMISSION: &str = "permission_error";
/// Too many requests.
pub(crate) const REQUESTS: &str = "requests";
/// Too many tokens.
pub(crate) const TOKENS: &str = "tokens";
/// The account has no credit or quota left.
pub(crate) const INSUFFICIENT_QUOTA: &str = "insufficient_quota";
/// An error in Relay or at the provider.
pub(crate) const SERVER: &str = "server_error";

/// The default type of an error of this class. A constructor can set another one.
pub(super) fn usual(class: Class) -> &'static str {
    match class {
        Class::Unauthenticated | Class::Gone => AUTHENTICATION,
        Class::Forbidden => PERMISSION,
        Class::RateLimited => REQUESTS,
        Class::Internal | Class::BadGateway | Class::Unavailable | Class::GatewayTimeout | Class::Cancelled => SERVER,
        _ => INVALID_REQUEST,
    }
}
