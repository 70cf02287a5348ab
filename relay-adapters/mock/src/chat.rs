//! What the mock says: an [`Ask`] read from a request of any provider, and the [`Turn`] that answers it.

use serde_json::{Value, json};

use crate::directives::{Manner, Steer};
use crate::text;

/// A tool that was declared.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) schema: Value,
}

/// Which tools may or must be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    #[default]
    Auto,
    /// None may.
    Never,
    /// One must; of these, if any are named.
    Must(Vec<String>),
    /// Only these may.
    Only(Vec<String>),
}

/// What form the text must have.
#[derive(Clone, Debug, Default)]
pub(super) enum Form {
    #[default]
    Text,
    Json,
    Schema(Value),
}

/// Whether there is thinking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Think {
    #[default]
    No,
    /// With a signature but without its text.
    Hidden,
    Shown,
}

/// A chat request, as far as an answer depends on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ask {
    pub(super) model: String,
    /// The last user text, with its directives.
    pub(super) said: String,
    /// Tool name and content of the results that the conversation ends with.
    pub(super) results: Vec<(String, String)>,
    /// The same of all results since the user spoke last.
    pub(super) turn_results: Vec<(String, String)>,
    /// How often tools were called since the user spoke last.
    pub(super) rounds: usize,
    /// Words of all text in the request.
    pub(super) prompt_words: u64,
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
    pub(super) one_call: bool,
    /// The most words of the answer.
    pub(super) limit: Option<u64>,
    pub(super) stops: Vec<String>,
    pub(super) form: Form,
    pub(super) think: Think,
    pub(super) stream: bool,
    /// Answers wanted.
    pub(super) count: usize,
    /// OpenAI's `stream_options.include_usage`.
    pub(super) include_usage: bool,
    /// Google's stream without `alt=sse`: one JSON array.
    pub(super) json_array: bool,
    /// OpenAI's deprecated `functions`.
    pub(super) legacy: bool,
    /// Made from the request's bytes: ids depend on it.
    pub(super) seed: u64,
    /// Anthropic: what an answer has to be bound to.
    pub(super) bound: Bound,
    /// Google: which continuation this is, and the digest of what has to be sent again.
    pub(super) hop: usize,
    pub(super) digest: u64,
}

/// What the mock's Claude puts into signatures, so that it knows later whether they came back where they belong.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    /// Digest of everything before the assistant's turn.
    pub(super) prefix: u64,
    /// Blocks that the turn has already, when it goes on after a pause.
    pub(super) blocks: usize,
    /// Pauses so far.
    pub(super) pauses: usize,
    /// Whether it may search the web.
    pub(super) searches: bool,
    /// Digest of the tools.
    pub(super) tools: u64,
}

/// A call that the answer makes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolCall {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// Why the answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    /// At this stop text.
    StopText(String),
    Length,
    Calls,
    /// A filter stopped it.
    Filter,
    /// The model declined.
    Refusal,
    /// A word of the provider's own.
    Other(String),
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// Text of the thinking, empty if hidden.
    pub(super) thinking: Option<String>,
    pub(super) manner: Manner,
    /// The text in the pieces in which it is streamed.
    pub(super) pieces: Vec<String>,
    pub(super) calls: Vec<ToolCall>,
    pub(super) finish: Finish,
    pub(super) prompt_tokens: u64,
    pub(super) thinking_tokens: u64,
    /// Of text and calls, without thinking.
    pub(super) answer_tokens: u64,
    pub(super) search: bool,
    pub(super) pauses: usize,
    pub(super) continues: usize,
    pub(super) unknown: bool,
    /// What the user said, without directives.
    pub(super) said: String,
}

impl Turn {
    pub(super) fn text(&self) -> String {
        self.pieces.concat()
    }
}

const THINKING: &str = "Let me think about that.";
/// What a model says when it declines.
pub(super) const REFUSAL: &str = "I can't help with that.";

/// A text that [`crate::faults`] replaces by the bytes that were asked for.
pub(super) const FILLER: &str = "@@filler@@";

/// Answers.
pub(super) fn answer(ask: &Ask) -> (Steer, Turn) {
    let (steer, said, calls) = decide(ask);
    let (mut text, ended) = match calls.as_slice() {
        [] => limited(ask, &full_text(ask, &steer, &said)),
        _ => (String::new(), Finish::Calls),
    };
    let think = if steer.think.is_some() { Think::Shown } else { ask.think };
    let thinking = match think {
        Think::No => None,
        Think::Hidden => Some(String::new()),
        Think::Shown if steer.steps > 0 => Some(format!("{THINKING} This is step {}.", ask.rounds + 1)),
        Think::Shown => Some(THINKING.to_owned()),
    };
    let finish = match steer.finish.as_deref() {
        Some("length") => Finish::Length,
        Some("filter") => Finish::Filter,
        Some("stop") => Finish::Stop,
        Some(other) => Finish::Other(other.to_owned()),
        None if steer.refuse => Finish::Refusal,
        None => ended,
    };
    if (steer.bad_utf8 || steer.line_mib.is_some()) && !text.is_empty() {
        text.push(' ');
        text.push_str(FILLER);
    }
    let call_words = |call: &ToolCall| 1 + text::words(&call.arguments.to_string());
    let turn = Turn {
        thinking_tokens: if think == Think::No { 0 } else { text::words(THINKING) },
        answer_tokens: text::words(&text) + calls.iter().map(call_words).sum::<u64>(),
        prompt_tokens: ask.prompt_words.max(1),
        pieces: match steer.chunks {
            Some(count) if !text.is_empty() => text::even_pieces(&text, count),
            _ => text::word_pieces(&text),
        },
        thinking,
        manner: steer.think.unwrap_or_default(),
        calls,
        finish,
        search: steer.search,
        pauses: steer.pauses,
        continues: steer.continues,
        unknown: steer.unknown,
        said,
    };
    (steer, turn)
}

/// What steers the answer, what was said, and which tools are called now.
fn decide(ask: &Ask) -> (Steer, String, Vec<ToolCall>) {
    let (steer, said) = Steer::read(&ask.said);
    if steer.steps > 0 {
        let calls = if ask.rounds < steer.steps && !steer.refuse { calls(ask, &said) } else { Vec::new() };
        let calls = calls.into_iter().map(|call| numbered(call, ask.rounds + 1)).collect();
        return (steer, said, calls);
    }
    if ask.results.is_empty() {
        let calls = if steer.refuse { Vec::new() } else { calls(ask, &said) };
        return (steer, said, calls);
    }
    let results = ask.results.iter().map(|(_, content)| content.as_str()).collect::<Vec<_>>().join("\n");
    let (steer, said) = Steer::read(&results);
    (steer, said, Vec::new())
}

/// The call of one step: its first text says which, so that two steps are never alike.
fn numbered(mut call: ToolCall, step: usize) -> ToolCall {
    let texts = call.arguments.as_object_mut().into_iter().flat_map(|map| map.values_mut());
    if let Some(Value::String(text)) = texts.into_iter().find(|value| *value == SAMPLE) {
        text.push_str(&format!(" {step}"));
    }
    call
}

/// What strings in a sample say.
const SAMPLE: &str = "text";

fn full_text(ask: &Ask, steer: &Steer, said: &str) -> String {
    if steer.refuse {
        return REFUSAL.to_owned();
    }
    match &ask.form {
        Form::Schema(schema) => return text::sample(schema).to_string(),
        Form::Json => return json!({ "you_said": said }).to_string(),
        Form::Text => {}
    }
    let results = if steer.steps > 0 { &ask.turn_results } else { &ask.results };
    if results.is_empty() {
        return format!("Hello from {}: you said \"{said}\"", ask.model);
    }
    let quote = |(name, content): &(String, String)| format!("{name} returned: {}", Steer::read(content).1);
    results.iter().map(quote).collect::<Vec<_>>().join("\n")
}

/// The text up to the limit or the first stop text.
fn limited(ask: &Ask, text: &str) -> (String, Finish) {
    let stop = ask.stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| Some((text.find(stop)?, stop))).min();
    let (text, mut finish) = match stop {
        Some((at, stop)) => (text.get(..at).unwrap_or_default(), Finish::StopText(stop.clone())),
        None => (text, Finish::Stop),
    };
    let Some(limit) = ask.limit.filter(|limit| *limit < text::words(text)) else { return (text.to_owned(), finish) };
    finish = Finish::Length;
    let kept = text::word_pieces(text).into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
    (kept.collect::<String>().trim_end().to_owned(), finish)
}

/// Tools that the text names behind the word `call`, or the one that the choice forces.
fn calls(ask: &Ask, said: &str) -> Vec<ToolCall> {
    let allowed: Vec<&Tool> = match &ask.choice {
        Choice::Never => Vec::new(),
        Choice::Must(names) | Choice::Only(names) if !names.is_empty() => {
            ask.tools.iter().filter(|tool| names.contains(&tool.name)).collect()
        }
        _ => ask.tools.iter().collect(),
    };
    let mut wanted = named(said, &allowed);
    if wanted.is_empty() && matches!(ask.choice, Choice::Must(_)) {
        wanted.extend(allowed.first());
    }
    let most = if ask.one_call { 1 } else { usize::MAX };
    let call = |tool: &Tool| ToolCall { name: tool.name.clone(), arguments: text::sample(&tool.schema) };
    wanted.into_iter().take(most).map(call).collect()
}

fn named<'a>(said: &str, tools: &[&'a Tool]) -> Vec<&'a Tool> {
    let mut found = Vec::new();
    let mut calling = false;
    for word in said.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()) {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        let tool = tools.iter().find(|tool| tool.name == word || tool.name == bare);
        match tool {
            Some(tool) if calling => found.push(*tool),
            _ => calling = bare.eq_ignore_ascii_case("call") || (calling && bare.eq_ignore_ascii_case("and")),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(said: &str) -> Ask {
        let tool = |name: &str| Tool {
            name: name.into(),
            schema: json!({"type":"object","properties":{"q":{"type":"string"}}}),
        };
        Ask { model: "m".into(), said: said.into(), tools: vec![tool("a"), tool("b")], count: 1, ..Ask::default() }
    }

    fn call_names(ask: &Ask) -> Vec<String> {
        answer(ask).1.calls.into_iter().map(|call| call.name).collect()
    }

    #[test]
    fn the_text_comes_back() {
        let turn = answer(&ask("안녕 👋🏽 {{think}}")).1;
        assert_eq!(turn.text(), "Hello from m: you said \"안녕 👋🏽\"");
        assert_eq!((turn.finish, turn.answer_tokens, turn.thinking_tokens), (Finish::Stop, 7, 5));
    }

    #[test]
    fn tools_are_called_by_name_or_by_force() {
        assert_eq!(call_names(&ask("please call a.")), ["a"]);
        assert_eq!(call_names(&ask("Call a and b, then stop")), ["a", "b"]);
        assert_eq!(call_names(&ask("recall a; b")), [""; 0]);
        assert_eq!(call_names(&Ask { choice: Choice::Must(vec![]), ..ask("x") }), ["a"]);
        assert_eq!(call_names(&Ask { choice: Choice::Must(vec!["b".into()]), ..ask("call a") }), ["b"]);
        assert_eq!(call_names(&Ask { choice: Choice::Never, ..ask("call a") }), [""; 0]);
        assert_eq!(call_names(&Ask { one_call: true, ..ask("call b and a") }), ["b"]);
    }

    #[test]
    fn results_are_quoted() {
        let turn = answer(&Ask { results: vec![("a".into(), "17 {{finish=length}}".into())], ..ask("call a") }).1;
        assert_eq!((turn.text().as_str(), turn.finish), ("a returned: 17", Finish::Length));
    }

    #[test]
    fn limits_and_stop_texts_shorten_the_text() {
        let turn = answer(&Ask { limit: Some(3), ..ask("one two") }).1;
        assert_eq!((turn.text().as_str(), turn.finish), ("Hello from m:", Finish::Length));
        let turn = answer(&Ask { stops: vec!["two".into()], ..ask("one two") }).1;
        assert_eq!(
            (turn.text().as_str(), turn.finish),
            ("Hello from m: you said \"one ", Finish::StopText("two".into()))
        );
        assert_eq!(answer(&ask("x {{chunks=20}}")).1.pieces.len(), 20);
    }
}
