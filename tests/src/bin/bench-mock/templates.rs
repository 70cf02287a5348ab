//! The texts of the answers, in each provider's own form.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::answers::{Kind, Shape};

/// Where the time of writing goes.
pub(crate) const STAMP: &str = "t=00000000000000000000";
/// Where the end of the key goes that the request was signed with.
pub(crate) const USER: &str = "u=0000";
const START: &str = "relaybench-start";
const END: &str = "relaybench-end";
const WORDS: &str = " lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor";
/// The length of OpenAI's text-embedding-3-small vectors.
const DIMENSIONS: usize = 1536;

/// One event of a stream, or the one body of a whole answer.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) text: String,
    /// Whether it carries text of the model: such events are paced.
    pub(crate) is_content: bool,
}

impl Event {
    fn content(text: String) -> Self {
        Self { text, is_content: true }
    }

    fn other(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_content: false }
    }
}

/// The events of a stream, or one event with the body of a whole answer.
pub(crate) fn events(kind: Kind, shape: Shape) -> Vec<Event> {
    let whole = || model_text(shape.text, true, true);
    match kind {
        Kind::OpenAiWhole => vec![Event::content(openai_whole(&whole()))],
        Kind::OpenAiStream { usage } => openai_stream(shape, usage),
        Kind::AnthropicWhole => vec![Event::content(anthropic_whole(&whole()))],
        Kind::AnthropicStream => anthropic_stream(shape),
        Kind::GoogleWhole => vec![Event::content(google_body(&whole(), true, 120))],
        Kind::GoogleStream => google_stream(shape),
        Kind::Embeddings { base64 } => vec![Event::content(embeddings(shape.vectors, base64))],
        // OpenAI and Anthropic list their models at the same path: an entry that is one of either.
        Kind::Models => vec![Event::other(
            r#"{"object":"list","data":[{"id":"mock-model","object":"model","type":"model","created":1721172741,"created_at":"2025-10-01T00:00:00Z","owned_by":"system","display_name":"Mock"}],"has_more":false,"first_id":"mock-model","last_id":"mock-model"}"#,
        )],
        Kind::GoogleModels => vec![Event::other(
            r#"{"models":[{"name":"models/gemini-2.5-flash","displayName":"Gemini 2.5 Flash","supportedGenerationMethods":["generateContent"]}]}"#,
        )],
        Kind::Unauthorized => vec![Event::other(
            r#"{"type":"error","error":{"type":"authentication_error","message":"bench-mock: the key does not end with four digits","param":null,"code":"invalid_api_key","status":"UNAUTHENTICATED"}}"#,
        )],
        Kind::NotFound => vec![Event::other(
            r#"{"type":"error","error":{"type":"not_found_error","message":"bench-mock: no such path","param":null,"code":null,"status":"NOT_FOUND"}}"#,
        )],
    }
}

/// About `len` bytes of text: time, user and marks, then filler.
fn model_text(len: usize, first: bool, last: bool) -> String {
    let start = if first { format!("{STAMP} {USER} {START}") } else { STAMP.to_owned() };
    let end = if last { format!(" {END}") } else { String::new() };
    let filler: String = WORDS.chars().cycle().take(len.saturating_sub(start.len() + end.len())).collect();
    start + &filler + &end
}

fn chunk_texts(shape: Shape) -> impl Iterator<Item = (usize, bool, String)> {
    (1..=shape.chunks).map(move |i| {
        let last = i == shape.chunks;
        (i, last, model_text(shape.bytes, i == 1, last))
    })
}

fn openai_whole(text: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-mock0123456789abcdef","object":"chat.completion","created":1763866000,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":200,"completion_tokens":120,"total_tokens":320,"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_mock"}}"#
    )
}

fn openai_stream(shape: Shape, usage: bool) -> Vec<Event> {
    let null = if usage { r#","usage":null"# } else { "" };
    let event = |inside: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-mock0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1763866000,\
             \"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\",{inside}}}\n\n"
        )
    };
    let choice = |delta: &str, finish: &str| {
        event(&format!(r#""choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]{null}"#))
    };
    let mut events = vec![Event::other(choice(r#"{"role":"assistant","content":"","refusal":null}"#, "null"))];
    events.extend(
        chunk_texts(shape).map(|(_, _, text)| Event::content(choice(&format!(r#"{{"content":"{text}"}}"#), "null"))),
    );
    events.push(Event::other(choice("{}", "\"stop\"")));
    if usage {
        let (output, total) = (shape.chunks, shape.chunks + 200);
        events.push(Event::other(event(&format!(
            r#""choices":[],"usage":{{"prompt_tokens":200,"completion_tokens":{output},"total_tokens":{total}}}"#
        ))));
    }
    events.push(Event::other("data: [DONE]\n\n"));
    events
}

fn anthropic_whole(text: &str) -> String {
    format!(
        r#"{{"id":"msg_mock0123456789abcdef","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[{{"type":"text","text":"{text}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":200,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":120,"service_tier":"standard"}}}}"#
    )
}

fn anthropic_stream(shape: Shape) -> Vec<Event> {
    let named = |name: &str, rest: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}\n\n");
    let message = r#","message":{"id":"msg_mock0123456789abcdef","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":200,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}"#;
    let block = r#","index":0,"content_block":{"type":"text","text":""}"#;
    let mut events = vec![
        Event::other(named("message_start", message)),
        Event::other(named("content_block_start", block)),
        Event::other(named("ping", "")),
    ];
    events.extend(chunk_texts(shape).map(|(_, _, text)| {
        let delta = format!(r#","index":0,"delta":{{"type":"text_delta","text":"{text}"}}"#);
        Event::content(named("content_block_delta", &delta))
    }));
    let ending = format!(
        r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"input_tokens":200,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":{}}}"#,
        shape.chunks
    );
    events.push(Event::other(named("content_block_stop", r#","index":0"#)));
    events.push(Event::other(named("message_delta", &ending)));
    events.push(Event::other(named("message_stop", "")));
    events
}

fn google_body(text: &str, last: bool, output: usize) -> String {
    let finish = if last { r#","finishReason":"STOP""# } else { "" };
    let total = output + 200;
    format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}}{finish},"index":0}}],"usageMetadata":{{"promptTokenCount":200,"candidatesTokenCount":{output},"totalTokenCount":{total}}},"modelVersion":"gemini-2.5-flash","responseId":"mock0123456789"}}"#
    )
}

fn google_stream(shape: Shape) -> Vec<Event> {
    chunk_texts(shape)
        .map(|(i, last, text)| Event::content(format!("data: {}\r\n\r\n", google_body(&text, last, i))))
        .collect()
}

/// Vectors of plausible numbers; the user in a member of its own, as such an answer has no text.
fn embeddings(vectors: usize, base64: bool) -> String {
    let data: Vec<String> = (0..vectors)
        .map(|index| {
            let numbers = (0..DIMENSIONS).map(|i| number(i, index));
            let embedding = if base64 {
                let bytes: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
                format!("\"{}\"", BASE64_STANDARD.encode(bytes))
            } else {
                format!("[{}]", numbers.map(|number| format!("{number:.8}")).collect::<Vec<_>>().join(","))
            };
            format!(r#"{{"object":"embedding","index":{index},"embedding":{embedding}}}"#)
        })
        .collect();
    format!(
        r#"{{"object":"list","data":[{}],"model":"text-embedding-3-small","usage":{{"prompt_tokens":8,"total_tokens":8}},"signed":"{USER}"}}"#,
        data.join(",")
    )
}

/// A number between -0.05 and 0.05 that depends on its place only.
fn number(i: usize, vector: usize) -> f32 {
    let scattered = u16::try_from((i * 7919 + vector * 10_007) % 20_011).unwrap_or_default();
    (f32::from(scattered) / 20_011.0 - 0.5) * 0.1
}
