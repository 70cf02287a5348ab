//! Tools in several rounds, searches that pause, answers that have to be continued.

use relay_core::Provider;
use relay_core::domain::provider::Format;
use serde_json::{Value, json};

use super::{Got, chat, post, said, send};

/// A conversation that goes on until there are no calls any more: what was called in each round, and the text at the end.
async fn rounds(provider: Provider, text: &str, model: Option<&str>) -> (Vec<Vec<String>>, String) {
    let mut body: Value = serde_json::from_slice(&chat(provider, text, false).body).unwrap();
    let schema = json!({"type": "object", "properties": {"days": {"type": "integer"}, "city": {"type": "string"}}});
    body["tools"] = match provider.format() {
        Format::OpenAi => {
            json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}, {"type": "function", "function": {"name": "now"}}])
        }
        Format::Anthropic => {
            json!([{"name": "weather", "input_schema": schema}, {"name": "now", "input_schema": {"type": "object", "properties": {}}}])
        }
        _ => json!([{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": schema}, {"name": "now"}]}]),
    };
    let mut path = chat(provider, "", false).path;
    if let Some(model) = model {
        if provider == Provider::GOOGLE {
            path = format!("/v1beta/models/{model}:generateContent")
        } else {
            body["model"] = json!(model)
        }
    }
    let mut seen = Vec::new();
    loop {
        let got = send(provider, post(provider, &path, &body)).await;
        assert_eq!(got.status, 200, "{body}\n{}", got.text());
        let calls = go_on(provider, &mut body, &got.json(), seen.len() + 1);
        if calls.is_empty() {
            return (seen, said(provider, &got, false));
        }
        seen.push(calls);
    }
}

/// Appends the answer and the results of its calls; returns the calls with their arguments.
fn go_on(provider: Provider, body: &mut Value, answer: &Value, round: usize) -> Vec<String> {
    let result = |name: &Value| format!("{} {round}", name.as_str().unwrap());
    let (list, turn, name, arguments) = match provider.format() {
        Format::OpenAi => {
            ("messages", answer["choices"][0]["message"].clone(), "/function/name", "/function/arguments")
        }
        Format::Anthropic => {
            ("messages", json!({"role": "assistant", "content": answer["content"]}), "/name", "/input")
        }
        _ => ("contents", answer["candidates"][0]["content"].clone(), "/functionCall/name", "/functionCall/args"),
    };
    let place = match provider.format() {
        Format::OpenAi => "tool_calls",
        Format::Anthropic => "content",
        _ => "parts",
    };
    let all: Vec<Value> =
        turn[place].as_array().into_iter().flatten().filter(|one| one.pointer(name).is_some()).cloned().collect();
    let results: Vec<Value> = all.iter().map(|call| {
        let text = result(call.pointer(name).unwrap());
        match provider.format() {
            Format::OpenAi => json!({"role": "tool", "tool_call_id": call["id"], "content": text}),
            Format::Anthropic => json!({"type": "tool_result", "tool_use_id": call["id"], "content": text}),
            _ => json!({"functionResponse": {"id": call["functionCall"]["id"], "name": call["functionCall"]["name"], "response": {"output": text}}}),
        }
    }).collect();
    let history = body[list].as_array_mut().unwrap();
    history.push(turn);
    match provider.format() {
        Format::OpenAi => history.extend(results),
        Format::Anthropic => history.push(json!({"role": "user", "content": results})),
        _ => history.push(json!({"role": "user", "parts": results})),
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    all.iter()
        .map(|call| format!("{}{}", text(call.pointer(name).unwrap()), text(call.pointer(arguments).unwrap())))
        .collect()
}

#[tokio::test]
async fn tools_are_called_in_as_many_rounds_as_asked_for() {
    for provider in Provider::ALL {
        let (calls, text) = rounds(*provider, "{{steps=3}} {{think}} call weather and now", None).await;
        let wanted: Vec<_> = (1..=3)
            .map(|step| vec![format!("weather{{\"days\":1,\"city\":\"text {step}\"}}"), "now{}".to_owned()])
            .collect();
        assert_eq!(calls, wanted, "{provider}");
        let quotes: Vec<_> =
            (1..=3).map(|step| format!("weather returned: weather {step}\nnow returned: now {step}")).collect();
        assert_eq!(text, quotes.join("\n"), "{provider}");
    }
    let (calls, _) =
        rounds(Provider::ANTHROPIC, "{{steps=2}} {{think=interleaved}} call weather", Some("claude-opus-5-5")).await;
    assert_eq!(calls.len(), 2);
    let (calls, _) = rounds(Provider::GOOGLE, "{{steps=2}} call weather", Some("gemini-4-argon")).await;
    assert_eq!(calls.len(), 2);
}

fn searching(text: &str, stream: bool) -> Value {
    json!({"model": "claude-haiku-5-5", "max_tokens": 1000, "stream": stream, "messages": [{"role": "user", "content": text}],
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]})
}

async fn ask(body: &Value) -> Got {
    send(Provider::ANTHROPIC, post(Provider::ANTHROPIC, "/v1/messages", body)).await
}

#[tokio::test]
async fn claude_searches_and_cites() {
    let answer = ask(&searching("{{search}} rain?", false)).await.json();
    let kinds: Vec<_> =
        answer["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["thinking", "server_tool_use", "web_search_tool_result", "text"]);
    let (call, result, text) = (&answer["content"][1], &answer["content"][2], &answer["content"][3]);
    assert_eq!((&call["input"], &call["id"]), (&json!({"query": "rain?"}), &result["tool_use_id"]));
    assert!(!result["content"][0]["encrypted_content"].as_str().unwrap().is_empty());
    assert_eq!(text["citations"][0]["type"], "web_search_result_location");
    assert_eq!(
        (&answer["stop_reason"], &answer["usage"]["server_tool_use"]["web_search_requests"]),
        (&json!("end_turn"), &json!(1))
    );
    let events = ask(&searching("{{search}} rain?", true)).await.events();
    let at = |event: &Value, name: &str| event.pointer(name).cloned().unwrap_or_default();
    let parts: String =
        events.iter().filter_map(|event| Some(event.pointer("/delta/partial_json")?.as_str()?.to_owned())).collect();
    assert_eq!(parts, "{\"query\":\"rain?\"}");
    assert!(events.iter().any(|event| at(event, "/delta/type") == "citations_delta"));
    let whole = events.iter().find(|event| at(event, "/content_block/type") == "web_search_tool_result").unwrap();
    assert!(whole["content_block"]["content"][0]["encrypted_content"].is_string());
    // Without the tool there is nothing to search with.
    let mut bare = searching("{{search}} rain?", false);
    bare.as_object_mut().unwrap().remove("tools");
    assert!(!ask(&bare).await.text().contains("server_tool_use"));
}

#[tokio::test]
async fn a_paused_turn_goes_on_when_it_comes_back_unchanged() {
    let mut body = searching("{{pause=2}} rain?", false);
    let mut texts = Vec::new();
    for reason in ["pause_turn", "pause_turn", "end_turn"] {
        let got = ask(&body).await;
        let answer = got.json();
        assert_eq!(answer["stop_reason"], reason, "{}", got.text());
        assert!(answer["usage"]["output_tokens"].as_u64() > Some(0));
        let blocks = answer["content"].as_array().unwrap().clone();
        texts.extend(blocks.iter().filter_map(|block| block["text"].as_str().map(str::to_owned)));
        let history = body["messages"].as_array_mut().unwrap();
        if history.len() == 1 {
            history.push(json!({"role": "assistant", "content": []}));
        }
        history[1]["content"].as_array_mut().unwrap().extend(blocks);
    }
    assert_eq!(
        texts,
        ["Search 1 of 2 is done.", "Search 2 of 2 is done.", "Hello from claude-haiku-5-5: you said \"rain?\""]
    );
    // The whole turn, thinking and all, can be in a history.
    body["messages"].as_array_mut().unwrap().push(json!({"role": "user", "content": "thanks"}));
    let got = ask(&body).await;
    assert_eq!(got.status, 200, "{}", got.text());
}

#[tokio::test]
async fn a_paused_turn_that_was_changed_is_refused() {
    let body = searching("{{pause=1}} rain?", false);
    let answer = ask(&body).await.json();
    let changed = |pointer: &str, value: Value| {
        let mut body = body.clone();
        body["messages"].as_array_mut().unwrap().push(json!({"role": "assistant", "content": answer["content"]}));
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let modified = "messages.1.content.1: `server_tool_use` and `web_search_tool_result` blocks cannot be modified.";
    for (pointer, value, message) in [
        ("/max_tokens", json!(900), ""),
        ("/messages/1/content/1/input/query", json!("sun?"), modified),
        ("/messages/1/content/2/content/0/title", json!("x"), modified),
        ("/messages/1/content/3/text", json!("Search 1 of 1 is done"), modified),
        ("/messages/1/content/3/citations", json!([]), modified),
        (
            "/messages/1/content/2/content/0/encrypted_content",
            json!("x"),
            "messages.1.content.2: Invalid `encrypted_content`",
        ),
        ("/messages/1/content/2/tool_use_id", json!("srvtoolu_other"), "messages.1.content.1: `server_tool_use` and"),
        (
            "/messages/1/content/0/signature",
            json!("x"),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        ("/tools/0/max_uses", json!(4), "tools: a paused turn must be continued with the tools"),
    ] {
        let got = ask(&changed(pointer, value)).await;
        assert_eq!(got.status == 200, message.is_empty(), "{pointer} {}", got.text());
        assert!(got.status == 200 || got.message().starts_with(message), "{pointer} {}", got.text());
    }
}
