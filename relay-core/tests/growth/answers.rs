//! Answers: whole ones, streams, errors, headers, lists of models, embeddings.

use bytes::Bytes;
use relay_core::error::Disclosure;
use relay_core::translation::sse::Decoder;
use relay_core::translation::{ChatCall, ChatOptions, EmbeddingsContext, ErrorResponse, chat, dialect, surface};
use relay_core::{Provider, RelayError};

use crate::measure::{Cost, grows_linearly, report};
use crate::requests::{NOW, Request, id};
use crate::schemas::list;

/// A family of bodies: its name, whose it is, n, and the body of that size.
type Shape = (&'static str, Provider, usize, fn(usize) -> String);

const OPENAI: Provider = Provider::OPENAI;
const ANTHROPIC: Provider = Provider::ANTHROPIC;
const GOOGLE: Provider = Provider::GOOGLE;

/// A call whose answer is translated: with a tool whose properties' names are changed, and one whose name is.
fn call(provider: Provider, stream: bool) -> ChatCall {
    let model = Request::MODELS.into_iter().find(|model| Provider::for_model(model).unwrap().0 == provider).unwrap();
    let names = list(500, |i| format!(r#""$p{i}":{{"type":"string"}}"#));
    let body = format!(
        r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"x"}}],"tools":[{{"type":"function","function":{{"name":"f","parameters":{{"type":"object","properties":{{{names}}}}}}}}}]}}"#
    );
    chat(provider, &body.into(), ChatOptions::new(id(), NOW)).unwrap()
}

fn cost(body: Result<Bytes, RelayError>) -> Cost {
    Cost { steps: 0, bytes: body.map_or_else(|error| error.to_body().len(), |body| body.len()) }
}

fn check(shapes: &[Shape], mut run: impl FnMut(Provider, &String) -> Cost) {
    let mut problems = Vec::new();
    for (name, provider, n, make) in shapes {
        if let Err(problem) = grows_linearly(*n, make, |body| run(*provider, body)) {
            problems.push(format!("{name}, {provider}: {problem}"));
        }
    }
    report(&problems);
}

/// Anthropic's message of these blocks.
fn message(blocks: &str) -> String {
    format!(
        r#"{{"id":"msg_1","model":"m","role":"assistant","stop_reason":"end_turn","content":[{blocks}],"usage":{{"input_tokens":1,"output_tokens":1}}}}"#
    )
}

/// Google's answer of these parts, with more members of the candidate.
fn candidate(parts: &str, more: &str) -> String {
    format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}}{more},"finishReason":"STOP"}}],"responseId":"r"}}"#)
}

fn supports(n: usize, pages: usize, indices: usize) -> String {
    let chunks = list(pages, |i| format!(r#"{{"web":{{"uri":"https://x.example/{i}","title":"t{i}"}}}}"#));
    let indices = list(indices, |i| (i % pages).to_string());
    let spans = list(n, |i| {
        format!(r#"{{"segment":{{"startIndex":{i},"endIndex":{}}},"groundingChunkIndices":[{indices}]}}"#, 8 * i)
    });
    format!(r#","groundingMetadata":{{"groundingChunks":[{chunks}],"groundingSupports":[{spans}]}}"#)
}

const WHOLE: &[Shape] = &[
    ("choices", OPENAI, 2000, |n| {
        format!(
            r#"{{"choices":[{}],"usage":{{}}}}"#,
            list(n, |i| format!(r#"{{"index":{i},"message":{{"content":"a"}}}}"#))
        )
    }),
    ("a long text", OPENAI, 100_000, |n| {
        format!(r#"{{"choices":[{{"message":{{"content":"{}"}}}}]}}"#, r"\n".repeat(n))
    }),
    ("many usages", OPENAI, 5000, |n| {
        format!(r#"{{"choices":[],{}}}"#, list(n, |_| r#""usage":{"prompt_tokens":1}"#.to_owned()))
    }),
    ("a usage without an end", OPENAI, 50_000, |n| {
        format!(r#"{{"choices":[],"usage":{}{}}}"#, "[".repeat(n), "]".repeat(n))
    }),
    ("text blocks", ANTHROPIC, 1000, |n| message(&list(n, |_| r#"{"type":"text","text":"a"}"#.to_owned()))),
    ("thinking blocks", ANTHROPIC, 1000, |n| {
        message(&list(n, |_| r#"{"type":"thinking","thinking":"a","signature":"s"}"#.to_owned()))
    }),
    ("calls", ANTHROPIC, 1000, |n| {
        message(&list(n, |i| format!(r#"{{"type":"tool_use","id":"t{i}","name":"f","input":{{"_p{i}":1}}}}"#)))
    }),
    ("a long input", ANTHROPIC, 10_000, |n| {
        message(&format!(
            r#"{{"type":"tool_use","id":"t","name":"f","input":{{{}}}}}"#,
            list(n, |i| format!("\"_p{i}\": {i}"))
        ))
    }),
    ("citations", ANTHROPIC, 1000, |n| {
        let citations = list(n, |i| {
            format!(r#"{{"type":"web_search_result_location","url":"https://x.example/{i}","title":"t"}}"#)
        });
        message(&format!(r#"{{"type":"text","text":"a","citations":[{citations}]}}"#))
    }),
    ("texts with citations", ANTHROPIC, 500, |n| {
        message(&list(n, |i| {
            format!(
                r#"{{"type":"text","text":"é","citations":[{{"type":"web_search_result_location","url":"https://x.example/{i}","title":"t"}}]}}"#
            )
        }))
    }),
    ("blocks that nobody knows", ANTHROPIC, 1000, |n| message(&list(n, |i| format!(r#"{{"type":"odd{i}"}}"#)))),
    ("one member many times", ANTHROPIC, 5000, |n| {
        format!(r#"{{"content":[],{}}}"#, list(n, |_| r#""x":"m""#.to_owned()))
    }),
    ("text parts", GOOGLE, 1000, |n| candidate(&list(n, |_| r#"{"text":"a"}"#.to_owned()), "")),
    ("thoughts", GOOGLE, 1000, |n| candidate(&list(n, |_| r#"{"text":"a","thought":true}"#.to_owned()), "")),
    ("calls with one id", GOOGLE, 1000, |n| {
        candidate(&list(n, |i| format!(r#"{{"functionCall":{{"id":"c","name":"f","args":{{"a":{i}}}}}}}"#)), "")
    }),
    ("equal calls", GOOGLE, 1000, |n| {
        candidate(&list(n, |_| r#"{"functionCall":{"id":"c","name":"f","args":{}}}"#.to_owned()), "")
    }),
    ("calls without an id", GOOGLE, 1000, |n| {
        candidate(&list(n, |_| r#"{"functionCall":{"name":"f","args":{}}}"#.to_owned()), "")
    }),
    ("pictures", GOOGLE, 1000, |n| {
        candidate(&list(n, |_| r#"{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}"#.to_owned()), "")
    }),
    ("candidates", GOOGLE, 30, |n| {
        format!(
            r#"{{"candidates":[{}]}}"#,
            list(n, |i| format!(r#"{{"index":{i},"content":{{"parts":[{{"text":"a"}}]}}}}"#))
        )
    }),
    ("spans of a long text", GOOGLE, 500, |n| {
        candidate(&format!(r#"{{"text":"{}"}}"#, "é".repeat(100 * n)), &supports(n, 1, 1))
    }),
    ("pages of a span", GOOGLE, 1000, |n| candidate(r#"{"text":"a"}"#, &supports(1, n, n))),
    ("pages of each span", GOOGLE, 40, |n| candidate(r#"{"text":"a"}"#, &supports(n, n, n))),
    ("logprobs", GOOGLE, 1000, |n| {
        let tokens = list(n, |_| r#"{"token":"a","logProbability":-1}"#.to_owned());
        candidate(r#"{"text":"a"}"#, &format!(r#","logprobsResult":{{"chosenCandidates":[{tokens}]}}"#))
    }),
];

#[test]
fn whole_answers_cost_what_they_are_long() {
    let calls = [OPENAI, ANTHROPIC, GOOGLE].map(|provider| (provider, call(provider, false)));
    check(WHOLE, |provider, body| {
        let (_, call) = calls.iter().find(|(known, _)| *known == provider).unwrap();
        cost(call.whole(body.clone().into()))
    });
}

/// Events with these data.
fn events(n: usize, data: impl Fn(usize) -> String) -> String {
    (0..n).map(|i| format!("data: {}\n\n", data(i))).collect()
}

const START: &str =
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"content\":[],\"usage\":{}}}\n\n";
const STOP: &str = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n";

fn block(index: usize, block: &str) -> String {
    format!("{{\"type\":\"content_block_start\",\"index\":{index},\"content_block\":{block}}}")
}

fn delta(index: usize, delta: &str) -> String {
    format!("{{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{delta}}}")
}

const TEXT: &str = r#"{"type":"text","text":""}"#;
const CALL: &str = r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#;
const MORE: &str = r#"{"type":"text_delta","text":"a"}"#;

const STREAMS: &[Shape] = &[
    ("chunks", OPENAI, 1000, |n| {
        events(n, |_| r#"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}"#.to_owned())
    }),
    ("chunks of other providers", OPENAI, 1000, |n| {
        events(n, |_| r#"{ "choices" : [ { "delta":{"content":"\"usage\""}}]}"#.to_owned())
    }),
    ("empty events", OPENAI, 5000, |n| "data:\n\n".repeat(n)),
    ("comments", OPENAI, 5000, |n| ": c\n\n".repeat(n)),
    ("comments without an end", OPENAI, 50_000, |n| format!(":{}", "c".repeat(n))),
    ("lines of one event", OPENAI, 5000, |n| format!("{}\n", "data: {}\n".repeat(n))),
    ("empty lines of one event", ANTHROPIC, 20_000, |n| format!("{}\n", "data\n".repeat(n))),
    ("comments in an event", ANTHROPIC, 5000, |n| format!("data: {{\n{}data: }}\n\n", ": c\n".repeat(n))),
    ("fields that nobody knows", GOOGLE, 5000, |n| "x: y\n".repeat(n)),
    ("ends of lines", GOOGLE, 50_000, |n| "\r\n".repeat(n)),
    ("carriage returns", GOOGLE, 50_000, |n| "\r".repeat(n)),
    ("pings", ANTHROPIC, 1000, |n| format!("{START}{}", events(n, |_| r#"{"type":"ping"}"#.to_owned()))),
    ("text", ANTHROPIC, 1000, |n| {
        format!("{START}{}{}{STOP}", events(1, |_| block(0, TEXT)), events(n, |_| delta(0, MORE)))
    }),
    ("blocks that stay open", ANTHROPIC, 500, |n| {
        format!("{START}{}{}{STOP}", events(n, |i| block(i, TEXT)), events(n, |_| delta(0, MORE)))
    }),
    ("blocks that stay open, and stop", ANTHROPIC, 500, |n| {
        let stops = events(n, |i| format!(r#"{{"type":"content_block_stop","index":{i}}}"#));
        format!("{START}{}{stops}{STOP}", events(n, |i| block(i, TEXT)))
    }),
    ("calls with names that were changed", ANTHROPIC, 500, |n| {
        format!("{START}{}{STOP}", events(n, |i| block(i, CALL)))
    }),
    ("a call's pieces", ANTHROPIC, 1000, |n| {
        let piece = r#"{"type":"input_json_delta","partial_json":"\"_p1\":"}"#;
        format!("{START}{}{}{STOP}", events(1, |_| block(0, CALL)), events(n, |_| delta(0, piece)))
    }),
    ("a call's halves of characters", ANTHROPIC, 1000, |n| {
        let piece = r#"{"type":"input_json_delta","partial_json":"\\ud83d"}"#;
        format!("{START}{}{}{STOP}", events(1, |_| block(0, CALL)), events(n, |_| delta(0, piece)))
    }),
    ("thinking", ANTHROPIC, 1000, |n| {
        let thinking = r#"{"type":"thinking","thinking":"","signature":""}"#;
        let piece = r#"{"type":"thinking_delta","thinking":"a"}"#;
        format!("{START}{}{}{STOP}", events(1, |_| block(0, thinking)), events(n, |_| delta(0, piece)))
    }),
    ("citations", ANTHROPIC, 1000, |n| {
        let piece =
            r#"{"type":"citations_delta","citation":{"type":"web_search_result_location","url":"u","title":"t"}}"#;
        format!("{START}{}{}{STOP}", events(1, |_| block(0, TEXT)), events(n, |_| delta(0, piece)))
    }),
    ("counts", ANTHROPIC, 1000, |n| {
        format!(
            "{START}{}{STOP}",
            events(n, |i| format!(r#"{{"type":"message_delta","delta":{{}},"usage":{{"output_tokens":{i}}}}}"#))
        )
    }),
    ("text", GOOGLE, 1000, |n| events(n, |_| candidate(r#"{"text":"a"}"#, ""))),
    ("empty events", GOOGLE, 1000, |n| events(n, |_| "{}".to_owned())),
    ("pictures", GOOGLE, 1000, |n| {
        events(n, |_| candidate(r#"{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}"#, ""))
    }),
    ("calls", GOOGLE, 1000, |n| {
        events(n, |i| candidate(&format!(r#"{{"functionCall":{{"id":"c{i}","name":"f","args":{{}}}}}}"#), ""))
    }),
    ("calls with one id", GOOGLE, 1000, |n| {
        events(n, |i| candidate(&format!(r#"{{"functionCall":{{"id":"c","name":"f","args":{{"a":{i}}}}}}}"#), ""))
    }),
    ("many choices", GOOGLE, 1000, |n| {
        events(n, |i| format!(r#"{{"candidates":[{{"index":{},"content":{{"parts":[{{"text":"a"}}]}}}}]}}"#, i % 100))
    }),
    ("spans of a long text", GOOGLE, 250, |n| {
        format!(
            "{}{}",
            events(n, |_| candidate(&format!(r#"{{"text":"{}"}}"#, "é".repeat(100)), "")),
            events(1, |_| candidate("", &supports(n, 1, 1)))
        )
    }),
];

/// The stream, fed in pieces of this size.
fn streamed(call: &ChatCall, body: &str, size: usize) -> Cost {
    let mut stream = call.stream();
    let mut bytes = 0;
    for piece in body.as_bytes().chunks(size) {
        bytes += stream.feed(piece).len();
    }
    Cost { steps: 0, bytes: bytes + stream.finish().len() }
}

#[test]
fn streams_cost_what_they_are_long() {
    let calls = [OPENAI, ANTHROPIC, GOOGLE].map(|provider| (provider, call(provider, true)));
    for size in [1 << 30, 16 << 10, 7] {
        check(STREAMS, |provider, body| {
            let (_, call) = calls.iter().find(|(known, _)| *known == provider).unwrap();
            streamed(call, body, size)
        });
    }
}

#[test]
fn collected_streams_cost_what_they_are_long() {
    let anthropic: Vec<Shape> = STREAMS.iter().copied().filter(|(_, provider, ..)| *provider == ANTHROPIC).collect();
    check(&anthropic, |provider, body| {
        let mut collector = dialect(provider).collector().unwrap();
        let mut decoder = Decoder::default();
        decoder.feed(body.as_bytes());
        while let Ok(Some(event)) = decoder.next_event() {
            if collector.feed(event).is_err() {
                return Cost::default();
            }
        }
        Cost { steps: 0, bytes: collector.finish(&[]).map_or(0, |body| body.len()) }
    });
}

#[test]
fn errors_cost_what_they_are_long() {
    const ERRORS: &[(&str, fn(usize) -> String)] = &[
        ("a long message", |n| {
            format!(
                r#"{{"type":"error","error":{{"type":"t","code":400,"status":"S","message":"{}"}}}}"#,
                "word ".repeat(n)
            )
        }),
        ("a long word", |n| format!(r#"{{"error":{{"message":"{}"}}}}"#, "x".repeat(5 * n))),
        ("what looks like keys", |n| format!(r#"{{"error":{{"message":"{}"}}}}"#, "sk-".repeat(n))),
        ("what looks like keys, apart", |n| {
            format!(r#"{{"error":{{"message":"{}"}}}}"#, "sk-abcdefghijk AIzakey=".repeat(n / 4))
        }),
        ("details", |n| {
            format!(
                r#"{{"error":{{"code":400,"status":"INVALID_ARGUMENT","message":"m","details":[{}]}}}}"#,
                list(n / 4, |i| format!(r#"{{"@type":"t{i}","reason":"r"}}"#))
            )
        }),
        ("HTML", |n| format!("<html>{}", "<p>".repeat(n))),
        ("lists", |n| format!("{}{}", "[".repeat(n), "]".repeat(n))),
        ("errors in a list", |n| format!("[{}]", list(n / 8, |_| r#"{"error":{"code":503}}"#.to_owned()))),
    ];
    let mut problems = Vec::new();
    for (name, make) in ERRORS {
        for provider in [OPENAI, ANTHROPIC, GOOGLE] {
            let call = call(provider, false);
            for status in [400, 401, 429, 500] {
                let run =
                    |body: &String| Cost { steps: 0, bytes: call.error(status, &[], body.as_bytes()).to_body().len() };
                if let Err(problem) = grows_linearly(20_000, make, run) {
                    problems.push(format!("{name}, {provider}, {status}: {problem}"));
                }
            }
        }
    }
    report(&problems);
}

#[test]
fn headers_cost_what_they_are_long() {
    const HEADERS: &[(&str, fn(usize) -> Vec<(String, String)>)] = &[
        ("many", |n| (0..n).map(|i| (format!("x-ratelimit-{i}"), i.to_string())).collect()),
        ("one, long", |n| {
            vec![("x-request-id".to_owned(), "a".repeat(10 * n)), ("request-id".to_owned(), "a".repeat(10 * n))]
        }),
        ("one, many times", |n| {
            (0..n).map(|i| ("anthropic-ratelimit-requests-limit".to_owned(), i.to_string())).collect()
        }),
        ("a wait of digits", |n| vec![("retry-after".to_owned(), "1".repeat(10 * n))]),
        ("a tier", |n| vec![("x-gemini-service-tier".to_owned(), "s".repeat(10 * n))]),
    ];
    let mut problems = Vec::new();
    for (name, make) in HEADERS {
        for provider in [OPENAI, ANTHROPIC, GOOGLE] {
            let call = call(provider, false);
            let run = |headers: &Vec<(String, String)>| {
                let mut disclosure = Disclosure::default();
                dialect(provider).disclose(headers, NOW, &mut disclosure);
                Cost { steps: 0, bytes: call.error(429, headers, b"").to_body().len() }
            };
            if let Err(problem) = grows_linearly(10_000, make, run) {
                problems.push(format!("{name}, {provider}: {problem}"));
            }
        }
    }
    report(&problems);
}

#[test]
fn lists_of_models_cost_what_they_are_long() {
    const LISTS: &[Shape] = &[
        ("models", OPENAI, 1000, |n| {
            format!(r#"{{"data":[{}]}}"#, list(n, |i| format!(r#"{{"id":"gpt-{i}","created":1}}"#)))
        }),
        ("models", ANTHROPIC, 1000, |n| {
            format!(
                r#"{{"data":[{}]}}"#,
                list(n, |i| format!(r#"{{"id":"claude-{i}","created_at":"2026-01-01T00:00:00Z"}}"#))
            )
        }),
        ("models", GOOGLE, 1000, |n| {
            format!(
                r#"{{"models":[{}]}}"#,
                list(n, |i| format!(
                    r#"{{"name":"models/gemini-{i}","supportedGenerationMethods":["generateContent"]}}"#
                ))
            )
        }),
        ("methods", GOOGLE, 5000, |n| {
            format!(
                r#"{{"models":[{{"name":"models/gemini-1","supportedGenerationMethods":[{}]}}]}}"#,
                list(n, |i| format!("\"m{i}\""))
            )
        }),
    ];
    check(LISTS, |provider, body| {
        let found = dialect(provider).models_answer(body.as_bytes());
        Cost { steps: 0, bytes: found.map_or(0, |(models, _)| models.iter().map(|model| model.id.len()).sum()) }
    });
}

#[test]
fn embeddings_answers_cost_what_they_are_long() {
    use surface::embeddings::Encoding;
    const ANSWERS: &[Shape] = &[
        ("vectors", OPENAI, 200, |n| {
            format!(
                r#"{{"data":[{}]}}"#,
                list(n, |i| format!(r#"{{"index":{i},"embedding":[{}]}}"#, list(50, |_| "0.125".to_owned())))
            )
        }),
        ("vectors", GOOGLE, 200, |n| {
            format!(
                r#"{{"embeddings":[{}]}}"#,
                list(n, |_| format!(r#"{{"values":[{}]}}"#, list(50, |_| "0.125".to_owned())))
            )
        }),
        ("a long vector", GOOGLE, 10_000, |n| {
            format!(r#"{{"embeddings":[{{"values":[{}]}}]}}"#, list(n, |_| "0.125".to_owned()))
        }),
    ];
    for encoding in [Encoding::Float, Encoding::Base64] {
        check(ANSWERS, |provider, body| {
            let inputs = body.matches("values").count();
            let context = EmbeddingsContext { model: "m".to_owned(), encoding, inputs, input_bytes: vec![1; inputs] };
            cost(dialect(provider).embeddings_answer(vec![body.clone().into()], &context).map(|answer| answer.body))
        });
    }
}

#[test]
fn what_a_refusal_amends_costs_what_it_is_long() {
    const REQUESTS: &[Shape] = &[
        ("turns with thinking", ANTHROPIC, 250, |n| {
            let turn = r#"{"role":"user","content":"x"},{"role":"assistant","content":"a","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"}]}"#;
            format!(
                r#"{{"model":"claude-opus-5-5","messages":[{},{{"role":"user","content":"x"}}]}}"#,
                list(n, |_| turn.to_owned())
            )
        }),
        ("strict tools", ANTHROPIC, 100, |n| {
            let tools = list(n, |i| {
                format!(
                    r#"{{"type":"function","function":{{"name":"f{i}","strict":true,"parameters":{{"type":"object","properties":{{}},"additionalProperties":false}}}}}}"#
                )
            });
            format!(r#"{{"model":"claude-opus-5-5","messages":[{{"role":"user","content":"x"}}],"tools":[{tools}]}}"#)
        }),
        ("signed turns", GOOGLE, 250, |n| {
            let turn = r#"{"role":"user","content":"x"},{"role":"assistant","content":"a","extra_content":{"google":{"thought_signature":"c2ln"}}}"#;
            format!(
                r#"{{"model":"gemini-3.8-flash","messages":[{},{{"role":"user","content":"x"}}]}}"#,
                list(n, |_| turn.to_owned())
            )
        }),
    ];
    const REFUSALS: &[&str] = &[
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}"#,
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"tools.0.custom: Schema is too complex for compilation"}}"#,
        r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"Thought signature is not valid"}}"#,
    ];
    for refusal in REFUSALS {
        check(REQUESTS, |provider, body| {
            let Ok(call) = chat(provider, &body.clone().into(), ChatOptions::new(id(), NOW)) else {
                return Cost::default();
            };
            let failure = ErrorResponse { status: 400, headers: &[], body: refusal.as_bytes() };
            let amended = dialect(provider).amend(&failure, call.wire());
            Cost { steps: 0, bytes: amended.map_or(0, |amended| amended.wire.body.len()) }
        });
    }
}
