//! Claude's thinking comes back as it was, or is refused.

use relay_core::Provider;
use serde_json::{Value, json};

use super::{Got, post, send};

const PATH: &str = "/v1/messages";
const BETA: (&str, &str) = ("anthropic-beta", "thinking-binding-controls-2026-08-01");

async fn ask(body: &Value) -> Got {
    send(Provider::ANTHROPIC, post(Provider::ANTHROPIC, PATH, body)).await
}

/// The blocks of an answer to this text.
async fn blocks(body: &Value) -> Vec<Value> {
    let got = ask(body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()["content"].as_array().unwrap().clone()
}

fn kinds(blocks: &[Value]) -> Vec<&str> {
    blocks.iter().map(|block| block["type"].as_str().unwrap()).collect()
}

fn body(model: &str, text: &str) -> Value {
    json!({"model": model, "max_tokens": 5000, "system": "Be brief.", "messages": [{"role": "user", "content": text}],
        "tools": [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]})
}

/// The body with an answer and what the user does then: results of its calls, or another text.
fn then(body: &Value, blocks: &[Value]) -> Value {
    let mut body = body.clone();
    let calls = blocks.iter().filter(|block| block["type"] == "tool_use");
    let mut next: Vec<Value> =
        calls.map(|call| json!({"type": "tool_result", "tool_use_id": call["id"], "content": "rain"})).collect();
    if next.is_empty() {
        next.push(json!({"type": "text", "text": "and then?"}));
    }
    body["messages"]
        .as_array_mut()
        .unwrap()
        .extend([json!({"role": "assistant", "content": blocks}), json!({"role": "user", "content": next})]);
    body
}

const MODIFIED: &str =
    "blocks in the latest assistant message cannot be modified. These blocks must remain as they were";
const BOUND: &str = "Invalid signature in thinking block. The block is bound to a different conversation";

#[tokio::test]
async fn models_think_as_their_family_does() {
    let adaptive = json!({"type": "adaptive"});
    let shown = json!({"type": "adaptive", "display": "summarized"});
    for (model, thinking, text) in [
        ("claude-opus-5-5", Value::Null, Some(false)),
        ("claude-haiku-5-5", json!({"type": "disabled"}), None),
        ("claude-sonnet-5-5", json!({"type": "between_tools"}), None),
        ("claude-fable-5", shown.clone(), Some(true)),
        ("claude-opus-4-8", Value::Null, None),
        ("claude-opus-4-7", adaptive.clone(), Some(false)),
        ("claude-sonnet-4-6", adaptive.clone(), Some(true)),
        ("claude-sonnet-4-6", json!({"type": "adaptive", "display": "omitted"}), Some(false)),
        ("claude-haiku-4-5", Value::Null, None),
        ("claude-haiku-4-5", json!({"type": "enabled", "budget_tokens": 2000}), Some(true)),
    ] {
        let mut body = body(model, "hi");
        body["thinking"] = thinking;
        let answer = ask(&body).await.json();
        let first = &answer["content"][0];
        let thinks = first["type"] == "thinking";
        assert_eq!(thinks.then(|| first["thinking"] != ""), text, "{model} {answer}");
        let counted =
            answer["usage"]["output_tokens_details"]["thinking_tokens"].as_u64().is_some_and(|count| count > 0);
        assert_eq!(counted, thinks, "{model}");
        assert!(!thinks || !first["signature"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn efforts_and_ways_of_thinking_depend_on_the_family() {
    let none = "This model does not support the effort parameter.";
    let adaptive = "\"thinking.type.adaptive\" is not supported for this model.";
    for (model, effort, thinking, message) in [
        ("claude-opus-5-5", "xhigh", Value::Null, ""),
        ("claude-opus-4-6", "xhigh", Value::Null, "output_config.effort: \"xhigh\" is not supported for this model."),
        ("claude-opus-4-6", "max", Value::Null, ""),
        ("claude-opus-4-5", "max", Value::Null, "output_config.effort: \"max\" is not supported for this model."),
        ("claude-haiku-4-5", "low", Value::Null, none),
        ("claude-haiku-4-5", "", json!({"type": "adaptive"}), adaptive),
        ("claude-opus-5", "high", json!({"type": "disabled"}), ""),
        ("claude-opus-5", "xhigh", json!({"type": "disabled"}), "\"thinking.type.disabled\" is not supported with"),
        ("claude-sonnet-5", "max", json!({"type": "disabled"}), ""),
        (
            "claude-sonnet-5-5",
            "max",
            json!({"type": "between_tools"}),
            "\"thinking.type.between_tools\" is not supported with",
        ),
        (
            "claude-sonnet-5-5",
            "",
            json!({"type": "between_tools", "display": "omitted"}),
            "thinking.between_tools.display: Extra inputs",
        ),
    ] {
        let mut body = body(model, "hi");
        body["thinking"] = thinking;
        if !effort.is_empty() {
            body["output_config"] = json!({ "effort": effort });
        }
        let got = ask(&body).await;
        assert_eq!(got.status == 200, message.is_empty(), "{model} {effort} {}", got.text());
        assert!(got.status == 200 || got.message().starts_with(message), "{model} {effort} {}", got.text());
    }
}

#[tokio::test]
async fn a_budget_wants_thinking_before_open_calls() {
    let mut body = body("claude-haiku-4-5", "call weather");
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 2000});
    let answer = blocks(&body).await;
    assert_eq!(kinds(&answer), ["thinking", "tool_use"]);
    assert_eq!(ask(&then(&body, &answer)).await.status, 200);
    let got = ask(&then(&body, &answer[1..])).await;
    let said = "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is \
                enabled, a final `assistant` message must start with a thinking block";
    assert!(got.status == 400 && got.message().starts_with(said), "{}", got.text());
    // Neither with thinking off, nor when the model decides itself, nor once the user speaks again.
    let mut off = then(&body, &answer[1..]);
    off["thinking"] = Value::Null;
    assert_eq!(ask(&off).await.status, 200);
    off["model"] = json!("claude-opus-5-5");
    assert_eq!(ask(&off).await.status, 200);
    let mut later = then(&body, &answer[1..]);
    later["messages"]
        .as_array_mut()
        .unwrap()
        .extend([json!({"role": "assistant", "content": "Rain."}), json!({"role": "user", "content": "Thanks"})]);
    assert_eq!(ask(&later).await.status, 200);
}

#[tokio::test]
async fn a_changed_or_foreign_block_is_refused() {
    let body = body("claude-haiku-5-5", "call weather {{think}}");
    let answer = blocks(&body).await;
    let other = blocks(&self::body("claude-haiku-5-5", "call weather {{think}} please")).await;
    for (name, value) in [
        ("thinking", json!("Let me think about this.")),
        ("signature", json!("c2ln")),
        ("signature", json!("")),
        ("signature", json!(format!("{}=", answer[0]["signature"].as_str().unwrap()))),
    ] {
        let mut changed = answer.clone();
        changed[0][name] = value;
        let got = ask(&then(&body, &changed)).await;
        assert_eq!(got.message(), "messages.1.content.0: Invalid `signature` in `thinking` block", "{}", changed[0]);
    }
    let mut unsigned = answer.clone();
    unsigned[0].as_object_mut().unwrap().remove("signature");
    assert_eq!(ask(&then(&body, &unsigned)).await.message(), "messages.1.content.0.thinking.signature: Field required");
    let mixed = [other[0].clone(), answer[1].clone()];
    assert!(ask(&then(&body, &mixed)).await.message().starts_with(BOUND));
    assert_eq!(ask(&then(&body, &answer)).await.status, 200);
}

#[tokio::test]
async fn redacted_thinking_comes_back_unchanged() {
    let body = body("claude-haiku-5-5", "call weather {{think=redacted}}");
    let mut answer = blocks(&body).await;
    assert_eq!(kinds(&answer), ["redacted_thinking", "tool_use"]);
    assert_eq!(ask(&then(&body, &answer)).await.status, 200);
    answer[0]["data"] = json!("c2ln");
    assert_eq!(
        ask(&then(&body, &answer)).await.message(),
        "messages.1.content.0: Invalid `data` in `redacted_thinking` block"
    );
}

#[tokio::test]
async fn interleaved_blocks_keep_their_places() {
    for text in ["call weather {{think=interleaved}}", "hi {{think=interleaved}}"] {
        let body = body("claude-opus-5", text);
        let answer = blocks(&body).await;
        let last = if text.starts_with("call") { "tool_use" } else { "text" };
        assert_eq!(kinds(&answer), ["thinking", "text", "thinking", last]);
        assert_eq!(ask(&then(&body, &answer)).await.status, 200);
        let pick = |order: &[usize]| order.iter().map(|at| answer[*at].clone()).collect::<Vec<_>>();
        for order in [&[0, 2, 1, 3][..], &[2, 1, 0, 3], &[0, 1, 3], &[1, 2, 3], &[1, 0, 2, 3]] {
            let got = ask(&then(&body, &pick(order))).await;
            assert!(got.status == 400 && got.message().contains(MODIFIED), "{order:?} {}", got.text());
        }
        // All of it left out is not a modification. Nor does it matter in an older turn.
        assert_eq!(ask(&then(&body, &pick(&[1, 3]))).await.status, 200);
        let mut later = then(&body, &pick(&[2, 3]));
        later["messages"]
            .as_array_mut()
            .unwrap()
            .extend([json!({"role": "assistant", "content": "Rain."}), json!({"role": "user", "content": "Thanks"})]);
        assert_eq!(ask(&later).await.status, 200);
    }
}

/// A history of one answered question, and the change that is made to it.
async fn edited(model: &str, change: impl Fn(&mut Value)) -> Value {
    let first = body(model, "hi");
    let mut second = then(&first, &blocks(&first).await);
    change(&mut second);
    second
}

#[tokio::test]
async fn newer_models_bind_thinking_to_the_messages_before_it() {
    let later = |body: &mut Value| {
        body["messages"]
            .as_array_mut()
            .unwrap()
            .extend([json!({"role": "assistant", "content": "x"}), json!({"role": "user", "content": "y"})]);
    };
    let marked = |body: &mut Value| {
        let mark = json!({"type": "ephemeral"});
        body["system"] = json!([{"type": "text", "text": "Be brief.", "cache_control": mark}]);
        body["messages"][0]["content"] = json!([{"type": "text", "text": "hi", "cache_control": mark}]);
        body["messages"][2]["content"][0]["cache_control"] = mark;
    };
    let other_text = |body: &mut Value| body["messages"][0]["content"] = json!("ho");
    let other_system = |body: &mut Value| body["system"] = json!("Be long.");
    let gone = |body: &mut Value| drop(body.as_object_mut().unwrap().remove("system"));
    type Change<'a> = &'a dyn Fn(&mut Value);
    let changes: [(Change<'_>, bool); 6] = [
        (&|_| (), true),
        (&later, true),
        (&marked, true),
        (&other_text, false),
        (&other_system, false),
        (&gone, false),
    ];
    for model in ["claude-haiku-5-5", "claude-opus-5-5", "claude-fable-5-1", "claude-mythos-5-2", "claude-opus-5"] {
        for (at, (change, kept)) in changes.iter().enumerate() {
            let body = edited(model, change).await;
            let got = ask(&body).await;
            let free = model == "claude-opus-5";
            assert_eq!(got.status == 200, *kept || free, "{model} {at} {}", got.text());
            assert!(got.status == 200 || got.message().starts_with(BOUND));
            // With the header a request may say that such blocks are dropped.
            let mut dropping = body.clone();
            dropping["thinking"] =
                json!({"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}});
            let request = |body: &Value| post(Provider::ANTHROPIC, PATH, body);
            let sent = send(Provider::ANTHROPIC, request(&dropping).with_header(BETA.0, BETA.1)).await;
            assert_eq!(sent.status, 200, "{model} {at}");
            assert_eq!(
                ask(&dropping).await.message(),
                "thinking.adaptive.block_binding: Extra inputs are not permitted"
            );
            dropping["thinking"]["block_binding"]["prefix_mismatch_behavior"] = json!("error");
            let sent = send(Provider::ANTHROPIC, request(&dropping).with_header(BETA.0, BETA.1)).await;
            assert_eq!(sent.status == 200, *kept || free, "{model} {at}");
        }
    }
}

#[tokio::test]
async fn later_system_messages_stand_behind_the_user() {
    let hi = json!({"role": "user", "content": "hi"});
    let system = json!({"role": "system", "content": "x"});
    let said = json!({"role": "assistant", "content": "y"});
    for (messages, fits) in [
        (json!([hi, system]), true),
        (json!([hi, system, system]), true),
        (json!([hi, system, said, hi]), true),
        (json!([hi, system, hi]), false),
        (json!([hi, said, system, hi]), false),
    ] {
        let mut body = body("claude-opus-5", "");
        body["messages"] = messages;
        let got = ask(&body).await;
        assert_eq!(got.status == 200, fits, "{body} {}", got.text());
        assert!(fits || got.message().contains(": a system message must "));
    }
}
