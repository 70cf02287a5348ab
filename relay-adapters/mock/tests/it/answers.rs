//! What the mock answers, and what it tells a test about it.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use relay_core::Provider;
use relay_core::domain::provider::Format;
use relay_core::ports::TransportErrorKind;
use relay_mock::{Mock, Phase, Scripted};
use serde_json::{Value, json};

use super::{Got, chat, get, key, post, said, send, send_as};

const KOREAN: &str = "안녕 \"친구\" 👩🏽‍💻\nagain";

#[tokio::test]
async fn the_text_comes_back_whole_and_streamed() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            let got = send(*provider, chat(*provider, KOREAN, stream)).await;
            let text = said(*provider, &got, stream);
            assert!(
                text.starts_with("Hello from ") && text.ends_with(&format!(": you said \"{KOREAN}\"")),
                "{provider} {text}"
            );
            let kind = got.header("content-type").unwrap();
            assert_eq!(kind.starts_with("text/event-stream"), stream, "{kind}");
        }
    }
}

#[tokio::test]
async fn the_same_request_has_the_same_answer() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            let one = send(*provider, chat(*provider, "hi", stream)).await;
            let two = send(*provider, chat(*provider, "hi", stream)).await;
            let other = send(*provider, chat(*provider, "ho", stream)).await;
            assert_eq!(one.text(), two.text());
            assert_ne!(one.text(), other.text());
        }
    }
}

#[tokio::test]
async fn bytes_look_like_each_providers_own() {
    let got = send(Provider::OPENAI, chat(Provider::OPENAI, "hi", true)).await.text();
    assert!(
        got.starts_with("data: {\"id\":\"chatcmpl-") && got.ends_with("\n\ndata: [DONE]\n\n") && !got.contains('\r')
    );
    assert!(!got.contains("\"usage\""), "nobody asked for it");
    let got = send(Provider::ANTHROPIC, chat(Provider::ANTHROPIC, "hi", true)).await.text();
    assert!(
        got.starts_with("event: message_start\ndata: {") && got.contains("event: ping\ndata: {\"type\": \"ping\"}\n\n")
    );
    assert!(got.contains("   }\n\n") && got.trim_end().ends_with('}') && !got.contains('\r'));
    let got = send(Provider::GOOGLE, chat(Provider::GOOGLE, "hi", true)).await.text();
    assert!(
        got.starts_with("data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": ") && got.ends_with("}\r\n\r\n")
    );
}

#[tokio::test]
async fn google_streams_an_array_unless_asked_for_events() {
    let mut request = chat(Provider::GOOGLE, "hi", true);
    request.path = request.path.replace("?alt=sse", "");
    let got = send(Provider::GOOGLE, request).await;
    assert_eq!(got.header("content-type"), Some("application/json; charset=UTF-8"));
    assert!(got.json().as_array().unwrap().len() > 3);
}

#[tokio::test]
async fn usage_comes_when_it_was_asked_for() {
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "one two"}], "stream": true,
        "stream_options": {"include_usage": true}});
    let events = send(Provider::OPENAI, post(Provider::OPENAI, "/v1/chat/completions", &body)).await.events();
    let (last, rest) = events.split_last().unwrap();
    assert!(rest.iter().all(|event| event["usage"].is_null() && event.get("usage").is_some()));
    assert_eq!((&last["choices"], &last["usage"]["prompt_tokens"]), (&json!([]), &json!(2)));
    // Hello from gpt-4o-mini: you said "one two"
    assert_eq!(last["usage"]["completion_tokens"], 7);
}

#[tokio::test]
async fn streams_are_cut_at_awkward_places() {
    for provider in Provider::ALL {
        let whole = send(*provider, chat(*provider, KOREAN, true)).await;
        for size in [1, 5, 64] {
            let got =
                send_as(&Mock::new().cutting(size), *provider, "good", chat(*provider, KOREAN, true)).await.unwrap();
            assert_eq!(got.text(), whole.text());
            assert!(got.pieces.iter().all(|piece| piece.len() <= size));
            assert!(got.pieces.iter().any(|piece| std::str::from_utf8(piece).is_err()), "inside a character");
        }
        assert!(whole.pieces.iter().all(|piece| piece.ends_with(b"\n")), "one event a piece");
    }
}

/// Tools of a provider's own form, and a conversation that has them called.
fn with_tools(provider: Provider, text: &str, stream: bool) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}});
    let mut body: Value = serde_json::from_slice(&chat(provider, text, stream).body).unwrap();
    body["tools"] = match provider.format() {
        Format::OpenAi => {
            json!([{"type": "function", "function": {"name": "weather", "parameters": schema}}, {"type": "function", "function": {"name": "now"}}])
        }
        Format::Anthropic => {
            json!([{"name": "weather", "input_schema": schema}, {"name": "now", "input_schema": {"type": "object", "properties": {}}}])
        }
        _ => json!([{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": schema}, {"name": "now"}]}]),
    };
    body
}

fn path(provider: Provider, stream: bool) -> String {
    chat(provider, "", stream).path
}

#[tokio::test]
async fn openai_calls_tools_and_quotes_their_results() {
    let mut body = with_tools(Provider::OPENAI, "call weather and now", false);
    let ask = async |body: &Value| send(Provider::OPENAI, post(Provider::OPENAI, "/v1/chat/completions", body)).await;
    let choice = ask(&body).await.json()["choices"][0].clone();
    assert_eq!(choice["finish_reason"], "tool_calls");
    let calls = choice["message"]["tool_calls"].as_array().unwrap().clone();
    assert_eq!((calls.len(), &calls[0]["function"]["arguments"]), (2, &json!("{\"city\":\"text\",\"days\":1}")));
    body["messages"].as_array_mut().unwrap().push(choice["message"].clone());
    for (call, result) in calls.iter().zip(["rain", "noon"]) {
        let message = json!({"role": "tool", "tool_call_id": call["id"], "content": result});
        body["messages"].as_array_mut().unwrap().push(message);
    }
    assert_eq!(said(Provider::OPENAI, &ask(&body).await, false), "weather returned: rain\nnow returned: noon");
    // Streamed: the arguments come in parts.
    let got = ask(&with_tools(Provider::OPENAI, "call weather", true)).await;
    let parts: String = got
        .events()
        .iter()
        .filter_map(|event| {
            Some(event.pointer("/choices/0/delta/tool_calls/0/function/arguments")?.as_str()?.to_owned())
        })
        .collect();
    assert_eq!(parts, "{\"city\":\"text\",\"days\":1}");
    // Forced, and in the old form.
    let mut forced = with_tools(Provider::OPENAI, "hello", false);
    forced["tool_choice"] = json!({"type": "function", "function": {"name": "now"}});
    assert_eq!(
        ask(&forced).await.json()["choices"][0]["message"]["tool_calls"][0]["function"],
        json!({"name": "now", "arguments": "{}"})
    );
    let old =
        json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "call f"}], "functions": [{"name": "f"}]});
    let choice = ask(&old).await.json()["choices"][0].clone();
    assert_eq!(
        (&choice["finish_reason"], &choice["message"]["function_call"]["name"]),
        (&json!("function_call"), &json!("f"))
    );
}

#[tokio::test]
async fn anthropic_calls_tools_and_quotes_their_results() {
    let mut body = with_tools(Provider::ANTHROPIC, "call weather and now {{think}}", false);
    let ask = async |body: &Value| send(Provider::ANTHROPIC, post(Provider::ANTHROPIC, "/v1/messages", body)).await;
    let answer = ask(&body).await.json();
    let blocks = answer["content"].as_array().unwrap();
    let kinds: Vec<_> = blocks.iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!((kinds, &answer["stop_reason"]), (vec!["thinking", "tool_use", "tool_use"], &json!("tool_use")));
    let result = |block: &Value| json!({"type": "tool_result", "tool_use_id": block["id"], "content": block["name"]});
    body["messages"].as_array_mut().unwrap().extend([
        json!({"role": "assistant", "content": blocks}),
        json!({"role": "user", "content": blocks[1..].iter().map(result).collect::<Vec<_>>()}),
    ]);
    assert_eq!(said(Provider::ANTHROPIC, &ask(&body).await, false), "weather returned: weather\nnow returned: now");
    // A call without arguments has nothing but an empty delta.
    let events = ask(&with_tools(Provider::ANTHROPIC, "call now", true)).await.events();
    let deltas: Vec<_> = events.iter().filter_map(|event| event.pointer("/delta/partial_json")).collect();
    assert_eq!(deltas, [&json!("")]);
}

#[tokio::test]
async fn google_calls_tools_and_wants_its_signature_back() {
    let provider = Provider::GOOGLE;
    let mut body = with_tools(provider, "call weather and now", false);
    let ask = async |body: &Value| send(provider, post(provider, &path(provider, false), body)).await;
    let content = ask(&body).await.json()["candidates"][0]["content"].clone();
    let calls: Vec<Value> =
        content["parts"].as_array().unwrap().iter().filter(|part| part["functionCall"].is_object()).cloned().collect();
    assert!(calls[0]["thoughtSignature"].is_string() && calls[1].get("thoughtSignature").is_none());
    let result = |part: &Value| json!({"functionResponse": {"id": part["functionCall"]["id"], "name": part["functionCall"]["name"], "response": {"output": "17"}}});
    let results = json!({"role": "user", "parts": calls.iter().map(result).collect::<Vec<_>>()});
    body["contents"].as_array_mut().unwrap().extend([content, results]);
    assert_eq!(said(provider, &ask(&body).await, false), "weather returned: 17\nnow returned: 17");
    // The mock's signature fits the call that it was made for, and no other.
    body["contents"][1]["parts"][0]["functionCall"]["args"]["city"] = json!("Paris");
    assert_eq!(ask(&body).await.message(), "Corrupted thought signature.");
    // The reason for the end comes in a later event than the call.
    let got = send(
        provider,
        post(
            provider,
            &path(provider, true),
            &with_tools(provider, "call now", true)
                .as_object()
                .map(|map| {
                    let mut map = map.clone();
                    map.remove("stream");
                    Value::Object(map)
                })
                .unwrap(),
        ),
    )
    .await;
    let events = got.events();
    assert!(
        events[0]["candidates"][0].get("finishReason").is_none()
            && events[1]["candidates"][0]["finishReason"] == "STOP"
    );
}

#[tokio::test]
async fn directives_change_the_answer() {
    for provider in Provider::ALL.iter().copied() {
        let ask = async |text: &str, stream| send(provider, chat(provider, text, stream)).await;
        let plain = ask("x", true).await.events().len();
        assert_eq!(ask("x {{chunks=20}}", true).await.events().len(), plain - 6 + 20, "{provider}");
        for stream in [false, true] {
            let got = ask("{{status=503}}", stream).await;
            assert_eq!((got.status, got.json()["error"].is_object()), (503, true));
            let got = ask("{{html}}", stream).await;
            assert_eq!((got.status, got.header("content-type")), (200, Some("text/html; charset=utf-8")));
            assert!(serde_json::from_str::<Value>(&ask("{{garbage}}", stream).await.text()).is_err());
            let whole = ask("one two three", stream).await.text();
            let cut = ask("one two three {{cut}}", stream).await;
            assert!(!cut.broke && cut.text().len() < whole.len());
            assert!(ask("{{break}}", stream).await.broke);
            assert!(ask("{{finish=PAUSED}}", stream).await.text().contains("\"PAUSED\""));
        }
        let got = ask("{{error_midstream}}", true).await;
        let last = got.events().pop().unwrap();
        assert!(got.status == 200 && last["error"].is_object(), "{provider} {last}");
        assert_eq!(ask("{{error_midstream}}", false).await.status, 500);
    }
    let length = ["\"finish_reason\":\"length\"", "\"stop_reason\":\"max_tokens\"", "\"finishReason\": \"MAX_TOKENS\""];
    let refusal =
        ["{\"refusal\":\"I \"}", "\"stop_reason\":\"refusal\"", "\"promptFeedback\": {\"blockReason\": \"SAFETY\"}"];
    for ((provider, length), refusal) in Provider::ALL.iter().zip(length).zip(refusal) {
        let events = async |text: &str| send(*provider, chat(*provider, text, true)).await.text();
        assert!(events("{{finish=length}}").await.contains(length), "{provider}");
        assert!(events("{{refuse}}").await.contains(refusal), "{provider}");
    }
    let got = send(Provider::GOOGLE, chat(Provider::GOOGLE, "{{error_midstream=bare}}", true)).await.text();
    assert!(got.ends_with("  }\n}\n"), "lines that are no event: {got}");
}

#[tokio::test]
async fn limits_and_forms_shape_the_answer() {
    let openai = async |extra: Value| {
        let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "some json"}]});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        send(Provider::OPENAI, post(Provider::OPENAI, "/v1/chat/completions", &body)).await.json()
    };
    let got = openai(json!({"max_tokens": 2, "n": 2})).await;
    assert_eq!(
        (&got["choices"][1]["message"]["content"], &got["choices"][1]["finish_reason"]),
        (&json!("Hello from"), &json!("length"))
    );
    let got = openai(json!({"stop": "said"})).await;
    assert_eq!(got["choices"][0]["message"]["content"], "Hello from gpt-4o: you ");
    let got = openai(json!({"response_format": {"type": "json_object"}})).await;
    assert_eq!(got["choices"][0]["message"]["content"], "{\"you_said\":\"some json\"}");
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let got =
        openai(json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}}))
            .await;
    assert_eq!(got["choices"][0]["message"]["content"], "{\"a\":\"text\"}");
}

#[tokio::test]
async fn embeddings_have_the_size_that_was_asked_for() {
    let ask = async |body: Value| send(Provider::OPENAI, post(Provider::OPENAI, "/v1/embeddings", &body)).await.json();
    let float = ask(json!({"model": "text-embedding-3-small", "input": ["a b", "c"], "dimensions": 8})).await;
    assert_eq!(
        (float["data"][0]["embedding"].as_array().unwrap().len(), float["data"][1]["index"].as_u64()),
        (8, Some(1))
    );
    assert_eq!(float["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    let packed =
        ask(json!({"model": "text-embedding-3-small", "input": "a b", "dimensions": 8, "encoding_format": "base64"}))
            .await;
    let bytes = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        packed["data"][0]["embedding"].as_str().unwrap(),
    )
    .unwrap();
    let values: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    #[expect(clippy::cast_possible_truncation, reason = "they were f32")]
    let plain: Vec<f32> =
        float["data"][0]["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect();
    assert_eq!(values, plain);
    for (model, norm, usage) in [("gemini-embedding-001", 0.7, false), ("gemini-embedding-2", 1.0, true)] {
        let one = json!({"model": format!("models/{model}"), "content": {"parts": [{"text": "a"}]}, "outputDimensionality": 256});
        let path = format!("/v1beta/models/{model}:batchEmbedContents");
        let got = send(Provider::GOOGLE, post(Provider::GOOGLE, &path, &json!({"requests": [one, one]}))).await.json();
        let values = got["embeddings"][1]["values"].as_array().unwrap();
        let length = values.iter().map(|x| x.as_f64().unwrap().powi(2)).sum::<f64>().sqrt();
        assert!(values.len() == 256 && (length - norm).abs() < 1e-3 && got.get("usageMetadata").is_some() == usage);
    }
}

#[tokio::test]
async fn model_lists_come_in_pages() {
    let got = send(Provider::OPENAI, get(Provider::OPENAI, "/v1/models")).await.json();
    assert!(got["object"] == "list" && got["data"].as_array().unwrap().len() > 5);
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page =
            send(Provider::ANTHROPIC, get(Provider::ANTHROPIC, &format!("/v1/models?limit=7{after}"))).await.json();
        names.extend(page["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()));
        if page["has_more"] == false {
            break;
        }
        after = format!("&after_id={}", page["last_id"].as_str().unwrap());
    }
    let whole = send(Provider::ANTHROPIC, get(Provider::ANTHROPIC, "/v1/models?limit=1000")).await.json();
    assert_eq!(whole["data"].as_array().unwrap().len(), names.len());
    let (mut count, mut token) = (0, String::new());
    loop {
        let page =
            send(Provider::GOOGLE, get(Provider::GOOGLE, &format!("/v1beta/models?pageSize=6{token}"))).await.json();
        count += page["models"].as_array().unwrap().len();
        let Some(next) = page["nextPageToken"].as_str() else { break };
        token = format!("&pageToken={next}");
    }
    let whole = send(Provider::GOOGLE, get(Provider::GOOGLE, "/v1beta/models?pageSize=1000")).await.json();
    assert_eq!(whole["models"].as_array().unwrap().len(), count);
    assert_eq!(send(Provider::GOOGLE, get(Provider::GOOGLE, "/v1beta/models/gemini-2.5-flash")).await.status, 200);
}

#[tokio::test]
async fn tokens_can_be_counted() {
    let body = json!({"model": "claude-haiku-5-5", "messages": [{"role": "user", "content": "one two three"}], "system": "four"});
    let got = send(Provider::ANTHROPIC, post(Provider::ANTHROPIC, "/v1/messages/count_tokens", &body)).await.json();
    assert_eq!(got, json!({"input_tokens": 4}));
    let body = json!({"contents": [{"parts": [{"text": "one two"}]}]});
    let got = send(Provider::GOOGLE, post(Provider::GOOGLE, "/v1beta/models/gemini-2.5-flash:countTokens", &body))
        .await
        .json();
    assert_eq!(got, json!({"totalTokens": 2}));
}

#[tokio::test]
async fn a_model_can_be_added() {
    let mock = Mock::new().with_model(Provider::ANTHROPIC, "claude-nova-9");
    let body = json!({"model": "claude-nova-9", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let got =
        send_as(&mock, Provider::ANTHROPIC, "good", post(Provider::ANTHROPIC, "/v1/messages", &body)).await.unwrap();
    assert_eq!(got.status, 200);
}

#[tokio::test]
async fn scripted_answers_come_first_and_in_order() {
    let mock = Mock::new();
    mock.script(Provider::OPENAI, Scripted::whole(418, "tea").header("x-request-id", "r1").header("set-cookie", "a=b"));
    mock.script(Provider::OPENAI, Scripted::stream(["data: a\n", "\n"]).then_break());
    mock.script(Provider::OPENAI, Scripted::failure(TransportErrorKind::Timeout));
    let ask = async || send_as(&mock, Provider::OPENAI, "refused", get(Provider::OPENAI, "/anything")).await;
    let Got { status, headers, pieces, .. } = ask().await.unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!((status, pieces), (418, vec![b"tea".to_vec()]));
    assert_eq!(
        headers,
        [header("content-type", "application/json"), header("x-request-id", "r1")],
        "no cookie comes through"
    );
    let got = ask().await.unwrap();
    assert_eq!((got.status, got.pieces.len(), got.broke), (200, 2, true));
    assert_eq!(ask().await.err().unwrap().kind, TransportErrorKind::Timeout);
    assert_eq!(mock.scripts_left(), 0);
    assert_eq!(ask().await.unwrap().status, 401, "the normal behaviour again");
    assert_eq!((mock.requests().len(), mock.open_calls(), mock.aborted_calls().len()), (4, 0, 0));
}

#[tokio::test]
async fn requests_are_recorded_with_a_key_that_prints_nothing() {
    let mock = Mock::new();
    send_as(&mock, Provider::GOOGLE, "good", chat(Provider::GOOGLE, "hi", false)).await.unwrap();
    let request = mock.requests().remove(0);
    assert_eq!((request.provider, request.method.as_str()), (Provider::GOOGLE, "POST"));
    assert_eq!(request.key.as_ref().unwrap().expose(), key(Provider::GOOGLE, "good").expose());
    assert_eq!(request.header("x-goog-api-key"), Some("<key>"));
    assert_eq!(request.json()["contents"][0]["role"], "user");
    assert!(!format!("{request:?}").contains("good"));
    let silent = Mock::new().recording(false);
    send_as(&silent, Provider::GOOGLE, "good", chat(Provider::GOOGLE, "hi", false)).await.unwrap();
    assert_eq!((silent.requests().len(), silent.total_calls()), (0, 1));
    for _ in 0..10_001 {
        send_as(&mock, Provider::OPENAI, "refused", get(Provider::OPENAI, "/")).await.unwrap();
    }
    assert_eq!((mock.requests().len(), mock.total_calls()), (10_000, 10_002));
    assert_eq!(mock.requests()[0].provider, Provider::OPENAI, "the oldest goes first");
}

#[tokio::test]
async fn calls_that_are_left_are_seen() {
    for provider in Provider::ALL {
        let mock = Mock::new();
        let client = mock.client(*provider);
        let key = key(*provider, "good");
        // Waiting.
        let waiting = client.send(chat(*provider, "{{hang}}", true), &key);
        tokio::select! {
            biased;
            _ = waiting => panic!("it hangs"),
            () = mock.until(|mock| mock.open_calls() == 1) => {}
        }
        assert_eq!((mock.open_calls(), mock.aborted_calls()[0].phase), (0, Phase::Waiting));
        // Streaming: the first event comes, and then nothing.
        let mut body = client.send(chat(*provider, "{{silent}}", true), &key).await.unwrap().body;
        assert!(body.next().await.is_some());
        assert!(body.next().now_or_never().is_none());
        assert_eq!(mock.open_calls(), 1);
        drop(body);
        mock.until(|mock| mock.aborted_calls().len() == 2).await;
        let left = &mock.aborted_calls()[1];
        assert_eq!((left.phase, left.provider, mock.open_calls()), (Phase::Streaming, *provider, 0));
        // One that has the last piece may go.
        let got = send_as(&mock, *provider, "good", chat(*provider, "hi", true)).await.unwrap();
        let mut body = client.send(chat(*provider, "hi", true), &key).await.unwrap().body;
        for _ in 0..got.pieces.len() {
            body.next().await.unwrap().unwrap();
        }
        drop(body);
        assert_eq!((mock.open_calls(), mock.aborted_calls().len()), (0, 2), "{provider}");
        mock.forget();
        assert_eq!(mock.aborted_calls().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_are_as_long_as_asked_for() {
    let taken = async |mock: Mock, behaviour: &str, text: &str, stream| {
        let start = tokio::time::Instant::now();
        let got = send_as(&mock, Provider::OPENAI, behaviour, chat(Provider::OPENAI, text, stream)).await.unwrap();
        (start.elapsed(), u32::try_from(got.pieces.len()).unwrap() - 1)
    };
    let ms = Duration::from_millis;
    assert_eq!(taken(Mock::new(), "good", "hi", true).await.0, Duration::ZERO);
    for (mock, behaviour, text, pause) in [
        (Mock::new(), "slow", "hi", ms(50)),
        (Mock::new().slow_pausing(ms(7)), "slow", "hi", ms(7)),
        (Mock::new().pausing(ms(3)), "good", "hi", ms(3)),
        (Mock::new(), "good", "hi {{delay_ms=100}}", ms(100)),
    ] {
        let (time, gaps) = taken(mock.clone(), behaviour, text, true).await;
        assert_eq!(time, pause * gaps, "{behaviour} {text}");
        assert_eq!(taken(mock, behaviour, text, false).await.0, pause);
    }
}
