//! What Google refuses: a case for each rule.

use relay_core::Provider;
use serde_json::{Value, json};

use super::refusals_table::{Case, check};
use super::{post, send};

/// A model that signs, one that does not, and one that takes little.
const NEW: &str = "gemini-3.8-flash";
const OLD: &str = "gemini-2.5-flash";
const GEMMA: &str = "gemma-3-27b-it";
const PICTURES: &str = "gemini-3-pro-image-preview";
const SENTINEL: &str = "skip_thought_signature_validator";

fn path(model: &str) -> String {
    format!("/v1beta/models/{model}:generateContent")
}

/// A small good request, with these members changed.
fn with(change: Value) -> Value {
    let mut body = json!({"contents": [user(json!([{"text": "hi"}]))]});
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn on(model: &str, rule: &'static str, refused: Value, accepted: Value) -> Case {
    Case::new(rule, &path(model), &with(refused), &with(accepted))
}

fn case(rule: &'static str, refused: Value, accepted: Value) -> Case {
    on(NEW, rule, refused, accepted)
}

fn user(parts: Value) -> Value {
    json!({"role": "user", "parts": parts})
}

fn model(parts: Value) -> Value {
    json!({"role": "model", "parts": parts})
}

/// A conversation: a text of the user, and then these contents.
fn talk(contents: &[Value]) -> Value {
    json!({ "contents": ([&[user(json!([{"text": "hi"}]))], contents].concat()) })
}

fn call(name: &str) -> Value {
    json!({"functionCall": {"id": name, "name": name, "args": {}}, "thoughtSignature": SENTINEL})
}

fn result(name: &str) -> Value {
    json!({"functionResponse": {"id": name, "name": name, "response": {"output": "1"}}})
}

fn config(change: Value) -> Value {
    json!({"generationConfig": change})
}

fn declare(all: &[Value]) -> Value {
    json!({"tools": [{"functionDeclarations": all}]})
}

/// A function with one parameter.
fn parameter(schema: &Value) -> Value {
    function(&json!({"type": "object", "properties": {"a": schema}}))
}

fn function(schema: &Value) -> Value {
    declare(&[json!({"name": "f", "parametersJsonSchema": schema})])
}

fn older(schema: &Value) -> Value {
    declare(&[json!({"name": "f", "parameters": schema})])
}

/// One body after the other: later members win.
fn and(first: Value, second: &Value) -> Value {
    let mut first = first;
    for (name, value) in second.as_object().unwrap() {
        first[name] = value.clone();
    }
    first
}

fn bodies() -> Vec<Case> {
    let half = |escape: &str| with(json!({})).to_string().replace("\"hi\"", &format!("\"{escape}\""));
    let part = |part: Value| talk(&[user(json!([part]))]);
    vec![
        Case::raw("lone_surrogate", &path(NEW), half("a\\ud83d"), half("a\\ud83d\\ude00")),
        Case::raw("json", &path(NEW), "{\"contents\":".to_owned(), with(json!({})).to_string()),
        case("unknown_member", part(json!({"text": "a", "cache": 1})), part(json!({"text": "a", "thought": true}))),
        case("unknown_member", json!({"seed": 1}), config(json!({"seed": 1}))),
        case(
            "missing_member",
            part(json!({"inlineData": {"data": "QQ=="}})),
            part(json!({"inlineData": {"mimeType": "text/css", "data": "QQ=="}})),
        ),
        case("member_type", part(json!({"text": 1})), part(json!({"text": "1"}))),
        case("member_value", json!({"serviceTier": "auto"}), json!({"serviceTier": "flex"})),
        case("member_low", config(json!({"maxOutputTokens": 0})), config(json!({"maxOutputTokens": 1}))),
        case("member_high", config(json!({"seed": 0x8000_0000_u32})), config(json!({"seed": 0x7fff_ffff}))),
        case(
            "list_long",
            config(json!({"stopSequences": ["1", "2", "3", "4", "5", "6"]})),
            config(json!({"stopSequences": ["1", "2", "3", "4", "5"]})),
        ),
    ]
}

fn abilities() -> Vec<Case> {
    let thinking = |change: Value| config(json!({ "thinkingConfig": change }));
    let system = json!({"systemInstruction": {"parts": [{"text": "s"}]}});
    let schema = |names: &[&str], kind: &str| {
        let mut out = json!({});
        for name in names {
            out[name] = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        }
        if !kind.is_empty() {
            out["responseMimeType"] = json!(kind);
        }
        config(out)
    };
    let json_answer = config(json!({"responseMimeType": "application/json"}));
    let f = || declare(&[json!({"name": "f"})]);
    let mode =
        |mode: &str| and(and(f(), &json_answer), &json!({"toolConfig": {"functionCallingConfig": {"mode": mode}}}));
    vec![
        on(NEW, "candidates", config(json!({"candidateCount": 2})), config(json!({"candidateCount": 1}))),
        case("logprobs", config(json!({"responseLogprobs": true})), config(json!({"responseLogprobs": false}))),
        case("penalty", config(json!({"presencePenalty": 0.5})), config(json!({}))),
        on(OLD, "output_limit", config(json!({"maxOutputTokens": 65_537})), config(json!({"maxOutputTokens": 65_536}))),
        on(GEMMA, "output_limit", config(json!({"maxOutputTokens": 8_193})), config(json!({"maxOutputTokens": 8_192}))),
        on(GEMMA, "no_system", system, json!({})),
        on(GEMMA, "no_functions", f(), json!({})),
        on(GEMMA, "no_json", json_answer.clone(), json!({})),
        on(GEMMA, "no_thinking", thinking(json!({"thinkingBudget": 0})), json!({})),
        case(
            "thinking_both",
            thinking(json!({"thinkingBudget": 1, "thinkingLevel": "LOW"})),
            thinking(json!({"thinkingLevel": "LOW"})),
        ),
        on(OLD, "no_thinking_level", thinking(json!({"thinkingLevel": "LOW"})), thinking(json!({"thinkingBudget": 1}))),
        on(
            "gemini-2.5-pro",
            "thinking_mode",
            thinking(json!({"thinkingBudget": 0})),
            thinking(json!({"thinkingBudget": 128})),
        ),
        on(
            OLD,
            "thinking_budget",
            thinking(json!({"thinkingBudget": 24_577})),
            thinking(json!({"thinkingBudget": 24_576})),
        ),
        case(
            "thinking_level",
            thinking(json!({"thinkingLevel": "MINIMAL"})),
            thinking(json!({"thinkingLevel": "HIGH"})),
        ),
        case(
            "schema_both",
            schema(&["responseSchema", "responseJsonSchema"], "application/json"),
            schema(&["responseJsonSchema"], "application/json"),
        ),
        case(
            "schema_mime_type",
            schema(&["responseJsonSchema"], ""),
            schema(&["responseJsonSchema"], "application/json"),
        ),
        on(OLD, "json_with_tools", and(f(), &json_answer), f()),
        case("json_with_forced_call", mode("ANY"), mode("AUTO")),
    ]
}

fn functions() -> Vec<Case> {
    let named = |names: &[&str]| declare(&names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>());
    let choose = |config: Value| and(named(&["f"]), &json!({"toolConfig": {"functionCallingConfig": config}}));
    let text = json!({"type": "string"});
    let fields = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let mut search = named(&["f"]);
    search["tools"].as_array_mut().unwrap().push(json!({"googleSearch": {}}));
    vec![
        case("function_name", named(&["1f"]), named(&["_1.f:g-h"])),
        case("function_name", named(&[&"a".repeat(129)]), named(&[&"a".repeat(128)])),
        case("unique_functions", named(&["f", "f"]), named(&["f", "F"])),
        case(
            "parameters_both",
            declare(&[json!({"name": "f", "parameters": fields, "parametersJsonSchema": fields})]),
            function(&fields),
        ),
        case("parameters_type", function(&text), function(&fields)),
        case("empty_properties", older(&json!({"type": "OBJECT", "properties": {}})), older(&fields)),
        case(
            "array_items",
            older(&json!({"type": "OBJECT", "properties": {"a": {"type": "ARRAY"}}})),
            older(&json!({"type": "OBJECT", "properties": {"a": {"type": "ARRAY", "items": text}}})),
        ),
        case(
            "required_defined",
            function(&json!({"type": "object", "properties": {"a": text}, "required": ["a", "b"]})),
            function(&json!({"type": "object", "properties": {"a": text}, "required": ["a"]})),
        ),
        case(
            "required_defined",
            parameter(&json!({"type": "object", "required": ["b"]})),
            parameter(&json!({"type": "object", "required": []})),
        ),
        case(
            "required_defined",
            older(&json!({"type": "OBJECT", "properties": {"a": text}, "required": ["b"]})),
            older(&fields),
        ),
        case(
            "empty_enum",
            parameter(&json!({"type": "string", "enum": ["a", ""]})),
            parameter(&json!({"type": "string", "enum": ["a", " "]})),
        ),
        case("built_in_tools", search, named(&["f"])),
        case(
            "choice_without_functions",
            json!({"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}),
            choose(json!({"mode": "AUTO"})),
        ),
        case(
            "choice_mode",
            choose(json!({"mode": "AUTO", "allowedFunctionNames": ["f"]})),
            choose(json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]})),
        ),
        case(
            "choice_unknown",
            choose(json!({"mode": "ANY", "allowedFunctionNames": ["g"]})),
            choose(json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
        ),
    ]
}

fn schemas() -> Vec<Case> {
    let deep =
        |count: usize| (0..count).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    let defined = |reference: &str, required: &[&str]| {
        function(&json!({"type": "object", "properties": {"a": {"$ref": reference}}, "required": required,
            "$defs": {"a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": required}}}))
    };
    vec![
        case("schema_kind", parameter(&json!({"anyOf": [true]})), parameter(&json!({"additionalProperties": true}))),
        case("schema_depth", parameter(&deep(32)), parameter(&deep(31))),
        case(
            "schema_keywords",
            parameter(&json!({"not": {}})),
            parameter(&json!({"type": "string", "pattern": "a", "default": "a", "minLength": 1, "maxLength": 2})),
        ),
        case(
            "schema_keywords",
            parameter(&json!({"const": 1})),
            parameter(&json!({"type": "array", "uniqueItems": true, "minItems": 1})),
        ),
        case(
            "reference_siblings",
            function(
                &json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a", "description": "d"}}, "$defs": {"a": {}}}),
            ),
            function(
                &json!({"type": "object", "properties": {"a": {"anyOf": [{"$ref": "#/$defs/a"}], "description": "d"}}, "$defs": {"a": {}}}),
            ),
        ),
        case(
            "reference",
            parameter(&json!({"$ref": "#/properties/a"})),
            function(&json!({"type": "object", "properties": {"a": {"$ref": "#"}}})),
        ),
        case("reference", parameter(&json!({"$ref": "https://example.com/a.json"})), defined("#/$defs/a", &[])),
        case("undefined_reference", defined("#/$defs/b", &["a"]), defined("#/$defs/a", &[])),
        case("recursion", defined("#/$defs/a", &["a"]), defined("#/$defs/a", &[])),
        case("schema_type", parameter(&json!({"type": "any"})), parameter(&json!({"type": ["string", "null"]}))),
        case("enum_kind", parameter(&json!({"enum": [null]})), parameter(&json!({"enum": [1, "a"]}))),
    ]
}

fn order() -> Vec<Case> {
    let part = |part: Value| talk(&[user(json!([part]))]);
    let exchange = |calls: &[&str], results: Value| {
        let calls: Vec<Value> = calls.iter().map(|name| call(name)).collect();
        talk(&[model(json!(calls)), user(results)])
    };
    let f = || exchange(&["f"], json!([result("f")]));
    let answered = json!([{"text": "a"}]);
    vec![
        case("no_contents", json!({"contents": []}), talk(&[])),
        case("role", talk(&[json!({"role": "system", "parts": [{"text": "a"}]})]), talk(&[user(answered.clone())])),
        case("empty_parts", talk(&[user(json!([]))]), talk(&[user(answered.clone())])),
        case(
            "empty_parts",
            json!({"systemInstruction": {"parts": []}}),
            json!({"systemInstruction": {"parts": [{"text": "a"}]}}),
        ),
        case("no_data", part(json!({"thought": true})), part(json!({"text": "", "thought": true}))),
        case("two_data", part(json!({"text": "a", "functionCall": {"name": "f"}})), part(json!({"text": "a"}))),
        case("prefill", talk(&[model(answered.clone())]), talk(&[model(answered.clone()), user(answered.clone())])),
        case("call_place", json!({"contents": [model(json!([call("f")])), user(json!([result("f")]))]}), f()),
        case("response_place", talk(&[model(json!([call("f")])), user(answered)]), f()),
        case(
            "response_count",
            exchange(&["f", "g"], json!([result("f")])),
            exchange(&["f", "g"], json!([result("g"), result("f")])),
        ),
        case("response_count", talk(&[user(json!([result("f")]))]), f()),
        case("response_names", exchange(&["f"], json!([result("g")])), f()),
        case("response_alone", exchange(&["f"], json!([result("f"), {"text": "a"}])), f()),
    ]
}

fn media() -> Vec<Case> {
    let inline = |kind: &str, data: &str| talk(&[user(json!([{"inlineData": {"mimeType": kind, "data": data}}]))]);
    let response = |kind: &str| {
        let mut given = result("f");
        given["functionResponse"]["parts"] = json!([{"inlineData": {"mimeType": kind, "data": "QQ=="}}]);
        talk(&[model(json!([call("f")])), user(json!([given]))])
    };
    let plain = || talk(&[model(json!([call("f")])), user(json!([result("f")]))]);
    vec![
        case("mime_type", inline("image/gif", "QQ=="), inline("image/heic", "QQ==")),
        case("mime_type", inline("image/jpg", "QQ=="), inline("image/jpeg", "QQ==")),
        case("mime_type", inline("application/zip", "QQ=="), inline("application/pdf", "QQ==")),
        case("mime_type", response("audio/wav"), response("image/png")),
        case("base64", inline("image/png", "QU\nJD"), inline("image/png", "QUJD")),
        on(OLD, "response_parts", response("image/png"), plain()),
    ]
}

fn signatures() -> Vec<Case> {
    let mut bare = call("f");
    bare.as_object_mut().unwrap().remove("thoughtSignature");
    let mut forged = call("f");
    forged["thoughtSignature"] = json!("c2ln");
    let f = |part: Value| talk(&[model(json!([part])), user(json!([result("f")]))]);
    let picture = |signature: Value| {
        let mut part = json!({"inlineData": {"mimeType": "image/png", "data": "QQ=="}});
        if signature.is_string() {
            part["thoughtSignature"] = signature;
        }
        talk(&[model(json!([part])), user(json!([{"text": "blue"}]))])
    };
    vec![
        case("call_signature", f(bare), f(call("f"))),
        case("corrupted_signature", f(forged), f(call("f"))),
        on(PICTURES, "image_signature", picture(Value::Null), picture(json!(SENTINEL))),
    ]
}

async fn continuations() -> Vec<Case> {
    let long = path("gemini-4-argon");
    let body = with(json!({"contents": [user(json!([{"text": "one two {{continue=1}}"}]))]}));
    let got = send(Provider::GOOGLE, post(Provider::GOOGLE, &long, &body)).await.json();
    let token = &got["candidates"][0]["continuationToken"];
    let good = and(body.clone(), &json!({"continuationToken": token}));
    let other = with(json!({"continuationToken": token}));
    vec![
        Case::new("continuation_token", &long, &and(body.clone(), &json!({"continuationToken": "x"})), &good),
        Case::new("continuation_request", &long, &other, &good),
        Case::new("no_continuation", &path(NEW), &good, &body),
    ]
}

#[tokio::test]
async fn each_rule_of_google_refuses_what_breaks_it() {
    let mut cases: Vec<Case> =
        [bodies(), abilities(), functions(), schemas(), order(), media(), signatures()].into_iter().flatten().collect();
    cases.extend(continuations().await);
    // Their paths differ, not their bodies.
    let body = with(json!({})).to_string();
    cases.push(Case::paths("model", &path("gemini-9"), &path(NEW), &body));
    cases.push(Case::paths("alt", &format!("{}?alt=xml", path(NEW)), &format!("{}?alt=json", path(NEW)), &body));
    check(Provider::GOOGLE, &cases).await;
}
