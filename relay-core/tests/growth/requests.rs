//! Requests, but for their schemas.

use bytes::Bytes;
use relay_core::domain::ids::{RequestId, Timestamp};
use relay_core::translation::json::Object;
use relay_core::translation::{Call, TranslationOptions, Work, dialect};
use relay_core::{Provider, RelayError};

use crate::measure::{Cost, grows_linearly, report};
use crate::schemas::list;

/// A chat or embeddings request.
pub(crate) struct Request {
    model: &'static str,
    embeds: bool,
    pub(crate) body: Bytes,
}

impl Request {
    /// A model of each provider.
    pub(crate) const MODELS: [&'static str; 3] = ["gpt-5", "claude-opus-5-5", "gemini-3.8-flash"];

    /// A chat with these members, and one message.
    pub(crate) fn new(model: &'static str, members: &str) -> Self {
        let messages = r#""messages":[{"role":"user","content":"x"}]"#;
        Self::of(model, &format!("{messages},{members}"))
    }

    /// A chat with these members.
    pub(crate) fn of(model: &'static str, members: &str) -> Self {
        Self { model, embeds: false, body: format!("{{\"model\":\"{model}\",{members}}}").into() }
    }
}

pub(crate) const NOW: Timestamp = Timestamp(1_764_000_000_000);

pub(crate) fn id() -> RequestId {
    RequestId::new(NOW.0, [7; 10])
}

/// Translates a request: the length of what is sent.
fn translate(request: &Request, work: &Work) -> Result<usize, RelayError> {
    let object = Object::parse(&request.body)?;
    let (provider, model) = Provider::for_model(request.model).unwrap();
    let (body, options) = (&request.body, TranslationOptions::default());
    let call = Call { body, request: &object, model, prefixed: false, id: id(), now: NOW, options, work };
    if request.embeds {
        let made = dialect(provider).embeddings(&call)?;
        return Ok(made.wires.iter().map(|wire| wire.body.len()).sum());
    }
    Ok(dialect(provider).chat(&call)?.wire.body.len())
}

/// Translates a request, or has it refused.
pub(crate) fn translated(request: &Request) -> Cost {
    let work = Work::for_request(request.body.len());
    let bytes = translate(request, &work).unwrap_or_else(|error| error.to_body().len());
    Cost { steps: work.spent(), bytes }
}

/// Why a request is refused.
pub(crate) fn refusal(request: &Request) -> Option<RelayError> {
    translate(request, &Work::for_request(request.body.len())).err()
}

/// A family of requests: its name, n, and all members but the model.
type Shape = (&'static str, usize, fn(usize) -> String);

/// Members with these messages.
fn messages(messages: &str) -> String {
    format!("\"messages\":[{messages}]")
}

/// One user message of these parts.
fn parts(parts: &str) -> String {
    messages(&format!(r#"{{"role":"user","content":[{parts}]}}"#))
}

fn call(id: &str, arguments: &str) -> String {
    format!(r#"{{"id":"{id}","type":"function","function":{{"name":"f","arguments":"{arguments}"}}}}"#)
}

/// An assistant message with these calls.
fn calls(calls: &str) -> String {
    format!(r#"{{"role":"assistant","content":null,"tool_calls":[{calls}]}}"#)
}

fn result(id: &str) -> String {
    format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"r"}}"#)
}

const USER: &str = r#"{"role":"user","content":"x"}"#;

const SHAPES: &[Shape] = &[
    ("turns", 400, |n| {
        messages(&format!("{},{USER}", list(n, |i| format!(r#"{USER},{{"role":"assistant","content":"a{i}"}}"#))))
    }),
    ("user messages in a row", 1000, |n| messages(&list(n, |i| format!(r#"{{"role":"user","content":"x{i}"}}"#)))),
    ("assistant messages in a row", 1000, |n| {
        messages(&format!("{USER},{},{USER}", list(n, |i| format!(r#"{{"role":"assistant","content":"x{i}"}}"#))))
    }),
    ("system messages", 1000, |n| {
        messages(&format!("{USER},{},{USER}", list(n, |i| format!(r#"{{"role":"system","content":"x{i}"}}"#))))
    }),
    ("calls with equal ids, in one turn each", 400, |n| {
        messages(&format!(
            "{USER},{},{USER}",
            list(n, |_| format!("{},{}", calls(&call("call_0", "{}")), result("call_0")))
        ))
    }),
    ("calls with ids, results in order", 250, |n| {
        let results = list(n, |i| result(&format!("c{i}")));
        messages(&format!("{USER},{},{results}", calls(&list(n, |i| call(&format!("c{i}"), "{}")))))
    }),
    ("calls with ids, results in reverse", 250, |n| {
        let results = list(n, |i| result(&format!("c{}", n - 1 - i)));
        messages(&format!("{USER},{},{results}", calls(&list(n, |i| call(&format!("c{i}"), "{}")))))
    }),
    ("calls in many messages, results in reverse", 500, |n| {
        let results = list(n, |i| result(&format!("c{}", n - 1 - i)));
        messages(&format!("{USER},{},{results}", list(n, |i| calls(&call(&format!("c{i}"), "{}")))))
    }),
    ("calls with one id and one result", 250, |n| {
        messages(&format!("{USER},{},{}", calls(&list(n, |i| call("c", &format!("{{\\\"a\\\":{i}}}")))), result("c")))
    }),
    ("calls with one id, and results", 250, |n| {
        let results = list(n, |_| result("c"));
        messages(&format!("{USER},{},{results}", calls(&list(n, |i| call("c", &format!("{{\\\"a\\\":{i}}}"))))))
    }),
    ("calls sent twice with long arguments", 50, |n| {
        let long = "y".repeat(100);
        messages(&format!(
            "{USER},{},{}",
            calls(&list(n, |i| call("c", &format!("{{\\\"a\\\":\\\"{long}{i}\\\"}}")))),
            result("c")
        ))
    }),
    ("calls without an id", 250, |n| {
        let results = list(n, |_| result(""));
        messages(&format!("{USER},{},{results}", calls(&list(n, |_| call("", "{}")))))
    }),
    ("ids that look alike", 250, |n| {
        let id = |i: usize| format!("{}{}", "x".repeat(70), ["a:", "a.", "a$"][i % 3].repeat(i % 50));
        let results = list(n, |i| result(&id(i)));
        messages(&format!("{USER},{},{results}", calls(&list(n, |i| call(&id(i), "{}")))))
    }),
    ("names that look alike", 400, |n| {
        let named = |i: usize| {
            let function = format!(r#"{{"name":"{}{}","arguments":"{{}}"}}"#, "n".repeat(130), i);
            let call = format!(r#"{{"id":"c{i}","type":"function","function":{function}}}"#);
            format!("{},{}", calls(&call), result(&format!("c{i}")))
        };
        messages(&format!("{USER},{},{USER}", list(n, named)))
    }),
    ("calls and results of the deprecated form", 400, |n| {
        let turn = |i: usize| {
            format!(
                r#"{{"role":"assistant","content":null,"function_call":{{"name":"f{i}","arguments":"{{}}"}}}},{{"role":"function","name":"f{i}","content":"r"}}"#
            )
        };
        messages(&format!("{USER},{},{USER}", list(n, turn)))
    }),
    ("calls of the deprecated form, results in reverse", 400, |n| {
        let calls = list(n, |i| {
            format!(r#"{{"role":"assistant","content":null,"function_call":{{"name":"f{i}","arguments":"{{}}"}}}}"#)
        });
        let results = list(n, |i| format!(r#"{{"role":"function","name":"f{}","content":"r"}}"#, n - 1 - i));
        messages(&format!("{USER},{calls},{results}"))
    }),
    ("arguments with names that were changed", 250, |n| {
        let names = list(n, |i| format!(r#""$p{i}":{{"type":"string"}}"#));
        let tool = format!(
            r#"{{"type":"function","function":{{"name":"f","parameters":{{"type":"object","properties":{{{names}}}}}}}}}"#
        );
        let turns = list(n, |i| {
            format!("{},{}", calls(&call(&format!("c{i}"), &format!("{{\\\"$p{i}\\\":1}}"))), result(&format!("c{i}")))
        });
        format!("\"tools\":[{tool}],{}", messages(&format!("{USER},{turns},{USER}")))
    }),
    ("long arguments", 4000, |n| {
        let arguments = format!("{{{}}}", list(n, |i| format!("\\\"a{i}\\\":[1,2.5,\\\"x\\\"]")));
        messages(&format!("{USER},{},{}", calls(&call("c", &arguments)), result("c")))
    }),
    ("deep arguments", 2000, |n| {
        let arguments = format!("{}1{}", "{\\\"a\\\":".repeat(n), "}".repeat(n));
        messages(&format!("{USER},{},{}", calls(&call("c", &arguments)), result("c")))
    }),
    ("arguments of digits", 20_000, |n| {
        messages(&format!("{USER},{},{}", calls(&call("c", &format!("{{\\\"a\\\":{}}}", "1".repeat(n)))), result("c")))
    }),
    ("results of JSON", 2000, |n| {
        let content = format!("[{}]", list(n, |i| format!("{{\\\"a\\\":{i}}}")));
        let result = format!(r#"{{"role":"tool","tool_call_id":"c","content":"{content}"}}"#);
        messages(&format!("{USER},{},{result}", calls(&call("c", "{}"))))
    }),
    ("results of parts", 1000, |n| {
        let content = list(n, |i| format!(r#"{{"type":"text","text":"{i}"}}"#));
        let result = format!(r#"{{"role":"tool","tool_call_id":"c","content":[{content}]}}"#);
        messages(&format!("{USER},{},{result}", calls(&call("c", "{}"))))
    }),
    ("custom calls", 250, |n| {
        let calls =
            calls(&list(n, |i| format!(r#"{{"id":"c{i}","type":"custom","custom":{{"name":"f","input":"x\n"}}}}"#)));
        messages(&format!("{USER},{calls},{}", list(n, |i| result(&format!("c{i}")))))
    }),
    ("text parts", 1000, |n| parts(&list(n, |_| r#"{"type":"text","text":"a"}"#.to_owned()))),
    ("text parts in many messages", 500, |n| {
        messages(&list(n, |_| {
            r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#.to_owned()
        }))
    }),
    ("refusal parts", 1000, |n| {
        let parts = list(n, |_| r#"{"type":"refusal","refusal":"a"}"#.to_owned());
        messages(&format!(r#"{USER},{{"role":"assistant","content":[{parts}]}},{USER}"#))
    }),
    ("parts that nobody knows, in the history", 1000, |n| {
        let parts = list(n, |i| format!(r#"{{"type":"odd{i}","x":1}}"#));
        messages(&format!(r#"{{"role":"user","content":[{parts}]}},{{"role":"assistant","content":"a"}},{USER}"#))
    }),
    ("parts with cache marks", 1000, |n| {
        parts(&list(n, |_| r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}"#.to_owned()))
    }),
    ("pictures", 500, |n| {
        parts(&list(n, |_| {
            r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}"#.to_owned()
        }))
    }),
    ("pictures by URL", 500, |n| {
        parts(&list(n, |i| format!(r#"{{"type":"image_url","image_url":{{"url":"https://x.example/{i}.png"}}}}"#)))
    }),
    ("a long picture", 40_000, |n| {
        parts(&format!(
            r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,iVBORw0KGgo{}"}}}}"#,
            "AAAA".repeat(n)
        ))
    }),
    ("a wrapped picture", 20_000, |n| {
        parts(&format!(
            r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,iVBORw0KGgo{}"}}}}"#,
            r"AAAA\r\n".repeat(n)
        ))
    }),
    ("a picture with escapes", 20_000, |n| {
        parts(&format!(
            r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}}"#,
            "%2F%2Baa".repeat(n)
        ))
    }),
    ("a picture of padding", 40_000, |n| {
        parts(&format!(r#"{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{}"}}}}"#, "=".repeat(n)))
    }),
    ("a data URL of parameters", 20_000, |n| {
        parts(&format!(
            r#"{{"type":"image_url","image_url":{{"url":"data:image/png{};base64,AAAA"}}}}"#,
            ";a=b".repeat(n)
        ))
    }),
    ("a file as text", 20_000, |n| {
        parts(&format!(
            r#"{{"type":"file","file":{{"filename":"a.txt","file_data":"data:text/plain,{}"}}}}"#,
            "%41é".repeat(n)
        ))
    }),
    ("a long recording", 40_000, |n| {
        parts(&format!(
            r#"{{"type":"input_audio","input_audio":{{"format":"wav","data":"UklGRg{}"}}}}"#,
            "AAAA".repeat(n)
        ))
    }),
    ("a long text", 100_000, |n| messages(&format!(r#"{{"role":"user","content":"{}"}}"#, "a".repeat(n)))),
    ("a text of escapes", 50_000, |n| messages(&format!(r#"{{"role":"user","content":"{}"}}"#, r"\n\u00e9".repeat(n)))),
    ("a text of backslashes", 50_000, |n| messages(&format!(r#"{{"role":"user","content":"{}"}}"#, r"\\".repeat(n)))),
    ("a text of halves of surrogates", 20_000, |n| {
        messages(&format!(r#"{{"role":"user","content":"{}"}}"#, r"\ud83d".repeat(n)))
    }),
    ("a text of white space", 100_000, |n| messages(&format!(r#"{{"role":"user","content":"{}"}}"#, " ".repeat(n)))),
    ("white space between tokens", 100_000, |n| {
        messages(&format!(r#"{}{{"role":"user","content":"x"}}"#, " ".repeat(n)))
    }),
    ("members that nobody knows", 2000, |n| format!("{},{}", list(n, |i| format!("\"x{i}\":1")), messages(USER))),
    ("members that are null", 2000, |n| format!("{},{}", list(n, |i| format!("\"x{i}\":null")), messages(USER))),
    ("one member many times", 2000, |n| format!("{},{}", list(n, |_| "\"seed\":1".to_owned()), messages(USER))),
    ("messages many times", 2000, |n| list(n, |_| messages(USER))),
    ("extensions in each message", 500, |n| {
        let message = r#"{"role":"assistant","content":"a","reasoning_content":"r","thinking_blocks":[],"content_layout":["thinking","text:1"],"extra_content":{}}"#;
        messages(&format!("{USER},{},{USER}", list(n, |_| message.to_owned())))
    }),
    ("members of a message that nobody knows", 1000, |n| {
        messages(&format!(r#"{{"role":"user","content":"x",{}}}"#, list(n, |i| format!("\"x{i}\":1"))))
    }),
    ("one member of a message many times", 2000, |n| {
        messages(&format!(r#"{{{},"role":"user"}}"#, list(n, |_| r#""content":"x""#.to_owned())))
    }),
    ("stop words", 4000, |n| format!("{},\"stop\":[{}]", messages(USER), list(n, |i| format!("\"s{i}\"")))),
    ("logit_bias and metadata", 2000, |n| {
        let members = list(n, |i| format!("\"{i}\":1"));
        format!("{},\"logit_bias\":{{{members}}},\"metadata\":{{{members}}}", messages(USER))
    }),
    ("thinking blocks", 1000, |n| {
        let blocks = list(n, |i| format!(r#"{{"type":"thinking","thinking":"t{i}","signature":"s"}}"#));
        messages(&format!(r#"{USER},{{"role":"assistant","content":"a","thinking_blocks":[{blocks}]}},{USER}"#))
    }),
    ("a layout of many texts", 2000, |n| {
        let layout = list(n, |_| "\"text:1\"".to_owned());
        messages(&format!(
            r#"{USER},{{"role":"assistant","content":"{}","content_layout":[{layout}]}},{USER}"#,
            "é".repeat(n)
        ))
    }),
    ("a layout of empty texts", 2000, |n| {
        let layout = list(n, |_| "\"text:0\"".to_owned());
        messages(&format!(
            r#"{USER},{{"role":"assistant","content":"{}","content_layout":[{layout},"text:{n}"]}},{USER}"#,
            "é".repeat(n)
        ))
    }),
    ("pictures that a model made", 500, |n| {
        let images =
            list(n, |_| r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}"#.to_owned());
        messages(&format!(r#"{USER},{{"role":"assistant","content":"a","images":[{images}]}},{USER}"#))
    }),
    ("tools", 120, |n| {
        let tools = list(n, |i| {
            format!(
                r#"{{"type":"function","function":{{"name":"f{i}","parameters":{{"type":"object","properties":{{}}}}}}}}"#
            )
        });
        format!("{},\"tools\":[{tools}]", messages(USER))
    }),
    ("strict tools", 120, |n| {
        let tools = list(n, |i| {
            format!(
                r#"{{"type":"function","function":{{"name":"f{i}","strict":true,"parameters":{{"type":"object","properties":{{"a":{{"type":"string"}}}},"required":["a"],"additionalProperties":false}}}}}}"#
            )
        });
        format!("{},\"tools\":[{tools}]", messages(USER))
    }),
    ("tools of which all are allowed", 120, |n| {
        let tools = list(n, |i| format!(r#"{{"type":"function","function":{{"name":"f{i}"}}}}"#));
        let choice = format!(r#"{{"type":"allowed_tools","allowed_tools":{{"mode":"auto","tools":[{tools}]}}}}"#);
        format!("{},\"tools\":[{tools}],\"tool_choice\":{choice}", messages(USER))
    }),
    ("functions", 120, |n| {
        let functions = list(n, |i| format!(r#"{{"name":"f{i}","parameters":{{"type":"object","properties":{{}}}}}}"#));
        format!("{},\"functions\":[{functions}]", messages(USER))
    }),
    ("open brackets", 20_000, |n| format!("{},\"x\":{}", messages(USER), "[".repeat(n))),
    ("brackets in a text", 50_000, |n| messages(&format!(r#"{{"role":"user","content":"{}"}}"#, "[{".repeat(n)))),
    ("a list of empty lists", 50_000, |n| format!("{},\"x\":[{}]", messages(USER), list(n, |_| "[]".to_owned()))),
    ("a list of numbers", 50_000, |n| format!("{},\"x\":[{}]", messages(USER), list(n, |i| i.to_string()))),
];

#[test]
fn requests_cost_what_they_are_long() {
    let mut problems = Vec::new();
    for (name, n, members) in SHAPES {
        for model in Request::MODELS {
            if let Err(problem) = grows_linearly(*n, |n| Request::of(model, &members(n)), translated) {
                problems.push(format!("{name}, {model}: {problem}"));
            }
        }
    }
    report(&problems);
}

#[test]
fn embeddings_requests_cost_what_they_are_long() {
    const SHAPES: &[Shape] = &[
        ("inputs", 500, |n| format!("\"input\":[{}]", list(n, |i| format!("\"t{i}\"")))),
        ("a long input", 100_000, |n| format!("\"input\":\"{}\"", "a".repeat(n))),
        ("tokens", 5000, |n| format!("\"input\":[{}]", list(n, |i| i.to_string()))),
        ("members", 2000, |n| format!("\"input\":\"a\",{}", list(n, |i| format!("\"x{i}\":1")))),
    ];
    let mut problems = Vec::new();
    for (name, n, members) in SHAPES {
        for model in ["text-embedding-3-small", "gemini-embedding-2"] {
            let make = |n: usize| Request { embeds: true, ..Request::of(model, &members(n)) };
            if let Err(problem) = grows_linearly(*n, make, translated) {
                problems.push(format!("{name}, {model}: {problem}"));
            }
        }
    }
    report(&problems);
}
