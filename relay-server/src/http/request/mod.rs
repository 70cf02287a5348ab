//! Reading requests.

pub(crate) mod address;
mod arriving;
pub(crate) mod body;
pub(crate) mod extract;
pub(crate) mod inference;
pub(crate) mod members;
