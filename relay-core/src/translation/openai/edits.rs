//! A request's body, edited in a few places without being rebuilt.

use std::ops::Range;
use std::sync::LazyLock;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use serde_json::value::RawValue;

use crate::translation::Call;
use crate::translation::json;

/// Replacements in a body, each of a range that does not touch the others.
pub(super) struct Edits<'a> {
    body: &'a Bytes,
    edits: Vec<(Range<usize>, String)>,
}

impl<'a> Edits<'a> {
    /// No edits yet.
    pub(super) fn new(body: &'a Bytes) -> Self {
        Self { body, edits: Vec::new() }
    }

    /// Replaces a value that was borrowed from the body.
    pub(super) fn replace(&mut self, raw: &RawValue, with: String) {
        if let Some(range) = json::range_in(self.body, raw.get()) {
            self.edits.push((range, with));
        }
    }

    /// Puts text before the first member of the body.
    pub(super) fn insert_first(&mut self, text: String) {
        let start = memchr::memchr(b'{', self.body).map_or(0, |at| at + 1);
        self.edits.push((start..start, text));
    }

    /// Whether the body has one of these words anywhere: a quick look before members are read.
    pub(super) fn has_any(&self, words: &[Finder<'_>]) -> bool {
        words.iter().any(|word| word.find(self.body).is_some())
    }

    /// Whether a member whose name ends in `id` may have a text of more than `longest` characters: a quick look.
    pub(super) fn has_long_id(&self, longest: usize) -> bool {
        static ID: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"id\""));
        ID.find_iter(self.body).any(|at| {
            let mut rest = self.body.get(at + 3..).unwrap_or_default().trim_ascii_start();
            rest = rest.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
            let Some(text) = rest.strip_prefix(b"\"") else { return false };
            text.iter().take(longest + 1).position(|byte| *byte == b'"').is_none() && text.len() > longest
        })
    }

    /// Whether a message's content may be `null`: a quick look.
    pub(super) fn has_null_content(&self) -> bool {
        static NULL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"null"));
        NULL.find_iter(self.body).any(|at| {
            let before = self.body.get(..at).unwrap_or_default().trim_ascii_end().strip_suffix(b":");
            before.is_some_and(|before| before.trim_ascii_end().ends_with(b"content\""))
        })
    }

    /// Takes the provider prefix off the model's name.
    pub(super) fn model(&mut self, call: &Call<'_>) {
        if let (true, Some(raw)) = (call.prefixed, call.request.get("model")) {
            self.replace(raw, serde_json::Value::from(call.model).to_string());
        }
    }

    /// The body with all edits; the same buffer if there are none.
    pub(super) fn apply(mut self) -> Bytes {
        if self.edits.is_empty() {
            return self.body.clone();
        }
        self.edits.sort_by_key(|(range, _)| range.start);
        let added: usize = self.edits.iter().map(|(_, text)| text.len()).sum();
        let (mut out, mut at) = (BytesMut::with_capacity(self.body.len() + added), 0);
        for (range, text) in &self.edits {
            out.extend_from_slice(self.body.get(at..range.start).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            at = at.max(range.end);
        }
        out.extend_from_slice(self.body.get(at..).unwrap_or_default());
        out.freeze()
    }
}
