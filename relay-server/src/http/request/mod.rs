//! Reading requests.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod extract;
pub(crate) mod inference;
pub(crate) mod members;
