//! OpenAI's public schema, as far as Relay speaks it: what callers send and what they get.

pub mod chunk;
pub mod completion;
pub mod embeddings;
pub mod models;
