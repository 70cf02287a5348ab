//! What a simulated model answers.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::chat::{ChatAnswer, ChatRequest, Choice, FILLER, Finish, Form, REFUSAL, Said, Think, Tool, ToolCall};
use crate::directives::{Directives, ThinkingStyle};
use crate::sample::sample;
use crate::text;

const THINKING: &str = "Let me think about that.";
/// How many stop texts are looked for: more than any provider takes.
const MAX_STOPS: usize = 64;

/// The answer that the text asks for.
///
/// # Errors
/// For a directive that does not exist or has a wrong value: which one, and why.
pub(super) fn answer(chat: &ChatRequest) -> Result<(Directives, ChatAnswer), String> {
    let (directives, user_text, calls) = decide(chat)?;
    let (mut text, ended) = match calls.as_slice() {
        [] => limited(chat, &full_text(chat, &directives, &user_text)),
        _ => (String::new(), Finish::Calls),
    };
    let think = if directives.think.is_some() { Think::Shown } else { chat.think };
    let thinking = match think {
        Think::No => None,
        Think::Hidden => Some(String::new()),
        Think::Shown if directives.steps > 0 => Some(format!("{THINKING} This is step {}.", chat.rounds + 1)),
        Think::Shown => Some(THINKING.to_owned()),
    };
    let finish = match &directives.finish {
        Some(word) => Finish::parse(word),
        None if directives.refuse => Finish::Refusal,
        None => ended,
    };
    if (directives.bad_utf8 || directives.line_mib.is_some()) && !text.is_empty() {
        text.push(' ');
        text.push_str(FILLER);
    }
    let answer = ChatAnswer {
        thinking_tokens: if think == Think::No { 0 } else { text::words(THINKING) },
        answer_tokens: tokens(&text, &calls),
        prompt_tokens: chat.prompt_words.max(1),
        pieces: match directives.chunks {
            Some(count) if !text.is_empty() => text::even_pieces(&text, count),
            _ => text::word_pieces(&text),
        },
        thinking,
        thinking_style: directives.think.unwrap_or_default(),
        calls,
        finish,
        search: directives.search,
        pauses: directives.pauses,
        continues: directives.continues,
        unknown: directives.unknown,
        user_text,
    };
    Ok((directives, answer))
}

/// The answer with a scripted text and scripted calls. The directives of the user's text do not count.
pub(super) fn scripted(chat: &ChatRequest, said: &Said) -> ChatAnswer {
    let thinking = match chat.think {
        Think::No => None,
        Think::Hidden => Some(String::new()),
        Think::Shown => Some(THINKING.to_owned()),
    };
    let ended = if said.calls.is_empty() { Finish::Stop } else { Finish::Calls };
    ChatAnswer {
        thinking_tokens: if thinking.is_some() { text::words(THINKING) } else { 0 },
        thinking,
        thinking_style: ThinkingStyle::default(),
        answer_tokens: tokens(&said.text, &said.calls),
        prompt_tokens: chat.prompt_words.max(1),
        pieces: text::word_pieces(&said.text),
        calls: said.calls.clone(),
        finish: said.finish.as_deref().map_or(ended, Finish::parse),
        search: false,
        pauses: 0,
        continues: 0,
        unknown: false,
        user_text: chat.user_text.clone(),
    }
}

fn tokens(text: &str, calls: &[ToolCall]) -> u64 {
    let call_words = |call: &ToolCall| 1 + text::words(&call.arguments.to_string());
    text::words(text) + calls.iter().map(call_words).sum::<u64>()
}

/// The directives that count, the user's text without them, and the tools to call now.
fn decide(chat: &ChatRequest) -> Result<(Directives, String, Vec<ToolCall>), String> {
    let (directives, user_text) = Directives::parse(&chat.user_text)?;
    if directives.steps > 0 {
        let calls =
            if chat.rounds < directives.steps && !directives.refuse { calls(chat, &user_text) } else { Vec::new() };
        let calls = calls.into_iter().map(|call| numbered(call, chat.rounds + 1)).collect();
        return Ok((directives, user_text, calls));
    }
    if chat.results.is_empty() {
        let calls = if directives.refuse { Vec::new() } else { calls(chat, &user_text) };
        return Ok((directives, user_text, calls));
    }
    let results = chat.results.iter().map(|(_, content)| content.as_str()).collect::<Vec<_>>().join("\n");
    let (directives, user_text) = Directives::parse(&results)?;
    Ok((directives, user_text, Vec::new()))
}

/// The call of one step: the number goes into its first text, so that two steps are never alike.
fn numbered(mut call: ToolCall, step: usize) -> ToolCall {
    let texts = call.arguments.as_object_mut().into_iter().flat_map(|map| map.values_mut());
    if let Some(Value::String(text)) = texts.into_iter().find(|value| *value == SAMPLE) {
        text.push_str(&format!(" {step}"));
    }
    call
}

/// What strings in a sample say.
const SAMPLE: &str = "text";

fn full_text(chat: &ChatRequest, directives: &Directives, user_text: &str) -> String {
    if directives.refuse {
        return REFUSAL.to_owned();
    }
    match &chat.form {
        Form::Schema(schema) => return sample(schema).to_string(),
        Form::Json => return json!({ "you_said": user_text }).to_string(),
        Form::Text => {}
    }
    let results = if directives.steps > 0 { &chat.turn_results } else { &chat.results };
    if results.is_empty() {
        return format!("Hello from {}: you said \"{user_text}\"", chat.model);
    }
    let quote = |(name, content): &(String, String)| {
        // With steps the directives in results do not count, so an invalid one is text.
        let text = Directives::parse(content).map_or_else(|_| content.clone(), |(_, text)| text);
        format!("{name} returned: {text}")
    };
    results.iter().map(quote).collect::<Vec<_>>().join("\n")
}

/// The text up to the limit or the first stop text.
fn limited(chat: &ChatRequest, text: &str) -> (String, Finish) {
    let stop = chat
        .stops
        .iter()
        .filter(|stop| !stop.is_empty())
        .take(MAX_STOPS)
        .filter_map(|stop| Some((text.find(stop)?, stop)))
        .min();
    let (text, mut finish) = match stop {
        Some((at, stop)) => (text.get(..at).unwrap_or_default(), Finish::StopText(stop.clone())),
        None => (text, Finish::Stop),
    };
    let Some(limit) = chat.limit.filter(|limit| *limit < text::words(text)) else { return (text.to_owned(), finish) };
    finish = Finish::Length;
    let words = text::word_pieces(text).into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
    (words.collect::<String>().trim_end().to_owned(), finish)
}

/// Tools that the text names behind the word `call`, or the one that the choice forces.
fn calls(chat: &ChatRequest, user_text: &str) -> Vec<ToolCall> {
    let allowed: Vec<&Tool> = match &chat.choice {
        Choice::Never => Vec::new(),
        Choice::Must(names) | Choice::Only(names) if !names.is_empty() => {
            let names: HashSet<&str> = names.iter().map(String::as_str).collect();
            chat.tools.iter().filter(|tool| names.contains(tool.name.as_str())).collect()
        }
        _ => chat.tools.iter().collect(),
    };
    let mut called = named_tools(user_text, &allowed);
    if called.is_empty() && matches!(chat.choice, Choice::Must(_)) {
        called.extend(allowed.first());
    }
    let most = if chat.one_call { 1 } else { usize::MAX };
    let call = |tool: &Tool| ToolCall { name: tool.name.clone(), arguments: sample(&tool.schema) };
    called.into_iter().take(most).map(call).collect()
}

/// Tools whose names stand behind `call`, or behind an `and` after one of them.
fn named_tools<'a>(user_text: &str, tools: &[&'a Tool]) -> Vec<&'a Tool> {
    let mut by_name: HashMap<&str, &Tool> = HashMap::new();
    for tool in tools {
        by_name.entry(&tool.name).or_insert(tool);
    }
    let mut found = Vec::new();
    let mut calling = false;
    for word in user_text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()) {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        match by_name.get(word).or_else(|| by_name.get(bare)) {
            Some(tool) if calling => found.push(*tool),
            _ => calling = bare.eq_ignore_ascii_case("call") || (calling && bare.eq_ignore_ascii_case("and")),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(user_text: &str) -> ChatRequest {
        let tool = |name: &str| Tool {
            name: name.into(),
            schema: json!({"type":"object","properties":{"q":{"type":"string"}}}),
        };
        ChatRequest {
            model: "m".into(),
            user_text: user_text.into(),
            tools: vec![tool("a"), tool("b")],
            count: 1,
            ..ChatRequest::default()
        }
    }

    fn answered(chat: &ChatRequest) -> ChatAnswer {
        answer(chat).unwrap().1
    }

    fn call_names(chat: &ChatRequest) -> Vec<String> {
        answered(chat).calls.into_iter().map(|call| call.name).collect()
    }

    #[test]
    fn the_text_comes_back() {
        let got = answered(&chat("안녕 👋🏽 {{think}}"));
        assert_eq!(got.text(), "Hello from m: you said \"안녕 👋🏽\"");
        assert_eq!((got.finish, got.answer_tokens, got.thinking_tokens), (Finish::Stop, 7, 5));
    }

    #[test]
    fn tools_are_called_by_name_or_by_force() {
        assert_eq!(call_names(&chat("please call a.")), ["a"]);
        assert_eq!(call_names(&chat("Call a and b, then stop")), ["a", "b"]);
        assert_eq!(call_names(&chat("recall a; b")), [""; 0]);
        assert_eq!(call_names(&ChatRequest { choice: Choice::Must(vec![]), ..chat("x") }), ["a"]);
        assert_eq!(call_names(&ChatRequest { choice: Choice::Must(vec!["b".into()]), ..chat("call a") }), ["b"]);
        assert_eq!(call_names(&ChatRequest { choice: Choice::Never, ..chat("call a") }), [""; 0]);
        assert_eq!(call_names(&ChatRequest { one_call: true, ..chat("call b and a") }), ["b"]);
    }

    #[test]
    fn results_are_quoted() {
        let got =
            answered(&ChatRequest { results: vec![("a".into(), "17 {{finish=length}}".into())], ..chat("call a") });
        assert_eq!((got.text().as_str(), got.finish), ("a returned: 17", Finish::Length));
    }

    #[test]
    fn limits_and_stop_texts_shorten_the_text() {
        let got = answered(&ChatRequest { limit: Some(3), ..chat("one two") });
        assert_eq!((got.text().as_str(), got.finish), ("Hello from m:", Finish::Length));
        let got = answered(&ChatRequest { stops: vec!["two".into()], ..chat("one two") });
        assert_eq!(
            (got.text().as_str(), got.finish),
            ("Hello from m: you said \"one ", Finish::StopText("two".into()))
        );
        assert_eq!(answered(&chat("x {{chunks=20}}")).pieces.len(), 20);
    }
    #[test]
    fn an_unknown_directive_is_an_error_where_directives_count() {
        let with = |user: &str, result: &str| ChatRequest {
            results: vec![("a".into(), result.into())],
            turn_results: vec![("a".into(), result.into())],
            rounds: 1,
            ..chat(user)
        };
        assert!(answer(&chat("x {{nonsense}}")).unwrap_err().contains("{{nonsense}}"));
        assert!(answer(&with("call a", "x {{nonsense}}")).unwrap_err().contains("{{nonsense}}"));
        let stepped = answered(&with("call a {{steps=1}}", "x {{nonsense}}"));
        assert_eq!(stepped.text(), "a returned: x {{nonsense}}");
        assert_eq!(answered(&with("call a", "{{literal}}x {{nonsense}}")).text(), "a returned: x {{nonsense}}");
    }
}
