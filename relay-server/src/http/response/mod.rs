//! Writing responses.

pub(crate) mod json;
pub(crate) mod reply;
pub(crate) mod stream;
