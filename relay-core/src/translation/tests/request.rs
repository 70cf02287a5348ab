//! The other direction: recorded OpenAI requests, translated, beside what providers are known to take.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Value, json};

use super::support::corpus::{accepted, lines};
use super::{Format, with_call};
use crate::error::RelayError;
use crate::translation::{TranslationOptions, anthropic, google};

/// Members whose insides are the caller's own.
const OPAQUE: &[&str] = &[
    "input",
    "args",
    "response",
    "input_schema",
    "schema",
    "parameters",
    "parametersJsonSchema",
    "responseJsonSchema",
];

fn translated(format: &Format, request: &Value, model: &str) -> Result<Value, RelayError> {
    let body = Bytes::from(request.to_string());
    let made = with_call(&body, Some(model), TranslationOptions::default(), |call| format.dialect.chat(call))?;
    Ok(serde_json::from_slice(&made.wire.body).unwrap())
}

/// Every key path of a body; items of lists are `[]`.
fn paths(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| paths(item, &format!("{at}[]"), found)),
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{at}.{name}");
                if !OPAQUE.contains(&name.as_str()) {
                    paths(value, &path, found);
                }
                found.insert(path);
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_path_that_is_sent_is_known_to_be_taken() {
    let sides: [(_, &[&str], &[&str]); 2] = [
        (
            &anthropic::tests::golden::FORMAT,
            &["anthropic-messages.jsonl", "anthropic-messages-stream.jsonl"],
            &["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-5-5"],
        ),
        (
            &google::tests::golden::FORMAT,
            &["gemini-generate.jsonl", "gemini-generate-stream.jsonl"],
            &["gemini-2.5-flash", "gemini-3.1-pro-preview", "gemini-3.8-flash"],
        ),
    ];
    let Some(asked) = accepted("openai-chat.jsonl").zip(accepted("openai-chat-stream.jsonl")) else { return };
    let asked = [asked.0, asked.1].concat();
    let mut unknown = BTreeMap::new();
    for (format, files, models) in sides {
        let (mut known, mut sent) = (BTreeSet::new(), BTreeMap::new());
        files.iter().filter_map(|file| accepted(file)).flatten().for_each(|body| paths(&body, "", &mut known));
        let recorded = known.len();
        format.all().iter().for_each(|case| paths(&case.expected["body"], "", &mut known));
        let mut made = 0;
        for (request, model) in asked.iter().flat_map(|request| models.iter().map(move |model| (request, model))) {
            let Ok(body) = translated(format, request, model) else { continue };
            made += 1;
            let mut found = BTreeSet::new();
            paths(&body, "", &mut found);
            found.into_iter().for_each(|path| *sent.entry(path).or_insert(0) += 1);
        }
        println!(
            "{}: {made} bodies of {} requests, {} paths; {recorded} in recordings, {} with the cases",
            format.name,
            asked.len(),
            sent.len(),
            known.len()
        );
        assert!(made > asked.len(), "{}: most requests must translate", format.name);
        unknown.extend(sent.into_keys().filter(|path| !known.contains(path)).map(|path| (path, format.name)));
    }
    assert!(unknown.is_empty(), "sent, and never seen to be taken: {unknown:#?}");
}

/// What a request says, whatever its format and the library that wrote it.
#[derive(Debug, Default, PartialEq)]
struct RequestMeaning {
    system: String,
    user: String,
    /// Name, and the names of all properties.
    tools: Vec<(String, BTreeSet<String>)>,
    media: usize,
    /// Of each tool result, the name of the call that it is attached to.
    results: Vec<String>,
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The text of a content, whether a string or parts, without the spaces around each.
fn texts(content: &Value) -> String {
    content.as_str().map_or_else(
        || list(content).iter().map(|part| text(&part["text"]).trim()).collect(),
        |text| text.trim().to_owned(),
    )
}

/// Where the properties of a schema lie. References are looked up, so that it does not matter who resolved them.
fn properties(schema: &Value, root: &Value, at: &str, depth: usize, found: &mut BTreeSet<String>) {
    let target = text(&schema["$ref"]).strip_prefix('#').and_then(|pointer| root.pointer(pointer));
    if let Some(target) = target.filter(|_| depth < 8) {
        properties(target, root, at, depth + 1, found);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.insert(format!("{at}.{name}"));
        properties(inner, root, &format!("{at}.{name}"), depth + 1, found);
    }
    properties_of_items(schema, root, at, depth, found);
}

fn properties_of_items(schema: &Value, root: &Value, at: &str, depth: usize, found: &mut BTreeSet<String>) {
    if schema["items"].is_object() && depth < 8 {
        properties(&schema["items"], root, at, depth + 1, found);
    }
    for inner in list(&schema["anyOf"]) {
        properties(inner, root, at, depth + 1, found);
    }
}

fn tools(declared: impl Iterator<Item = (String, Value)>) -> Vec<(String, BTreeSet<String>)> {
    let mut tools: Vec<_> = declared
        .map(|(name, schema)| {
            let mut found = BTreeSet::new();
            properties(&schema, &schema, "", 0, &mut found);
            (name, found)
        })
        .collect();
    tools.sort();
    tools
}

impl RequestMeaning {
    fn set_up(self) -> Self {
        Self { system: self.system, tools: self.tools, ..Self::default() }
    }

    fn openai(body: &Value) -> Self {
        let messages = list(&body["messages"]);
        let of = |roles: &[&str]| -> String {
            messages
                .iter()
                .filter(|message| roles.contains(&text(&message["role"])))
                .map(|message| texts(&message["content"]))
                .collect()
        };
        let calls: Vec<&Value> = messages.iter().flat_map(|message| list(&message["tool_calls"])).collect();
        let name = |message: &Value| {
            let call = calls.iter().find(|call| call["id"] == message["tool_call_id"]);
            call.map(|call| text(&call["function"]["name"]).to_owned()).unwrap_or_default()
        };
        let is_media = |part: &&Value| ["image_url", "file", "input_audio"].contains(&text(&part["type"]));
        let declared = list(&body["tools"]).iter().map(|tool| &tool["function"]);
        Self {
            system: of(&["system", "developer"]),
            user: of(&["user"]),
            tools: tools(declared.map(|tool| (text(&tool["name"]).to_owned(), tool["parameters"].clone()))),
            media: messages.iter().flat_map(|message| list(&message["content"])).filter(is_media).count(),
            results: messages.iter().filter(|message| message["role"] == "tool").map(name).collect(),
        }
    }

    fn anthropic(body: &Value) -> Self {
        let turns = list(&body["messages"]);
        let blocks: Vec<&Value> = turns.iter().flat_map(|turn| list(&turn["content"])).collect();
        let name = |block: &Value| {
            let call = blocks.iter().find(|call| call["type"] == "tool_use" && call["id"] == block["tool_use_id"]);
            call.map(|call| text(&call["name"]).to_owned()).unwrap_or_default()
        };
        let declared = list(&body["tools"]).iter().filter(|tool| tool["input_schema"].is_object());
        Self {
            system: texts(&body["system"]),
            user: turns.iter().filter(|turn| turn["role"] == "user").map(|turn| texts(&turn["content"])).collect(),
            tools: tools(declared.map(|tool| (text(&tool["name"]).to_owned(), tool["input_schema"].clone()))),
            media: blocks.iter().filter(|block| ["image", "document"].contains(&text(&block["type"]))).count(),
            results: blocks.iter().filter(|block| block["type"] == "tool_result").map(|block| name(block)).collect(),
        }
    }

    fn google(body: &Value) -> Self {
        let contents = list(&body["contents"]);
        let parts: Vec<&Value> = contents.iter().flat_map(|content| list(&content["parts"])).collect();
        let users = contents.iter().filter(|content| content["role"] != "model");
        let declared = list(&body["tools"]).iter().flat_map(|tool| list(&tool["functionDeclarations"]));
        let schema = |tool: &Value| {
            let names = ["parametersJsonSchema", "parameters_json_schema", "parameters"];
            names.iter().map(|name| tool[*name].clone()).find(Value::is_object).unwrap_or_default()
        };
        Self {
            system: texts(&body["systemInstruction"]["parts"]),
            user: users.map(|content| texts(&content["parts"])).collect(),
            tools: tools(declared.map(|tool| (text(&tool["name"]).to_owned(), schema(tool)))),
            media: parts.iter().filter(|part| !part["inlineData"].is_null() || !part["fileData"].is_null()).count(),
            results: parts
                .iter()
                .filter_map(|part| part["functionResponse"]["name"].as_str().map(str::to_owned))
                .collect(),
        }
    }
}

/// Refusals of recorded OpenAI requests, and the row of the spec that asks for each: (provider, `param` ends in, row).
const REFUSED: &[(&str, &str, &str)] = &[
    ("anthropic", "file_id", "anthropic.md 1.4: files of OpenAI's are unknown to Anthropic"),
    ("anthropic", "type", "anthropic.md 1.4: no audio"),
    ("google", "file_id", "gemini.md 1.5: files of OpenAI's are unknown to Google"),
];

#[test]
fn recorded_pairs_say_the_same_to_every_provider() {
    type Reader = fn(&Value) -> RequestMeaning;
    let sides: [(&Format, &str, &str, Reader); 2] = [
        (&anthropic::tests::golden::FORMAT, "anthropic", "claude-haiku-4-5", RequestMeaning::anthropic),
        (&google::tests::golden::FORMAT, "gemini", "gemini-2.5-flash", RequestMeaning::google),
    ];
    let Some(lines) = lines("pairs/pairs.jsonl") else { return };
    let (mut wrong, mut unused) = (Vec::new(), REFUSED.to_vec());
    for (format, member, model, read) in sides {
        let (mut own, mut theirs, mut refused) = (0, 0, 0);
        for pair in lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let asked = &pair["openai"]["request"];
            // The Responses API has no messages.
            if !asked["messages"].is_array() {
                continue;
            }
            let made = match translated(format, asked, model) {
                Ok(body) => read(&body),
                Err(error) => {
                    let param = error.param().unwrap_or_default();
                    let is_listed = REFUSED.iter().any(|(name, end, _)| *name == format.name && param.ends_with(end));
                    unused.retain(|(name, end, _)| *name != format.name || !param.ends_with(end));
                    refused += 1;
                    if !is_listed {
                        wrong.push(format!("{} {}: {error:?}", format.name, pair["key"]));
                    }
                    continue;
                }
            };
            own += 1;
            compare(
                &mut wrong,
                &format!("{} {}: own", format.name, pair["key"]),
                &RequestMeaning::openai(asked),
                &made,
            );
            if pair[member]["request"].is_object() {
                theirs += 1;
                let (mut want, mut got) = (read(&pair[member]["request"]), made);
                if !want.results.is_empty() || !got.results.is_empty() {
                    // After a call the two models' turns differ; what was set up before is the same.
                    (want, got) = (want.set_up(), got.set_up());
                }
                compare(&mut wrong, &format!("{} {}: library", format.name, pair["key"]), &want, &got);
            }
        }
        println!(
            "pairs: {}: {own} say what OpenAI's request says, {theirs} what the provider's own client says, {refused} refused",
            format.name
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unused, [], "no row is refused so");
}

fn compare(wrong: &mut Vec<String>, what: &str, want: &RequestMeaning, got: &RequestMeaning) {
    if want == got {
        return;
    }
    let shown = |meaning: &RequestMeaning| format!("{:.600}", format!("{meaning:?}"));
    wrong.push(format!("{what}\n  want {}\n  got  {}", shown(want), shown(got)));
}

#[test]
fn a_pair_that_says_something_else_is_noticed() {
    let asked = json!({"messages": [{"role": "user", "content": "a"}]});
    assert_ne!(
        RequestMeaning::openai(&asked),
        RequestMeaning::anthropic(&json!({"messages": [{"role": "user", "content": "b"}]}))
    );
}
