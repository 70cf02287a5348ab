//! Gemini's signatures, continuations and schemas.

use relay_core::Provider;
use serde_json::{Value, json};

use super::{Got, post, said, send};

async fn ask(model: &str, body: &Value, stream: bool) -> Got {
    let verb = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
    send(Provider::GOOGLE, post(Provider::GOOGLE, &format!("/v1beta/models/{model}:{verb}"), body)).await
}

fn body(text: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}],
        "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": schema}, {"name": "now"}]}]})
}

/// Appends what the model said, and results or another text.
fn then(body: &Value, content: &Value) -> Value {
    let mut body = body.clone();
    let parts = content["parts"].as_array().unwrap();
    let calls = parts.iter().filter_map(|part| part.get("functionCall"));
    let mut next: Vec<Value> = calls
        .map(|call| json!({"functionResponse": {"id": call["id"], "name": call["name"], "response": {"output": "rain"}}}))
        .collect();
    if next.is_empty() {
        next.push(json!({"text": "and then?"}));
    }
    body["contents"].as_array_mut().unwrap().extend([content.clone(), json!({"role": "user", "parts": next})]);
    body
}

#[tokio::test]
async fn each_step_wants_its_own_signature() {
    let model = "gemini-3.6-flash";
    let first = body("{{steps=2}} call weather and now");
    let one = ask(model, &first, false).await.json()["candidates"][0]["content"].clone();
    let second = then(&first, &one);
    let two = ask(model, &second, false).await.json()["candidates"][0]["content"].clone();
    let third = then(&second, &two);
    let got = ask(model, &third, false).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let (missing, corrupted) =
        ("Function call is missing a thought_signature in functionCall parts.", "Corrupted thought signature.");
    let signature = |content: &Value| content["parts"][0]["thoughtSignature"].clone();
    let sentinel = json!("skip_thought_signature_validator");
    for (pointer, value, message) in [
        ("/contents/1/parts/0/thoughtSignature", Value::Null, missing),
        ("/contents/3/parts/0/thoughtSignature", Value::Null, missing),
        ("/contents/3/parts/0/thoughtSignature", signature(&one), corrupted),
        ("/contents/3/parts/1/thoughtSignature", signature(&two), corrupted),
        ("/contents/3/parts/0/thoughtSignature", json!("c2ln"), corrupted),
        ("/contents/3/parts/0/functionCall/args", json!({"city": "text 1"}), corrupted),
        ("/contents/1/parts/0/thoughtSignature", sentinel.clone(), ""),
        ("/contents/3/parts/0/thoughtSignature", sentinel, ""),
    ] {
        let mut changed = third.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.into(), value);
        let got = ask(model, &changed, false).await;
        assert_eq!(got.status == 200, message.is_empty(), "{pointer} {}", got.text());
        assert!(got.status == 200 || got.message().starts_with(message), "{pointer} {}", got.text());
    }
    // Once the user speaks again, older turns are not looked at.
    let mut older = third.clone();
    older["contents"][1]["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
    older["contents"].as_array_mut().unwrap().extend([
        json!({"role": "model", "parts": [{"text": "Rain."}]}),
        json!({"role": "user", "parts": [{"text": "Thanks"}]}),
    ]);
    assert_eq!(ask(model, &older, false).await.status, 200);
    // The second generation never asks.
    let mut old = then(&first, &one);
    for part in old["contents"][1]["parts"].as_array_mut().unwrap() {
        part.as_object_mut().unwrap().remove("thoughtSignature");
    }
    assert_eq!(ask("gemini-2.5-flash", &old, false).await.status, 200);
}

#[tokio::test]
async fn a_text_has_its_signature_at_the_end() {
    let model = "gemini-3.6-flash";
    let whole = ask(model, &body("hi"), false).await.json();
    assert!(whole["usageMetadata"]["thoughtsTokenCount"].as_u64() > Some(0), "it thinks unless told otherwise");
    let content = &whole["candidates"][0]["content"];
    assert!(content["parts"][0]["thoughtSignature"].is_string());
    let events = ask(model, &body("hi"), true).await.events();
    let last = &events.last().unwrap()["candidates"][0];
    assert_eq!((&last["content"]["parts"][0]["text"], &last["finishReason"]), (&json!(""), &json!("STOP")));
    let signature = last["content"]["parts"][0]["thoughtSignature"].clone();
    assert_eq!(signature, content["parts"][0]["thoughtSignature"], "for the whole text");
    let mut next = then(&body("hi"), content);
    assert_eq!(ask(model, &next, false).await.status, 200);
    next["contents"][1]["parts"][0]["text"] = json!("Another text");
    assert_eq!(ask(model, &next, false).await.message(), "Corrupted thought signature.");
    next["contents"][1]["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
    assert_eq!(ask(model, &next, false).await.status, 200, "it is advised, not enforced");
}

#[tokio::test]
async fn a_long_answer_is_continued_with_the_same_body() {
    for stream in [false, true] {
        let whole = said(Provider::GOOGLE, &ask("gemini-4-argon", &body("one two three"), stream).await, stream);
        let mut body = body("one two three {{continue=2}}");
        let mut text = String::new();
        for reason in ["CONTINUATION", "CONTINUATION", "STOP"] {
            let got = ask("gemini-4-argon", &body, stream).await;
            assert_eq!(got.status, 200, "{}", got.text());
            text += &said(Provider::GOOGLE, &got, stream);
            let last = if stream { got.events().pop().unwrap() } else { got.json() };
            assert_eq!(last["candidates"][0]["finishReason"], reason);
            assert!(last["usageMetadata"]["candidatesTokenCount"].as_u64() > Some(0));
            let token = last["candidates"][0].get("continuationToken");
            assert_eq!(token.is_some(), reason == "CONTINUATION");
            body["continuationToken"] = token.cloned().unwrap_or_default();
        }
        assert_eq!(text, whole, "without a gap");
    }
}

#[tokio::test]
async fn a_continuation_of_something_else_is_refused() {
    let body = body("one {{continue=1}}");
    let token = ask("gemini-4-carbon", &body, false).await.json()["candidates"][0]["continuationToken"].clone();
    let with = |change: Value| {
        let mut body = body.clone();
        body["continuationToken"] = token.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    for (model, body, message) in [
        ("gemini-4-carbon", with(json!({})), ""),
        (
            "gemini-4-carbon",
            with(json!({"generationConfig": {"maxOutputTokens": 9}})),
            "The continuation token was issued for a different request.",
        ),
        ("gemini-4-carbon", with(json!({"continuationToken": "c2ln"})), "Invalid continuation token."),
        ("gemini-3.6-flash", with(json!({})), "Continuation is not enabled for this model"),
    ] {
        let got = ask(model, &body, false).await;
        assert_eq!(got.status == 200, message.is_empty(), "{}", got.text());
        assert!(got.status == 200 || got.message().starts_with(message), "{}", got.text());
    }
    // Other models have short answers.
    let got = ask("gemini-3.6-flash", &self::body("one {{continue=1}}"), false).await.json();
    assert_eq!(got["candidates"][0]["finishReason"], "STOP");
}

#[tokio::test]
async fn schemas_have_only_the_keywords_that_exist() {
    let object = |property: Value| json!({"type": "object", "properties": {"a": property}});
    let node = |required: Value| {
        json!({"type": "object", "properties": {"v": {"$ref": "#/$defs/N"}}, "required": ["v"],
        "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}, "required": required}}})
    };
    for (schema, message) in [
        (object(json!({"type": ["string", "null"], "format": "date", "title": "t", "description": "d"})), ""),
        (object(json!({"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "null"}]})), ""),
        (
            object(json!({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2})),
            "",
        ),
        (json!({"type": "object", "additionalProperties": {"type": "string"}, "propertyOrdering": []}), ""),
        (object(json!({"type": "string", "pattern": "x", "minLength": 1, "maxLength": 9, "default": "x"})), ""),
        (object(json!({"not": {}})), "properties.a: unsupported JSON Schema keyword \"not\""),
        (object(json!({"const": 1})), "properties.a: unsupported JSON Schema keyword \"const\""),
        (object(json!({"allOf": []})), "properties.a: unsupported JSON Schema keyword \"allOf\""),
        (json!({"type": "object", "$schema": "x"}), ": unsupported JSON Schema keyword \"$schema\""),
        (json!({"type": "object", "definitions": {}}), ": unsupported JSON Schema keyword \"definitions\""),
        (object(json!({"enum": [true]})), "properties.a: enum values must be strings or numbers"),
        (object(json!({"type": "STRING"})), "properties.a: unknown type \"STRING\""),
        (object(json!(true)), "properties.a: schema should be an object"),
        (object(json!({"$ref": "https://example.com/x"})), "properties.a: unsupported $ref"),
        (object(json!({"$ref": "#/properties/b"})), "properties.a: unsupported $ref"),
        (
            object(json!({"$ref": "#", "description": "x"})),
            "properties.a: a schema with $ref may have no other keywords",
        ),
        (object(json!({"$ref": "#"})), ""),
        (json!({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}), ": cyclic $ref \"#\""),
        (node(json!([])), ""),
        (node(json!(["next"])), ": cyclic $ref \"#/$defs/N\""),
    ] {
        let answer = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}],
            "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": schema}});
        let tool = json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}],
            "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": schema}]}]});
        for body in [answer, tool] {
            let got = ask("gemini-3.6-flash", &body, false).await;
            assert_eq!(got.status == 200, message.is_empty(), "{schema} {}", got.text());
            assert!(got.status == 200 || got.message().contains(message), "{schema} {}", got.text());
        }
    }
}

#[tokio::test]
async fn forms_calls_and_results_fit_together() {
    let json_answer = json!({"responseMimeType": "application/json"});
    let any = json!({"functionCallingConfig": {"mode": "ANY"}});
    let forced = "Forced function calling (mode ANY) with a response mime type";
    let mut body = body("hi");
    body["generationConfig"] = json_answer;
    assert_eq!(ask("gemini-3.6-flash", &body, false).await.status, 200);
    assert!(
        ask("gemini-2.5-flash", &body, false).await.message().starts_with("Function calling with a response mime type")
    );
    body["toolConfig"] = any;
    assert!(ask("gemini-3.6-flash", &body, false).await.message().starts_with(forced));
    let first = self::body("call weather");
    let content = ask("gemini-3.6-flash", &first, false).await.json()["candidates"][0]["content"].clone();
    let good = then(&first, &content);
    for (pointer, value, message) in [
        ("/contents/2/role", json!("function"), "Please use a valid role: user, model."),
        ("/contents/2/role", json!("model"), "Please ensure that function response turn comes immediately after"),
        (
            "/contents/2/parts/0/functionResponse/id",
            json!("other"),
            "Please ensure that the function response parts have the names and ids",
        ),
        (
            "/contents/2/parts/0/functionResponse/name",
            json!("now"),
            "Please ensure that the function response parts have the names and ids",
        ),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let got = ask("gemini-3.6-flash", &changed, false).await;
        assert!(got.status == 400 && got.message().starts_with(message), "{pointer} {}", got.text());
    }
    let mut beside = good.clone();
    beside["contents"][2]["parts"].as_array_mut().unwrap().push(json!({"text": "x"}));
    assert_eq!(ask("gemini-3.6-flash", &beside, false).await.status, 400);
    // The newest models take sampling, and ignore it.
    let mut sampled = self::body("hi");
    sampled["generationConfig"] = json!({"temperature": 0.1, "topP": 0.5, "topK": 4});
    assert_eq!(ask("gemini-4-argon", &sampled, false).await.status, 200);
}

#[tokio::test]
async fn embeddings_are_never_asked_for_in_base64() {
    let path = "/v1beta/models/gemini-embedding-2:batchEmbedContents";
    let one = json!({"model": "models/gemini-embedding-2", "content": {"parts": [{"text": "x"}]}, "encodingFormat": "base64"});
    let got = send(Provider::GOOGLE, post(Provider::GOOGLE, path, &json!({"requests": [one]}))).await;
    assert!(got.status == 400 && got.message().contains("Unknown name \"encodingFormat\""), "{}", got.text());
}
