//! What OpenAI refuses: a case for each rule.

use relay_core::Provider;
use serde_json::{Value, json};

use super::refusals_table::{Case, check};

const PATH: &str = "/v1/chat/completions";

/// A small good request, with these members changed; `null` takes one out.
fn with(change: Value) -> Value {
    let mut body = json!({"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in change.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

fn case(rule: &'static str, refused: Value, accepted: Value) -> Case {
    Case::new(rule, PATH, &with(refused), &with(accepted))
}

/// A conversation: a text of the user, and then these messages.
fn talk(messages: &[Value]) -> Value {
    json!({ "messages": ([&[json!({"role": "user", "content": "hi"})], messages].concat()) })
}

fn function(name: &str, parameters: &Value, strict: bool) -> Value {
    json!({"tools": [{"type": "function", "function": {"name": name, "parameters": parameters, "strict": strict}}]})
}

fn named(names: &[&str]) -> Value {
    let one = |name: &&str| json!({"type": "function", "function": {"name": name}});
    json!({"tools": names.iter().map(one).collect::<Vec<_>>()})
}

/// A strict function with one parameter.
fn strict(schema: &Value) -> Value {
    function(
        "f",
        &json!({"type": "object", "properties": {"a": schema}, "required": ["a"], "additionalProperties": false}),
        true,
    )
}

fn loose(schema: &Value) -> Value {
    function("f", &json!({"type": "object", "properties": {"a": schema}}), false)
}

fn call(id: &str) -> Value {
    json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
}

fn result(id: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": "1"})
}

fn bodies() -> Vec<Case> {
    let user = |change: Value| {
        let mut message = json!({"role": "user", "content": "hi"});
        message.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"messages": [message]})
    };
    let parts = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let mark = json!({"type": "ephemeral"});
    let mut failed = result("a");
    failed["is_error"] = json!(true);
    let mut marked = named(&["f"]);
    marked["tools"][0]["cache_control"] = mark.clone();
    let half = with(json!({})).to_string().replace("\"hi\"", "\"a\\ud83d\"");
    let reasons = |change: Value| {
        let mut change = change;
        change["model"] = json!("o4-mini");
        change
    };
    let message = |name: &str| json!({"messages": [{"role": "user", "content": "hi", "name": name}]});
    let image = |url: &str| parts(json!({"type": "image_url", "image_url": {"url": url}}));
    vec![
        // Half a character is taken.
        Case::raw("json", PATH, "{\"model\":".to_owned(), half),
        case("no_model", json!({"model": null}), json!({})),
        case("model", json!({"model": "gpt-99"}), json!({"model": "gpt-5.4"})),
        case("unknown_argument", json!({"thinking": {}}), json!({"verbosity": "low"})),
        case("unknown_member", user(json!({"cache_control": mark})), user(json!({"name": "ana"}))),
        case("unknown_member", user(json!({"reasoning_content": "a"})), user(json!({}))),
        case(
            "unknown_member",
            parts(json!({"type": "text", "text": "a", "cache_control": mark})),
            parts(json!({"type": "text", "text": "a"})),
        ),
        case("unknown_member", talk(&[call("a"), failed]), talk(&[call("a"), result("a")])),
        case("unknown_member", marked, named(&["f"])),
        case("missing_member", json!({"messages": null}), json!({})),
        case("member_type", json!({"seed": "1"}), json!({"seed": 1})),
        case("member_value", json!({"reasoning_effort": "huge"}), json!({"reasoning_effort": "high"})),
        case("member_low", json!({"temperature": -0.1}), json!({"temperature": 0})),
        case("member_high", json!({"temperature": 2.1}), json!({"temperature": 2})),
        case("empty_array", json!({"messages": []}), talk(&[])),
        case("long_array", json!({"stop": ["1", "2", "3", "4", "5"]}), json!({"stop": ["1", "2", "3", "4"]})),
        case("stream_options", json!({"stream_options": {}}), json!({"stream_options": {}, "stream": true})),
        case("only_with", json!({"tool_choice": "none"}), json!({})),
        case("top_logprobs", json!({"top_logprobs": 1}), json!({"top_logprobs": 1, "logprobs": true})),
        case("max_tokens", reasons(json!({"max_tokens": 9})), reasons(json!({"max_completion_tokens": 9}))),
        case("temperature", reasons(json!({"temperature": 0.5})), reasons(json!({"temperature": 1}))),
        case(
            "json_mode",
            json!({"response_format": {"type": "json_object"}}),
            json!({"response_format": {"type": "json_object"}, "messages": [{"role": "user", "content": "as JSON"}]}),
        ),
        case("message_name", message("a b"), message("é.1")),
        case("image_type", image("data:text/plain;base64,QQ=="), image("data:image/png;base64,QQ==")),
        case("image_type", image("data:application/pdf;base64,QQ=="), image("https://example.com/a.pdf")),
    ]
}

fn schemas() -> Vec<Case> {
    let text = json!({"type": "string"});
    let object = |change: Value| {
        let mut out = json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"], "additionalProperties": false});
        for (name, value) in change.as_object().unwrap() {
            out[name] = value.clone();
        }
        out
    };
    let format = |strict: bool, schema: Value| json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": strict, "schema": schema}}});
    let mut cases: Vec<Case> = ["allOf", "oneOf"]
        .into_iter()
        .map(|name| case("schema_keyword", strict(&json!({name: [text]})), loose(&json!({name: [text]}))))
        .collect();
    cases.extend([
        case("function_name", named(&["a b"]), named(&["1-a_B"])),
        case("function_name", named(&[""]), named(&["a"])),
        case("long_name", named(&[&"a".repeat(65)]), named(&[&"a".repeat(64)])),
        case("unique_functions", named(&["f", "f"]), named(&["f", "F"])),
        case(
            "schema_root",
            function("f", &json!({"type": "array", "items": text}), false),
            function("f", &json!({"type": "object"}), false),
        ),
        case("schema_root", format(true, json!({"anyOf": [text]})), format(false, json!({"anyOf": [text]}))),
        case("schema_value", loose(&json!({"required": true})), loose(&json!({"required": ["a"]}))),
        case("array_items", loose(&json!({"type": "array"})), loose(&json!({"type": "array", "items": {}}))),
        case("schema_closed", strict(&object(json!({"additionalProperties": true}))), strict(&object(json!({})))),
        case("schema_required", strict(&object(json!({"required": []}))), strict(&object(json!({"required": ["b"]})))),
        case(
            "schema_extra_required",
            strict(&object(json!({"required": ["b", "c"]}))),
            loose(&object(json!({"required": ["b", "c"]}))),
        ),
        case(
            "schema_keyword",
            strict(&json!({"type": "array", "items": text, "uniqueItems": true})),
            strict(&json!({"type": "array", "items": text, "maxItems": 2})),
        ),
        case(
            "lookaround",
            strict(&json!({"type": "string", "pattern": "^(?!a)"})),
            loose(&json!({"type": "string", "pattern": "^(?!a)"})),
        ),
    ]);
    cases
}

fn order() -> Vec<Case> {
    let long = "a".repeat(41);
    vec![
        case("unasked", talk(&[result("a")]), talk(&[call("a"), result("a")])),
        case("unanswered", talk(&[call("a")]), talk(&[call("a"), result("a")])),
        case(
            "null_content",
            talk(&[json!({"role": "assistant", "content": null})]),
            talk(&[json!({"role": "assistant", "content": ""})]),
        ),
        case(
            "null_content",
            talk(&[json!({"role": "assistant"})]),
            talk(&[json!({"role": "assistant", "audio": {"id": "audio_1"}})]),
        ),
        case("long_id", talk(&[call(&long), result(&long)]), talk(&[call(&long[..40]), result(&long[..40])])),
        // An id may come again in a later turn.
        case(
            "unasked",
            talk(&[call("a"), result("a"), result("a")]),
            talk(&[call("a"), result("a"), call("a"), result("a")]),
        ),
    ]
}

#[tokio::test]
async fn each_rule_of_openai_refuses_what_breaks_it() {
    let cases: Vec<Case> = [bodies(), schemas(), order()].into_iter().flatten().collect();
    check(Provider::OPENAI, &cases).await;
}
