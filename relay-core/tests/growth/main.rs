//! Nothing that a client or a provider sends may cost more than its length: each shape of [`schemas`], [`requests`] and
//! [`answers`] is translated at n, 2n and 4n, and fails where the cost grows faster than n log n.
//!
//! A new shape is one row of a table.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "tests, in tables of functions"
)]

mod answers;
mod measure;
mod requests;
mod schemas;
