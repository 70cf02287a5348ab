//! What a conversation holds, told apart from everything else in it, so that it can be found again in another format.

use serde_json::Value;

/// Something that must reach the provider, or be named as left out or changed.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its mark, or all of it: a text that occurs nowhere else. A bar separates forms of which one is enough.
    pub(super) text: String,
    /// The parameters that may name it: `messages`, `tools`; a bar separates them.
    pub(super) param: &'static str,
}

/// A call and its result.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// Marks of its arguments.
    pub(super) arguments: Vec<String>,
    /// Marks of its result.
    pub(super) result: Vec<String>,
}

/// A generated request, and what must become of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversation {
    pub(super) body: Value,
    pub(super) items: Vec<Item>,
    pub(super) exchanges: Vec<Exchange>,
}

impl Conversation {
    pub(super) fn expect(&mut self, text: impl Into<String>, param: &'static str) {
        self.items.push(Item { text: text.into(), param });
    }

    /// The request as a client sends it. U+E000 stands for half a character.
    pub(super) fn wire(&self) -> String {
        self.body.to_string().replace('\u{e000}', "\\ud83d")
    }
}

/// A provider's request. Half a character goes to OpenAI as it is.
fn read(sent: &[u8]) -> Value {
    serde_json::from_str(&String::from_utf8_lossy(sent).replace("\\ud83d", "\\ufffd")).unwrap()
}

/// All texts of a JSON value: strings, and the names of members.
fn texts<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(all) => all.iter().for_each(|one| texts(one, out)),
        Value::Object(map) => map.iter().for_each(|(name, one)| {
            out.push(name);
            texts(one, out);
        }),
        _ => {}
    }
}

/// What of the conversation is neither in a provider's request nor named.
pub(super) fn lost(conversation: &Conversation, sent: &[u8], named: &[String]) -> Vec<String> {
    let raw = String::from_utf8_lossy(sent);
    let body = read(sent);
    let mut all = Vec::new();
    texts(&body, &mut all);
    let names = |param: &str| {
        let inside =
            |name: &str| name.strip_prefix(param).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        named.iter().any(|name| inside(name))
    };
    let is_named = |params: &str| params.split('|').any(names);
    let is_sent = |text: &str| all.iter().any(|one| one.contains(text)) || raw.contains(text);
    let items = conversation.items.iter().filter(|item| !is_named(item.param) && !item.text.split('|').any(is_sent));
    items.map(|item| format!("{} ({})", item.text, item.param)).collect()
}

/// Calls and results in a provider's request: the texts of each call's arguments and of its result.
pub(super) fn exchanges(sent: &[u8]) -> Vec<(String, Option<String>)> {
    let body = read(sent);
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut found: Vec<(String, String, Option<String>)> = Vec::new();
    let answer = |found: &mut Vec<(String, String, Option<String>)>, id: &str, text: String| {
        let open = found.iter_mut().find(|(known, _, result)| known == id && result.is_none());
        if let Some((_, _, result)) = open {
            *result = Some(text);
        }
    };
    for message in list(&body, "messages") {
        for call in list(&message, "tool_calls") {
            let arguments = [call["function"]["arguments"].to_string(), call["custom"]["input"].to_string()].concat();
            found.push((text(&call["id"]), arguments, None));
        }
        if message["role"] == "tool" {
            answer(&mut found, &text(&message["tool_call_id"]), message["content"].to_string());
        }
        for block in list(&message, "content") {
            match block["type"].as_str() {
                Some("tool_use") => found.push((text(&block["id"]), block["input"].to_string(), None)),
                Some("tool_result") => answer(&mut found, &text(&block["tool_use_id"]), block["content"].to_string()),
                _ => {}
            }
        }
    }
    for content in list(&body, "contents") {
        for part in list(&content, "parts") {
            let (call, result) = (&part["functionCall"], &part["functionResponse"]);
            // Older models have no ids: results are in the order of the calls, whose names tell them apart.
            let id = |one: &Value| if one["id"].is_string() { text(&one["id"]) } else { text(&one["name"]) };
            if call.is_object() {
                found.push((id(call), call["args"].to_string(), None));
            }
            if result.is_object() {
                answer(&mut found, &id(result), result.to_string());
            }
        }
    }
    found.into_iter().map(|(_, arguments, result)| (arguments, result)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
