//! Which web pages may use a registration token: origins, parsed and compared in this one place.
//!
//! An origin is a scheme, a host and a port, and nothing else. It is kept as browsers send it in `Origin`: scheme and host
//! in lower case, names outside ASCII in punycode, the scheme's own port left out. A wildcard such as `https://*.example.com`
//! stands for one or more whole labels below `example.com`, and for nothing else: not for `example.com`, another scheme or
//! another port. CSP reads the same text in the same way, so it serves as a source of `frame-ancestors` as it is.

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
