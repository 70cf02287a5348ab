//! All translation between OpenAI's schema and the providers' own: one folder a provider, five files each.
//!
//! Everything here is pure: bytes in, bytes out. Deleting a folder (and its row in the table) deletes a provider.

mod answer_budget;
pub mod anthropic;
pub mod google;
pub mod json;
pub mod limits;
mod mapping;
pub(crate) mod members;
pub mod openai;
pub mod sse;
pub mod surface;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::domain::ids::{RequestId, Timestamp};
use crate::domain::{KeySignal, TokenUsage};
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::json::Object;
use crate::translation::surface::chat_completions::chunk::ChunkWriter;
use crate::translation::surface::models::Model;

/// One provider's wire format. Stateless; what a stream must remember is in its [`StreamTranslator`].
pub trait Dialect: Sync {
    /// Translates a chat request.
    ///
    /// # Errors
    /// What the provider has no counterpart for, as a 400 that names the `param`.
    fn chat(&self, call: &Call<'_>) -> Result<ChatCall, RelayError>;

    /// Translates a whole answer with status 200.
    ///
    /// # Errors
    /// An answer that means failure, or is of no use.
    fn chat_answer(&self, body: Bytes, context: &ChatContext) -> Result<Answer, RelayError>;

    /// The same chat request for a stream, to be collected into a whole answer (see [`ChatContext::is_long`]).
    fn streamed(&self, wire: WireRequest) -> WireRequest {
        wire
    }

    /// Collects a stream to the whole answer that it amounts to. Asked only for what [`Self::streamed`] made.
    ///
    /// # Errors
    /// `None`: this provider's answers are never collected.
    fn chat_collector(&self) -> Option<Box<dyn StreamCollector>> {
        None
    }

    /// The request that goes on where the last of these whole answers stopped, if the provider wants to be asked again.
    /// `asked` is the first request.
    fn next_hop(&self, _asked: &WireRequest, _bodies: &[Bytes]) -> Option<NextHop> {
        None
    }

    /// The answers of two hops as one, in the provider's own format; `None` if the second one is no answer.
    fn joined(&self, _first: &Bytes, _second: &Bytes) -> Option<Bytes> {
        None
    }

    /// The request without what the provider refused, where the answer is worth as much without it. Sent once.
    fn amended(&self, _failure: &Failure<'_>, _wire: &WireRequest) -> Option<Amended> {
        None
    }

    /// Notes what the headers of a good answer say about it.
    fn read_headers(&self, _headers: &[(String, String)], _context: &mut ChatContext) {}

    /// A translator for one stream.
    fn chat_stream(&self, context: ChatContext) -> Box<dyn StreamTranslator>;

    /// Translates an embeddings request, into several where the provider bounds the batch. They may run side by side.
    ///
    /// # Errors
    /// As for [`Self::chat`]; `model_not_found` where there are no embeddings.
    fn embeddings(&self, call: &Call<'_>) -> Result<EmbeddingsCall, RelayError>;

    /// Joins the answers to [`Self::embeddings`], in the order of its requests.
    ///
    /// # Errors
    /// Answers of no use.
    fn embeddings_answer(&self, bodies: Vec<Bytes>, context: &EmbeddingsContext) -> Result<Answer, RelayError>;

    /// Asks for the list of models; `page` is what [`Self::models_answer`] gave.
    fn models(&self, page: Option<&str>) -> WireRequest;

    /// Translates one page of the list, and says how to ask for the next one.
    ///
    /// # Errors
    /// An answer of no use.
    fn models_answer(&self, body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError>;

    /// Asks for one model, where chats take names that the list does not have.
    fn model(&self, _name: &str) -> Option<WireRequest> {
        None
    }

    /// Translates the answer to [`Self::model`].
    ///
    /// # Errors
    /// An answer of no use.
    fn model_answer(&self, _body: &[u8]) -> Result<Model, RelayError> {
        Err(RelayError::upstream("the provider was not asked for a model"))
    }

    /// Translates an answer with an error status (or an error inside an answer, with the status that it implies).
    ///
    /// `now` is for headers that hold a point in time.
    fn error(&self, failure: &Failure<'_>, now: Timestamp) -> Fault;

    /// A request that costs nothing and shows whether a key is good.
    fn check_key(&self) -> WireRequest {
        self.models(None)
    }

    /// A request that costs nothing and shows whether a genuine key may be used for calls, where the provider has one.
    fn check_use(&self) -> Option<WireRequest> {
        None
    }

    /// The header that carries a workspace id, where the provider knows such.
    fn workspace_header(&self) -> Option<&'static str> {
        None
    }

    /// Response headers of a good answer to pass on to the caller, renamed where OpenAI has another name for them.
    fn passed_headers(&self, headers: &[(String, String)], now: Timestamp) -> Vec<(&'static str, String)>;
}

/// A call, before translation.
pub struct Call<'a> {
    /// The body as it came.
    pub body: &'a Bytes,
    /// Its members.
    pub request: &'a Object<'a>,
    /// The model's name without a provider prefix.
    pub model: &'a str,
    /// Whether the caller wrote a provider prefix.
    pub prefixed: bool,
    /// Seed of made-up ids.
    pub id: RequestId,
    /// Relay's clock, for `created`.
    pub now: Timestamp,
    /// What the project chose where a provider leaves a choice.
    pub policy: Policy,
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({}, {} bytes)", self.model, self.body.len())
    }
}

/// A project's choices in translation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Send `auto` (and say so) instead of refusing a forced tool choice that the model can't do.
    pub forced_tool_choice_auto: bool,
}

/// A translated chat request.
#[derive(Debug)]
pub struct ChatCall {
    /// What to send.
    pub wire: WireRequest,
    /// What the answer's translation must know of the request.
    pub context: ChatContext,
    /// What was not carried over.
    pub notes: Notes,
}

/// A translated embeddings request.
#[derive(Debug)]
pub struct EmbeddingsCall {
    /// What to send, in the order of the inputs.
    pub wires: Vec<WireRequest>,
    /// What the answer's translation must know of the request.
    pub context: EmbeddingsContext,
    /// What was not carried over.
    pub notes: Notes,
}

/// Members of the request that did not reach the provider as they were, sorted, without doubles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Left out: `x-relay-dropped-params`.
    pub dropped: Vec<String>,
    /// Changed: `x-relay-adjusted-params`.
    pub adjusted: Vec<String>,
}

impl Notes {
    /// Notes that `name` was left out.
    pub fn drop(&mut self, name: impl Into<String>) {
        insert(&mut self.dropped, name.into());
    }

    /// Notes that `name` was changed.
    pub fn adjust(&mut self, name: impl Into<String>) {
        insert(&mut self.adjusted, name.into());
    }
}

fn insert(names: &mut Vec<String>, name: String) {
    if let Err(place) = names.binary_search(&name) {
        names.insert(place, name);
    }
}

/// What the translation of a chat answer must know of the request.
#[derive(Clone, Debug)]
pub struct ChatContext {
    /// Seed of made-up ids.
    pub id: RequestId,
    /// `created`, in Unix seconds.
    pub created: u64,
    /// The model's name as it was asked for, without a provider prefix.
    pub model: String,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    /// Whether the caller asked for usage in the stream.
    pub include_usage: bool,
    /// Whether the caller used the deprecated `functions`.
    pub legacy_functions: bool,
    /// Whether only the first tool call may be shown (`parallel_tool_calls: false` where the provider has no such switch).
    pub first_call_only: bool,
    /// Tool names that had to be changed for the provider: (sent, asked for).
    pub renamed_tools: Vec<(String, String)>,
    /// Whether the provider may stop in the middle, and want to be asked again.
    pub has_hops: bool,
    /// Whether a whole answer may take so long that it is asked for as a stream, and collected.
    pub is_long: bool,
    /// Whether the request holds what the provider may refuse and [`Dialect::amended`] takes out.
    pub is_amendable: bool,
    /// Which tier served the call, in OpenAI's words, where a header says it.
    pub service_tier: Option<&'static str>,
}

impl ChatContext {
    /// The context of a plain call: one answer, in one piece.
    pub fn new(id: RequestId, created: u64, model: &str) -> Self {
        Self {
            id,
            created,
            model: model.to_owned(),
            stream: false,
            include_usage: false,
            legacy_functions: false,
            first_call_only: false,
            renamed_tools: Vec::new(),
            has_hops: false,
            is_long: false,
            is_amendable: false,
            service_tier: None,
        }
    }
}

/// A request without what the provider refused.
#[derive(Debug)]
pub struct Amended {
    /// What to send.
    pub wire: WireRequest,
    /// What was changed, for `x-relay-adjusted-params`.
    pub changed: &'static str,
}

/// A turn that takes another request.
#[derive(Debug)]
pub struct NextHop {
    /// What to send.
    pub wire: WireRequest,
    /// Whether the caller has anything of the answer by now. If the next request fails, that is the answer, cut short.
    pub has_shown: bool,
}

/// What the translation of an embeddings answer must know of the request.
#[derive(Clone, Debug)]
pub struct EmbeddingsContext {
    /// The model's name as it was asked for, without a provider prefix.
    pub model: String,
    /// How vectors are written.
    pub encoding: crate::translation::surface::embeddings::Encoding,
    /// How many inputs there were.
    pub inputs: usize,
    /// Bytes of text in each input, to estimate tokens where the provider counts none.
    pub input_bytes: Vec<usize>,
}

/// A translated whole answer.
pub struct Answer {
    /// The JSON body for the caller.
    pub body: Bytes,
    /// Tokens to meter.
    pub usage: Option<TokenUsage>,
    /// The model as the provider names it.
    pub model: Option<String>,
    /// Whether `usage` is an estimate: `x-relay-usage-estimated`.
    pub usage_estimated: bool,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} bytes, {:?})", self.body.len(), self.usage)
    }
}

/// Translates one stream, event by event. No I/O, no clock; it can't block.
pub trait StreamTranslator: Send {
    /// Takes one event's data and writes zero or more chunks.
    ///
    /// # Errors
    /// An error inside the stream, or an event that can't be read. The stream is over then.
    fn feed(&mut self, data: &[u8], out: &mut ChunkWriter) -> Result<(), Fault>;

    /// Call once, after the last byte, unless [`ChunkWriter::is_done`]. `stray` is what the body held outside of events
    /// (Google sends late errors so).
    ///
    /// # Errors
    /// A provider that hung up early is an error, never a quiet `[DONE]`.
    fn finish(&mut self, stray: &[u8], out: &mut ChunkWriter) -> Result<(), Fault>;

    /// The request that goes on where this answer stopped, if the provider wants to be asked again; `asked` is the first one.
    /// Its answer is fed to this translator, too. Asked when a body has ended, before [`Self::finish`].
    fn next_hop(&mut self, _asked: &WireRequest) -> Option<NextHop> {
        None
    }

    /// The tokens counted so far.
    fn usage(&self) -> Option<TokenUsage>;

    /// The model as the provider names it, once known.
    fn model(&self) -> Option<&str>;
}

/// Collects one stream to the whole answer that it amounts to, in the provider's own format.
pub trait StreamCollector: Send {
    /// Takes one event's data.
    ///
    /// # Errors
    /// As [`StreamTranslator::feed`]; an answer longer than [`limits::MAX_ANSWER`].
    fn feed(&mut self, data: &[u8]) -> Result<(), Fault>;

    /// Whether the answer has ended: nothing behind it is of use.
    fn is_complete(&self) -> bool {
        false
    }

    /// The answer. Call once, when it is complete or after the last byte; `stray` is what the body held outside of events.
    ///
    /// # Errors
    /// As [`StreamTranslator::finish`].
    fn finish(&mut self, stray: &[u8]) -> Result<Vec<u8>, Fault>;
}

/// An answer that means failure, as the wire had it.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The HTTP status, or the one that an error inside a stream implies.
    pub status: u16,
    /// Response headers, with lower-case names.
    pub headers: &'a [(String, String)],
    /// The body, up to a limit. It may be anything: HTML, nothing, half a JSON.
    pub body: &'a [u8],
}

impl Failure<'_> {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A failure as the caller sees it, and what it says about the user's key.
#[derive(Debug)]
pub struct Fault {
    /// For the caller.
    pub error: RelayError,
    /// For the connection's state; `None`: it says nothing.
    pub signal: Option<KeySignal>,
}

impl From<RelayError> for Fault {
    fn from(error: RelayError) -> Self {
        Self { error, signal: None }
    }
}

/// A provider's words for a caller: at most 500 characters, with anything that looks like a key masked.
pub fn shown(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_inclusive(|c: char| c.is_whitespace() || "\"',()<>`".contains(c)).take(500) {
        words.push_str(&masked(word));
    }
    words.chars().take(500).collect()
}

/// Masks what begins like a secret within a word, up to the word's end. Punctuation behind it stays.
fn masked(word: &str) -> std::borrow::Cow<'_, str> {
    const STARTS: &[&str] = &["sk-", "AIza", "AQ.", "rly-", "rrt-"];
    let begins =
        |at: usize| word.get(..at).is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
    let secret =
        STARTS.iter().filter_map(|start| word.find(start)).filter(|at| begins(*at) && word.len() - at > 8).min();
    let Some((before, rest)) =
        secret.or_else(|| word.find("key=").map(|at| at + 4)).and_then(|at| word.split_at_checked(at))
    else {
        return word.into();
    };
    let end = rest.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && !"*-_".contains(c)).len();
    format!("{before}***{}", rest.get(end..).unwrap_or_default()).into()
}

#[cfg(test)]
mod shown_tests {
    use super::*;

    #[test]
    fn keys_in_a_providers_words_are_masked() {
        for (text, want) in [
            ("Incorrect API key provided: sk-proj-abc123def456. You can", "Incorrect API key provided: ***. You can"),
            ("invalid 'sk-ant-api03-xyz_123'", "invalid '***'"),
            ("see https://x/?key=AIzaSyA1234567890 now", "see https://x/?key=*** now"),
            ("task-based risk-free desk-top", "task-based risk-free desk-top"),
        ] {
            assert_eq!(shown(text), want);
        }
    }

    #[test]
    fn long_words_of_a_provider_are_cut() {
        assert_eq!(shown(&"é".repeat(600)).chars().count(), 500);
    }
}
