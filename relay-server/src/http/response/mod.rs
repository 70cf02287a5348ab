//! Writing responses.

pub(crate) mod reply;
pub(crate) mod stream;
