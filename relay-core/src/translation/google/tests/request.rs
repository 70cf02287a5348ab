//! Rules of requests that no case shows.

use serde_json::{Value, json};

use super::with_call;
use crate::error::RelayError;
use crate::translation::google::Google;
use crate::translation::{Dialect, TranslatedChat};

fn chat(model: &str, members: Value) -> Result<TranslatedChat, RelayError> {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "x"}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    with_call(&body, |call| Google.chat(call))
}

#[track_caller]
fn config(model: &str, members: Value, want: &str) {
    let made = chat(model, members).unwrap();
    let body: Value = serde_json::from_slice(&made.wire.body).unwrap();
    assert_eq!(body["generationConfig"].to_string(), want);
}

#[track_caller]
fn refused(members: Value, param: &str) {
    let error = chat("gemini-3.8-flash", members.clone()).unwrap_err();
    assert_eq!(error.param(), Some(param), "{members}");
}

/// The text of `contents` for these messages.
fn contents(model: &str, messages: Value) -> String {
    let made = chat(model, json!({"messages": messages})).unwrap();
    let text = String::from_utf8(made.wire.body.to_vec()).unwrap();
    text.strip_prefix("{\"contents\":").unwrap().strip_suffix('}').unwrap().to_owned()
}

#[test]
fn what_is_left_out_is_named_unless_it_says_nothing() {
    let quiet = json!({"temperature": 1, "top_p": 1.0, "frequency_penalty": 0.0, "store": false, "user": "",
        "verbosity": "medium", "metadata": {}, "service_tier": "auto", "reasoning_effort": null, "n": 1});
    assert!(chat("gemini-3.8-flash", quiet).unwrap().notes.dropped.is_empty());
    let loud = json!({"temperature": 0, "presence_penalty": -1, "store": true, "user": "u", "verbosity": "low",
        "service_tier": "scale", "messages": [{"role": "user", "name": "a", "content": "x"}]});
    let notes = chat("gemini-3.8-flash", loud).unwrap().notes;
    let want = ["messages.name", "presence_penalty", "service_tier", "store", "temperature", "user", "verbosity"];
    assert_eq!(notes.dropped, want);
    assert_eq!(
        chat("gemini-3.8-flash", json!({"reasoning_effort": "none"})).unwrap().notes.adjusted,
        ["reasoning_effort"]
    );
}

/// What each case says in `dropped` and `adjusted` is what `x-relay-dropped-params` and `x-relay-adjusted-params` hold.
#[test]
fn what_the_cases_change_is_named() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/translation/google/cases");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let case: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        if case["adjusted"].is_array() {
            let notes = with_call(&case["input"], |call| Google.chat(call)).unwrap().notes;
            let named = json!([notes.dropped, notes.adjusted]);
            assert_eq!(named, json!([case["dropped"], case["adjusted"]]), "{}", case["name"]);
            count += 1;
        }
    }
    assert!(count >= 40, "{count}");
}

#[test]
fn numbers_are_sent_as_they_came_or_folded() {
    config("gemini-2.5-pro", json!({"temperature": 0, "seed": 0}), r#"{"temperature":0,"seed":0}"#);
    config("gemini-2.5-pro", json!({"seed": 4_294_967_298_i64}), r#"{"seed":3}"#);
    config("gemini-2.5-pro", json!({"stop": ["", "a"]}), r#"{"stopSequences":["a"]}"#);
    config("m", json!({"logprobs": true, "top_logprobs": 0}), r#"{"responseLogprobs":true,"logprobs":0}"#);
}

#[test]
fn what_can_not_be_is_refused_by_name() {
    refused(json!({"messages": []}), "messages");
    refused(json!({"messages": [{"role": "assistant", "content": ""}], "temperature": 3}), "temperature");
    refused(json!({"max_tokens": 0}), "max_tokens");
    refused(json!({"top_logprobs": 2}), "top_logprobs");
    refused(json!({"logit_bias": {"5": 1}}), "logit_bias");
    refused(json!({"moderation": {}}), "moderation");
    refused(json!({"response_format": {"type": "xml"}}), "response_format");
    refused(json!({"tool_choice": "required"}), "tool_choice");
    refused(json!({"tools": [{"type": "function", "function": {"name": "a b"}}]}), "tools[0].function.name");
    refused(json!({"tools": [{"function": {"name": "a"}}, {"function": {"name": "a"}}]}), "tools");
    refused(json!({"tools": [{"function": {"name": "a"}}], "web_search_options": {}}), "web_search_options");
    let array = json!({"name": "a", "parameters": {"type": "array"}});
    refused(json!({"tools": [{"type": "function", "function": array}]}), "tools[0].function.parameters");
    let schema = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "http://x"}}});
    refused(json!({"response_format": schema}), "response_format.json_schema.schema");
    let safety = json!({"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "NEVER"}]});
    refused(json!({"extra_body": {"google": safety}}), "extra_body.google.safety_settings[0].threshold");
    let system = json!([{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]);
    refused(json!({"messages": system}), "messages[0].content[0].type");
    refused(json!({"messages": [{"role": "user", "content": 7}]}), "messages[0].content");
    refused(json!({"messages": [{"role": "robot", "content": "x"}]}), "messages[0].role");
}

/// OpenAI has codes of its own for these; Claude's translation refuses the same.
#[test]
fn strict_schemas_are_refused_as_openai_refuses_them() {
    let object = |a: Value, required: &[&str]| json!({"type": "object", "properties": {"a": a}, "required": required, "additionalProperties": false});
    let extra = object(json!({"type": "string"}), &["a", "b"]);
    let looks = object(json!({"type": "array", "items": {"type": "string", "pattern": "^(?!x)"}}), &["a"]);
    let plain = object(json!({"type": "string", "pattern": "[(?!]"}), &["a"]);
    let tool = |schema: &Value, strict: bool| json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": schema, "strict": strict}}]});
    let answer = |schema: &Value, strict: bool| json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": strict}}});
    for (schema, in_tool, in_answer) in [
        (&extra, Some("invalid_function_parameters"), Some("")),
        (&looks, Some("invalid_json_schema"), Some("invalid_json_schema")),
        (&plain, None, None),
    ] {
        for (members, code, param) in [
            (tool(schema, true), in_tool, "tools[0].function.parameters"),
            (answer(schema, true), in_answer, "response_format"),
            (tool(schema, false), None, ""),
            (answer(schema, false), None, ""),
        ] {
            let error = chat("gemini-3.8-flash", members.clone()).err();
            let got = error.as_ref().map(|error| (error.code(), error.param().unwrap_or_default()));
            assert_eq!(got, code.map(|code| (code, param)), "{members}");
        }
    }
}

#[test]
fn arguments_and_results_keep_their_numbers_and_order() {
    let call = |arguments: &str| {
        json!([{"role": "assistant", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]},
            {"role": "tool", "tool_call_id": "c", "content": arguments}])
    };
    let sent = |args: &str, response: &str| {
        format!(
            "[{{\"role\":\"user\",\"parts\":[{{\"text\":\"(start of conversation)\"}}]}},\
             {{\"role\":\"model\",\"parts\":[{{\"functionCall\":{{\"name\":\"f\",\"args\":{args}}}}}]}},\
             {{\"role\":\"user\",\"parts\":[{{\"functionResponse\":{{\"name\":\"f\",\"response\":{response}}}}}]}}]"
        )
    };
    let exact = r#"{"z":1.50,"a":12345678901234567890123,"b":1e300}"#;
    assert_eq!(contents("gemini-2.5-pro", call(exact)), sent(exact, exact));
    assert_eq!(contents("gemini-2.5-pro", call(" {\"a b\" : [ 1 ]}\n")), sent("{\"a b\":[1]}", "{\"a b\":[1]}"));
    assert_eq!(contents("gemini-2.5-pro", call("1 2")), sent("{\"__arguments\":\"1 2\"}", "{\"output\":\"1 2\"}"));
    assert_eq!(
        contents("gemini-2.5-pro", call("{\"a\":1")),
        sent("{\"__arguments\":\"{\\\"a\\\":1\"}", "{\"output\":\"{\\\"a\\\":1\"}")
    );
}

#[test]
fn turns_of_one_role_are_joined_but_results_stand_alone() {
    let user = |text: &str| json!({"role": "user", "content": text});
    let messages = json!([user("a"), user("b"), {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": null, "refusal": "d"}, user("e")]);
    assert_eq!(
        contents("gemini-2.5-pro", messages),
        r#"[{"role":"user","parts":[{"text":"a"},{"text":"b"}]},{"role":"model","parts":[{"text":"c"},{"text":"d"}]},{"role":"user","parts":[{"text":"e"}]}]"#
    );
}

#[test]
fn of_two_results_the_last_one_counts_and_a_late_one_is_refused() {
    let call = json!({"role": "assistant", "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let result = |text: &str| json!({"role": "tool", "tool_call_id": "c", "content": text});
    let sent = contents("gemini-2.5-pro", json!([call, result("old"), result("new")]));
    assert!(sent.contains("new") && !sent.contains("old"), "{sent}");
    let two = json!({"messages": [{"role": "user", "content": "x"}, call, result("old"), result("new")]});
    let notes = chat("gemini-2.5-pro", two).unwrap().notes;
    assert!(notes.adjusted.contains(&"messages".to_owned()), "{notes:?}");
    let one = json!({"messages": [{"role": "user", "content": "x"}, call, result("new")]});
    assert!(chat("gemini-2.5-pro", one).unwrap().notes.adjusted.is_empty());
    refused(
        json!({"messages": [call, result("a"), {"role": "user", "content": "x"}, result("b")]}),
        "messages[3].tool_call_id",
    );
    refused(json!({"messages": [call, {"role": "user", "content": "x"}]}), "messages[0].tool_calls");
}

#[test]
fn text_goes_out_with_the_escapes_it_came_with() {
    let body = r#"{"model":"gemini-2.5-pro","messages":[{"role":"user","content":"\u00e9\/\n é"}]}"#;
    let bytes = bytes::Bytes::from_static(body.as_bytes());
    let object = crate::translation::json::Object::parse(&bytes).unwrap();
    let text = object.objects("messages").unwrap().unwrap()[0].get("content").unwrap().get().to_owned();
    let made = with_call(&serde_json::from_str(body).unwrap(), |call| {
        Google.chat(&crate::translation::Call { request: &object, body: &bytes, ..*call })
    });
    assert!(String::from_utf8_lossy(&made.unwrap().wire.body).contains(&text));
}
