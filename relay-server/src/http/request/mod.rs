//! Reading requests.

pub(crate) mod body;
pub(crate) mod extract;
