//! JSON in bodies and in the arguments of tool calls: Relay reads what RFC 8259 allows and refuses what it forbids with
//! `invalid_json`. Nothing is a 5xx. The tables have a row for each kind of case in JSONTestSuite.

use serde_json::{Value, json};

use crate::harness::{Answer, CHAT, TestServer};

/// Valid values.
const ALLOWED: &[&[u8]] = &[
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"-0.0",
    b"1",
    b"-1",
    b"0.5",
    b"1e1",
    b"1E+2",
    b"1e-2",
    b"0e1",
    b"0e+1",
    b"1.5e9",
    b"123456789012345678901234567890",
    b"-0.000000000000000000000000000000000000000000000001",
    b"\"\"",
    b"\"a\"",
    br#""\"\\\/\b\f\n\r\t""#,
    br#""\u0041\u00e9\u20AC""#,
    br#""\uD83D\uDE00""#,
    br#""\u0000\u001f\u007f""#,
    b"\"\x7f\"",
    "\"é € 😀 \u{2028}\u{2029}\u{feff}\"".as_bytes(),
    b"[]",
    b"[ ]",
    b"[[],[[]]]",
    b"[1,2 , 3]",
    b"\t[\r\n1 \n]\t",
    b"{}",
    b"{ }",
    br#"{"":0}"#,
    br#"{"a":1,"a":2}"#,
    br#"{"a":{"b":[{}]}}"#,
    br#"{"\u0061":1}"#,
    br#"{"a\nb":1}"#,
];

/// Invalid values.
const FORBIDDEN: &[&[u8]] = &[
    // words
    b"",
    b"True",
    b"NULL",
    b"nul",
    b"nullx",
    b"undefined",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"yes",
    b"a",
    b"*",
    b"<null>",
    // numbers
    b"+1",
    b"01",
    b"-01",
    b"1.",
    b".5",
    b"-.5",
    b"1.e1",
    b"1e",
    b"1e+",
    b"1eE2",
    b"0x1F",
    b"--1",
    b"-",
    b"- 1",
    b"1 000",
    b"1_000",
    b"1,5,",
    b"1.2.3",
    b"-a",
    b"1a",
    b"\xEF\xBC\x91",
    // strings
    b"\"",
    b"\"a",
    b"'a'",
    b"a\"",
    b"\"a\"b\"",
    br#""\x41""#,
    br#""\u12""#,
    br#""\u12G4""#,
    br#""\a""#,
    br#""\"#,
    br#""\u{41}""#,
    b"\"\n\"",
    b"\"\t\"",
    b"\"\0\"",
    b"\"\x1f\"",
    b"\"\x80\"",
    b"\"\xff\"",
    b"\"\xC0\x80\"",
    b"\"\xED\xA0\x80\"",
    b"\"\xF4\x90\x80\x80\"",
    b"\"\xE2\x82\"",
    // arrays
    b"[",
    b"]",
    b"[1",
    b"[1,",
    b"[1,]",
    b"[,1]",
    b"[1,,2]",
    b"[1 2]",
    b"[1;2]",
    b"[1:2]",
    b"[1}",
    b"[\"a\":1]",
    b"[x",
    b"[1]]",
    // objects
    b"{",
    b"}",
    br#"{"a"}"#,
    br#"{"a":}"#,
    br#"{"a":1,}"#,
    br#"{,"a":1}"#,
    br#"{"a":1,,"b":2}"#,
    br#"{"a" 1}"#,
    br#"{"a":1 "b":2}"#,
    br#"{a:1}"#,
    br#"{'a':1}"#,
    br#"{1:1}"#,
    br#"{null:1}"#,
    br#"{"a":1"#,
    br#"{"a":1]"#,
    br#"{"a"::1}"#,
    br#"{"a","b"}"#,
    br#"{[]:1}"#,
    // comments, and characters that are not white space in JSON
    b"1 // x\n",
    b"1 /* x */",
    b"# x\n1",
    b"\x0c1",
    b"\x0b1",
    b"\xC2\xA01",
    b"\xE2\x80\xA81",
    b"\xEF\xBB\xBF1",
    b"\x001",
];

/// Values that the RFC leaves to the implementation: Relay may accept or refuse them.
const OPEN: &[&[u8]] = &[
    br#""\uD800""#,
    br#""\uDC00\uD800""#,
    br#""\uD83D\u0041""#,
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"0.1e99999999999999999999",
    br#"{"\uD800":1}"#,
];

async fn post(test: &TestServer, body: Vec<u8>) -> Answer {
    let request = test.as_app("POST", CHAT).header("x-relay-user", "ana").header("content-type", "application/json");
    let answer = request.body(body).send().await;
    assert!(answer.status < 500, "{}", answer.status);
    answer
}

fn code(answer: &Answer) -> String {
    if answer.status == 200 { String::new() } else { answer.json()["error"]["code"].as_str().unwrap().to_owned() }
}

const MODELS: [&str; 3] = ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"];

/// A chat body with this value in its metadata.
fn with(model: &str, value: &[u8]) -> Vec<u8> {
    let before = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}],"metadata":{{"k":"#);
    [before.as_bytes(), value, b"}}"].concat()
}

#[tokio::test]
async fn a_body_is_read_if_and_only_if_it_is_json() {
    let test = TestServer::start().await;
    for model in MODELS {
        for value in ALLOWED {
            let answer = post(&test, with(model, value)).await;
            assert_ne!(code(&answer), "invalid_json", "{model}: {}", String::from_utf8_lossy(value));
        }
        for value in FORBIDDEN {
            let answer = post(&test, with(model, value)).await;
            let found = (answer.status, code(&answer));
            assert_eq!(found, (400, "invalid_json".to_owned()), "{model}: {}", String::from_utf8_lossy(value));
        }
        for value in OPEN {
            post(&test, with(model, value)).await;
        }
    }
}

#[tokio::test]
async fn a_body_is_one_object_and_nothing_around_it() {
    let test = TestServer::start().await;
    let whole = with("gpt-4o-mini", b"\"v\"");
    for around in [&b" "[..], b"\n", b"\t\r\n "] {
        let answer = post(&test, [around, &whole, around].concat()).await;
        assert_ne!(code(&answer), "invalid_json");
    }
    for (before, after) in [
        (&b""[..], &b"x"[..]),
        (b"", b"{}"),
        (b"", b","),
        (b"", b"]"),
        (b"", b"\0"),
        (b"\xEF\xBB\xBF", b""),
        (b",", b""),
        (b"[", b"]"),
    ] {
        let answer = post(&test, [before, &whole, after].concat()).await;
        assert_eq!(code(&answer), "invalid_json", "{before:?} {after:?}");
    }
    // Cut at every byte, and in other encodings.
    for length in 0..whole.len() {
        assert_eq!(code(&post(&test, whole[..length].to_vec()).await), "invalid_json", "{length} bytes");
    }
    let text = String::from_utf8(whole).unwrap();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(code(&post(&test, utf16).await), "invalid_json");
}

#[tokio::test]
async fn what_nests_too_deep_is_refused_and_what_does_not_is_read() {
    let test = TestServer::start().await;
    let nested = |open: &str, close: &str, depth: usize| (open.repeat(depth) + "0" + &close.repeat(depth)).into_bytes();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert_ne!(code(&post(&test, with("gpt-4o-mini", &nested(open, close, 100))).await), "invalid_json");
        for depth in [200, 10_000, 100_000] {
            assert_eq!(code(&post(&test, with("gpt-4o-mini", &nested(open, close, depth))).await), "invalid_json");
        }
        // Never closed, as a value and as the whole body.
        let endless = open.repeat(100_000).into_bytes();
        for body in [with("gpt-4o-mini", &endless), endless] {
            post(&test, body).await.assert_error(400, "invalid_json");
        }
    }
}

/// A history with a tool call that has these arguments.
fn with_arguments(model: &str, arguments: &str) -> Vec<u8> {
    let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": arguments}});
    let parameters = json!({"type": "object", "properties": {}});
    let body = json!({"model": model, "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "7"},
    ], "tools": [{"type": "function", "function": {"name": "f", "parameters": parameters}}]});
    body.to_string().into_bytes()
}

/// Where each provider has the arguments.
fn sent_arguments(test: &TestServer, model: &str) -> Value {
    let sent = test.mock.requests().last().unwrap().json();
    let path = match model {
        "gpt-4o-mini" => "/messages/1/tool_calls/0/function/arguments",
        "claude-haiku-4-5" => "/messages/1/content/0/input",
        _ => "/contents/1/parts/0/functionCall/args",
    };
    sent.pointer(path).unwrap_or_else(|| panic!("{model}: {sent}")).clone()
}

/// A model writes its arguments: invalid ones must not end a conversation, or change what else is in the request.
#[tokio::test]
async fn arguments_of_a_tool_call_may_be_any_text() {
    let test = TestServer::start().await;
    let nested = "[".repeat(100_000);
    let values = [ALLOWED, FORBIDDEN, OPEN].concat();
    let texts = values.iter().filter_map(|value| std::str::from_utf8(value).ok()).chain([nested.as_str()]);
    for (model, text) in texts.flat_map(|text| MODELS.map(|model| (model, text))) {
        let shown: String = text.chars().take(40).collect();
        let answer = post(&test, with_arguments(model, text)).await;
        assert_eq!(answer.status, 200, "{model}: {shown}: {}", answer.text());
        let sent = sent_arguments(&test, model);
        assert!(sent.is_object() || sent == text, "{model}: {shown}: {sent}");
        test.mock.forget();
    }
}

#[tokio::test]
async fn arguments_that_are_an_object_arrive_as_they_are() {
    let test = TestServer::start().await;
    let objects =
        ALLOWED.iter().filter_map(|value| std::str::from_utf8(value).ok()).filter(|text| text.starts_with('{'));
    for (model, text) in objects.flat_map(|text| MODELS.map(|model| (model, text))) {
        post(&test, with_arguments(model, text)).await;
        let sent = sent_arguments(&test, model);
        let expected: Value = serde_json::from_str(text).unwrap();
        assert!(sent == expected || sent == text, "{model}: {text}: {sent}");
        test.mock.forget();
    }
}
