//! `chat.completion.chunk`: writes a stream's events straight into one output buffer.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::RelayError;
use crate::translation::surface::chat_completions::completion::{Annotation, Function, ToolCall, Usage};

/// How many bytes of the provider's id and model name a chunk has.
pub(crate) const MAX_NAME: usize = 512;

/// What one chunk adds to a choice. Absent members are not written.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Delta<'a> {
    /// `assistant`, in the first chunk of a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    /// Text. `Some(None)` writes `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<&'a str>,
    /// A refusal. `Some(None)` writes `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<Option<&'a str>>,
    /// Tool calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_calls: Option<[ToolCall<'a>; 1]>,
    /// The deprecated single call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function_call: Option<Function<'a>>,
    /// Citations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<Vec<Annotation<'a>>>,
    /// Extension: thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_content: Option<Cow<'a, str>>,
    /// Extension: Anthropic's signed blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking_blocks: Option<Box<RawValue>>,
    /// Extension: the order of Anthropic's blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_layout: Option<Vec<String>>,
    /// Extension: Google's signature on text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extra_content: Option<Box<RawValue>>,
    /// Extension: images that the model made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<Box<RawValue>>,
}

/// One entry of a chunk's `choices`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ChunkChoice<'a> {
    /// Which choice.
    pub(crate) index: u32,
    /// What it adds.
    pub(crate) delta: Delta<'a>,
    /// OpenAI's logprobs object, in its shape.
    pub(crate) logprobs: Option<Box<RawValue>>,
    /// Set in the last chunk of a choice.
    pub(crate) finish_reason: Option<&'static str>,
    /// Extension: the provider's own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) native_finish_reason: Option<Cow<'a, str>>,
}

/// Writes OpenAI's event stream: one `data:` line and a blank line an event, never an `event:` name.
///
/// The members that are the same in every chunk are written once, when the stream begins, and copied.
#[derive(Debug, Default)]
pub struct ChunkWriter {
    out: BytesMut,
    head: Vec<u8>,
    tail: Vec<u8>,
    done: bool,
}

impl ChunkWriter {
    /// Fixes the members that every chunk shares. With `usage_null` every chunk says `"usage":null`, as OpenAI's do when the
    /// caller asked for usage. Of an id or a name, [`MAX_NAME`] bytes are shown: each chunk repeats them.
    pub(crate) fn begin(&mut self, id: &str, created: u64, model: &str, service_tier: Option<&str>, usage_null: bool) {
        #[derive(Serialize)]
        struct Head<'a> {
            id: &'a str,
            object: &'static str,
            created: u64,
            model: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            service_tier: Option<&'a str>,
        }
        self.head.clear();
        self.head.extend_from_slice(b"data: ");
        let (id, model) = (shortened(id), shortened(model));
        let head = Head { id, object: "chat.completion.chunk", created, model, service_tier };
        if serde_json::to_writer(&mut self.head, &head).is_ok() {
            self.head.pop(); // the closing brace: members follow
        }
        self.head.extend_from_slice(b",\"choices\":[");
        self.tail = if usage_null { b"],\"usage\":null}\n\n".to_vec() } else { b"]}\n\n".to_vec() };
    }

    /// Whether [`Self::begin`] was called.
    pub(crate) fn has_begun(&self) -> bool {
        !self.head.is_empty()
    }

    /// Writes one chunk with one choice.
    pub(crate) fn choice(&mut self, choice: &ChunkChoice<'_>) {
        self.out.extend_from_slice(&self.head);
        let _ = serde_json::to_writer(Appender(&mut self.out), choice); // writing to memory does not fail
        self.out.extend_from_slice(&self.tail);
    }

    /// Writes one chunk that adds `delta` to choice `index`.
    pub(crate) fn delta(&mut self, index: u32, delta: Delta<'_>) {
        self.choice(&ChunkChoice { index, delta, ..ChunkChoice::default() });
    }

    /// Writes one chunk that adds text to choice `index`: what [`Self::delta`] writes of `content` alone. Most of a stream is
    /// such pieces, so they do without the serializer's many small steps.
    pub(crate) fn text(&mut self, index: u32, text: &str) {
        self.piece(index, b",\"delta\":{\"content\":", text);
    }

    /// As [`Self::text`], of `reasoning_content`.
    pub(crate) fn reasoning(&mut self, index: u32, text: &str) {
        self.piece(index, b",\"delta\":{\"reasoning_content\":", text);
    }

    fn piece(&mut self, index: u32, member: &[u8], text: &str) {
        self.out.extend_from_slice(&self.head);
        self.out.extend_from_slice(b"{\"index\":");
        number(&mut self.out, index);
        self.out.extend_from_slice(member);
        string(&mut self.out, text);
        self.out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":null}");
        self.out.extend_from_slice(&self.tail);
    }

    /// As [`Self::text`], of the arguments of tool call `call`.
    pub(crate) fn arguments(&mut self, index: u32, call: u32, json: &str) {
        self.out.extend_from_slice(&self.head);
        self.out.extend_from_slice(b"{\"index\":");
        number(&mut self.out, index);
        self.out.extend_from_slice(b",\"delta\":{\"tool_calls\":[{\"index\":");
        number(&mut self.out, call);
        self.out.extend_from_slice(b",\"function\":{\"arguments\":");
        string(&mut self.out, json);
        self.out.extend_from_slice(b"}}]},\"logprobs\":null,\"finish_reason\":null}");
        self.out.extend_from_slice(&self.tail);
    }

    /// Writes the usage chunk: no choices.
    pub(crate) fn usage(&mut self, usage: &Usage) {
        self.out.extend_from_slice(&self.head);
        self.out.extend_from_slice(b"],\"usage\":");
        let _ = serde_json::to_writer(Appender(&mut self.out), usage);
        self.out.extend_from_slice(b"}\n\n");
    }

    /// Passes an event's data on as it came.
    pub(crate) fn raw(&mut self, data: &[u8]) {
        self.out.extend_from_slice(b"data: ");
        self.out.extend_from_slice(data);
        self.out.extend_from_slice(b"\n\n");
    }

    /// Passes an event's data on without what stood between two parts of it.
    pub(crate) fn raw_parts(&mut self, before: &[u8], after: &[u8]) {
        self.out.extend_from_slice(b"data: ");
        self.out.extend_from_slice(before);
        self.out.extend_from_slice(after);
        self.out.extend_from_slice(b"\n\n");
    }

    /// Writes the end of a complete answer. Nothing follows it.
    pub(crate) fn done(&mut self) {
        self.out.extend_from_slice(b"data: [DONE]\n\n");
        self.done = true;
    }

    /// Writes an error event; both of OpenAI's clients raise it. The body ends after it, without `[DONE]`.
    pub fn error(&mut self, error: &RelayError) {
        self.raw(&error.to_body());
        self.done = true;
    }

    /// Whether the stream is over: nothing more may be written.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Whether nothing waits to be sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The length of what waits to be sent, in bytes.
    pub(crate) fn pending(&self) -> usize {
        self.out.len()
    }

    /// Takes what was written since the last call.
    pub fn take(&mut self) -> Bytes {
        self.out.split().freeze()
    }
}

/// The beginning of a name that is too long.
fn shortened(name: &str) -> &str {
    let ends = (0..=MAX_NAME.min(name.len())).rev();
    ends.filter_map(|end| name.get(..end)).next().unwrap_or_default()
}

/// Writes a number.
fn number(out: &mut BytesMut, number: u32) {
    match u8::try_from(number) {
        Ok(digit @ 0..=9) => out.extend_from_slice(&[b'0' + digit]),
        _ => out.extend_from_slice(number.to_string().as_bytes()),
    }
}

/// Writes a JSON string.
fn string(out: &mut BytesMut, text: &str) {
    // Without an early end, this is done for many bytes at once.
    let escapes = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    if text.bytes().fold(false, |any, byte| any | escapes(byte)) {
        let _ = serde_json::to_writer(Appender(out), text); // writing to memory does not fail
        return;
    }
    out.extend_from_slice(b"\"");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\"");
}

/// Appends to a buffer; grows it as needed.
struct Appender<'a>(&'a mut BytesMut);

impl std::io::Write for Appender<'_> {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(piece);
        Ok(piece.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut ChunkWriter)) -> String {
        let mut writer = ChunkWriter::default();
        writer.begin("chatcmpl-1", 7, "m", None, true);
        write(&mut writer);
        String::from_utf8(writer.take().to_vec()).unwrap()
    }

    #[test]
    fn a_chunk_is_one_line_of_json_and_a_blank_line() {
        assert_eq!(
            written(|w| w.delta(0, Delta { content: Some("a\nb"), ..Delta::default() })),
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\\nb\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
        );
    }

    #[test]
    fn a_long_name_is_not_repeated_in_full() {
        let mut writer = ChunkWriter::default();
        writer.begin(&"i".repeat(1 << 20), 7, &"é".repeat(1 << 20), None, false);
        writer.text(0, "x");
        let text = writer.take();
        assert!(text.len() < 2048 && serde_json::from_slice::<serde_json::Value>(&text[6..]).is_ok());
    }

    #[test]
    fn a_piece_is_written_as_the_serializer_writes_it() {
        let odd = (0..=0x100).filter_map(char::from_u32).map(String::from);
        let texts = odd.chain(["", "plain", "a\"b", "\\", "é한\u{1F600}\u{2028}", "\u{7f}"].map(str::to_owned));
        for (text, index) in texts.zip([0, 1, 9, 10, 4_294_967_295].into_iter().cycle()) {
            let (text, call) = (text.as_str(), index / 2);
            let plain = written(|w| w.text(index, text));
            assert_eq!(plain, written(|w| w.delta(index, Delta { content: Some(text), ..Delta::default() })));
            let thought = Delta { reasoning_content: Some(text.into()), ..Delta::default() };
            assert_eq!(written(|w| w.reasoning(index, text)), written(|w| w.delta(index, thought)));
            let function = Function { arguments: text.into(), ..Function::default() };
            let called = ToolCall { index: Some(call), function, ..ToolCall::default() };
            let called = Delta { tool_calls: Some([called]), ..Delta::default() };
            assert_eq!(written(|w| w.arguments(index, call, text)), written(|w| w.delta(index, called)));
        }
    }

    #[test]
    fn the_usage_chunk_has_no_choices() {
        let text = written(|w| {
            w.usage(&Usage { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, ..Usage::default() })
        });
        assert!(
            text.ends_with(
                "\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}\n\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn an_error_ends_the_stream_without_done() {
        let text = written(|w| {
            w.error(&RelayError::interrupted());
            assert!(w.is_done());
        });
        assert!(text.starts_with("data: {\"error\":{\"message\":") && !text.contains("[DONE]"));
    }
}
