//! Which web pages may use a registration token: origins, parsed and compared in this one place.
//!
//! An origin is a scheme, a host and a port. It is stored as browsers send it in `Origin`: scheme and host in lower
//! case, names outside ASCII in punycode, without the scheme's default port. A wildcard such as `https://*.example.com`
//! stands for one or more whole labels below `example.com`. It does not match `example.com` itself, another scheme or
//! another port. CSP gives the same text the same meaning, so it can be used as a source of `frame-ancestors`
//! unchanged.

mod error;
mod host;
mod list;
mod pattern;
mod public_suffix;
#[cfg(test)]
mod tests;

pub use error::InvalidOrigin;
pub use host::is_loopback;
pub use list::{InvalidOriginList, MAX_ORIGINS, Origins, PublicSuffixes};
pub use pattern::{Origin, OriginPattern};
pub use public_suffix::PublicSuffix;
