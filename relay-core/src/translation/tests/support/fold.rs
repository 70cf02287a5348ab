//! What OpenAI's official clients make of a stream's chunks: their accumulators' rules, written down again.
//!
//! They differ. Python (`openai` 3.54.0, `lib/streaming/_deltas.py`) joins strings and adds numbers under every name but
//! `index` and `type`, and fails on a second list of objects without an `index`. Node (`openai` 6.49.0,
//! `lib/ChatCompletionStream.mjs`) joins only what it knows, and of every other member the last value stands. What Relay adds
//! to the schema must reach both, so it has to come in one delta.

use serde_json::{Map, Value, json};

/// The whole answer as Python's `client.chat.completions.stream()` has it at the end.
///
/// # Errors
/// Where the client would raise.
pub(crate) fn python(chunks: &[Value]) -> Result<Value, String> {
    let mut answer = Map::new();
    let mut choices: Vec<Value> = Vec::new();
    for chunk in chunks {
        let mut rest = chunk.as_object().unwrap().clone();
        let deltas = rest.remove("choices").unwrap();
        let usage = rest.remove("usage").unwrap_or(Value::Null);
        if answer.is_empty() {
            answer = rest;
        }
        answer.insert("usage".to_owned(), usage);
        for delta in deltas.as_array().unwrap() {
            python_choice(&mut choices, delta)?;
        }
    }
    answer.insert("choices".to_owned(), choices.into());
    Ok(answer.into())
}

fn python_choice(choices: &mut Vec<Value>, delta: &Value) -> Result<(), String> {
    let at = usize::try_from(delta["index"].as_u64().unwrap()).unwrap();
    if at >= choices.len() {
        let mut choice = delta.as_object().unwrap().clone();
        choice.remove("delta");
        choice.insert("message".to_owned(), json!({}));
        choice.insert("logprobs".to_owned(), Value::Null);
        choices.push(choice.into());
    }
    let choice = choices.get_mut(at).ok_or("a choice with a gap before it")?;
    accumulate(choice["message"].as_object_mut().unwrap(), delta["delta"].as_object().unwrap())?;
    if !delta["finish_reason"].is_null() {
        choice["finish_reason"] = delta["finish_reason"].clone();
    }
    join_logprobs(choice, &delta["logprobs"]);
    Ok(())
}

/// `accumulate_delta`.
fn accumulate(all: &mut Map<String, Value>, delta: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in delta {
        if all.get(name).is_none_or(Value::is_null) {
            if !is_indexed(value) {
                all.insert(name.clone(), value.clone());
                continue;
            }
            all.insert(name.clone(), json!([]));
        }
        let so_far = &mut all[name];
        if name == "index" || name == "type" {
            *so_far = value.clone();
            continue;
        }
        match (so_far, value) {
            (Value::String(text), Value::String(more)) => text.push_str(more),
            (Value::Number(one), Value::Number(more)) => *one = (one.as_i64().unwrap() + more.as_i64().unwrap()).into(),
            (Value::Object(object), Value::Object(more)) => accumulate(object, more)?,
            (Value::Array(list), Value::Array(more)) => extend(list, more, name)?,
            _ => {} // Python keeps what it has.
        }
    }
    Ok(())
}

fn extend(list: &mut Vec<Value>, more: &[Value], name: &str) -> Result<(), String> {
    if list.iter().all(|item| item.is_string() || item.is_number()) && (!list.is_empty() || !more.iter().any(has_index))
    {
        list.extend_from_slice(more);
        return Ok(());
    }
    for item in more {
        let at =
            item["index"].as_u64().ok_or_else(|| format!("Python raises: `{name}` comes twice without an index"))?;
        let at = usize::try_from(at).unwrap();
        match list.get_mut(at) {
            Some(known) => accumulate(known.as_object_mut().unwrap(), item.as_object().unwrap())?,
            None => list.push(item.clone()),
        }
    }
    Ok(())
}

fn is_indexed(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().any(has_index))
}

fn has_index(item: &Value) -> bool {
    item.get("index").is_some()
}

/// Both clients join `logprobs` alike.
fn join_logprobs(choice: &mut Value, more: &Value) {
    if more.is_null() {
        return;
    }
    if choice["logprobs"].is_null() {
        choice["logprobs"] = more.clone();
        return;
    }
    if let (Some(all), Some(more)) = (choice["logprobs"]["content"].as_array_mut(), more["content"].as_array()) {
        all.extend_from_slice(more);
    }
}

/// The whole answer as Node's `client.chat.completions.stream()` has it at the end.
pub(crate) fn node(chunks: &[Value]) -> Value {
    let mut answer = Map::new();
    let mut choices: Vec<Value> = Vec::new();
    for chunk in chunks {
        let mut rest = chunk.as_object().unwrap().clone();
        let deltas = rest.remove("choices").unwrap();
        answer.extend(rest);
        for delta in deltas.as_array().unwrap() {
            let at = usize::try_from(delta["index"].as_u64().unwrap()).unwrap();
            while choices.len() <= at {
                choices.push(json!({"message": {}, "logprobs": null}));
            }
            node_choice(&mut choices[at], delta.as_object().unwrap());
        }
    }
    answer.insert("choices".to_owned(), choices.into());
    answer.into()
}

fn node_choice(choice: &mut Value, given: &Map<String, Value>) {
    for (name, value) in given {
        match name.as_str() {
            "delta" => {}
            "logprobs" => join_logprobs(choice, value),
            "finish_reason" if value.is_null() => {}
            _ => choice[name.as_str()] = value.clone(),
        }
    }
    let message = &mut choice["message"];
    for (name, value) in given["delta"].as_object().unwrap() {
        match name.as_str() {
            "content" | "refusal" => append(&mut message[name.as_str()], value),
            "role" => message["role"] = value.clone(),
            "function_call" => node_function(&mut message["function_call"], value),
            "tool_calls" => {
                value.as_array().unwrap().iter().for_each(|call| node_call(&mut message["tool_calls"], call))
            }
            _ => message[name.as_str()] = value.clone(),
        }
    }
}

fn append(text: &mut Value, more: &Value) {
    if let Some(more) = more.as_str().filter(|more| !more.is_empty()) {
        *text = format!("{}{more}", text.as_str().unwrap_or_default()).into();
    }
}

fn node_function(function: &mut Value, more: &Value) {
    if function.is_null() {
        *function = json!({"name": more["name"].as_str().unwrap_or_default(), "arguments": ""});
    }
    if let Some(name) = more["name"].as_str().filter(|name| !name.is_empty()) {
        function["name"] = name.into();
    }
    append(&mut function["arguments"], &more["arguments"]);
}

fn node_call(calls: &mut Value, given: &Value) {
    if calls.is_null() {
        *calls = json!([]);
    }
    let at = usize::try_from(given["index"].as_u64().unwrap()).unwrap();
    let calls = calls.as_array_mut().unwrap();
    while calls.len() <= at {
        calls.push(json!({}));
    }
    for (name, value) in given.as_object().unwrap() {
        match name.as_str() {
            "index" => {}
            "function" => node_function(&mut calls[at]["function"], value),
            _ => calls[at][name.as_str()] = value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(delta: Value) -> Value {
        json!({"id": "c", "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]})
    }

    #[test]
    fn python_joins_texts_under_every_name_and_node_keeps_the_last() {
        let extra = |text: &str| chunk(json!({"extra_content": {"google": {"thought_signature": text}}}));
        let chunks = [extra("a"), extra("b")];
        let signature = "/choices/0/message/extra_content/google/thought_signature";
        assert_eq!(python(&chunks).unwrap().pointer(signature), Some(&json!("ab")));
        assert_eq!(node(&chunks).pointer(signature), Some(&json!("b")));
    }

    #[test]
    fn python_fails_on_a_second_list_of_objects() {
        let chunks = [chunk(json!({"annotations": [{"type": "a"}]})), chunk(json!({"annotations": [{"type": "b"}]}))];
        assert!(python(&chunks[..1]).is_ok() && python(&chunks).is_err());
    }

    #[test]
    fn calls_are_joined_by_their_index() {
        let call = |index: u64, name: Value, json: &str| {
            chunk(json!({"tool_calls": [{"index": index, "function": {"name": name, "arguments": json}}]}))
        };
        let chunks = [call(0, json!("f"), ""), call(1, json!("g"), "{}"), call(0, Value::Null, "{\"a\":1}")];
        let folded = [python(&chunks).unwrap(), node(&chunks)];
        for answer in folded {
            let calls = &answer["choices"][0]["message"]["tool_calls"];
            assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": "{\"a\":1}"}));
            assert_eq!(calls[1]["function"]["arguments"], "{}");
        }
    }
}
