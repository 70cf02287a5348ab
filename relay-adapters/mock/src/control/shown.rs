//! Writes scripts as they are read.

use serde_json::{Map, Value, json};

use super::scripts::{FAILURES, KINDS};
use crate::reply::{Ending, Reply};
use crate::script::{Content, Scripted};

/// A script that waits.
pub(super) fn script(script: &Scripted) -> Value {
    let mut answer = content(&script.content);
    if !script.headers.is_empty() {
        let headers: Map<_, _> = script.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        answer.insert("headers".into(), Value::Object(headers));
    }
    if let Some(pause) = script.pause {
        answer.insert("pauseMs".into(), json!(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)));
    }
    match script.ending {
        Ending::Complete => None,
        Ending::Broken => answer.insert("then".into(), json!("break")),
        Ending::Silent => answer.insert("then".into(), json!("silence")),
    };
    let mut shown =
        Map::from_iter([("answer".to_owned(), Value::Object(answer)), ("times".to_owned(), json!(script.times))]);
    if let Some((name, _)) = KINDS.iter().find(|(_, kind)| script.only == Some(*kind)) {
        shown.insert("for".into(), json!(name));
    }
    if let Some(last4) = &script.last4 {
        shown.insert("last4".into(), json!(last4));
    }
    Value::Object(shown)
}

fn content(content: &Content) -> Map<String, Value> {
    let mut answer = Map::new();
    match content {
        Content::Says(said) => {
            answer.insert("says".into(), json!(said.text));
            if !said.calls.is_empty() {
                let call = |call: &crate::chat::ToolCall| json!({"name": call.name, "arguments": call.arguments});
                answer.insert("calls".into(), said.calls.iter().map(call).collect());
            }
            if let Some(word) = &said.finish {
                answer.insert("finish".into(), json!(word));
            }
        }
        Content::Whole(reply) => {
            answer.insert("status".into(), json!(reply.status));
            answer.insert("body".into(), whole(reply));
        }
        Content::Stream(reply) => {
            let text = |piece: &bytes::Bytes| json!(String::from_utf8_lossy(piece));
            answer.insert("events".into(), reply.pieces.iter().map(text).collect());
        }
        Content::Between(row) => drop(answer.insert("between".into(), json!(row.name))),
        Content::Error(name) => drop(answer.insert("error".into(), json!(name))),
        Content::Status(status) => drop(answer.insert("status".into(), json!(status))),
        Content::Fail(kind) => {
            let name = FAILURES.iter().find(|(_, known)| known == kind).map(|(name, _)| *name);
            answer.insert("failure".into(), json!(name));
        }
        Content::Never => drop(answer.insert("never".into(), json!(true))),
    }
    answer
}

/// JSON as JSON, anything else as text.
fn whole(reply: &Reply) -> Value {
    let body = reply.pieces.concat();
    serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)))
}
