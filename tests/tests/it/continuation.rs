//! Answers that take several requests, before providers that check what is sent back to them.

use relay_core::Provider;
use relay_tests::{Answer, TestRelay};
use serde_json::{Value, json};

async fn relay() -> TestRelay {
    let relay = TestRelay::start().await;
    for provider in [Provider::ANTHROPIC, Provider::GOOGLE] {
        relay.connect("ana", provider, "good").await;
    }
    relay.mock.forget();
    relay
}

/// Text, finish reason and total tokens of an answer, whole or streamed.
fn read(answer: &Answer) -> (String, String, u64) {
    if !answer.text.starts_with("data: ") {
        let body = answer.json();
        let choice = &body["choices"][0];
        let text = choice["message"]["content"].as_str().unwrap_or_default().to_owned();
        return (
            text,
            choice["finish_reason"].as_str().unwrap().to_owned(),
            body["usage"]["total_tokens"].as_u64().unwrap(),
        );
    }
    let (mut text, mut finish, mut total) = (String::new(), Vec::new(), 0);
    let mut events: Vec<&str> = answer.text.split_terminator("\n\n").collect();
    assert_eq!(events.pop(), Some("data: [DONE]"), "{}", answer.text);
    for event in events {
        let chunk: Value = serde_json::from_str(&event["data: ".len()..]).unwrap();
        let choice = &chunk["choices"][0];
        text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        finish.extend(choice["finish_reason"].as_str().map(str::to_owned));
        total = chunk["usage"]["total_tokens"].as_u64().unwrap_or(total);
    }
    assert_eq!(finish.len(), 1, "one end: {}", answer.text);
    (text, finish.remove(0), total)
}

fn ask(model: &str, text: &str, stream: bool, more: &Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": text}], "stream": stream});
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[actix_web::test]
async fn a_paused_search_is_sent_back_unchanged_until_it_ends() {
    let relay = relay().await;
    // Whole, collected from a stream, and streamed.
    for (stream, limit) in [(false, 4096), (false, 64_000), (true, 64_000)] {
        let more = json!({"web_search_options": {}, "max_tokens": limit});
        let answer =
            relay.chat("ana", &ask("claude-opus-5-5", "{{search}} {{pause=3}} news", stream, &more)).await.expect(200);
        let (text, finish, total) = read(&answer);
        assert_eq!((relay.mock.requests().len(), finish.as_str()), (4, "stop"), "stream {stream}, {limit}: {text}");
        let bodies: Vec<Value> =
            relay.mock.requests().iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect();
        assert!(bodies.iter().all(|body| body["tools"] == bodies[0]["tools"]));
        assert_eq!(bodies[3]["messages"].as_array().unwrap().len(), 2, "one turn is one message");
        assert!(total > 0 && !answer.text.contains("srvtoolu"), "server tools are not the caller's: {}", answer.text);
        relay.mock.forget();
    }
}

#[actix_web::test]
async fn a_turn_that_pauses_without_end_is_cut_short() {
    let relay = relay().await;
    for stream in [false, true] {
        let more = json!({"web_search_options": {}});
        let body = ask("claude-opus-5-5", "{{search}} {{pause=9}} news", stream, &more);
        let (_, finish, _) = read(&relay.chat("ana", &body).await.expect(200));
        assert_eq!((finish.as_str(), relay.mock.requests().len()), ("length", 6));
        relay.mock.forget();
    }
}

#[actix_web::test]
async fn a_long_gemini_answer_is_continued_with_its_token() {
    let relay = relay().await;
    let mut texts = Vec::new();
    for stream in [false, true] {
        let body = ask("gemini-4-argon", "{{continue=3}} {{chunks=12}} a long story", stream, &json!({}));
        let (text, finish, total) = read(&relay.chat("ana", &body).await.expect(200));
        assert_eq!((finish.as_str(), relay.mock.requests().len()), ("stop", 4), "{text}");
        assert!(total > 0);
        texts.push(text);
        relay.mock.forget();
    }
    let short = ask("gemini-4-argon", "{{chunks=12}} a long story", false, &json!({}));
    texts.push(read(&relay.chat("ana", &short).await.expect(200)).0);
    assert!(texts.iter().all(|text| *text == texts[0] && !text.is_empty()), "no gap and no seam: {texts:?}");
}

#[actix_web::test]
async fn a_history_whose_thinking_was_edited_costs_the_thinking_and_not_the_call() {
    let relay = relay().await;
    for (model, stream) in
        [("claude-opus-5-5", false), ("claude-opus-5-5", true), ("claude-opus-5", false), ("claude-opus-5", true)]
    {
        let more = json!({"reasoning_effort": "high"});
        let first = relay.chat("ana", &ask(model, "hi", false, &more)).await.expect(200).json();
        let mut message = first["choices"][0]["message"].clone();
        assert!(!message["thinking_blocks"][0]["signature"].as_str().unwrap().is_empty(), "{model}");
        message["thinking_blocks"][0]["signature"] = json!("RWRpdGVk");
        let history = json!([{"role": "user", "content": "hi"}, message, {"role": "user", "content": "go on"}]);
        let body = json!({"model": model, "messages": history, "reasoning_effort": "high", "stream": stream});
        relay.mock.forget();
        let answer = relay.chat("ana", &body).await.expect(200);
        assert_eq!(relay.mock.requests().len(), 2, "{model}");
        assert_eq!(answer.header("x-relay-adjusted-params"), "messages.thinking_blocks");
        assert!(answer.text.contains("Hello"), "{}", answer.text);
    }
}

#[actix_web::test]
async fn a_history_with_signatures_of_another_model_goes_on() {
    let relay = relay().await;
    let tool = json!([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]);
    for stream in [false, true] {
        let first = ask("gemini-3.8-flash", "call weather", false, &json!({"tools": tool}));
        let mut message = relay.chat("ana", &first).await.expect(200).json()["choices"][0]["message"].clone();
        let id = message["tool_calls"][0]["id"].clone();
        assert!(message["tool_calls"][0]["extra_content"]["google"]["thought_signature"].is_string(), "{message}");
        message["tool_calls"][0]["extra_content"]["google"]["thought_signature"] = json!("b3RoZXI=");
        let result = json!({"role": "tool", "tool_call_id": id, "content": "rain"});
        let history = json!([{"role": "user", "content": "call weather"}, message, result]);
        relay.mock.forget();
        let body = json!({"model": "gemini-3.8-flash", "messages": history, "tools": tool, "stream": stream});
        let answer = relay.chat("ana", &body).await.expect(200);
        assert_eq!(
            (relay.mock.requests().len(), answer.header("x-relay-adjusted-params").as_str()),
            (2, "messages.extra_content")
        );
        assert!(answer.text.contains("rain"), "{}", answer.text);
    }
}

#[actix_web::test]
async fn a_stream_that_fails_after_a_pause_is_metered_once() {
    let relay = relay().await;
    let body = ask(
        "claude-opus-5-5",
        "{{search}} {{pause=1}} {{error_midstream}} news",
        true,
        &json!({"web_search_options": {}}),
    );
    let answer = relay.chat("ana", &body).await.expect(200);
    assert!(answer.text.contains("\"error\"") && !answer.text.contains("[DONE]"), "{}", answer.text);
    let usage = relay.call(reqwest::Method::GET, "/v1/usage", &Value::Null).await.expect(200).json();
    assert_eq!(usage["usage"][0]["requests"], 1, "{usage}");
}
