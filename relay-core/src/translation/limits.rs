//! How much of one provider's answer Relay takes.

/// The longest whole answer, in bytes.
pub(crate) const MAX_ANSWER: usize = 64 << 20;
/// The longest embeddings answer, in bytes: 2,048 inputs of 3,072 numbers are over 100 MB as text.
pub(crate) const MAX_EMBEDDINGS: usize = 160 << 20;
/// The longest stream, in bytes: an answer of 128,000 tokens with 20 alternatives of each is a quarter of it.
pub(crate) const MAX_STREAM: u64 = 1 << 30;
/// How much of a stream may come without anything for the caller in it, in bytes: comments, pings, events that are not
/// passed on. One event, such as the results of a search, may be as long.
pub(crate) const MAX_EMPTY: u64 = 16 << 20;
/// The most blocks, or choices with their calls, that one answer may have: far more than any model makes.
pub(super) const MAX_BLOCKS: usize = 4096;
/// The most choices of one answer: OpenAI's limit of `n`.
pub(super) const MAX_CHOICES: u32 = 128;
