//! Which module of a crate uses which, read from its source text.
//!
//! A module is a file. A file *uses* another if any path in it (in a `use`, a type, an expression or a macro's tokens) leads
//! to an item that the other one defines or re-exports. Re-exports are followed to the file that defines the item. Test code
//! (`#[cfg(test)]`, and doc comments) does not count. Method calls do not name a module and do not count either.
//!
//! A *room* is what stands directly below `src/`: a file or a folder. See [`Crate::circles`] and [`Crate::arrows_up`].
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a tool of the test suite: a file that can't be read must stop it"
)]

mod draw;
mod graph;
mod modules;
mod scan;

pub use graph::{Arrow, Crate};
