//! Answers that take more than one request, or a stream although the caller asked for none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use futures::executor::block_on;
use relay_core::domain::*;
use relay_core::ports::*;
use relay_core::{Caller, Disclosure, Provider, RelayError, ReplyBody};
use serde_json::{Value, json};

use super::calls::{World, caller};

/// A provider that gives these answers one after the other, and what it was asked.
struct Script {
    provider: Provider,
    answers: Vec<(u16, String)>,
}

/// What came of a call.
struct Outcome {
    answer: Result<String, RelayError>,
    disclosure: Disclosure,
    asked: Vec<Value>,
    metered: Vec<UsageEvent>,
}

fn script(provider: Provider, answers: impl IntoIterator<Item = (u16, String)>) -> Script {
    Script { provider, answers: answers.into_iter().collect() }
}

impl Script {
    fn play(self, request: &Value) -> Outcome {
        self.play_as(&caller(), request)
    }

    fn play_as(self, caller: &Caller, request: &Value) -> Outcome {
        let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
        let mut client = MockProviderClient::new();
        let (seen, mut answers) = (Arc::clone(&asked), VecDeque::from(self.answers));
        client.expect_provider().return_const(self.provider);
        client.expect_send().returning(move |wire, _| {
            seen.lock().unwrap().push(serde_json::from_slice(&wire.body).unwrap());
            let (status, body) = answers.pop_front().expect("no more answers");
            Ok(WireResponse::whole(status, body))
        });
        let world = World::new().with_key(ConnectionState::Active, "a-key-of-this-user").with_client(client);
        let metered = Arc::clone(&world.metered);
        let relay = world.relay();
        let mut disclosure = Disclosure::default();
        let body = Bytes::from(request.to_string());
        let answer = block_on(async {
            let prepared = relay.prepare_chat(caller, body).await?;
            let reply = prepared.send().await?;
            disclosure = reply.disclosure;
            let bytes: Vec<u8> = match reply.body {
                ReplyBody::Whole(body) => body.to_vec(),
                ReplyBody::Stream(stream) => stream.map(|Ok(piece)| piece.to_vec()).concat().await,
            };
            Ok(String::from_utf8(bytes).unwrap())
        });
        let (asked, metered) = (asked.lock().unwrap().clone(), metered.lock().unwrap().clone());
        Outcome { answer, disclosure, asked, metered }
    }
}

impl Outcome {
    fn json(&self) -> Value {
        serde_json::from_str(self.answer.as_ref().unwrap()).unwrap()
    }

    /// The chunks of a stream; `[DONE]` as a string.
    fn chunks(&self) -> Vec<Value> {
        let data = self.answer.as_ref().unwrap().split_terminator("\n\n").map(|event| &event["data: ".len()..]);
        data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| json!(data))).collect()
    }

    /// All text of a stream.
    fn text(&self) -> String {
        let texts = self.chunks();
        texts.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
    }

    /// The finish reasons of a stream, of which there must be one.
    fn finish(&self) -> Vec<Value> {
        let chunks = self.chunks();
        let all = chunks.iter().map(|chunk| chunk["choices"][0]["finish_reason"].clone());
        all.filter(|reason| !reason.is_null()).collect()
    }
}

fn ask(model: &str, more: &Value) -> Value {
    let mut request = json!({"model": model, "messages": [{"role": "user", "content": "x"}]});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

fn sse(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("x"))).collect()
}

/// A whole answer of Claude's.
fn message(content: &Value, stop: &str) -> (u16, String) {
    let usage = json!({"input_tokens": 10, "output_tokens": 5});
    let body = json!({"id": "msg_1", "type": "message", "model": "claude-opus-5-5", "content": content,
        "stop_reason": stop, "usage": usage});
    (200, body.to_string())
}

/// The same, streamed: each block complete in its start, but for text, which comes in two pieces.
fn streamed(content: &Value, stop: &str) -> (u16, String) {
    let start = json!({"id": "msg_1", "type": "message", "model": "claude-opus-5-5", "content": [],
        "stop_reason": null, "usage": {"input_tokens": 10, "output_tokens": 1}});
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in content.as_array().unwrap().iter().enumerate() {
        let text = block["text"].as_str().unwrap_or_default().to_owned();
        let mut start = block.clone();
        if block["type"] == "text" {
            start["text"] = json!("");
        }
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        let (one, two) = text.split_at(text.len() / 2);
        for piece in [one, two].into_iter().filter(|piece| !piece.is_empty()) {
            let delta = json!({"type": "text_delta", "text": piece});
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": stop, "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}));
    events.push(json!({"type": "message_stop"}));
    (200, sse(&events))
}

fn text(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

fn searched(text: &str) -> Value {
    json!([{"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"q": 1}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"encrypted_content": "Zz=="}]},
        {"type": "text", "text": text}])
}

const REFUSED: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;

#[test]
fn a_long_claude_answer_is_asked_for_as_a_stream_and_given_whole() {
    let events = [
        json!({"type": "message_start", "message": {"id": "msg_9", "model": "claude-opus-5-5", "content": [],
            "stop_reason": null, "usage": {"input_tokens": 7, "output_tokens": 1, "service_tier": "standard"}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "EqQB"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "안"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "녕"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"b\": 1.50, "}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "\"a\":2}"}}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "content_block_start", "index": 3, "content_block": {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}}}),
        json!({"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": "{\"cut"}}),
        json!({"type": "content_block_stop", "index": 3}),
        json!({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 50}}),
        json!({"type": "message_stop"}),
    ];
    let outcome = script(Provider::ANTHROPIC, [(200, sse(&events))]).play(&ask("claude-opus-5-5", &json!({})));
    assert_eq!((&outcome.asked[0]["stream"], &outcome.asked[0]["max_tokens"]), (&json!(true), &json!(128_000)));
    let answer = outcome.json();
    let want = json!({"index": 0, "logprobs": null, "finish_reason": "length", "message": {
        "role": "assistant", "content": "안녕", "refusal": null, "reasoning_content": "Hm.",
        "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}],
        "tool_calls": [
            {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{\"b\":1.50,\"a\":2}"}},
            {"id": "toolu_2", "type": "function", "function": {"name": "g", "arguments": "{\"cut"}}]}});
    assert_eq!(answer["choices"][0], want);
    assert_eq!((&answer["id"], &answer["usage"]["total_tokens"]), (&json!("chatcmpl-9"), &json!(57)));
    assert_eq!(
        (outcome.metered[0].outcome, outcome.metered[0].tokens.output),
        (relay_core::domain::Outcome::Complete, 50)
    );
}

#[test]
fn a_short_claude_answer_is_asked_for_whole() {
    for (limit, stream) in [(21_333, Value::Null), (21_334, json!(true))] {
        let answer =
            if stream.is_null() { message(&text("Hi"), "end_turn") } else { streamed(&text("Hi"), "end_turn") };
        let request = ask("claude-opus-5-5", &json!({"max_tokens": limit}));
        let outcome = script(Provider::ANTHROPIC, [answer]).play(&request);
        assert_eq!((&outcome.asked[0]["stream"], outcome.asked.len()), (&stream, 1), "{limit}");
        assert_eq!(outcome.json()["choices"][0]["message"]["content"], "Hi");
    }
}

#[test]
fn a_long_answer_that_fails_or_breaks_off_is_an_error() {
    let half = streamed(&text("Hi"), "end_turn").1;
    let half = half.split_once("event: message_delta").unwrap().0.to_owned();
    for (body, code) in [
        (format!("{half}event: error\ndata: {REFUSED}\n\n"), "upstream_overloaded"),
        (half, "upstream_stream_interrupted"),
        ("<!DOCTYPE html><p>Login".to_owned(), "upstream_error"),
        ("data: {\"un\u{0}\n\n".to_owned(), "upstream_error"),
        (String::new(), "upstream_error"),
    ] {
        let outcome = script(Provider::ANTHROPIC, [(200, body)]).play(&ask("claude-opus-5-5", &json!({})));
        assert_eq!(outcome.answer.unwrap_err().code(), code);
        assert_eq!(
            outcome.metered[0].outcome,
            relay_core::domain::Outcome::Failed(relay_core::domain::Blame::Provider)
        );
    }
}

#[test]
fn a_paused_turn_is_continued_and_answered_as_one() {
    let request = ask("claude-opus-5-5", &json!({"max_tokens": 100, "web_search_options": {}}));
    let answers = [message(&searched("One. "), "pause_turn"), message(&text("Two."), "end_turn")];
    let outcome = script(Provider::ANTHROPIC, answers).play(&request);
    assert_eq!(outcome.asked[1]["messages"][1], json!({"role": "assistant", "content": searched("One. ")}));
    assert_eq!((&outcome.asked[0]["tools"], outcome.asked.len()), (&outcome.asked[1]["tools"], 2));
    let answer = outcome.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "One. Two.");
    assert_eq!(
        (&answer["choices"][0]["finish_reason"], &answer["usage"]["prompt_tokens"]),
        (&json!("stop"), &json!(20))
    );
    assert_eq!((outcome.metered.len(), outcome.metered[0].tokens.output), (1, 10));
}

#[test]
fn a_paused_stream_goes_on_as_one_stream() {
    let options = json!({"stream": true, "web_search_options": {}, "stream_options": {"include_usage": true}});
    let answers = ["One. ", "Two. "].map(|text| streamed(&searched(text), "pause_turn"));
    let answers = answers.into_iter().chain([streamed(&text("Three."), "end_turn")]);
    let outcome = script(Provider::ANTHROPIC, answers).play(&ask("claude-opus-5-5", &options));
    assert_eq!((outcome.text(), outcome.finish()), ("One. Two. Three.".to_owned(), vec![json!("stop")]));
    let history = outcome.asked[2]["messages"].as_array().unwrap();
    let blocks = [searched("One. "), searched("Two. ")].map(|content| content.as_array().unwrap().clone()).concat();
    assert_eq!(history[1..], [json!({"role": "assistant", "content": blocks})]);
    let chunks = outcome.chunks();
    assert_eq!(chunks.iter().filter(|chunk| chunk["choices"][0]["delta"]["role"] == "assistant").count(), 1);
    assert_eq!(chunks[chunks.len() - 2]["usage"]["total_tokens"], 45);
    assert_eq!(*chunks.last().unwrap(), "[DONE]");
    assert_eq!(outcome.metered[0].tokens.output, 15);
}

#[test]
fn a_turn_that_pauses_for_ever_ends_as_cut_short() {
    let request =
        |stream| ask("claude-opus-5-5", &json!({"max_tokens": 9, "stream": stream, "web_search_options": {}}));
    let whole = script(Provider::ANTHROPIC, vec![message(&text("A"), "pause_turn"); 6]).play(&request(false));
    assert_eq!((whole.asked.len(), &whole.json()["choices"][0]["finish_reason"]), (6, &json!("length")));
    let stream = script(Provider::ANTHROPIC, vec![streamed(&text("A"), "pause_turn"); 6]).play(&request(true));
    assert_eq!((stream.asked.len(), stream.text().as_str(), stream.finish()), (6, "AAAAAA", vec![json!("length")]));
}

#[test]
fn a_later_request_that_fails_leaves_what_there_is_or_the_error() {
    for (shown, stream) in [("One.", false), ("One.", true), ("", false), ("", true)] {
        let options = json!({"max_tokens": 9, "stream": stream, "web_search_options": {}});
        let first =
            if stream { streamed(&searched(shown), "pause_turn") } else { message(&searched(shown), "pause_turn") };
        let answers = [first, (529, REFUSED.to_owned())];
        let outcome = script(Provider::ANTHROPIC, answers).play(&ask("claude-opus-5-5", &options));
        assert_eq!(outcome.asked.len(), 2);
        match (shown.is_empty(), stream) {
            (false, false) => assert_eq!(outcome.json()["choices"][0]["finish_reason"], "length"),
            (false, true) => assert_eq!((outcome.text(), outcome.finish()), (shown.to_owned(), vec![json!("length")])),
            (true, false) => assert_eq!(outcome.answer.unwrap_err().code(), "upstream_overloaded"),
            (true, true) => assert_eq!(outcome.chunks().last().unwrap()["error"]["code"], "upstream_overloaded"),
        }
    }
}

#[test]
fn a_later_answer_that_is_none_leaves_what_there_is() {
    for stream in [false, true] {
        let options = json!({"max_tokens": 9, "stream": stream, "web_search_options": {}});
        let first = if stream { streamed(&text("One."), "pause_turn") } else { message(&text("One."), "pause_turn") };
        let outcome = script(Provider::ANTHROPIC, [first, (200, "<!DOCTYPE html>".to_owned())])
            .play(&ask("claude-opus-5-5", &options));
        if stream {
            assert_eq!((outcome.text(), outcome.finish()), ("One.".to_owned(), vec![json!("length")]));
        } else {
            let choice = &outcome.json()["choices"][0];
            assert_eq!((&choice["message"]["content"], &choice["finish_reason"]), (&json!("One."), &json!("length")));
        }
        let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
        let answers = [answer("One.", "CONTINUATION", Some("t"), false), (200, blocked.to_owned())];
        let outcome = script(Provider::GOOGLE, answers).play(&ask("gemini-4-argon", &json!({})));
        assert_eq!(outcome.json()["choices"][0]["message"]["content"], "One.");
    }
}

/// One request's part of a Gemini answer.
fn answer(text: &str, finish: &str, token: Option<&str>, stream: bool) -> (u16, String) {
    let mut candidate = json!({"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish});
    if let Some(token) = token {
        candidate["continuationToken"] = json!(token);
    }
    let usage = json!({"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8});
    let body =
        json!({"candidates": [candidate], "responseId": "r", "modelVersion": "gemini-4-argon", "usageMetadata": usage});
    (200, if stream { format!("data: {body}\r\n\r\n") } else { body.to_string() })
}

#[test]
fn a_gemini_answer_over_its_cap_is_continued_with_the_token() {
    for stream in [false, true] {
        let options = json!({"stream": stream, "stream_options": if stream { json!({"include_usage": true}) } else { Value::Null }});
        let answers = [("A", "CONTINUATION", Some("t1")), ("B", "CONTINUATION", Some("t2")), ("C", "STOP", None)];
        let answers = answers.map(|(text, finish, token)| answer(text, finish, token, stream));
        let outcome = script(Provider::GOOGLE, answers).play(&ask("gemini-4-argon", &options));
        let tokens: Vec<&Value> = outcome.asked.iter().map(|asked| &asked["continuationToken"]).collect();
        assert_eq!(tokens, [&Value::Null, &json!("t1"), &json!("t2")]);
        assert!(outcome.asked.iter().all(|asked| asked["contents"] == outcome.asked[0]["contents"]));
        if stream {
            assert_eq!((outcome.text(), outcome.finish()), ("ABC".to_owned(), vec![json!("stop")]));
            assert_eq!(outcome.chunks()[outcome.chunks().len() - 2]["usage"]["total_tokens"], 24);
        } else {
            let answer = outcome.json();
            assert_eq!(
                (&answer["choices"][0]["message"]["content"], &answer["usage"]["total_tokens"]),
                (&json!("ABC"), &json!(24))
            );
        }
        assert_eq!(outcome.metered[0].tokens.output, 15);
    }
}

#[test]
fn a_gemini_answer_whose_budget_is_used_up_or_whose_rest_fails_is_cut_short() {
    for stream in [false, true] {
        for answers in [
            vec![answer("A", "MAX_TOKENS", Some("t"), stream)],
            vec![answer("A", "CONTINUATION", None, stream)],
            vec![answer("A", "CONTINUATION", Some("t"), stream), (503, "{}".to_owned())],
        ] {
            let count = answers.len();
            let request = ask("gemini-4-argon", &json!({"stream": stream}));
            let outcome = script(Provider::GOOGLE, answers).play(&request);
            assert_eq!(outcome.asked.len(), count);
            let finish =
                if stream { outcome.finish() } else { vec![outcome.json()["choices"][0]["finish_reason"].clone()] };
            assert_eq!(finish, [json!("length")]);
        }
    }
}

#[test]
fn refused_thinking_blocks_are_left_out_once_and_named() {
    let invalid = |message: &str| {
        let error = json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}});
        (400, error.to_string())
    };
    let request = json!({"model": "claude-opus-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": "y", "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}]},
        {"role": "user", "content": "z"}]});
    let bad = "messages.1.content.0: Invalid `signature` in `thinking` block";
    let outcome = script(Provider::ANTHROPIC, [invalid(bad), message(&text("Hi"), "end_turn")]).play(&request);
    assert_eq!(outcome.json()["choices"][0]["message"]["content"], "Hi");
    assert_eq!(outcome.asked[1]["messages"][1]["content"], text("y"));
    assert!(outcome.disclosure.overhead_micros.is_some());
    assert_eq!(outcome.disclosure.adjusted_params, ["messages.thinking_blocks"]);
    let twice = script(Provider::ANTHROPIC, [invalid(bad), invalid(bad)]).play(&request);
    assert_eq!((twice.asked.len(), twice.answer.unwrap_err().class()), (2, relay_core::Class::InvalidRequest));
    let other = script(Provider::ANTHROPIC, [invalid("max_tokens: no")]).play(&request);
    assert_eq!(other.asked.len(), 1);
}

#[test]
fn a_service_tier_that_only_a_header_names_is_told() {
    let mut client = MockProviderClient::new();
    client.expect_provider().return_const(Provider::GOOGLE);
    client.expect_send().returning(|_, _| {
        Ok(WireResponse::whole(200, answer("A", "STOP", None, false).1).with_header("x-gemini-service-tier", "flex"))
    });
    let relay = World::new().with_key(ConnectionState::Active, "a-key-of-this-user").with_client(client).relay();
    let body = ask("gemini-3.8-flash", &json!({"service_tier": "flex"})).to_string();
    let reply = block_on(async { relay.prepare_chat(&caller(), body.into()).await?.send().await }).unwrap();
    let ReplyBody::Whole(body) = reply.body else { panic!("a whole answer was asked for") };
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["service_tier"], "flex");
}

#[test]
fn a_project_may_choose_auto_where_a_tool_call_cannot_be_forced() {
    let tool = json!({"type": "function", "function": {"name": "f"}});
    let request = ask("claude-opus-5-5", &json!({"max_tokens": 9, "tools": [tool], "tool_choice": "required"}));
    for auto in [false, true] {
        let mut client = MockProviderClient::new();
        client.expect_provider().return_const(Provider::ANTHROPIC);
        client.expect_send().returning(|_, _| {
            let (status, body) = message(&text("Hi"), "end_turn");
            Ok(WireResponse::whole(status, body))
        });
        let relay = World::new().with_key(ConnectionState::Active, "a-key-of-this-user").with_client(client).relay();
        let mut caller = caller();
        caller.project.policy.forced_tool_choice_auto = auto;
        match block_on(relay.prepare_chat(&caller, request.to_string().into())) {
            Ok(prepared) => {
                assert!(auto);
                assert_eq!(prepared.disclosure.adjusted_params, ["tool_choice"]);
            }
            Err(error) => assert_eq!((auto, error.param()), (false, Some("tool_choice"))),
        }
    }
}

/// A conversation whose earlier answer has a signed block.
fn thought(more: &Value) -> Value {
    let mut request = ask("claude-opus-5", more);
    let block = json!({"type": "thinking", "thinking": "t", "signature": "s"});
    request["messages"] = json!([{"role": "user", "content": "x"},
        {"role": "assistant", "content": "y", "thinking_blocks": [block]}, {"role": "user", "content": "z"}]);
    request
}

fn refused_thinking() -> (u16, String) {
    let message = "messages.1.content.0: Invalid `signature` in `thinking` block";
    let error = json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}});
    (400, error.to_string())
}

#[test]
fn a_turn_that_pauses_goes_on_without_what_was_refused() {
    for stream in [false, true] {
        let request = thought(&json!({"max_tokens": 9, "stream": stream, "web_search_options": {}}));
        let answers = if stream {
            [streamed(&searched("A"), "pause_turn"), streamed(&text("B"), "end_turn")]
        } else {
            [message(&searched("A"), "pause_turn"), message(&text("B"), "end_turn")]
        };
        let answers = [refused_thinking()].into_iter().chain(answers);
        let outcome = script(Provider::ANTHROPIC, answers).play(&request);
        assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
        assert_eq!(outcome.asked[1]["messages"], json!(outcome.asked[2]["messages"].as_array().unwrap()[..3]));
    }
}

#[test]
fn a_strict_project_has_nothing_left_out_behind_its_back() {
    let mut strict = caller();
    strict.project.policy.strict_params = true;
    let outcome =
        script(Provider::ANTHROPIC, [refused_thinking()]).play_as(&strict, &thought(&json!({"max_tokens": 9})));
    assert_eq!(outcome.answer.unwrap_err().class(), relay_core::Class::InvalidRequest);
    assert_eq!(outcome.asked.len(), 1);
}

/// What a client gives that breaks off after `body`.
fn broken(body: String) -> WireResponse {
    let broke = TransportError::new(TransportErrorKind::Interrupted, "reset");
    let body = futures::stream::iter([Ok(Bytes::from(body)), Err(broke)]);
    WireResponse::new(200, Vec::new(), Box::pin(body))
}

#[test]
fn nothing_behind_the_end_of_a_long_answer_is_waited_for() {
    for behind in [Vec::new(), vec![json!({"type": "error", "error": {"type": "api_error", "message": "late"}})]] {
        let mut client = MockProviderClient::new();
        client.expect_provider().return_const(Provider::ANTHROPIC);
        client.expect_send().returning(move |_, _| Ok(broken(streamed(&text("Hi"), "end_turn").1 + &sse(&behind))));
        let relay = World::new().with_key(ConnectionState::Active, "a-key-of-this-user").with_client(client).relay();
        let body = ask("claude-opus-5-5", &json!({})).to_string();
        let reply = block_on(async { relay.prepare_chat(&caller(), body.into()).await?.send().await }).unwrap();
        let ReplyBody::Whole(body) = reply.body else { panic!("a whole answer was asked for") };
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["choices"][0]["message"]["content"], "Hi");
    }
}

#[test]
fn a_later_answer_of_no_use_is_an_error_if_nothing_was_shown() {
    for body in ["", "<html>", REFUSED] {
        let answers = [streamed(&searched(""), "pause_turn"), (200, body.to_owned())];
        let request = ask("claude-opus-5-5", &json!({"max_tokens": 9, "stream": true, "web_search_options": {}}));
        let outcome = script(Provider::ANTHROPIC, answers).play(&request);
        assert!(outcome.chunks().last().unwrap()["error"].is_object() && outcome.finish().is_empty(), "{body}");
        assert_eq!(
            outcome.metered[0].outcome,
            relay_core::domain::Outcome::Failed(relay_core::domain::Blame::Provider)
        );
        let answers = [answer("", "CONTINUATION", Some("t"), true), (200, body.to_owned())];
        let outcome = script(Provider::GOOGLE, answers).play(&ask("gemini-4-argon", &json!({"stream": true})));
        assert!(outcome.chunks().last().unwrap()["error"].is_object() && outcome.finish().is_empty(), "{body}");
    }
}

#[test]
fn what_was_counted_before_a_later_request_failed_is_metered() {
    for stream in [false, true] {
        let first = if stream { streamed(&searched(""), "pause_turn") } else { message(&searched(""), "pause_turn") };
        let request = ask("claude-opus-5-5", &json!({"max_tokens": 9, "stream": stream, "web_search_options": {}}));
        let outcome = script(Provider::ANTHROPIC, [first, (529, REFUSED.to_owned())]).play(&request);
        assert_eq!(
            outcome.metered[0].outcome,
            relay_core::domain::Outcome::Failed(relay_core::domain::Blame::Provider)
        );
        assert_eq!((outcome.metered[0].tokens.input, outcome.metered[0].tokens.output), (10, 5), "{stream}");
    }
}

#[test]
fn an_answer_in_many_parts_is_no_longer_than_one_in_one_piece() {
    let blocks = json!(vec![json!({"type": "text", "text": "x".repeat(12 << 20)}); 3]);
    for stream in [false, true] {
        let part = if stream { streamed(&blocks, "pause_turn") } else { message(&blocks, "pause_turn") };
        let request = ask("claude-opus-5-5", &json!({"max_tokens": 9, "stream": stream, "web_search_options": {}}));
        let outcome = script(Provider::ANTHROPIC, vec![part; 2]).play(&request);
        assert_eq!(outcome.asked.len(), 2);
        match outcome.answer {
            Ok(stream) => assert!(stream.contains("\"upstream_error\"") && !stream.contains("[DONE]")),
            Err(error) => assert_eq!(error.code(), "upstream_error"),
        }
    }
}

#[test]
fn sources_of_a_continued_stream_stay_with_their_words() {
    let cited = |text: &str, finish: &str, page: &str| {
        let segment = json!({"startIndex": 0, "endIndex": 2});
        let grounding = json!({"groundingChunks": [{"web": {"uri": page, "title": "t"}}],
            "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}]});
        let candidate = json!({"content": {"parts": [{"text": text}]}, "finishReason": finish,
            "groundingMetadata": grounding, "continuationToken": "t"});
        (200, format!("data: {}\n\n", json!({"candidates": [candidate], "responseId": "r"})))
    };
    let answers = [cited("aa.", "CONTINUATION", "one"), cited("bb.", "STOP", "two")];
    let outcome = script(Provider::GOOGLE, answers).play(&ask("gemini-4-argon", &json!({"stream": true})));
    let chunks = outcome.chunks();
    let all: Vec<&Value> =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["annotations"].as_array()).flatten().collect();
    let spans: Vec<Value> = all
        .iter()
        .map(|annotation| &annotation["url_citation"])
        .map(|at| json!([at["start_index"], at["end_index"], at["url"]]))
        .collect();
    assert_eq!(spans, [json!([0, 2, "one"]), json!([3, 5, "two"])]);
}

#[test]
fn a_block_that_was_left_open_ends_with_its_own_answer() {
    let first = streamed(
        &json!([{"type": "text", "text": "One.", "citations": [{"type": "web_search_result_location", "url": "u", "title": "t"}]}]),
        "pause_turn",
    );
    let stop = sse(&[json!({"type": "content_block_stop", "index": 0})]);
    assert!(first.1.contains(&stop));
    let answers = [(200, first.1.replace(&stop, "")), streamed(&text("Two."), "end_turn")];
    let request = ask("claude-opus-5-5", &json!({"max_tokens": 9, "stream": true, "web_search_options": {}}));
    let outcome = script(Provider::ANTHROPIC, answers).play(&request);
    let chunks = outcome.chunks();
    let mut all = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["annotations"].as_array()).flatten();
    assert_eq!(all.next().unwrap()["url_citation"]["end_index"], 4);
}
