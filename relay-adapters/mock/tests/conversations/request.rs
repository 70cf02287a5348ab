//! Random requests: a conversation, functions, and the other members.

use relay_core::Provider;
use relay_core::domain::provider::Format;
use serde_json::{Value, json};

use super::expected::Conversation;
use super::messages::{Messages, Taken};
use super::schemas::Schemas;
use super::tape::Tape;

/// Models with what differs among them: whether a call can be forced, whether a conversation may end with the assistant, whether
/// there are functions at all.
const CLAUDE: &[(&str, bool, bool, bool)] = &[
    ("claude-opus-5", true, false, true),
    ("claude-haiku-4-5", true, true, true),
    ("claude-opus-5-5", false, false, true),
    ("claude-sonnet-4-6", true, false, true),
    ("claude-haiku-5-5", true, false, true),
    ("claude-sonnet-5-5", false, false, true),
    ("claude-fable-5-2", false, false, true),
    ("claude-sonnet-5", true, false, true),
    ("claude-opus-4-8", true, false, true),
    ("claude-opus-4-7", true, false, true),
    ("claude-opus-4-5", true, true, true),
    ("claude-sonnet-4-5-20250929", true, true, true),
];
const GEMINI: &[(&str, bool, bool, bool)] = &[
    ("gemini-3.8-flash", true, false, true),
    ("gemini-2.5-flash", true, true, true),
    ("gemini-4-argon", true, false, true),
    ("gemini-3-flash-preview", true, true, true),
    ("gemma-3-27b-it", false, true, false),
    ("gemini-2.5-pro", true, true, true),
    ("gemini-2.5-flash-lite", true, true, true),
    ("gemini-3.1-pro-preview", true, true, true),
    ("gemini-3.5-flash-lite", true, false, true),
    ("gemini-4-hydrogen", true, false, true),
    ("gemini-flash-latest", true, false, true),
    ("gemini-3-pro-image-preview", true, true, true),
];
const GPT: &[(&str, bool, bool, bool)] = &[("gpt-5.4-mini", true, true, true), ("gpt-4o", true, true, true)];

/// A random conversation for a provider.
pub(super) fn conversation(provider: Provider, tape: &Tape, answers: &[Value]) -> Conversation {
    let mut out = Conversation::default();
    let all = match provider.format() {
        Format::OpenAi => GPT,
        Format::Anthropic => CLAUDE,
        _ => GEMINI,
    };
    let (model, forced, prefill, calls) = tape.pick(all);
    let mut body = json!({ "model": model });
    let functions = if calls { functions(tape, &mut out, &mut body) } else { Vec::new() };
    let formatted = calls && format(tape, &mut out, &mut body, &functions, model);
    if !functions.is_empty() {
        choice(tape, &mut body, &functions, forced && !formatted);
    }
    members(tape, &mut body);
    let openai = provider.format() == Format::OpenAi;
    let taken = Taken {
        audio: provider.format() != Format::Anthropic,
        gif: provider.format() != Format::Google,
        calls,
        prefill: prefill && !formatted,
        openai,
    };
    let markers = body["tools"].to_string().matches("cache_control").count();
    let mut messages =
        Messages { tape, out: &mut out, taken, answers, functions: &functions, list: Vec::new(), markers };
    messages.talk();
    body["messages"] = json!(messages.list);
    out.body = body;
    out
}

/// Functions, strict and not, with odd names.
fn functions(tape: &Tape, out: &mut Conversation, body: &mut Value) -> Vec<String> {
    const NAMES: &[&str] = &["f", "1tool", "_1tool", "-x", "get_weather", "web_search"];
    let count = if tape.one_in(12) { 22 } else { tape.below(4) };
    let mut names: Vec<String> = Vec::new();
    let mut tools = Vec::new();
    for at in 0..count {
        let name = match tape.below(3) {
            0 => format!("f{at}"),
            1 => tape.pick(NAMES).to_owned(),
            _ => format!("{at}{}", "n".repeat(62)),
        };
        if names.contains(&name) {
            continue;
        }
        let strict = tape.one_in(3) || count > 20;
        let mut function = json!({ "name": name });
        if tape.one_in(2) {
            let text = format!("d{}.", tape.mark());
            out.expect(text.clone(), "tools");
            function["description"] = json!(text);
        }
        if strict || !tape.one_in(8) {
            function["parameters"] = Schemas::new(tape, out, "tools", strict).root();
        }
        if strict {
            function["strict"] = json!(true);
        }
        let mut tool = json!({"type": "function", "function": function});
        if tape.one_in(12) && at == 0 {
            tool["cache_control"] = json!({"type": "ephemeral"});
        }
        tools.push(tool);
        names.push(name);
    }
    if !tools.is_empty() {
        body["tools"] = json!(tools);
    }
    names
}

/// The form of the answer, where the model takes one beside functions.
fn format(tape: &Tape, out: &mut Conversation, body: &mut Value, functions: &[String], model: &str) -> bool {
    if model.starts_with("gemini-2") && !functions.is_empty() {
        return false;
    }
    match tape.below(6) {
        1 => body["response_format"] = json!({"type": "text"}),
        2 => {
            let schema = Schemas::new(tape, out, "response_format", true).root();
            body["response_format"] =
                json!({"type": "json_schema", "json_schema": {"name": "out", "strict": true, "schema": schema}});
            return true;
        }
        _ => {}
    }
    false
}

fn choice(tape: &Tape, body: &mut Value, functions: &[String], forced: bool) {
    match tape.below(8) {
        1 => body["tool_choice"] = json!("auto"),
        2 => body["tool_choice"] = json!("none"),
        3 if forced => body["tool_choice"] = json!("required"),
        4 if forced => {
            let name = tape.pick(&functions.iter().collect::<Vec<_>>());
            body["tool_choice"] = json!({"type": "function", "function": {"name": name}});
        }
        5 => body["parallel_tool_calls"] = json!(false),
        6 => {
            // All of them: Claude gets only those that are allowed.
            let mode = if forced { tape.pick(&["auto", "required"]) } else { "auto" };
            let one = |name: &String| json!({"type": "function", "function": {"name": name}});
            let tools: Vec<Value> = functions.iter().map(one).collect();
            body["tool_choice"] = json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}});
        }
        _ => {}
    }
}

/// Members that only tune the answer.
fn members(tape: &Tape, body: &mut Value) {
    for _ in 0..tape.below(4) {
        match tape.below(16) {
            10 => body["service_tier"] = json!(tape.pick(&["auto", "default"])),
            11 => body["prediction"] = json!({"type": "content", "content": "x"}),
            12 => body["metadata"] = json!({"a": "b"}),
            13 => body["store"] = json!(true),
            14 => body["frequency_penalty"] = json!(0.5),
            15 => body["logit_bias"] = json!({}),
            0 => body["max_tokens"] = json!(tape.pick(&[1000_u64, 1, 16, 4096, 65_537, 200_000])),
            1 => body["max_completion_tokens"] = json!(tape.pick(&[1000_u64, 1, 128_001])),
            2 => body["temperature"] = json!(tape.pick(&[1.0, 0.0, 0.5, 2.0])),
            3 => body["top_p"] = json!(tape.pick(&[1.0, 0.5])),
            4 => body["reasoning_effort"] = json!(tape.pick(&["low", "none", "minimal", "medium", "high", "xhigh"])),
            5 => body["stop"] = json!(["END", "\n\nX"]),
            6 => body["user"] = json!(tape.pick(&["ana", "ana@example.com", "+49 30 123456"])),
            7 => body["stream"] = json!(true),
            8 => body["seed"] = json!(tape.pick(&[7_i64, -9_000_000_000])),
            _ => body["verbosity"] = json!("low"),
        }
    }
}
