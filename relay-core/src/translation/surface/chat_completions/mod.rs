//! Chat Completions as callers see it: a whole completion, or a stream of chunks.

pub mod chunk;
pub(crate) mod completion;
