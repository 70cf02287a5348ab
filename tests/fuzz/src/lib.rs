//! The targets of `relay-tests`, without all else that is there.

#[path = "../../src/fuzz/mod.rs"]
pub mod fuzz;
