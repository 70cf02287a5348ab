//! What a caller must see of a recorded answer, computed from the row's summary.

use serde_json::{Value, json};

use super::rows::Row;

/// The parts of an answer that are compared.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: String,
    pub(crate) usage: Option<Usage>,
}

/// One tool call. `id` is `None` where the provider gave none and Relay had to make one up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// The arguments as a value; text that is no JSON stays text.
    pub(crate) arguments: Value,
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        let ids_agree = match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        ids_agree && self.name == other.name && self.arguments == other.arguments
    }
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) prompt: u64,
    pub(crate) completion: u64,
}

/// What the first choice must be.
pub(crate) fn expected(row: &Row) -> Seen {
    let summary = row.summary();
    let calls: Vec<Call> = summary["tool_calls"].as_array().into_iter().flatten().map(call).collect();
    let finish = match row.text("provider") {
        "anthropic" => anthropic_finish(summary["finish"].as_str(), !calls.is_empty()),
        "gemini" => gemini_finish(summary, !calls.is_empty()),
        _ => summary["finish"].as_str().unwrap_or_default().to_owned(),
    };
    let usage = Some(&summary["usage"]).filter(|usage| !usage.is_null()).map(|usage| match row.text("provider") {
        "anthropic" => anthropic_usage(usage),
        "gemini" => gemini_usage(usage),
        _ => Usage { prompt: count(usage, "prompt_tokens"), completion: count(usage, "completion_tokens") },
    });
    Seen { text: summary["text"].as_str().unwrap_or_default().to_owned(), calls, finish, usage }
}

/// The error that an answer stands for although its status is 200: Google could not write a usable call, and a quiet `stop`
/// would lose it. OpenAI's clients try a 502 again.
pub(crate) fn refused(row: &Row) -> Option<String> {
    const UNUSABLE: &[&str] = &[
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "MALFORMED_RESPONSE",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
    ];
    let reason = row.summary()["finish"].as_str().filter(|reason| UNUSABLE.contains(reason))?;
    (row.text("provider") == "gemini").then(|| reason.to_lowercase())
}

/// A Gemini stream without any reason to end: cut off, as far as anybody can tell. It must not look complete.
pub(crate) fn is_cut_off(row: &Row) -> bool {
    let summary = row.summary();
    let is_stream = row.is_stream() && row.text("provider") == "gemini";
    is_stream && summary["finish"].is_null() && summary["block_reason"].is_null()
}

/// Where a stream's event begins that says the end: before it, the answer is not complete. `None`: nothing says it.
pub(crate) fn last_word(row: &Row, body: &[u8]) -> Option<usize> {
    let marks: &[&str] = match row.text("provider") {
        // Any event behind it may be missing, as long as this one is there.
        "anthropic" => &["\"message_delta\"", "\"message_stop\""],
        "gemini" => &["\"finishReason\"", "\"blockReason\""],
        _ => &["[DONE]"],
    };
    let text = std::str::from_utf8(body).ok()?;
    let mark = marks.iter().filter_map(|mark| text.find(mark)).min()?;
    text[..mark].rfind("\n\n").or_else(|| text[..mark].rfind("\r\n\r\n")).map(|at| at + 2).or(Some(0))
}

fn call(call: &Value) -> Call {
    let raw = call["args_raw"].as_str().filter(|raw| !raw.trim().is_empty());
    Call {
        id: call["id"].as_str().map(str::to_owned),
        name: call["name"].as_str().unwrap_or_default().to_owned(),
        arguments: match raw {
            Some(raw) => Value::from(raw),
            None if call["args"].is_null() => json!({}),
            None => call["args"].clone(),
        },
    }
}

fn anthropic_finish(reason: Option<&str>, calls: bool) -> String {
    match reason {
        Some("max_tokens" | "model_context_window_exceeded" | "pause_turn" | "compaction") => "length",
        Some("refusal") => "content_filter",
        Some("end_turn" | "stop_sequence") => "stop",
        _ if calls => "tool_calls",
        _ => "stop",
    }
    .to_owned()
}

fn gemini_finish(summary: &Value, calls: bool) -> String {
    const FILTERED: &[&str] = &[
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "OTHER",
        "ESCALATION",
        "MODEL_ARMOR",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_OTHER",
        "NO_IMAGE",
    ];
    match summary["finish"].as_str() {
        None if !summary["block_reason"].is_null() => "content_filter",
        Some("MAX_TOKENS" | "CONTINUATION") => "length",
        Some(reason) if FILTERED.contains(&reason) => "content_filter",
        _ if calls => "tool_calls",
        _ => "stop",
    }
    .to_owned()
}

fn anthropic_usage(usage: &Value) -> Usage {
    let parts = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
    Usage { prompt: parts.iter().map(|part| count(usage, part)).sum(), completion: count(usage, "output_tokens") }
}

/// Thinking counts as output, unless the candidates' count has it already.
fn gemini_usage(usage: &Value) -> Usage {
    let prompt = count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount");
    let (answer, thoughts) = (count(usage, "candidatesTokenCount"), count(usage, "thoughtsTokenCount"));
    let inside = usage["totalTokenCount"].as_u64() == Some(prompt + answer);
    Usage { prompt, completion: if inside { answer } else { answer + thoughts } }
}

fn count(usage: &Value, name: &str) -> u64 {
    usage[name].as_u64().unwrap_or(0)
}
