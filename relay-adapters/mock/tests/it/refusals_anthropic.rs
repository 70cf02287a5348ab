//! What Anthropic refuses: a case for each rule.

use relay_core::Provider;
use serde_json::{Value, json};

use super::refusals_table::{Case, check};
use super::{post, send};

const PATH: &str = "/v1/messages";

/// A small good request, with these members changed; `null` takes one out.
fn with(change: Value) -> Value {
    let mut body =
        json!({"model": "claude-opus-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]});
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
    json!({ "messages": ([&[user(json!("hi"))], messages].concat()) })
}

fn user(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

fn model(content: Value) -> Value {
    json!({"role": "assistant", "content": content})
}

fn call(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "f", "input": {}})
}

fn result(id: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": "1"})
}

fn tool(schema: &Value) -> Value {
    json!({"tools": [{"name": "f", "input_schema": schema}]})
}

fn tools(names: &[&str]) -> Value {
    let tool = |name: &&str| json!({"name": name, "input_schema": {"type": "object"}});
    json!(names.iter().map(tool).collect::<Vec<_>>())
}

/// The schema of an answer with one property.
fn format(property: &Value) -> Value {
    answer(&json!({"type": "object", "properties": {"a": property}, "required": ["a"], "additionalProperties": false}))
}

fn answer(schema: &Value) -> Value {
    json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}})
}

/// This number of strict tools with these properties, all optional.
fn strict(count: usize, properties: &Value, required: bool) -> Value {
    let names: Vec<&String> = properties.as_object().unwrap().keys().filter(|_| required).collect();
    let schema = json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false});
    let tool = |at: usize| json!({"name": format!("f{at}"), "strict": true, "input_schema": schema});
    json!({"tools": (0..count).map(tool).collect::<Vec<_>>()})
}

fn properties(count: usize, schema: &Value) -> Value {
    Value::Object((0..count).map(|at| (format!("p{at}"), schema.clone())).collect())
}

fn bodies() -> Vec<Case> {
    let half = |escape: &str| with(talk(&[])).to_string().replace("\"hi\"", &format!("\"{escape}\""));
    let image = |media: &str, data: &str| json!({"type": "image", "source": {"type": "base64", "media_type": media, "data": data}});
    vec![
        Case::raw("lone_surrogate", PATH, half("a\\ud83d"), half("a\\ud83d\\ude00")),
        Case::raw("lone_surrogate", PATH, half("a\\ude00"), half("a\\ufffd")),
        Case::raw("lone_surrogate", PATH, half("\\ud83d\\u0041"), half("\\\\ud83d")),
        Case::raw("json", PATH, "{\"model\":".to_owned(), with(json!({})).to_string()),
        case("unknown_member", json!({"seed": 1}), json!({"stream": false})),
        case("missing_member", json!({"max_tokens": null}), json!({})),
        case("missing_member", tool(&json!({"properties": {}})), tool(&json!({"type": "object"}))),
        case("member_type", json!({"max_tokens": "9"}), json!({"max_tokens": 9})),
        case("member_value", json!({"service_tier": "flex"}), json!({"service_tier": "auto"})),
        case(
            "member_value",
            talk(&[user(json!([image("image/heic", "QQ==")]))]),
            talk(&[user(json!([image("image/webp", "QQ==")]))]),
        ),
        case("member_tag", json!({"thinking": {"type": "deep"}}), json!({"thinking": {"type": "adaptive"}})),
        case("member_low", json!({"max_tokens": 0}), json!({"max_tokens": 1})),
        case(
            "member_high",
            json!({"model": "claude-sonnet-4-6", "temperature": 1.1}),
            json!({"model": "claude-sonnet-4-6", "temperature": 1}),
        ),
        case(
            "user_id",
            json!({"metadata": {"user_id": "é".repeat(257)}}),
            json!({"metadata": {"user_id": "é".repeat(256)}}),
        ),
        case("model", json!({"model": "claude-nova-9"}), json!({"model": "claude-opus-5-20260401"})),
    ]
}

/// Lists of messages have a longest length; nothing but that is in the table of members.
fn lists() -> Vec<Case> {
    let many = |count: usize| json!({"messages": vec![user(json!("a")); count]});
    vec![case("list_long", many(100_001), many(2))]
}

fn abilities() -> Vec<Case> {
    let choice = |kind: &str| json!({"tools": tools(&["f"]), "tool_choice": {"type": kind}});
    let on = |model: &str, change: Value| {
        let mut change = change;
        change["model"] = json!(model);
        change
    };
    let budget = |tokens: u64| json!({"model": "claude-haiku-4-5", "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": tokens}});
    let forced = |budget: Value| {
        let mut body = choice("any");
        body["model"] = json!("claude-haiku-4-5");
        body["max_tokens"] = json!(2000);
        body["thinking"] = budget;
        body
    };
    let enabled = json!({"type": "enabled", "budget_tokens": 1024});
    let effort = |model: &str, word: &str| json!({"model": model, "output_config": {"effort": word}});
    let binding =
        json!({"thinking": {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}});
    vec![
        case("sampling", json!({"temperature": 0.5}), json!({"model": "claude-sonnet-4-6", "temperature": 0.5})),
        case(
            "sampling_both",
            json!({"model": "claude-sonnet-4-6", "temperature": 0.5, "top_p": 0.5}),
            json!({"model": "claude-sonnet-4-6", "temperature": 0.5}),
        ),
        case("forced_tool", on("claude-opus-5-5", choice("any")), on("claude-opus-5", choice("any"))),
        case("max_tokens", json!({"max_tokens": 128_001}), json!({"max_tokens": 128_000})),
        case(
            "thinking_kind",
            json!({"thinking": {"type": "between_tools"}}),
            json!({"thinking": {"type": "disabled"}}),
        ),
        case("block_binding", binding, json!({"thinking": {"type": "adaptive"}})),
        case("budget", budget(2000), budget(1999)),
        case("budget_forced", forced(enabled.clone()), forced(json!({"type": "disabled"}))),
        case(
            "budget_temperature",
            json!({"model": "claude-haiku-4-5", "max_tokens": 2000, "temperature": 0.5, "thinking": enabled}),
            json!({"model": "claude-haiku-4-5", "max_tokens": 2000, "temperature": 1, "thinking": enabled}),
        ),
        case("no_effort", effort("claude-haiku-4-5", "low"), effort("claude-opus-4-5", "low")),
        case("effort", effort("claude-opus-4-6", "xhigh"), effort("claude-opus-4-6", "max")),
        case(
            "effort_less",
            json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "xhigh"}}),
            json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}),
        ),
    ]
}

fn declared() -> Vec<Case> {
    let key = |name: &str| tool(&json!({"type": "object", "properties": {name: {"type": "string"}}}));
    let draft = |refused: Value, accepted: Value| {
        let around = |inner: Value| tool(&json!({"type": "object", "properties": {"a": {"items": inner}}}));
        case("tool_schema_draft", around(refused), around(accepted))
    };
    let choose = |change: Value| json!({"tools": tools(&["f"]), "tool_choice": change});
    vec![
        case("tool_name", json!({"tools": tools(&["a b"])}), json!({"tools": tools(&[&"a".repeat(128)])})),
        case("unique_tools", json!({"tools": tools(&["f", "f"])}), json!({"tools": tools(&["f", "F"])})),
        case("tool_schema_type", tool(&json!({"type": "string"})), tool(&json!({"type": "object"}))),
        case(
            "tool_schema_root",
            tool(&json!({"type": "object", "anyOf": [{}]})),
            tool(&json!({"type": "object", "properties": {"a": {"anyOf": [{}]}}})),
        ),
        case(
            "tool_schema_draft",
            tool(&json!({"type": "object", "properties": {"a": {"exclusiveMinimum": true}}})),
            tool(&json!({"type": "object", "properties": {"a": {"exclusiveMinimum": 1, "if": {}, "x": 1}}})),
        ),
        draft(json!({"required": ["a", "a"]}), json!({"required": ["a", "b"]})),
        draft(json!({"type": ["string", "string"]}), json!({"type": ["string", "null"]})),
        draft(json!({"dependentRequired": {"a": ["b", "b"]}}), json!({"dependentRequired": {"a": ["b"]}})),
        draft(json!({"dependencies": {"a": 5}}), json!({"dependencies": {"a": ["b"], "c": {}}})),
        draft(json!({"multipleOf": 0}), json!({"multipleOf": 0.01})),
        draft(json!({"$id": "#a"}), json!({"$id": "a#"})),
        draft(json!({"$anchor": "1 x"}), json!({"$anchor": "x-1"})),
        draft(json!({"$vocabulary": {"x": 1}}), json!({"$vocabulary": {"x": true}})),
        case("property_keys", key("$top"), key("top.a-b_C")),
        case("property_keys", key(&"a".repeat(65)), key(&"a".repeat(64))),
        case("property_keys", key(""), key("a")),
        case("choice_without_tools", json!({"tool_choice": {"type": "auto"}}), choose(json!({"type": "auto"}))),
        case(
            "choice_unknown",
            choose(json!({"type": "tool", "name": "g"})),
            choose(json!({"type": "tool", "name": "f"})),
        ),
        case("strict_tools", strict(21, &json!({}), true), strict(20, &json!({}), true)),
        case(
            "optional_parameters",
            strict(5, &properties(5, &json!({"type": "string"})), false),
            strict(6, &properties(4, &json!({"type": "string"})), false),
        ),
        case(
            "union_parameters",
            strict(1, &properties(17, &json!({"type": ["string", "null"]})), true),
            strict(2, &properties(8, &json!({"anyOf": [{"type": "string"}, {"type": "null"}]})), true),
        ),
    ]
}

fn compiled() -> Vec<Case> {
    let text = json!({"type": "string"});
    let open = json!({"type": "object", "properties": {}});
    let closed = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let defined = |inner: Value| {
        answer(&json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"],
            "additionalProperties": false, "$defs": {"a": inner}}))
    };
    let mut cases: Vec<Case> = [
        "prefixItems",
        "propertyNames",
        "patternProperties",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
        "if",
        "then",
        "else",
        "not",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "maxItems",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minProperties",
        "maxProperties",
        "oneOf",
        "examples",
    ]
    .into_iter()
    .map(|name| case("schema_keywords", format(&json!({name: 1})), format(&json!({"description": name, "default": 1}))))
    .collect();
    let nullable = json!({"type": ["string", "null"], "enum": ["low", null]});
    cases.extend([
        case("enum_type", format(&nullable), format(&json!({"enum": ["low", null]}))),
        case(
            "enum_type",
            format(&json!({"type": "string", "enum": [1]})),
            format(&json!({"type": "string", "enum": ["1"]})),
        ),
        case("enum_complex", format(&json!({"enum": [{}]})), format(&json!({"enum": [true, 1, "a", null]}))),
        case(
            "min_items",
            format(&json!({"type": "array", "items": text, "minItems": 2})),
            format(&json!({"type": "array", "items": text, "minItems": 1})),
        ),
        case("additional_properties", format(&open), format(&closed)),
        case(
            "string_format",
            format(&json!({"type": "string", "format": "color"})),
            format(&json!({"type": "string", "format": "date"})),
        ),
        case(
            "lookaround",
            format(&json!({"type": "string", "pattern": "^(?!a)"})),
            format(&json!({"type": "string", "pattern": "^(?:a)[a-z]{1,2}$"})),
        ),
        case(
            "lookaround",
            format(&json!({"type": "string", "pattern": "\\bred"})),
            format(&json!({"type": "string", "pattern": "red\\d"})),
        ),
        case("reference", format(&json!({"$ref": "https://example.com/a.json"})), defined(text.clone())),
        case("recursion", defined(json!({"anyOf": [{"$ref": "#/$defs/a"}, text]})), defined(text.clone())),
        case("all_of_reference", defined(json!({"allOf": [{"$ref": "#/$defs/b"}]})), defined(json!({"allOf": [text]}))),
        case(
            "schema_kind",
            format(&json!({"type": "array", "items": true})),
            format(&json!({"type": "array", "items": {}})),
        ),
    ]);
    cases
}

fn order() -> Vec<Case> {
    let system = json!({"role": "system", "content": "s"});
    let prefill = |content: Value| {
        let mut body = talk(&[model(content)]);
        body["model"] = json!("claude-haiku-4-5");
        body
    };
    let mut formatted = prefill(json!("a"));
    formatted["output_config"] = format(&json!({"type": "string"}))["output_config"].clone();
    let text = |text: &str| talk(&[user(json!([{"type": "text", "text": text}]))]);
    vec![
        case("no_messages", json!({"messages": []}), talk(&[])),
        case("role", talk(&[json!({"role": "tool", "content": "a"})]), talk(&[user(json!("a"))])),
        case("role_system", json!({"messages": [system, user(json!("a"))]}), talk(std::slice::from_ref(&system))),
        // A conversation may begin with the assistant.
        case("role_system", json!({"messages": [system]}), json!({"messages": [model(json!("a")), user(json!("b"))]})),
        case(
            "system_after",
            talk(&[model(json!("a")), system.clone(), user(json!("b"))]),
            talk(&[system.clone(), model(json!("a")), user(json!("b"))]),
        ),
        case("system_before", talk(&[system.clone(), user(json!("b"))]), talk(&[system.clone(), system])),
        case("empty_content", talk(&[user(json!([]))]), talk(&[user(json!("a"))])),
        case("empty_text", text(""), text(".")),
        case("blank_text", text(" \n"), text(" \n.")),
        case(
            "blank_text",
            json!({"system": [{"type": "text", "text": " "}]}),
            json!({"system": [{"type": "text", "text": "a "}]}),
        ),
        case("prefill", talk(&[model(json!("a"))]), prefill(json!("a"))),
        case("prefill_blank", prefill(json!("a ")), prefill(json!(" a"))),
        case("prefill_format", formatted, prefill(json!("a"))),
        case("stop_sequences", json!({"stop_sequences": [" "]}), json!({"stop_sequences": [" a"]})),
    ]
}

fn exchanges() -> Vec<Case> {
    let two =
        |first: &str, second: &str, results: Value| talk(&[model(json!([call(first), call(second)])), user(results)]);
    let one = |id: &str| talk(&[model(json!([call(id)])), user(json!([result(id)]))]);
    let twice = |first: &str, second: &str| {
        talk(&[
            model(json!([call(first)])),
            user(json!([result(first)])),
            model(json!([call(second)])),
            user(json!([result(second)])),
        ])
    };
    let mark = |ttl: &str| json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": ttl}});
    let marks = |all: &[&str]| talk(&[user(json!(all.iter().map(|ttl| mark(ttl)).collect::<Vec<_>>()))]);
    let mut marked = result("a");
    marked["cache_control"] = json!({"type": "ephemeral"});
    let mut nested = result("a");
    nested["content"] = json!([mark("5m")]);
    vec![
        case("tool_id", one("a.b"), one("a_b-C")),
        case("tool_id", one(""), one("a")),
        case("unique_tool_ids", two("a", "a", json!([result("a")])), two("a", "b", json!([result("b"), result("a")]))),
        case("unique_tool_ids", twice("a", "a"), twice("a", "A")),
        case("call_role", talk(&[user(json!([call("a")]))]), one("a")),
        case("result_role", talk(&[model(json!([result("a")])), user(json!("b"))]), one("a")),
        case("unanswered", talk(&[model(json!([call("a")])), user(json!("b"))]), one("a")),
        case("unanswered", talk(&[model(json!([call("a")]))]), one("a")),
        case("unasked", talk(&[user(json!([result("a")]))]), one("a")),
        case(
            "unasked",
            talk(&[model(json!([call("a")])), user(json!([result("a")])), user(json!([result("a")]))]),
            twice("a", "b"),
        ),
        case("single_result", talk(&[model(json!([call("a")])), user(json!([result("a"), result("a")]))]), one("a")),
        case(
            "results_first",
            two("a", "b", json!([result("a"), result("b"), {"type": "text", "text": "c"}, result("a")])),
            two("a", "b", json!([result("a"), result("b"), {"type": "text", "text": "c"}])),
        ),
        case("markers", marks(&["5m"; 5]), marks(&["5m"; 4])),
        case("marker_order", marks(&["5m", "1h"]), marks(&["1h", "5m"])),
        case(
            "nested_cache_control",
            talk(&[model(json!([call("a")])), user(json!([nested]))]),
            talk(&[model(json!([call("a")])), user(json!([marked]))]),
        ),
    ]
}

fn media() -> Vec<Case> {
    let block = |kind: &str, source: Value| talk(&[user(json!([{"type": kind, "source": source}]))]);
    let data =
        |kind: &str, media: &str, data: &str| block(kind, json!({"type": "base64", "media_type": media, "data": data}));
    let text = |data: &str| block("document", json!({"type": "text", "media_type": "text/plain", "data": data}));
    let url = |url: &str| block("image", json!({"type": "url", "url": url}));
    let (png, jpeg, pdf) = ("iVBORw0KGgo=", "/9j/4AAQ", "JVBERi0=");
    vec![
        case("base64", data("image", "image/png", "iVBO\nRw0KGgo="), data("image", "image/png", png)),
        case("base64", data("document", "application/pdf", "JVBERi0"), data("document", "application/pdf", pdf)),
        case("image_bytes", data("image", "image/png", jpeg), data("image", "image/jpeg", jpeg)),
        case("image_bytes", data("image", "image/webp", "R0lGODlh"), data("image", "image/webp", "UklGRgAAAABXRUJQ")),
        case("pdf_bytes", data("document", "application/pdf", png), data("document", "application/pdf", pdf)),
        case("empty_data", data("image", "image/png", ""), data("image", "image/png", png)),
        case("empty_data", text(""), text("a")),
        case("https", url("http://example.com/a.png"), url("https://example.com/a.png")),
    ]
}

/// The blocks of an answer to a body.
async fn blocks(body: &Value) -> Vec<Value> {
    let got = send(Provider::ANTHROPIC, post(Provider::ANTHROPIC, PATH, body)).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()["content"].as_array().unwrap().clone()
}

/// A body with an answer, and the next message of the user.
fn go_on(body: &Value, blocks: &[Value], next: Value) -> Value {
    let mut body = body.clone();
    body["messages"].as_array_mut().unwrap().extend([model(json!(blocks)), user(next)]);
    body
}

fn without_last_message(mut body: Value) -> Value {
    body["messages"].as_array_mut().unwrap().pop();
    body
}

async fn thoughts() -> Vec<Case> {
    let pair = |rule, refused: Value, accepted: Value| Case::new(rule, PATH, &refused, &accepted);
    let first = with(json!({"messages": [user(json!("hi {{think=interleaved}}"))]}));
    let answer = blocks(&first).await;
    let mut forged = answer.clone();
    forged[0]["signature"] = json!("c2ln");
    let next = || json!("and?");
    let budget = with(
        json!({"model": "claude-haiku-4-5", "max_tokens": 5000, "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tools": tools(&["f"]), "messages": [user(json!("call f"))]}),
    );
    let called = blocks(&budget).await;
    let returned = json!([result(called[1]["id"].as_str().unwrap())]);
    let mut off = go_on(&budget, &called, returned.clone());
    off["thinking"] = json!({"type": "disabled"});
    let mut off_without = go_on(&budget, &called[1..], returned.clone());
    off_without["thinking"] = json!({"type": "disabled"});
    let bound = with(json!({"model": "claude-opus-5-5"}));
    let bound_answer = blocks(&bound).await;
    let mut edited = bound.clone();
    edited["messages"][0]["content"] = json!("ho");
    let prefill = go_on(&budget, &called[..1], next());
    let mut spoken = prefill.clone();
    spoken["messages"][1] = model(json!([called[0], {"type": "text", "text": "a"}]));
    vec![
        pair("thinking_signature", go_on(&first, &forged, next()), go_on(&first, &answer, next())),
        pair("thinking_bound", go_on(&edited, &bound_answer, next()), go_on(&bound, &bound_answer, next())),
        pair("thinking_modified", go_on(&first, &answer[1..], next()), go_on(&first, &answer[3..], next())),
        pair("thinking_first", go_on(&budget, &called[1..], returned.clone()), go_on(&budget, &called, returned)),
        pair("thinking_disabled", off, off_without),
        pair("final_thinking", without_last_message(prefill), without_last_message(spoken)),
    ]
}

async fn searches() -> Vec<Case> {
    let pair = |rule, refused: Value, accepted: Value| Case::new(rule, PATH, &refused, &accepted);
    let tool = json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]);
    let body = with(json!({"tools": tool, "messages": [user(json!("hi {{search}}"))]}));
    let answer = blocks(&body).await;
    let at = answer.iter().position(|block| block["type"] == "server_tool_use").unwrap();
    let next = || json!("and?");
    let good = go_on(&body, &answer, next());
    let mut alone = answer.clone();
    alone.remove(at);
    let mut opened = answer.clone();
    opened[at + 1]["content"][0]["encrypted_content"] = json!("c2ln");
    let mut changed = answer.clone();
    changed[at]["input"] = json!({"query": "else"});
    let paused = with(json!({"tools": tool, "messages": [user(json!("hi {{pause=1}}"))]}));
    let begun = blocks(&paused).await;
    let paused = without_last_message(go_on(&paused, &begun, next()));
    let mut other = paused.clone();
    other["tools"][0]["max_uses"] = json!(1);
    vec![
        pair("search_without_call", go_on(&body, &alone, next()), good.clone()),
        pair("search_sealed", go_on(&body, &opened, next()), good.clone()),
        pair("search_modified", go_on(&body, &changed, next()), good),
        pair("paused_tools", other, paused),
    ]
}

#[tokio::test]
async fn each_rule_of_anthropic_refuses_what_breaks_it() {
    let mut cases = [bodies(), lists(), abilities(), declared(), compiled(), order(), exchanges(), media()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    cases.extend(thoughts().await);
    cases.extend(searches().await);
    check(Provider::ANTHROPIC, &cases).await;
}
