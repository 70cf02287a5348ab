//! What the providers send, in their spelling: padding, spaces, line ends and totals in every event as they have them.

use std::fmt::Write;

/// Deltas in a stream.
const DELTAS: usize = 1000;

/// Words of an answer, some of which need an escape or more than one byte.
const WORDS: &[&str] = &[
    " The",
    " stream",
    " carries",
    " small",
    " pieces",
    " of",
    " text",
    ",",
    " naïve",
    " and",
    "\\n\\n",
    " it",
    " flows",
    " \\\"on\\\"",
    ".",
];

/// The text of one delta, of this number of words.
fn words(i: usize, count: usize) -> String {
    (0..count).map(|k| WORDS[(i * 7 + k * 3) % WORDS.len()]).collect()
}

fn anthropic_event(body: &mut String, name: &str, members: &str, i: usize) {
    // Anthropic pads its events so that their lengths tell nothing.
    let padding = " ".repeat(i * 11 % 16);
    let _ = write!(body, "event: {name}\ndata: {{\"type\":\"{name}\"{members}{padding}}}\n\n");
}

fn anthropic_start(body: &mut String) {
    let message = r#","message":{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-opus-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard"}}"#;
    anthropic_event(body, "message_start", message, 0);
}

fn anthropic_end(body: &mut String, reason: &str) {
    let delta = format!(
        r#","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{{"input_tokens":25,"cache_read_input_tokens":0,"output_tokens":2503}}"#
    );
    anthropic_event(body, "message_delta", &delta, 1);
    anthropic_event(body, "message_stop", "", 2);
}

fn anthropic_block(body: &mut String, index: usize, block: &str, deltas: impl Iterator<Item = String>) {
    anthropic_event(body, "content_block_start", &format!(r#","index":{index},"content_block":{block}"#), index);
    for (i, delta) in deltas.enumerate() {
        anthropic_event(body, "content_block_delta", &format!(r#","index":{index},"delta":{delta}"#), i);
    }
    anthropic_event(body, "content_block_stop", &format!(r#","index":{index}"#), index);
}

/// A stream of text from Anthropic.
pub(crate) fn anthropic_text() -> String {
    let mut body = String::new();
    anthropic_start(&mut body);
    let deltas = (0..DELTAS).map(|i| format!(r#"{{"type":"text_delta","text":"{}"}}"#, words(i, 1 + i % 4)));
    anthropic_block(&mut body, 0, r#"{"type":"text","text":""}"#, deltas);
    anthropic_end(&mut body, "end_turn");
    body
}

/// Thinking with a signature, and four tool calls.
pub(crate) fn anthropic_tools() -> String {
    let mut body = String::new();
    anthropic_start(&mut body);
    let thoughts = (1..DELTAS / 5).map(|i| format!(r#"{{"type":"thinking_delta","thinking":"{}"}}"#, words(i, 4)));
    let signature = format!(r#"{{"type":"signature_delta","signature":"{}"}}"#, "EqQBCgIYAhIM1gbcDa9GJwZA".repeat(20));
    let thinking = r#"{"type":"thinking","thinking":"","signature":""}"#;
    anthropic_block(&mut body, 0, thinking, thoughts.chain([signature]));
    for index in 1..5 {
        let block = format!(r#"{{"type":"tool_use","id":"toolu_01A{index}","name":"get_weather","input":{{}}}}"#);
        let json = |i: usize| if i.is_multiple_of(2) { r#"{\"city\": \"Par"# } else { r#"is\", \"days\": 3}"# };
        let deltas = (0..DELTAS / 5).map(|i| format!(r#"{{"type":"input_json_delta","partial_json":"{}"}}"#, json(i)));
        anthropic_block(&mut body, index, &block, deltas);
    }
    anthropic_end(&mut body, "tool_use");
    body
}

/// A stream of text from Google.
pub(crate) fn google_text() -> String {
    let mut body = String::new();
    for i in 1..=DELTAS {
        let finish = if i == DELTAS { r#","finishReason": "STOP""# } else { "" };
        let _ = write!(
            body,
            "data: {{\"candidates\": [{{\"content\": {{\"parts\": [{{\"text\": \"{}\"}}],\"role\": \"model\"}}{finish},\"index\": 0}}],\"usageMetadata\": {{\"promptTokenCount\": 11,\"candidatesTokenCount\": {i},\"totalTokenCount\": {},\"promptTokensDetails\": [{{\"modality\": \"TEXT\",\"tokenCount\": 11}}],\"thoughtsTokenCount\": 713,\"serviceTier\": \"standard\"}},\"modelVersion\": \"gemini-3.8-flash\",\"responseId\": \"iCUhao2zJ-LHjuMP1vvH2Qk\"}}\r\n\r\n",
            words(i, 8),
            724 + i,
        );
    }
    body
}

/// A stream of text from OpenAI, asked for usage.
pub(crate) fn openai_text() -> String {
    let mut body = String::new();
    let head = r#"data: {"id":"chatcmpl-8wqYgcoi7v0PAruU2NbMFbNj9yilc","object":"chat.completion.chunk","created":1764000000,"model":"gpt-5-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":["#;
    for i in 0..DELTAS {
        let text = words(i, 1 + i % 2);
        let _ = write!(
            body,
            "{head}{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"logprobs\":null,\"finish_reason\":null}}],\"usage\":null,\"obfuscation\":\"{}\"}}\n\n",
            &"aB3dE5gH7jK9mN"[..i % 14],
        );
    }
    let _ = write!(
        body,
        "{head}],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":1000,\"total_tokens\":1009}}}}\n\ndata: [DONE]\n\n"
    );
    body
}

/// A chat request: small, with a long history of tool calls, or with a large picture.
pub(crate) fn request(model: &str, size: &str) -> String {
    let mut messages = String::from(r#"{"role":"system","content":"You are brief."}"#);
    match size {
        "8 MB image" => {
            let data = "QUJD".repeat(2 << 20);
            let _ = write!(
                messages,
                ",{{\"role\":\"user\",\"content\":[{{\"type\":\"text\",\"text\":\"What is this?\"}},{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"data:image/png;base64,{data}\"}}}}]}}"
            );
        }
        "1 MB of history" => {
            for i in 0..500 {
                let text = words(i, 120);
                let _ = write!(
                    messages,
                    r#",{{"role":"user","content":"{text}"}},{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_{i}","type":"function","function":{{"name":"get_weather","arguments":"{{\"city\": \"Paris\", \"days\": {i}}}"}}}}]}},{{"role":"tool","tool_call_id":"call_{i}","content":"{text}"}},{{"role":"assistant","content":"{text}"}}"#
                );
            }
            messages.push_str(r#",{"role":"user","content":"And now?"}"#);
        }
        _ => messages.push_str(r#",{"role":"user","content":"Hello, who are you?"}"#),
    }
    format!(
        r#"{{"model":"{model}","stream":true,"stream_options":{{"include_usage":true}},"tools":[{{"type":"function","function":{{"name":"get_weather","parameters":{{"type":"object","properties":{{"city":{{"type":"string"}},"days":{{"type":"integer"}}}}}}}}}}],"messages":[{messages}]}}"#
    )
}

/// A whole answer of Anthropic: 8 KB of text and a call.
pub(crate) fn anthropic_answer() -> String {
    format!(
        r#"{{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-opus-5-5","content":[{{"type":"text","text":"{}"}},{{"type":"tool_use","id":"toolu_01A","name":"get_weather","input":{{"city": "Paris", "days": 3}}}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{{"input_tokens":25,"cache_read_input_tokens":0,"output_tokens":2503}}}}"#,
        words(1, 1600)
    )
}

/// A whole answer of Google: 8 KB of text.
pub(crate) fn google_answer() -> String {
    format!(
        r#"{{"candidates": [{{"content": {{"parts": [{{"text": "{}"}}],"role": "model"}},"finishReason": "STOP","index": 0}}],"usageMetadata": {{"promptTokenCount": 11,"candidatesTokenCount": 2500,"totalTokenCount": 2511}},"modelVersion": "gemini-3.8-flash","responseId": "iCUhao2zJ-LHjuMP1vvH2Qk"}}"#,
        words(1, 1600)
    )
}
