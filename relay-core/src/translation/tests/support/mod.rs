//! What the tests share: bodies fed in pieces, streams read as clients do, comparisons, recordings.

pub(crate) mod assemble;
pub(crate) mod compare;
pub(crate) mod corpus;
pub(crate) mod feed;
pub(crate) mod fold;
