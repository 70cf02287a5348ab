//! What the mock refuses, and in whose words.

use relay_core::Provider;
use relay_core::ports::WireRequest;
use relay_mock::{Incoming, Mock};
use serde_json::{Value, json};

use super::{chat, get, post, send, send_as};

/// Changes a good body by these members (`null` takes one out) and expects this status and this beginning of a message.
async fn check(provider: Provider, path: &str, good: &Value, rows: &[(Value, u16, &str)]) {
    let got = send(provider, post(provider, path, good)).await;
    assert_eq!(got.status, 200, "{path} {}", got.text());
    for (change, status, message) in rows {
        let mut body = good.clone();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                body.as_object_mut().unwrap().remove(name);
            } else {
                body[name] = value.clone();
            }
        }
        let got = send(provider, post(provider, path, &body)).await;
        let said = got.message();
        assert_eq!(got.status, *status, "{change} {}", got.text());
        assert!(
            said.starts_with(message) && (*status == 200) == message.is_empty(),
            "{change}\nsaid {said}\nwant {message}"
        );
    }
}

fn user(content: Value) -> Value {
    json!([{"role": "user", "content": content}])
}

#[tokio::test]
async fn openai_refuses_what_openai_refuses() {
    let tool = json!({"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}});
    let call = json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let (hi, result) =
        (json!({"role": "user", "content": "hi"}), json!({"role": "tool", "tool_call_id": "c1", "content": "1"}));
    let good = json!({"model": "gpt-4o-mini", "messages": [hi], "temperature": 1.5, "max_tokens": 5, "stop": ["x"]});
    check(Provider::OPENAI, "/v1/chat/completions", &good, &[
        (json!({"model": null}), 400, "you must provide a model parameter"),
        (json!({"model": "gpt-99"}), 404, "The model `gpt-99` does not exist or you do not have access to it."),
        (json!({"messages": null}), 400, "Missing required parameter: 'messages'."),
        (json!({"messages": []}), 400, "Invalid 'messages': empty array."),
        (json!({"messages": "hi"}), 400, "Invalid type for 'messages': expected an array, but got a string instead."),
        (json!({"messages": [{"role": "robot", "content": "x"}]}), 400, "Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'."),
        (json!({"messages": [{"content": "x"}]}), 400, "Missing required parameter: 'messages[0].role'."),
        (json!({"messages": [{"role": "user"}]}), 400, "Missing required parameter: 'messages[0].content'."),
        (json!({"messages": [{"role": "user", "content": "x", "cache_control": {}}]}), 400, "Unknown parameter: 'messages[0].cache_control'."),
        (json!({"messages": user(json!([{"text": "x"}]))}), 400, "Missing required parameter: 'messages[0].content[0].type'."),
        (json!({"messages": user(json!([{"type": "video", "text": "x"}]))}), 400, "Invalid value: 'video'."),
        (json!({"messages": user(json!([{"type": "image_url", "image_url": "https://x"}]))}), 400, "Invalid type for 'messages[0].content[0].image_url': expected an object"),
        (json!({"messages": [hi, call]}), 400, "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."),
        (json!({"messages": [hi, result]}), 400, "Invalid parameter: messages with role 'tool' must be a response to a preceeding message"),
        (json!({"messages": [hi, call, result]}), 200, ""),
        (json!({"messages": [hi, {"role": "assistant"}]}), 400, "Invalid value for 'content': expected a string, got null."),
        (json!({"frobnicate": 1}), 400, "Unrecognized request argument supplied: frobnicate"),
        (json!({"temperature": 2.5}), 400, "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead."),
        (json!({"temperature": "hot"}), 400, "Invalid type for 'temperature': expected a decimal, but got a string instead."),
        (json!({"n": 0}), 400, "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead."),
        (json!({"stop": ["1", "2", "3", "4", "5"]}), 400, "Invalid 'stop': array too long. Expected an array with maximum length 4"),
        (json!({"reasoning_effort": "huge"}), 400, "Invalid value: 'huge'."),
        (json!({"tools": [{"type": "function"}]}), 400, "Missing required parameter: 'tools[0].function'."),
        (json!({"tools": [{"type": "function", "function": {"name": "a b"}}]}), 400, "Invalid 'tools[0].function.name': string does not match pattern."),
        (json!({"tools": [tool], "tool_choice": "maybe"}), 400, "Invalid value: 'maybe'."),
        (json!({"tools": [tool], "tool_choice": {"type": "function"}}), 400, "Missing required parameter: 'tool_choice.function'."),
        (json!({"tool_choice": "auto"}), 400, "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."),
        (json!({"parallel_tool_calls": true}), 400, "Invalid value for 'parallel_tool_calls'"),
        (json!({"stream_options": {"include_usage": true}}), 400, "The 'stream_options' parameter is only allowed when 'stream' is enabled."),
        (json!({"top_logprobs": 3}), 400, "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."),
        (json!({"response_format": {"type": "json_object"}}), 400, "'messages' must contain the word 'json' in some form"),
        (json!({"model": "o3"}), 400, "Unsupported parameter: 'max_tokens' is not supported with this model."),
        (json!({"model": "o3", "max_tokens": null}), 400, "Unsupported value: 'temperature' does not support this value"),
        (json!({"model": "o3", "max_tokens": null, "temperature": 1}), 200, ""),
    ])
    .await;
    let good = json!({"model": "text-embedding-3-small", "input": ["a", "b"]});
    check(
        Provider::OPENAI,
        "/v1/embeddings",
        &good,
        &[
            (json!({"input": null}), 400, "Missing required parameter: 'input'."),
            (json!({"input": ""}), 400, "'$.input' is invalid."),
            (json!({"input": [1, 2]}), 200, ""),
            (json!({"input": [[1], [2]]}), 200, ""),
            (json!({"encoding_format": "hex"}), 400, "Invalid value: 'hex'."),
            (
                json!({"dimensions": 2000}),
                400,
                "Invalid value for 'dimensions' = 2000. Must be less than or equal to 1536.",
            ),
            (
                json!({"dimensions": 9, "model": "text-embedding-ada-002"}),
                400,
                "This model does not support specifying dimensions.",
            ),
            (json!({"model": "gpt-4o"}), 404, "The model `gpt-4o` does not exist"),
            (json!({"task": "x"}), 400, "Unrecognized request argument supplied: task"),
        ],
    )
    .await;
}

fn anthropic_tool(name: &str) -> Value {
    json!({"name": name, "input_schema": {"type": "object", "properties": {}}})
}

#[tokio::test]
async fn anthropic_refuses_what_anthropic_refuses() {
    let tool = anthropic_tool("f");
    let call =
        |id: &str| json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "f", "input": {}}]});
    let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": "1"});
    let results =
        |ids: &[&str]| json!({"role": "user", "content": ids.iter().map(|id| result(id)).collect::<Vec<_>>()});
    let hi = json!({"role": "user", "content": "hi"});
    let text = |text: &str| user(json!([{"type": "text", "text": text}]));
    let mark = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
    let good = json!({"model": "claude-haiku-5-5", "max_tokens": 100, "messages": [hi], "tools": [tool]});
    check(Provider::ANTHROPIC, "/v1/messages", &good, &[
        (json!({"model": null}), 400, "model: Field required"),
        (json!({"model": "claude-nova-9"}), 404, "model: claude-nova-9"),
        (json!({"max_tokens": null}), 400, "max_tokens: Field required"),
        (json!({"max_tokens": 0}), 400, "max_tokens: Input should be greater than or equal to 1"),
        (json!({"max_tokens": "9"}), 400, "max_tokens: Input should be a valid integer"),
        (json!({"max_tokens": 200000}), 400, "max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens for claude-haiku-5-5"),
        (json!({"messages": null}), 400, "messages: Field required"),
        (json!({"messages": []}), 400, "messages: at least one message is required"),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), 400, "messages: Unexpected role \"tool\"."),
        (json!({"messages": [{"role": "system", "content": "x"}, hi]}), 400, "messages.0: Unexpected role \"system\"."),
        (json!({"messages": [hi, {"role": "system", "content": "x"}]}), 200, ""),
        (json!({"messages": [hi, {"role": "system", "content": "x"}], "model": "claude-sonnet-5"}), 400, "messages.1: Unexpected role \"system\"."),
        (json!({"messages": [hi, hi]}), 200, ""),
        (json!({"messages": [{"role": "assistant", "content": "x"}, hi]}), 200, ""),
        (json!({"messages": [hi, {"role": "assistant", "content": "x"}]}), 400, "This model does not support assistant message prefill."),
        (json!({"messages": [hi, {"role": "assistant", "content": "x "}], "model": "claude-haiku-4-5"}), 400, "messages: final assistant content cannot end with trailing whitespace"),
        (json!({"messages": [hi, {"role": "assistant", "content": "x"}], "model": "claude-haiku-4-5"}), 200, ""),
        (json!({"messages": user(json!(""))}), 400, "messages.0: all messages must have non-empty content"),
        (json!({"messages": user(json!([]))}), 400, "messages.0: all messages must have non-empty content"),
        (json!({"messages": text("")}), 400, "messages: text content blocks must be non-empty"),
        (json!({"messages": text(" \n")}), 400, "messages: text content blocks must contain non-whitespace text"),
        (json!({"messages": user(json!([{"type": "text"}]))}), 400, "messages.0.content.0.text.text: Field required"),
        (json!({"messages": user(json!([{"type": "image_url", "image_url": {}}]))}), 400, "messages.0.content.0: Input tag 'image_url' found using 'type' does not match"),
        (json!({"messages": user(json!([{"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": ""}}]))}), 400, "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'"),
        (json!({"messages": [{"role": "user", "content": "x", "name": "ana"}]}), 400, "messages.0.name: Extra inputs are not permitted"),
        (json!({"system": [{"type": "text", "text": ""}]}), 400, "system: text content blocks must be non-empty"),
        (json!({"frobnicate": 1}), 400, "frobnicate: Extra inputs are not permitted"),
        (json!({"temperature": 1}), 400, "temperature: Extra inputs are not permitted"),
        (json!({"top_p": 1}), 400, "top_p: Extra inputs are not permitted"),
        (json!({"stop_sequences": [" "]}), 400, "stop_sequences: each stop sequence must contain non-whitespace"),
        (json!({"system": [mark, mark, mark, mark, mark]}), 400, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        (json!({"metadata": {"user_id": "u", "name": "x"}}), 400, "metadata.name: Extra inputs are not permitted"),
        (json!({"service_tier": "flex"}), 400, "service_tier: Input should be 'auto' or 'standard_only'"),
        // Tools.
        (json!({"tools": [{"name": "f"}]}), 400, "tools.0.custom.input_schema: Field required"),
        (json!({"tools": [{"name": "f", "input_schema": {}}]}), 400, "tools.0.custom.input_schema.type: Field required"),
        (json!({"tools": [{"name": "f", "input_schema": {"type": "object", "anyOf": []}}]}), 400, "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"),
        (json!({"tools": [anthropic_tool("a b")]}), 400, "tools.0.custom.name: String should match pattern"),
        (json!({"tools": [tool, tool]}), 400, "tools: Tool names must be unique."),
        (json!({"tools": [{"type": "function", "function": {}}]}), 400, "tools.0: Input tag 'function' found using 'type'"),
        (json!({"tool_choice": {"type": "required"}}), 400, "tool_choice: Input tag 'required' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'"),
        (json!({"tool_choice": {"type": "tool", "name": "g"}}), 400, "Tool 'g' not found in provided tools"),
        (json!({"tool_choice": {"type": "none", "disable_parallel_tool_use": true}}), 400, "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted"),
        (json!({"tool_choice": {"type": "auto"}, "tools": null}), 400, "tool_choice: may only be specified while providing tools"),
        (json!({"tool_choice": {"type": "any"}, "model": "claude-opus-5-5"}), 400, "tool_choice: type \"tool\" and \"any\" are not supported for this model."),
        // Calls and results.
        (json!({"messages": [hi, call("t1"), results(&["t1"])]}), 200, ""),
        (json!({"messages": [hi, call("t1"), results(&["t1"])], "tools": null}), 200, ""),
        (json!({"messages": [hi, call("t1"), hi]}), 400, "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1."),
        (json!({"messages": [hi, call("t1")]}), 400, "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1."),
        (json!({"messages": [hi, call("t1"), {"role": "user", "content": [{"type": "text", "text": "x"}, result("t1")]}]}), 400, "messages.1: `tool_use` ids were found without"),
        (json!({"messages": [hi, results(&["t1"])]}), 400, "messages.1.content.0: unexpected `tool_use_id` found in `tool_result` blocks: t1."),
        (json!({"messages": [hi, call("t1"), results(&["t1", "t1"])]}), 400, "messages.2: each tool_use must have a single result."),
        (json!({"messages": [hi, call("t.1"), results(&["t.1"])]}), 400, "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
        // Thinking.
        (json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}), 400, "\"thinking.type.enabled\" is not supported for this model."),
        (json!({"thinking": {"type": "disabled"}, "model": "claude-opus-5-5"}), 400, "\"thinking.type.disabled\" is not supported for this model."),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 100}, "model": "claude-haiku-4-5"}), 400, "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 2000}, "model": "claude-haiku-4-5"}), 400, "`max_tokens` must be greater than `thinking.budget_tokens`."),
        (json!({"thinking": {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}}), 400, "thinking.adaptive.block_binding: Extra inputs are not permitted"),
        (json!({"messages": [hi, {"role": "assistant", "content": [{"type": "thinking", "thinking": "changed", "signature": "bW9jay1zaWduYXR1cmU6MDA="}]}, hi]}), 400, "messages.1.content.0: Invalid `signature` in `thinking` block"),
        (json!({"output_config": {"effort": "huge"}}), 400, "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"),
    ])
    .await;
    let good = json!({"model": "claude-haiku-5-5", "messages": [hi]});
    check(
        Provider::ANTHROPIC,
        "/v1/messages/count_tokens",
        &good,
        &[(json!({"max_tokens": 1}), 400, "max_tokens: Extra inputs are not permitted")],
    )
    .await;
}

#[tokio::test]
async fn anthropic_wants_its_version() {
    let body =
        json!({"model": "claude-sonnet-4-6", "max_tokens": 9, "temperature": 0.5, "messages": user(json!("hi"))});
    let bare = || WireRequest { headers: Vec::new(), ..post(Provider::ANTHROPIC, "/v1/messages", &body) };
    for (version, status, message) in [
        (None, 400, "anthropic-version: header is required"),
        (Some("2020-01-01"), 400, "anthropic-version: \"2020-01-01\" is not a valid version"),
        (Some("2026-10-21"), 400, "temperature: Extra inputs are not permitted"),
        (Some("2023-06-01"), 200, ""),
    ] {
        let request =
            version.into_iter().fold(bare(), |request, version| request.with_header("anthropic-version", version));
        let got = send(Provider::ANTHROPIC, request).await;
        assert_eq!(got.status, status, "{version:?}");
        if status != 200 {
            assert_eq!(got.message(), message);
        }
    }
    let both = json!({"model": "claude-sonnet-4-6", "max_tokens": 9, "temperature": 0.5, "top_p": 0.5, "messages": user(json!("hi"))});
    let newer = json!({"model": "claude-opus-5", "max_tokens": 9, "temperature": 0.5, "messages": user(json!("hi"))});
    for (body, message) in
        [(both, "`temperature` and `top_p` cannot both be specified"), (newer, "`temperature` is deprecated")]
    {
        let request = WireRequest { headers: Vec::new(), ..post(Provider::ANTHROPIC, "/v1/messages", &body) };
        let got = send(Provider::ANTHROPIC, request.with_header("anthropic-version", "2023-06-01")).await;
        assert!(got.status == 400 && got.message().starts_with(message), "{}", got.text());
    }
}

fn contents(parts: Value) -> Value {
    json!([{"role": "user", "parts": parts}])
}

#[tokio::test]
async fn google_refuses_what_google_refuses() {
    let hi = json!({"role": "user", "parts": [{"text": "hi"}]});
    let part = |name: &str| json!({"functionCall": {"id": name, "name": name, "args": {}}});
    let signed = |name: &str| json!({"functionCall": {"id": name, "name": name, "args": {}}, "thoughtSignature": "skip_thought_signature_validator"});
    let calls = |parts: &[Value]| json!({"role": "model", "parts": parts});
    let result = |name: &str| json!({"functionResponse": {"id": name, "name": name, "response": {"output": "1"}}});
    let results =
        |names: &[&str]| json!({"role": "user", "parts": names.iter().map(|name| result(name)).collect::<Vec<_>>()});
    let tools = json!([{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}]);
    let declare = |one: Value| json!({"tools": [{"functionDeclarations": [one]}]});
    let mode = |config: Value| json!({"toolConfig": {"functionCallingConfig": config}});
    let config = |config: Value| json!({"generationConfig": config});
    let missing = "Function call is missing a thought_signature in functionCall parts.";
    let good = json!({"contents": [hi], "tools": tools});
    let path = "/v1beta/models/gemini-3.6-flash:generateContent";
    check(Provider::GOOGLE, path, &good, &[
        (json!({"contents": null}), 400, "* GenerateContentRequest.contents: contents is not specified\n"),
        (json!({"contents": []}), 400, "* GenerateContentRequest.contents: contents is not specified\n"),
        (json!({"frobnicate": 1}), 400, "Invalid JSON payload received. Unknown name \"frobnicate\": Cannot find field."),
        (json!({"contents": contents(json!([{"text": "x", "cache": 1}]))}), 400, "Invalid JSON payload received. Unknown name \"cache\" at 'contents[0].parts[0]': Cannot find field."),
        (json!({"contents": contents(json!([{"text": 1}]))}), 400, "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 1"),
        (json!({"contents": contents(json!([]))}), 400, "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty."),
        (json!({"contents": contents(json!([{"thought": true}]))}), 400, "* GenerateContentRequest.contents[0].parts[0].data: required oneof field 'data' must have one initialized field"),
        (json!({"contents": contents(json!([{"text": "x", "functionCall": {"name": "f"}}]))}), 400, "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. Cannot set 'functionCall'"),
        (json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}), 400, "Please use a valid role: user, model."),
        (json!({"contents": [{"role": "system", "parts": [{"text": "x"}]}, hi]}), 400, "Please use a valid role: user, model."),
        (json!({"contents": [hi, {"role": "model", "parts": [{"text": "x"}]}]}), 400, "Requests ending with a model turn are not supported by this model."),
        (json!({"systemInstruction": {"parts": []}}), 400, "* GenerateContentRequest.system_instruction.parts"),
        (config(json!({"temperature": "hot"})), 400, "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\""),
        (config(json!({"temperature": 3})), 400, "* GenerateContentRequest.generation_config.temperature: must be at most 2"),
        (config(json!({"maxOutputTokens": 0})), 400, "* GenerateContentRequest.generation_config.max_output_tokens: must be at least 1"),
        (config(json!({"stopSequences": ["1", "2", "3", "4", "5", "6"]})), 400, "* GenerateContentRequest.generation_config.stop_sequences: must have at most 5 entries"),
        (config(json!({"candidateCount": 2})), 400, "Multiple candidates is not enabled for this model"),
        (config(json!({"responseLogprobs": true})), 400, "Logprobs is not enabled for models/gemini-3.6-flash"),
        (config(json!({"presencePenalty": 1})), 400, "Penalty is not enabled for models/gemini-3.6-flash"),
        (config(json!({"seed": 3_000_000_000_u64})), 400, "* GenerateContentRequest.generation_config.seed: must be at most"),
        (config(json!({"responseJsonSchema": {}})), 400, "* GenerateContentRequest.generation_config.response_json_schema: only allowed when response_mime_type is 'application/json'"),
        (config(json!({"responseMimeType": "application/json", "responseSchema": {"$ref": "#"}})), 400, "Invalid JSON payload received. Unknown name \"$ref\" at 'generation_config.response_schema': Cannot find field."),
        (config(json!({"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}})), 400, "You can only set only one of thinking budget and thinking level."),
        (config(json!({"thinkingConfig": {"thinkingLevel": "XHIGH"}})), 400, "Thinking level XHIGH is not supported for this model."),
        (json!({"safetySettings": [{"category": "HARM_CATEGORY_MEDICAL", "threshold": "OFF"}]}), 400, "Invalid value at 'safety_settings[0].category' (TYPE_ENUM), \"HARM_CATEGORY_MEDICAL\""),
        // Tools.
        (declare(json!({"name": "1f"})), 400, "* GenerateContentRequest.tools[0].function_declarations[0].name: Invalid function name."),
        (declare(json!({"name": "f", "strict": true})), 400, "Invalid JSON payload received. Unknown name \"strict\" at 'tools[0].function_declarations[0]'"),
        (declare(json!({"name": "f", "parameters": {"type": "object", "additionalProperties": false}})), 400, "Invalid JSON payload received. Unknown name \"additionalProperties\" at 'tools[0].function_declarations[0].parameters'"),
        (declare(json!({"name": "f", "parametersJsonSchema": {"type": "string"}})), 400, "* GenerateContentRequest.tools[0].function_declarations[0].parameters: schema should be of type OBJECT"),
        (json!({"tools": [{"functionDeclarations": [{"name": "f"}, {"name": "f"}]}]}), 400, "Duplicate function declaration found: f"),
        (json!({"tools": [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]}), 400, "Built-in tools ({google_search}) and Function Calling cannot be combined"),
        (mode(json!({"mode": "SOMETIMES"})), 400, "Invalid value at 'tool_config.function_calling_config.mode' (TYPE_ENUM), \"SOMETIMES\""),
        (mode(json!({"mode": "AUTO", "allowedFunctionNames": ["f"]})), 400, "Allowed function names should be set only when"),
        (mode(json!({"mode": "ANY", "allowedFunctionNames": ["h"]})), 400, "Allowed function name \"h\" is not declared"),
        (json!({"tools": null, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}), 400, "Function calling config is set without function_declarations."),
        // Calls, results and signatures.
        (json!({"contents": [hi, calls(&[signed("f"), part("g")]), results(&["f", "g"])]}), 200, ""),
        (json!({"contents": [hi, calls(&[signed("f"), part("g")]), results(&["f"])]}), 400, "Please ensure that the number of function response parts is equal to the number of function call parts"),
        (json!({"contents": [hi, calls(&[signed("f")]), results(&["g"])]}), 400, "Please ensure that the function response parts have the names and ids"),
        (json!({"contents": [hi, calls(&[signed("f")]), hi]}), 400, "Please ensure that function response turn comes immediately after a function call turn."),
        (json!({"contents": [hi, results(&["f"])]}), 400, "Please ensure that the number of function response parts"),
        (json!({"contents": [calls(&[signed("f")]), results(&["f"])]}), 400, "Please ensure that function call turn comes immediately after a user turn"),
        (json!({"contents": [hi, calls(&[part("f")]), results(&["f"])]}), 400, missing),
        (json!({"contents": [hi, calls(&[part("f"), signed("g")]), results(&["f", "g"])]}), 400, missing),
        (json!({"contents": [hi, calls(&[signed("f")]), results(&["f"]), calls(&[part("g")]), results(&["g"])]}), 400, missing),
        (json!({"contents": [hi, calls(&[part("f")]), results(&["f"]), {"role": "model", "parts": [{"text": "1"}]}, hi]}), 200, ""),
        (json!({"contents": [hi, calls(&[json!({"functionCall": {"id": "f", "name": "f"}, "thoughtSignature": "skip_thought_signature_validator"})]), results(&["f"])]}), 200, ""),
        (json!({"contents": [hi, calls(&[json!({"functionCall": {"id": "f", "name": "f"}, "thoughtSignature": "bW9jay1zaWduYXR1cmU6MDA="})]), results(&["f"])]}), 400, "Corrupted thought signature."),
    ])
    .await;
    let old = "/v1beta/models/gemini-2.5-flash:generateContent";
    check(
        Provider::GOOGLE,
        old,
        &good,
        &[
            (json!({"contents": [hi, calls(&[part("f")]), results(&["f"])]}), 200, ""),
            (config(json!({"candidateCount": 2})), 200, ""),
            (
                config(json!({"thinkingConfig": {"thinkingLevel": "LOW"}})),
                400,
                "Thinking level is not supported for this model.",
            ),
            (
                config(json!({"thinkingConfig": {"thinkingBudget": 99_999}})),
                400,
                "The thinking budget 99999 is invalid.",
            ),
            (
                config(json!({"responseMimeType": "application/json"})),
                400,
                "Function calling with a response mime type: 'application/json' is unsupported",
            ),
        ],
    )
    .await;
    let one = |model: &str, text: &str| json!({"model": model, "content": {"parts": [{"text": text}]}});
    let good = json!({"requests": [one("models/gemini-embedding-001", "x")]});
    let path = "/v1beta/models/gemini-embedding-001:batchEmbedContents";
    check(
        Provider::GOOGLE,
        path,
        &good,
        &[
            (json!({"requests": []}), 400, "* BatchEmbedContentsRequest.requests: requests is not specified"),
            (
                json!({"requests": [one("gemini-embedding-001", "x")]}),
                400,
                "* BatchEmbedContentsRequest.requests[0].model: the model of a request must match",
            ),
            (
                json!({"requests": [one("models/gemini-embedding-001", "")]}),
                400,
                "* EmbedContentRequest.content: contains an empty Part",
            ),
            (
                json!({"requests": vec![one("models/gemini-embedding-001", "x"); 101]}),
                400,
                "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch",
            ),
            (
                json!({"requests": [{"content": {"parts": [{"text": "x"}]}, "outputDimensionality": 4000}]}),
                400,
                "* GenerateContentRequest.requests[0].output_dimensionality: must be at most 3072",
            ),
        ],
    )
    .await;
    for (model, verb) in [("gemini-9", "generateContent"), ("gemini-2.5-flash", "batchEmbedContents")] {
        let body = if verb == "generateContent" { json!({"contents": [hi]}) } else { good.clone() };
        let got =
            send(Provider::GOOGLE, post(Provider::GOOGLE, &format!("/v1beta/models/{model}:{verb}"), &body)).await;
        assert!(
            got.status == 404
                && got.message().starts_with(&format!("models/{model} is not found for API version v1beta"))
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    for provider in Provider::ALL {
        let mut request = chat(*provider, "hi", false);
        request.body = "{\"model\":".into();
        assert_eq!(send(*provider, request).await.status, 400, "{provider}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    for (provider, request, status, message) in [
        (Provider::OPENAI, get(Provider::OPENAI, "/v1/nothing"), 404, "Invalid URL (GET /v1/nothing)"),
        (
            Provider::OPENAI,
            get(Provider::OPENAI, "/v1/chat/completions"),
            405,
            "Not allowed to GET on /v1/chat/completions.",
        ),
        (Provider::OPENAI, get(Provider::OPENAI, "/v1/models?page=2"), 400, "Unknown parameter: 'page'."),
        (Provider::OPENAI, get(Provider::OPENAI, "/v1/models/gpt-99"), 404, "The model `gpt-99` does not exist"),
        (Provider::ANTHROPIC, get(Provider::ANTHROPIC, "/v1/nothing"), 404, "Not Found"),
        (Provider::ANTHROPIC, get(Provider::ANTHROPIC, "/v1/messages"), 405, "Method Not Allowed"),
        (
            Provider::ANTHROPIC,
            get(Provider::ANTHROPIC, "/v1/models?limit=0"),
            400,
            "limit: Input should be greater than or equal to 1",
        ),
        (Provider::ANTHROPIC, get(Provider::ANTHROPIC, "/v1/models?after_id=x"), 400, "after_id: unknown id"),
        (Provider::ANTHROPIC, get(Provider::ANTHROPIC, "/v1/models/claude-x"), 404, "model: claude-x"),
        (Provider::GOOGLE, get(Provider::GOOGLE, "/v1beta/models?pageToken=x"), 400, "API page token is invalid."),
        (
            Provider::GOOGLE,
            get(Provider::GOOGLE, "/v1beta/models?limit=1"),
            400,
            "Invalid JSON payload received. Unknown name \"limit\": Cannot bind query parameter.",
        ),
        (Provider::GOOGLE, get(Provider::GOOGLE, "/v1beta/models?key=AQ.secret"), 400, "mock: never put keys in URLs"),
    ] {
        let path = request.path.clone();
        let got = send(provider, request).await;
        assert_eq!(got.status, status, "{path}");
        assert!(got.message().starts_with(message), "{path} {}", got.message());
    }
    let got = send(Provider::GOOGLE, get(Provider::GOOGLE, "/v1/models")).await;
    assert_eq!((got.status, got.header("content-type")), (404, Some("text/html; charset=UTF-8")));
}

#[tokio::test]
async fn headers_of_relays_caller_are_refused() {
    for (name, value) in [
        ("cookie", "a=b"),
        ("origin", "https://example.com"),
        ("x-relay-user", "ana"),
        ("x-stainless-lang", "js"),
        ("x-forwarded-for", "10.0.0.1"),
        ("accept-encoding", "gzip"),
        ("authorization", "Bearer sk-mock-good-000000000002"),
        ("x-api-key", "sk-ant-mock-good-000000000002"),
        ("content-encoding-", "x"),
    ] {
        for provider in Provider::ALL {
            let got = send(*provider, chat(*provider, "hi", false).with_header(name, value)).await;
            assert_eq!(got.status, if name == "content-encoding-" { 200 } else { 400 }, "{provider} {name}");
        }
    }
    let open = Mock::new().any_headers();
    let got =
        send_as(&open, Provider::OPENAI, "good", chat(Provider::OPENAI, "hi", false).with_header("cookie", "a=b"))
            .await;
    assert_eq!(got.unwrap().status, 200);
}

#[tokio::test]
async fn a_request_without_a_key_is_refused() {
    for (provider, status) in [(Provider::OPENAI, 401), (Provider::ANTHROPIC, 401), (Provider::GOOGLE, 403)] {
        let incoming = Incoming {
            provider,
            method: "GET".into(),
            target: "/v1beta/models".into(),
            headers: Vec::new(),
            body: Default::default(),
        };
        assert_eq!(Mock::new().handle(incoming).await.unwrap().status, status);
    }
}

/// Every place in a JSON value.
fn places(value: &Value, path: &str, out: &mut Vec<String>) {
    out.push(path.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| places(item, &format!("{path}/{at}"), out));
        }
        Value::Object(map) => map.iter().for_each(|(name, item)| places(item, &format!("{path}/{name}"), out)),
        _ => {}
    }
}

#[tokio::test]
async fn whatever_a_body_holds_is_answered() {
    let openai = json!({"model": "gpt-4o", "n": 1, "stop": ["x"], "stream_options": {"include_usage": true}, "stream": true,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {"a": {"enum": [1]}}}}},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "call f {{chunks=3}}"}]},
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "1"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"$ref": "#"}}}}}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}}});
    let thought =
        send(Provider::ANTHROPIC, chat(Provider::ANTHROPIC, "{{think}}", false)).await.json()["content"][0].clone();
    let anthropic = json!({"model": "claude-haiku-4-5", "max_tokens": 5000, "system": [{"type": "text", "text": "s"}],
        "thinking": {"type": "enabled", "budget_tokens": 1024}, "output_config": {"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": false}}},
        "messages": [{"role": "user", "content": "call f"},
            {"role": "assistant", "content": [thought, {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "1"}]}]}],
        "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {"type": ["null", "array"]}}}}], "tool_choice": {"type": "auto"}});
    let google = json!({"systemInstruction": {"parts": [{"text": "s"}]},
        "contents": [{"role": "user", "parts": [{"text": "call f"}]},
            {"role": "model", "parts": [{"functionCall": {"id": "f", "name": "f", "args": {"a": 1}}, "thoughtSignature": "skip_thought_signature_validator"}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "f", "name": "f", "response": {"output": 1}}}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "ARRAY", "items": {"type": "STRING"}}}}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}, "stopSequences": ["x"], "maxOutputTokens": 9}});
    let embeddings = json!({"model": "text-embedding-3-small", "input": ["a"], "dimensions": 8});
    let batch = json!({"requests": [{"model": "models/gemini-embedding-2", "content": {"parts": [{"text": "x"}]}, "outputDimensionality": 8}]});
    for (provider, path, body) in [
        (Provider::OPENAI, "/v1/chat/completions", openai),
        (Provider::OPENAI, "/v1/embeddings", embeddings),
        (Provider::ANTHROPIC, "/v1/messages", anthropic),
        (Provider::GOOGLE, "/v1beta/models/gemini-3.6-flash:streamGenerateContent?alt=sse", google),
        (Provider::GOOGLE, "/v1beta/models/gemini-embedding-2:batchEmbedContents", batch),
    ] {
        let got = send(provider, post(provider, path, &body)).await;
        assert_eq!(got.status, 200, "{}", got.text());
        let mut all = Vec::new();
        places(&body, "", &mut all);
        for place in all {
            for value in [
                json!(null),
                json!(true),
                json!(-1),
                json!(1e300),
                json!("{{"),
                json!(""),
                json!([]),
                json!([[]]),
                json!({}),
                json!({"type": "x"}),
            ] {
                let mut changed = body.clone();
                *changed.pointer_mut(&place).unwrap() = value;
                let got = send(provider, post(provider, path, &changed)).await;
                assert!(matches!(got.status, 200 | 400 | 404), "{place} {changed}");
            }
        }
    }
}
