//! The simulated providers answer in time that grows with the request: each shape is sent at n, 2n and 4n.
#![allow(clippy::unwrap_used, clippy::type_complexity, reason = "tests")]

#[path = "../../../../relay-core/tests/growth/measure.rs"]
mod measure;

use futures::StreamExt as _;
use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, WireRequest};
use relay_mock::{Mock, sample_key};
use tokio::runtime::Builder;

use measure::{Cost, grows_linearly, report};

/// A family of requests: its name, n, and the body of that size.
type Shape = (&'static str, usize, fn(usize) -> String);

/// `item(0),item(1),…`
fn list(n: usize, item: impl Fn(usize) -> String) -> String {
    (0..n).map(item).collect::<Vec<_>>().join(",")
}

fn anthropic(messages: &str, more: &str) -> String {
    format!(r#"{{"model":"claude-haiku-5-5","max_tokens":1000{more},"messages":[{messages}]}}"#)
}

fn openai(messages: &str, more: &str) -> String {
    format!(r#"{{"model":"gpt-5"{more},"messages":[{messages}]}}"#)
}

fn google(contents: &str, more: &str) -> String {
    format!(r#"{{"contents":[{contents}]{more}}}"#)
}

const USER: &str = r#"{"role":"user","content":"x"}"#;

/// A schema of properties, references, alternatives and an enum.
fn schema(n: usize) -> String {
    format!(
        r##"{{"type":"object","properties":{{{},{}}},"required":[{}],"additionalProperties":false,"$defs":{{{}}}}}"##,
        list(n, |i| format!(r##""r{i}":{{"$ref":"#/$defs/d{i}"}}"##)),
        list(n, |i| format!(r#""e{i}":{{"type":"string","enum":["a","b"]}}"#)),
        list(n, |i| format!("\"r{i}\",\"e{i}\"")),
        list(n, |i| format!(
            r##""d{i}":{{"type":"object","properties":{{"n":{{"$ref":"#/$defs/d{}"}}}},"required":["n"],"additionalProperties":false}}"##,
            i + 1
        )) + &format!(r#","d{n}":{{"type":"string"}}"#),
    )
}

const ANTHROPIC: &[Shape] = &[
    ("text parts", 5000, |n| {
        let parts = list(n, |_| r#"{"type":"text","text":"a"}"#.to_owned());
        anthropic(&format!(r#"{{"role":"user","content":[{parts}]}}"#), "")
    }),
    ("turns", 500, |n| {
        anthropic(&format!("{},{USER}", list(n, |_| format!(r#"{USER},{{"role":"assistant","content":"a"}}"#))), "")
    }),
    ("answers in a row", 1000, |n| {
        anthropic(&format!("{USER},{},{USER}", list(n, |_| r#"{"role":"assistant","content":"a"}"#.to_owned())), "")
    }),
    ("system messages in a row", 1000, |n| {
        anthropic(&format!("{USER},{}", list(n, |_| r#"{"role":"system","content":"a"}"#.to_owned())), "")
    }),
    ("calls and results in one turn, in reverse", 500, |n| {
        let calls = list(n, |i| format!(r#"{{"type":"tool_use","id":"c{i}","name":"f","input":{{}}}}"#));
        let results = list(n, |i| format!(r#"{{"type":"tool_result","tool_use_id":"c{}","content":"r"}}"#, n - 1 - i));
        anthropic(
            &format!(r#"{USER},{{"role":"assistant","content":[{calls}]}},{{"role":"user","content":[{results}]}}"#),
            "",
        )
    }),
    ("calls and results in many turns", 250, |n| {
        let turn = |i: usize| {
            format!(
                r#"{{"role":"assistant","content":[{{"type":"tool_use","id":"c{i}","name":"f","input":{{}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c{i}","content":"r"}}]}}"#
            )
        };
        anthropic(&format!("{USER},{}", list(n, turn)), "")
    }),
    ("one id in all calls", 1000, |n| {
        let calls = list(n, |_| r#"{"type":"tool_use","id":"c","name":"f","input":{}}"#.to_owned());
        anthropic(&format!(r#"{USER},{{"role":"assistant","content":[{calls}]}}"#), "")
    }),
    ("search results without a search", 1000, |n| {
        let results = list(n, |_| r#"{"type":"web_search_tool_result","tool_use_id":"c","content":[]}"#.to_owned());
        anthropic(
            &format!(r#"{USER},{{"role":"assistant","content":[{{"type":"text","text":"a"}},{results}]}},{USER}"#),
            "",
        )
    }),
    ("a strict schema", 100, |n| {
        anthropic(USER, &format!(r#","tools":[{{"name":"f","strict":true,"input_schema":{}}}]"#, schema(n)))
    }),
    ("a schema", 250, |n| anthropic(USER, &format!(r#","tools":[{{"name":"f","input_schema":{}}}]"#, schema(n)))),
    ("tools that are called", 200, |n| {
        let tools = list(n, |i| format!(r#"{{"name":"f{i}","input_schema":{{"type":"object","properties":{{}}}}}}"#));
        let text = (0..n).map(|i| format!("call f{i} ")).collect::<String>();
        anthropic(&format!(r#"{{"role":"user","content":"{text}"}}"#), &format!(r#","tools":[{tools}]"#))
    }),
    ("stop sequences", 1000, |n| {
        let text = "word ".repeat(n);
        let stops = list(n, |i| format!("\"s{i}\""));
        anthropic(&format!(r#"{{"role":"user","content":"{text}"}}"#), &format!(r#","stop_sequences":[{stops}]"#))
    }),
    ("open directives", 20_000, |n| anthropic(&format!(r#"{{"role":"user","content":"{}"}}"#, "{{".repeat(n)), "")),
    ("a long text", 50_000, |n| anthropic(&format!(r#"{{"role":"user","content":"{}"}}"#, "a ".repeat(n)), "")),
    ("cache marks", 2000, |n| {
        let parts = list(n, |_| r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}"#.to_owned());
        anthropic(&format!(r#"{{"role":"user","content":[{parts}]}}"#), "")
    }),
];

const OPENAI: &[Shape] = &[
    ("text parts", 5000, |n| {
        let parts = list(n, |_| r#"{"type":"text","text":"a"}"#.to_owned());
        openai(&format!(r#"{{"role":"user","content":[{parts}]}}"#), "")
    }),
    ("turns", 500, |n| {
        openai(&format!("{},{USER}", list(n, |_| format!(r#"{USER},{{"role":"assistant","content":"a"}}"#))), "")
    }),
    ("calls and results, in reverse", 500, |n| {
        let calls =
            list(n, |i| format!(r#"{{"id":"c{i}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}"#));
        let results = list(n, |i| format!(r#"{{"role":"tool","tool_call_id":"c{}","content":"r"}}"#, n - 1 - i));
        openai(&format!(r#"{USER},{{"role":"assistant","content":null,"tool_calls":[{calls}]}},{results}"#), "")
    }),
    ("halves of characters", 5000, |n| {
        openai(&format!(r#"{{"role":"user","content":"{}"}}"#, r"\ud83d".repeat(n)), "")
    }),
    ("a strict schema", 200, |n| {
        openai(
            USER,
            &format!(
                r#","tools":[{{"type":"function","function":{{"name":"f","strict":true,"parameters":{}}}}}]"#,
                schema(n)
            ),
        )
    }),
    ("tools that are called", 100, |n| {
        let tools = list(n, |i| format!(r#"{{"type":"function","function":{{"name":"f{i}"}}}}"#));
        let text = (0..n).map(|i| format!("call f{i} ")).collect::<String>();
        openai(&format!(r#"{{"role":"user","content":"{text}"}}"#), &format!(r#","tools":[{tools}]"#))
    }),
];

const GOOGLE: &[Shape] = &[
    ("text parts", 5000, |n| {
        google(&format!(r#"{{"role":"user","parts":[{}]}}"#, list(n, |_| r#"{"text":"a"}"#.to_owned())), "")
    }),
    ("turns", 500, |n| {
        let turn = r#"{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"text":"a"}]}"#;
        google(&format!(r#"{},{{"role":"user","parts":[{{"text":"x"}}]}}"#, list(n, |_| turn.to_owned())), "")
    }),
    ("calls and results, in reverse", 500, |n| {
        let calls = list(n, |i| {
            format!(
                r#"{{"functionCall":{{"id":"c{i}","name":"f","args":{{}}}},"thoughtSignature":"skip_thought_signature_validator"}}"#
            )
        });
        let results =
            list(n, |i| format!(r#"{{"functionResponse":{{"id":"c{}","name":"f","response":{{}}}}}}"#, n - 1 - i));
        google(
            &format!(
                r#"{{"role":"user","parts":[{{"text":"x"}}]}},{{"role":"model","parts":[{calls}]}},{{"role":"user","parts":[{results}]}}"#
            ),
            "",
        )
    }),
    ("signed texts", 500, |n| {
        let parts = list(n, |_| r#"{"text":"a","thoughtSignature":"skip_thought_signature_validator"}"#.to_owned());
        google(
            &format!(
                r#"{{"role":"user","parts":[{{"text":"x"}}]}},{{"role":"model","parts":[{parts}]}},{{"role":"user","parts":[{{"text":"x"}}]}}"#
            ),
            "",
        )
    }),
    ("a schema", 200, |n| {
        google(
            r#"{"role":"user","parts":[{"text":"x"}]}"#,
            &format!(r#","tools":[{{"functionDeclarations":[{{"name":"f","parametersJsonSchema":{}}}]}}]"#, schema(n)),
        )
    }),
    ("a schema of the answer", 200, |n| {
        google(
            r#"{"role":"user","parts":[{"text":"x"}]}"#,
            &format!(
                r#","generationConfig":{{"responseMimeType":"application/json","responseJsonSchema":{}}}"#,
                schema(n)
            ),
        )
    }),
    ("an enum", 2000, |n| {
        let schema = format!(
            r#"{{"type":"object","properties":{{"a":{{"type":"string","enum":[{}]}}}}}}"#,
            list(n, |i| format!("\"v{i}\""))
        );
        google(
            r#"{"role":"user","parts":[{"text":"x"}]}"#,
            &format!(r#","tools":[{{"functionDeclarations":[{{"name":"f","parametersJsonSchema":{schema}}}]}}]"#),
        )
    }),
];

#[test]
fn answers_take_as_long_as_their_requests_are() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let mock = Mock::new();
    let mut problems = Vec::new();
    for (provider, path, shapes) in [
        (Provider::ANTHROPIC, "/v1/messages", ANTHROPIC),
        (Provider::OPENAI, "/v1/chat/completions", OPENAI),
        (Provider::GOOGLE, "/v1beta/models/gemini-3.6-flash:generateContent", GOOGLE),
    ] {
        let key = ProviderKey::parse(sample_key(provider, "good", "ana")).unwrap();
        let run = |body: &String| {
            let request = WireRequest::post(path, body.clone(), Expect::Whole);
            let request = if provider == Provider::ANTHROPIC {
                request.with_header("anthropic-version", "2026-10-21")
            } else {
                request
            };
            let bytes = runtime.block_on(async {
                let answer = mock.client(provider).send(request, &key).await.unwrap();
                answer.body.map(|piece| piece.map_or(0, |piece| piece.len())).collect::<Vec<_>>().await.iter().sum()
            });
            mock.forget();
            Cost { steps: 0, bytes }
        };
        for (name, n, make) in shapes {
            if let Err(problem) = grows_linearly(*n, make, run) {
                problems.push(format!("{name}, {provider}: {problem}"));
            }
        }
    }
    report(&problems);
}
