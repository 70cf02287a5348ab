//! Prints a call as a curl command, and a shortened response.

use std::fmt::Write as _;

use serde_json::Value;

use crate::client::{Method, Request, Response};
use crate::output::Style;

/// The width of a printed response, in characters.
const WIDTH: usize = 116;
/// The most characters of a text that are shown.
const LONG_TEXT: usize = 96;
/// The most items of an array that are shown.
const LONG_ARRAY: usize = 3;

/// The curl command that makes this call. It works in a shell while the demo runs.
pub fn curl(base: &str, request: &Request, streams: bool) -> String {
    let mut command = String::from(if streams { "curl -sN" } else { "curl -s" });
    if request.method == Method::Delete || (request.method == Method::Post && request.body.is_none()) {
        let _ = write!(command, " -X {}", request.method.as_str());
    }
    let _ = write!(command, " {}", quoted_if_needed(&format!("{base}{}", request.path)));
    if let Some(bearer) = &request.bearer {
        let _ = write!(command, " \\\n  -H {}", quoted(&format!("Authorization: Bearer {}", bearer.as_str())));
    }
    for (name, value) in &request.headers {
        let _ = write!(command, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
    }
    if let Some(body) = &request.body {
        let _ = write!(command, " \\\n  -H 'Content-Type: application/json' \\\n  -d {}", quoted(&body.to_string()));
    }
    command
}

/// `200 · req_… · anthropic/...a1b2 · 210 µs in Relay`
pub fn status_line(response: &Response, style: Style) -> String {
    let status = response.status.to_string();
    let mut line = if response.status < 400 { style.green(&status) } else { style.yellow(&status) };
    for text in [response.header("x-relay-request-id"), response.header("x-relay-key")].into_iter().flatten() {
        let _ = write!(line, " · {text}");
    }
    if let Some(micros) = response.header("x-relay-overhead-us") {
        let _ = write!(line, " · {micros} µs in Relay");
    }
    line
}

/// The shortened body; `None` without a body.
pub fn body(response: &Response) -> Option<String> {
    if response.body.is_empty() {
        return None;
    }
    Some(match serde_json::from_slice::<Value>(&response.body) {
        Ok(value) => pretty(&shortened(&value), 0),
        Err(_) => clipped(&String::from_utf8_lossy(&response.body)),
    })
}

/// Indents each line.
pub fn indented(text: &str, margin: &str) -> String {
    text.lines().map(|line| format!("{margin}{line}")).collect::<Vec<_>>().join("\n")
}

/// Quotes a text in single quotes for a POSIX shell.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn quoted_if_needed(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:%@,+".contains(&b);
    if text.bytes().all(plain) { text.to_owned() } else { quoted(text) }
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(clipped(text)),
        Value::Array(items) => {
            let mut few: Vec<_> = items.iter().take(LONG_ARRAY).map(shortened).collect();
            if items.len() > LONG_ARRAY {
                few.push(Value::String(format!("… {} more", items.len() - LONG_ARRAY)));
            }
            Value::Array(few)
        }
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), shortened(value))).collect())
        }
        other => other.clone(),
    }
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= LONG_TEXT {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONG_TEXT).collect();
    format!("{head}…")
}

/// JSON in as few lines as possible: values that fit share a line.
fn pretty(value: &Value, indent: usize) -> String {
    let line = value.to_string();
    if indent + line.chars().count() <= WIDTH {
        return line;
    }
    let inner = indent + 2;
    let (open, close, items) = match value {
        Value::Array(items) => ('[', ']', items.iter().map(|item| pretty(item, inner)).collect::<Vec<_>>()),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let name = Value::String(name.clone());
                format!("{name}: {}", pretty(value, inner))
            };
            ('{', '}', members.iter().map(member).collect())
        }
        _ => return line,
    };
    let margin = " ".repeat(inner);
    let lines = filled(items, WIDTH.saturating_sub(inner));
    format!("{open}\n{margin}{}\n{}{close}", lines.join(&format!("\n{margin}")), " ".repeat(indent))
}

/// Items separated by commas, several on a line if they fit.
fn filled(items: Vec<String>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let last = items.len().saturating_sub(1);
    for (at, mut item) in items.into_iter().enumerate() {
        if at < last {
            item.push(',');
        }
        let fits = |line: &String| {
            let alone = line.contains('\n') || item.contains('\n');
            !alone && line.chars().count() + 1 + item.chars().count() <= width
        };
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => {
                line.push(' ');
                line.push_str(&item);
            }
            None => lines.push(item),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_is_printed_as_a_curl_command() {
        let request =
            Request::post("/v1/chat/completions").bearer("rly-x").user("jieun_123").json(json!({"a": "it's"}));
        let want = "curl -s http://127.0.0.1:8080/v1/chat/completions \\\n  -H 'Authorization: Bearer rly-x' \\\n  \
                    -H 'X-Relay-User: jieun_123' \\\n  -H 'Content-Type: application/json' \\\n  -d '{\"a\":\"it'\\''s\"}'";
        assert_eq!(curl("http://127.0.0.1:8080", &request, false), want);
    }

    #[test]
    fn a_method_is_named_if_curl_would_choose_another() {
        assert_eq!(curl("http://h", &Request::delete("/v1/users/a"), false), "curl -s -X DELETE http://h/v1/users/a");
        assert_eq!(curl("http://h", &Request::get("/v1/usage?a=b&c=d"), true), "curl -sN 'http://h/v1/usage?a=b&c=d'");
    }

    #[test]
    fn long_answers_are_shortened_and_broken_into_lines() {
        let response = |value: Value| Response { status: 200, headers: vec![], body: value.to_string().into() };
        let embedding = response(json!({"data": [{"embedding": [0.1, 0.2, 0.3, 0.4, 0.5]}]}));
        assert_eq!(body(&embedding).unwrap(), r#"{"data":[{"embedding":[0.1,0.2,0.3,"… 2 more"]}]}"#);
        let wide = response(json!({"a": "x".repeat(70), "b": "y".repeat(100)}));
        let text = body(&wide).unwrap();
        assert_eq!(text, format!("{{\n  \"a\": \"{}\",\n  \"b\": \"{}…\"\n}}", "x".repeat(70), "y".repeat(96)));
        assert_eq!(body(&Response { status: 204, headers: vec![], body: Default::default() }), None);
    }
}
