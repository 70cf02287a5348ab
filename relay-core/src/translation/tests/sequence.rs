//! Random answers, streamed and cut at random, fold to the whole answer.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fold::{anthropic_whole, check, google_whole};
use super::plain_context;
use super::support::feed::Cut;
use crate::translation::anthropic::Anthropic;
use crate::translation::google::Google;
use crate::translation::{ChatContext, Dialect};

/// Arguments as models write them: with spaces, large and odd numbers, escapes, characters of several bytes.
const ARGUMENTS: &[&str] = &[
    "",
    "{}",
    r#"{"city": "Zürich"}"#,
    r#"{"n":1.50,"big":12345678901234567890123,"e":1e400}"#,
    r#"{"text":"a \"quoted\" \u00e9 \ud83d\ude00 😀","deep":{"list":[1, null, true]}}"#,
];

/// Short texts, empty ones among them, with characters of one to four bytes.
fn word() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["", "a", "Hi ", "é", "日本", "😀\n", "\"q\"", "e\u{301} "]).prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(word(), 0..4)
}

/// A text in pieces, cut at characters.
fn pieces(text: &str, at: &[usize]) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), text);
    for at in at {
        let place = rest.char_indices().nth(*at).map_or(rest.len(), |(place, _)| place);
        let (piece, behind) = rest.split_at(place);
        found.push(piece.to_owned());
        rest = behind;
    }
    found.push(rest.to_owned());
    found
}

/// One block of a message: its start, and the deltas that follow it.
fn block() -> impl Strategy<Value = (Value, Vec<Value>)> {
    let delta = |kind: &'static str, name: &'static str, texts: Vec<String>| -> Vec<Value> {
        texts.into_iter().map(|text| json!({"type": kind, (name): text})).collect()
    };
    let arguments = (proptest::sample::select(ARGUMENTS), proptest::collection::vec(0..9_usize, 0..4));
    let text = (words(), 0..3_u32).prop_map(move |(texts, citations)| {
        let mut deltas = delta("text_delta", "text", texts);
        for n in 0..citations {
            let citation =
                json!({"type": "web_search_result_location", "url": format!("https://e.com/{n}"), "title": "T"});
            deltas.insert(0, json!({"type": "citations_delta", "citation": citation}));
        }
        (json!({"type": "text", "text": ""}), deltas)
    });
    let tool = (arguments.clone(), "[a-z]{1,3}").prop_map(move |((json, at), id)| {
        let start = json!({"type": "tool_use", "id": format!("toolu_{id}"), "name": "f", "input": {}});
        (start, delta("input_json_delta", "partial_json", pieces(json, &at)))
    });
    let whole = Just((json!({"type": "tool_use", "id": "toolu_w", "name": "g", "input": {"a": ["é", 1]}}), vec![]));
    let server = arguments.prop_map(move |(json, at)| {
        let start = json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}});
        (start, delta("input_json_delta", "partial_json", pieces(json, &at)))
    });
    let thinking = (words(), "[A-Za-z0-9+/=]{0,8}").prop_map(move |(texts, signature)| {
        let mut deltas = delta("thinking_delta", "thinking", texts);
        deltas.push(json!({"type": "signature_delta", "signature": signature}));
        (json!({"type": "thinking", "thinking": "", "signature": ""}), deltas)
    });
    let redacted = Just((json!({"type": "redacted_thinking", "data": "cmVk"}), vec![]));
    let unknown = Just((json!({"type": "later", "text": {"a": 1}}), vec![json!({"type": "later_delta", "text": 7})]));
    prop_oneof![4 => text, 3 => tool, 1 => whole, 1 => server, 3 => thinking, 1 => redacted, 1 => unknown]
}

/// The body of a stream of Anthropic's.
fn anthropic_body() -> impl Strategy<Value = String> {
    let reasons = vec![
        json!("end_turn"),
        json!("tool_use"),
        json!("max_tokens"),
        json!("stop_sequence"),
        json!("refusal"),
        json!("tomorrow"),
        json!(null),
    ];
    let usage = (0..900_u64, proptest::option::of(0..50_u64), proptest::option::of(0..9_u64));
    let blocks = proptest::collection::vec(block(), 0..6);
    (blocks, proptest::sample::select(reasons), usage, any::<bool>()).prop_map(
        |(blocks, reason, (output, read, thinking), stops)| {
            let usage = json!({"input_tokens": 12, "cache_read_input_tokens": 3, "output_tokens": 1,
                "service_tier": "standard"});
            let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
                "content": [], "stop_reason": null, "usage": usage});
            let mut events = vec![json!({"type": "message_start", "message": message}), json!({"type": "ping"})];
            for (index, (start, deltas)) in blocks.into_iter().enumerate() {
                events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
                for delta in deltas {
                    events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
                }
                events.push(json!({"type": "content_block_stop", "index": index}));
            }
            // Twice, since totals so far overwrite, and a count that is null changes nothing.
            events.push(json!({"type": "message_delta", "delta": {}, "usage": {"output_tokens": output / 2}}));
            let usage = json!({"output_tokens": output, "cache_read_input_tokens": read,
                "output_tokens_details": thinking.map(|count| json!({"thinking_tokens": count}))});
            events.push(json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}));
            if stops {
                events.push(json!({"type": "message_stop"}));
            }
            let event = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
            events.iter().map(event).collect()
        },
    )
}

/// One part of an answer of Gemini's.
fn part() -> impl Strategy<Value = Value> {
    let signature = || proptest::option::of("[A-Za-z0-9+/=]{1,6}");
    let signed = |mut part: Value, signature: Option<String>| {
        if let Some(signature) = signature {
            part["thoughtSignature"] = signature.into();
        }
        part
    };
    let args = vec![None, Some(json!({})), Some(json!({"z": "Zürich", "a": [1, null, 1.5]}))];
    let call = (proptest::option::of("[a-z]{1,4}"), proptest::sample::select(args), signature()).prop_map(
        move |(id, args, signature)| {
            let mut call = json!({"name": "f"});
            if let Some(id) = id {
                call["id"] = id.into();
            }
            if let Some(args) = args {
                call["args"] = args;
            }
            signed(json!({"functionCall": call}), signature)
        },
    );
    prop_oneof![
        4 => (word(), signature()).prop_map(move |(text, signature)| signed(json!({"text": text}), signature)),
        2 => word().prop_map(|text| json!({"text": text, "thought": true})),
        3 => call,
        1 => signature().prop_map(move |signature| {
            signed(json!({"inlineData": {"mimeType": "image/png", "data": "QQ=="}}), signature)
        }),
        1 => Just(json!({"executableCode": {"code": "1"}})),
        1 => Just(json!({"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}})),
    ]
}

/// The body of a stream of Gemini's.
fn google_body() -> impl Strategy<Value = String> {
    let reasons =
        vec![None, Some("STOP"), Some("MAX_TOKENS"), Some("SAFETY"), Some("MALFORMED_FUNCTION_CALL"), Some("NEW")];
    let event = (proptest::collection::vec(part(), 0..4), 0..99_u64, any::<bool>());
    let events = proptest::collection::vec(event, 1..6);
    (events, proptest::sample::select(reasons), any::<bool>()).prop_map(|(events, reason, early)| {
        let count = events.len();
        let mut body = String::new();
        for (n, (parts, tokens, logprobs)) in events.into_iter().enumerate() {
            let mut candidate = json!({"index": 0, "content": {"role": "model", "parts": parts}});
            if logprobs {
                let token = json!({"token": "é", "logProbability": -0.5});
                candidate["logprobsResult"] = json!({"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]});
            }
            if n + 1 == count {
                candidate["groundingMetadata"] = json!({"groundingChunks": [{"web": {"uri": "https://e.com", "title": "T"}}],
                    "groundingSupports": [{"segment": {"endIndex": 3}, "groundingChunkIndices": [0]}]});
            }
            // Some models say STOP in every event.
            if let Some(reason) = reason.filter(|_| n + 1 == count).or((early && reason.is_some()).then_some("STOP")) {
                candidate["finishReason"] = reason.into();
            }
            let usage = json!({"promptTokenCount": 7, "candidatesTokenCount": tokens, "thoughtsTokenCount": n,
                "serviceTier": "standard"});
            let event = json!({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-x", "responseId": "r"});
            body.push_str(&format!("data: {event}\r\n\r\n"));
        }
        body
    })
}

fn cut() -> impl Strategy<Value = Cut> {
    prop_oneof![Just(Cut::Whole), Just(Cut::AtEvents), Just(Cut::Growing), (1..2000_usize).prop_map(Cut::Once)]
}

fn context() -> impl Strategy<Value = ChatContext> {
    (any::<bool>(), any::<bool>()).prop_map(|(legacy_functions, first_call_only)| ChatContext {
        legacy_functions,
        first_call_only,
        ..plain_context()
    })
}

fn holds(dialect: &dyn Dialect, body: &str, cut: Cut, context: &ChatContext, whole: Option<String>) {
    if let Some(Err(why)) = check(dialect, body, cut, context, whole) {
        panic!("{why}\n{body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_anthropic_stream_folds_to_the_whole_answer(body in anthropic_body(), cut in cut(), context in context()) {
        holds(&Anthropic, &body, cut, &ChatContext { first_call_only: false, ..context }, anthropic_whole(&body));
    }

    #[test]
    fn any_gemini_stream_folds_to_the_whole_answer(body in google_body(), cut in cut(), context in context()) {
        holds(&Google, &body, cut, &context, google_whole(&body));
    }
}
