//! What clients speak: OpenAI's public schema, as far as Relay answers in it.

pub mod chat_completions;
pub mod embeddings;
pub mod models;
pub(crate) mod refusals;
pub(crate) mod request;
