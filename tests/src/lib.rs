//! What Relay's whole-product tests share.

pub mod fake_provider;
