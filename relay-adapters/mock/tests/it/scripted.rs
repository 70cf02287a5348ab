//! Answers that a test writes: what a model says, whole answers as streams, and for whom they are.

use relay_core::Provider;
use relay_core::domain::provider::Format;
use relay_core::ports::{TransportErrorKind, WireRequest};
use relay_mock::{CallKind, Mock, Scripted};
use serde_json::{Value, json};

use super::{Got, chat, get, post, said, send_as};

const KOREAN: &str = "비가 와요: {{status=503}} {{x}}\n\"끝\"";

async fn ask(mock: &Mock, provider: Provider, text: &str, stream: bool) -> Got {
    send_as(mock, provider, "good", chat(provider, text, stream)).await.unwrap()
}

fn models(provider: Provider) -> WireRequest {
    match provider.format() {
        Format::OpenAi => get(provider, &format!("{}/models", provider.api_path())),
        Format::Anthropic => get(provider, "/v1/models"),
        _ => get(provider, "/v1beta/models"),
    }
}

#[tokio::test]
async fn a_model_says_what_the_script_says_whole_and_streamed() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            let mock = Mock::new();
            mock.script(*provider, Scripted::says(KOREAN));
            // Directives of the user's text do not count, not even unknown ones.
            let got = ask(&mock, *provider, "{{nonsense}} {{hang}} {{status=500}}", stream).await;
            assert_eq!((got.status, said(*provider, &got, stream).as_str()), (200, KOREAN), "{provider} {stream}");
            let kind = got.header("content-type").unwrap();
            assert_eq!(kind.starts_with("text/event-stream"), stream, "{kind}");
            // In the format of any other answer.
            let usual = ask(&Mock::new(), *provider, "hi", stream).await;
            assert_eq!(got.headers.len(), usual.headers.len(), "{provider}");
            assert_eq!(mock.scripts_left(), 0);
            let next = ask(&mock, *provider, "hi", stream).await;
            assert!(said(*provider, &next, stream).ends_with("you said \"hi\""), "the normal behaviour again");
        }
    }
}

#[tokio::test]
async fn what_a_model_says_waits_for_a_chat_that_is_accepted() {
    for provider in Provider::ALL {
        let mock = Mock::new();
        mock.script(*provider, Scripted::says("yes"));
        assert_eq!(send_as(&mock, *provider, "good", models(*provider)).await.unwrap().status, 200);
        let refused = send_as(&mock, *provider, "refused", chat(*provider, "hi", false)).await.unwrap();
        assert!(refused.status >= 400);
        let mut wrong = chat(*provider, "hi", false);
        wrong.body = "{}".into();
        let got = send_as(&mock, *provider, "good", wrong).await.unwrap();
        assert!((400..500).contains(&got.status), "{provider}: checked as always");
        let foreign = chat(*provider, "hi", false).with_header("x-relay-user", "ana");
        assert_eq!(send_as(&mock, *provider, "good", foreign).await.unwrap().status, 400);
        let got = send_as(&mock, *provider, "unreachable", chat(*provider, "hi", false)).await;
        assert_eq!(got.err().map(|error| error.kind), Some(TransportErrorKind::Connect));
        assert_eq!(mock.scripts_left(), 1);
        assert_eq!(said(*provider, &ask(&mock, *provider, "hi", false).await, false), "yes");
    }
}

/// Name and arguments of the call of an answer, whole or streamed.
fn called(provider: Provider, got: &Got, stream: bool) -> (String, Value) {
    let events = if stream { got.events() } else { vec![got.json()] };
    let (mut name, mut arguments) = (String::new(), String::new());
    for event in &events {
        let function = event.pointer("/choices/0/delta/tool_calls/0/function");
        let function = function.or(event.pointer("/choices/0/message/tool_calls/0/function"));
        let google = event.pointer("/candidates/0/content/parts").and_then(Value::as_array);
        let google = google.and_then(|parts| parts.iter().find_map(|part| part.get("functionCall")));
        let content = event["content"].as_array();
        let block = content.and_then(|blocks| blocks.iter().find(|block| block["type"] == "tool_use"));
        for call in [function, google, block, event.get("content_block")].into_iter().flatten() {
            name.push_str(call["name"].as_str().unwrap_or_default());
            arguments.push_str(call["arguments"].as_str().unwrap_or_default());
            for whole in ["args", "input"] {
                if call[whole].as_object().is_some_and(|map| !map.is_empty()) {
                    arguments.push_str(&call[whole].to_string());
                }
            }
        }
        arguments.push_str(event.pointer("/delta/partial_json").and_then(Value::as_str).unwrap_or_default());
    }
    assert!(matches!(provider.format(), Format::OpenAi | Format::Anthropic | Format::Google));
    (name, serde_json::from_str(&arguments).unwrap())
}

#[tokio::test]
async fn a_model_can_call_tools_after_its_text() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            for text in ["One moment.", ""] {
                let mock = Mock::new();
                mock.script(*provider, Scripted::says(text).calling("weather", json!({"city": "서울", "days": 3})));
                let got = ask(&mock, *provider, "hi", stream).await;
                assert_eq!(said(*provider, &got, stream), text, "{provider} {stream}");
                let (name, arguments) = called(*provider, &got, stream);
                assert_eq!((name.as_str(), arguments), ("weather", json!({"city": "서울", "days": 3})), "{provider}");
            }
        }
    }
    let mock = Mock::new();
    mock.script(Provider::OPENAI, Scripted::says("cut").finishing("length"));
    assert_eq!(ask(&mock, Provider::OPENAI, "hi", false).await.json()["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn a_whole_answer_is_streamed_to_whom_asks_for_a_stream() {
    for provider in Provider::ALL {
        let whole = {
            let mock = Mock::new();
            mock.script(*provider, Scripted::says("One moment.").calling("weather", json!({"city": "서울"})));
            ask(&mock, *provider, "hi", false).await
        };
        for stream in [false, true] {
            let mock = Mock::new();
            mock.script(*provider, Scripted::whole(200, whole.text()).header("x-request-id", "r1"));
            let got = ask(&mock, *provider, "hi", stream).await;
            let kind = got.header("content-type").unwrap();
            assert_eq!(kind.starts_with("text/event-stream"), stream, "{provider} {kind}");
            assert_eq!((got.status, got.header("x-request-id")), (200, Some("r1")));
            assert_eq!(said(*provider, &got, stream), "One moment.", "{provider} {stream}");
            assert_eq!(called(*provider, &got, stream), ("weather".to_owned(), json!({"city": "서울"})), "{provider}");
            assert_eq!(stream, got.pieces.len() > 1);
        }
    }
}

#[tokio::test]
async fn a_streamed_answer_has_the_shape_of_its_provider() {
    let mock = Mock::new();
    let whole = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a b", "refusal": null, "annotations": []},
            "logprobs": null, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}});
    mock.script(Provider::OPENAI, Scripted::whole(200, whole.to_string()));
    let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": true,
        "stream_options": {"include_usage": true}});
    let request = post(Provider::OPENAI, "/v1/chat/completions", &body);
    let got = send_as(&mock, Provider::OPENAI, "good", request).await.unwrap();
    assert!(got.text().ends_with("data: [DONE]\n\n"));
    let events = got.events();
    assert!(events.iter().all(|event| event["object"] == "chat.completion.chunk" && event["id"] == "chatcmpl-1"));
    let deltas: Vec<_> = events.iter().map(|event| event["choices"][0]["delta"].clone()).collect();
    let first = json!({"role": "assistant", "content": "", "refusal": null});
    assert_eq!(deltas, [first, json!({"content": "a "}), json!({"content": "b"}), json!({}), json!(null)]);
    assert_eq!((&events[3]["choices"][0]["finish_reason"], &events[4]["usage"]), (&json!("stop"), &whole["usage"]));

    let whole = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-5-5", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "d"},
        {"type": "text", "text": "a b"}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 9}});
    mock.script(Provider::ANTHROPIC, Scripted::whole(200, whole.to_string()));
    let events = ask(&mock, Provider::ANTHROPIC, "hi", true).await.events();
    let start = &events[0]["message"];
    assert_eq!(
        (&start["content"], &start["stop_reason"], &start["usage"]["input_tokens"]),
        (&json!([]), &json!(null), &json!(3))
    );
    let kinds: Vec<_> =
        events.iter().filter_map(|event| event.pointer("/delta/type").and_then(Value::as_str)).collect();
    assert_eq!(kinds, ["thinking_delta", "signature_delta", "text_delta", "text_delta"]);
    let end = &events[events.len() - 2];
    assert_eq!((&end["delta"]["stop_reason"], &end["usage"]["output_tokens"]), (&json!("end_turn"), &json!(9)));

    let whole = json!({"candidates": [{"content": {"parts": [{"text": "a b", "thoughtSignature": "s"}], "role": "model"},
        "finishReason": "STOP", "index": 0}], "usageMetadata": {"totalTokenCount": 3}, "modelVersion": "g"});
    mock.script(Provider::GOOGLE, Scripted::whole(200, whole.to_string()));
    let events = ask(&mock, Provider::GOOGLE, "hi", true).await.events();
    assert_eq!(events.len(), 2);
    assert_eq!(
        (&events[0]["candidates"][0]["content"]["parts"], &events[0]["usageMetadata"]),
        (&json!([{"text": "a "}]), &json!(null))
    );
    let end = &events[1]["candidates"][0];
    assert_eq!((&end["content"]["parts"][0]["thoughtSignature"], &end["finishReason"]), (&json!("s"), &json!("STOP")));
    mock.script(Provider::GOOGLE, Scripted::whole(200, whole.to_string()));
    let mut array = chat(Provider::GOOGLE, "hi", true);
    array.path = array.path.replace("?alt=sse", "");
    let got = send_as(&mock, Provider::GOOGLE, "good", array).await.unwrap();
    assert_eq!(got.json().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_is_no_answer_or_says_what_it_is_stays_as_it_is() {
    for provider in Provider::ALL {
        let answer = ask(&Mock::new(), *provider, "hi", false).await.text();
        for (script, body) in [
            (Scripted::whole(200, answer.clone()).header("content-type", "application/json"), answer.as_str()),
            (Scripted::whole(503, answer.clone()), &answer),
            (Scripted::whole(200, "{\"a\": 1}"), "{\"a\": 1}"),
            (Scripted::whole(200, "not JSON"), "not JSON"),
            (Scripted::whole(200, "<p>").header("content-type", "text/html"), "<p>"),
        ] {
            let mock = Mock::new();
            mock.script(*provider, script);
            assert_eq!(ask(&mock, *provider, "hi", true).await.text(), body, "{provider}");
        }
    }
}

#[tokio::test]
async fn scripts_can_be_for_several_calls_of_one_kind_or_one_key() {
    for provider in Provider::ALL {
        let mock = Mock::new();
        mock.script(*provider, Scripted::status(503).times(2).only_for(CallKind::Chat));
        mock.script(*provider, Scripted::says("for bob").for_key_ending("bob1"));
        mock.script(*provider, Scripted::error("overloaded").for_key_ending("ana1").only_for(CallKind::Chat));
        assert_eq!(mock.scripts_left(), 4);
        assert_eq!(send_as(&mock, *provider, "good", models(*provider)).await.unwrap().status, 200, "only chats");
        for _ in 0..2 {
            let got = ask(&mock, *provider, "hi", true).await;
            assert!(got.status == 503 && !got.message().is_empty(), "{provider} {}", got.text());
        }
        let got = ask(&mock, *provider, "hi", false).await;
        assert!(matches!(got.status, 503 | 529) && !got.text().contains("mock:"), "{provider} {}", got.text());
        assert_eq!(ask(&mock, *provider, "hi", false).await.status, 200);
        assert_eq!(mock.scripts_left(), 1, "bob did not call");
    }
}

#[tokio::test]
async fn what_a_model_says_can_break_off_in_the_middle() {
    for provider in Provider::ALL {
        let mock = Mock::new();
        mock.script(*provider, Scripted::says("one two three four five six seven eight").then_break());
        let got = ask(&mock, *provider, "hi", true).await;
        let text = said(*provider, &got, true);
        assert!(got.broke && text.starts_with("one two") && !text.contains("eight"), "{provider} {text}");
    }
}

#[tokio::test]
async fn a_slip_in_a_directive_is_a_400_that_names_it() {
    for provider in Provider::ALL {
        for stream in [false, true] {
            for text in ["{{statu=503}}", "{{status=abc}}", "{{chunks=0}}", "hi {{nonsense}}"] {
                let got = ask(&Mock::new(), *provider, text, stream).await;
                let (directive, message) = (&text[text.find("{{").unwrap()..], got.message());
                assert_eq!(got.status, 400, "{provider} {text}");
                assert!(message.starts_with("mock: ") && message.contains(directive), "{message}");
                assert!(message.contains("docs/mock.md"), "{message}");
            }
            for text in ["{{error=nonsense}}", "{{error_first=nonsense}}", "{{error_midstream=nonsense}}"] {
                let got = ask(&Mock::new(), *provider, text, stream).await;
                assert_eq!(got.status, 400, "{provider} {text}");
                assert!(got.message().contains("`nonsense`; docs/mock.md"), "{}", got.message());
            }
            let got = ask(&Mock::new(), *provider, "{{literal}}{{statu=503}} {{name}}", stream).await;
            assert!(said(*provider, &got, stream).ends_with("you said \"{{statu=503}} {{name}}\""), "{}", got.text());
        }
    }
}
