//! The rules by which OpenAI refuses a chat request, in its words.

use crate::rule::table;

table! {
    // The body.
    Quoted JSON "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)", "platform.openai.com/docs/guides/error-codes", "2026-11";
    Quoted NO_MODEL "you must provide a model parameter", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted MODEL "The model `{}` does not exist or you do not have access to it.", "platform.openai.com/docs/guides/error-codes", "2026-11";
    Quoted UNKNOWN_ARGUMENT "Unrecognized request argument supplied: {}", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted UNKNOWN_MEMBER "Unknown parameter: '{}'.", "cursor/cursor#2786", "2025-02-28";
    Quoted MISSING_MEMBER "Missing required parameter: '{}'.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted MEMBER_TYPE "Invalid type for '{}': expected {}, but got {} instead.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted MEMBER_VALUE "Invalid value: '{}'. Supported values are: {}.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted MEMBER_LOW "Invalid '{}': {} below minimum value. Expected a value >= {}, but got {} instead.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted MEMBER_HIGH "Invalid '{}': {} above maximum value. Expected a value <= {}, but got {} instead.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted EMPTY_ARRAY "Invalid '{}': empty array. Expected an array with minimum length {}, but got an empty array instead.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted LONG_ARRAY "Invalid '{}': array too long. Expected an array with maximum length {}, but got an array with length {} instead.", "platform.openai.com/docs/api-reference/chat", "2026-11";

    // Members together.
    Quoted STREAM_OPTIONS "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted ONLY_WITH "Invalid value for '{}': '{}' is only allowed when '{}' are specified.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted TOP_LOGPROBS "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted MAX_TOKENS "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "platform.openai.com/docs/guides/reasoning", "2026-11";
    Quoted TEMPERATURE "Unsupported value: 'temperature' does not support this value with this model. Only the default (1) value is supported.", "platform.openai.com/docs/guides/reasoning", "2026-11";
    Quoted JSON_MODE "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.", "platform.openai.com/docs/guides/structured-outputs", "2026-11";

    // Tools and schemas.
    Quoted FUNCTION_NAME "Invalid '{}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.", "platform.openai.com/docs/guides/function-calling", "2026-11";
    Quoted LONG_NAME "Invalid '{}': string too long. Expected a string with maximum length 64, but got a string with length {} instead.", "platform.openai.com/docs/guides/function-calling", "2026-11";
    Assumed UNIQUE_FUNCTIONS "Invalid 'tools': function names must be unique, but '{}' is declared more than once.", "platform.openai.com/docs/guides/function-calling", "2026-11";
    Quoted SCHEMA_ROOT "Invalid schema for {}: schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{}\"'.", "platform.openai.com/docs/guides/structured-outputs", "2026-11";
    Quoted SCHEMA_VALUE "Invalid schema for {}: {} is not of type '{}'.", "cbdb-project/cbdb-online-main-server#879", "2026-03-04";
    Quoted ARRAY_ITEMS "Invalid schema for {}: In context={}, array schema missing items.", "platform.openai.com/docs/guides/function-calling", "2026-11";
    Quoted SCHEMA_CLOSED "Invalid schema for {}: In context={}, 'additionalProperties' is required to be supplied and to be false.", "lastmile-ai/openai-agents-mcp#2", "2025-03-14";
    Quoted SCHEMA_REQUIRED "Invalid schema for {}: In context={}, 'required' is required to be supplied and to be an array including every key in properties. Missing '{}'.", "platform.openai.com/docs/guides/structured-outputs", "2026-11";
    Quoted SCHEMA_EXTRA_REQUIRED "Invalid schema for {}: In context={}, 'required' is required to be supplied and to be an array including every key in properties. Extra required key '{}' supplied.", "platform.openai.com/docs/guides/structured-outputs", "2026-11";
    Quoted SCHEMA_KEYWORD "Invalid schema for {}: In context={}, '{}' is not permitted.", "platform.openai.com/docs/guides/structured-outputs", "2026-11";
    Quoted LOOKAROUND "Invalid JSON schema: regex lookaround is not supported. Found at {}.pattern.", "existential-birds/daydream#304", "2026-08-05";

    // The order of messages.
    Quoted UNASKED "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.", "platform.openai.com/docs/guides/function-calling", "2026-11";
    Quoted UNANSWERED "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}", "platform.openai.com/docs/guides/function-calling", "2026-11";
    Quoted NULL_CONTENT "Invalid value for 'content': expected a string, got null. (messages.[{}].content)", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted LONG_ID "Invalid '{}': string too long. Expected a string with maximum length 40, but got a string with length {} instead.", "BerriAI/litellm#17343", "2025-12-02";
    Quoted MESSAGE_NAME "Invalid '{}': string does not match pattern. Expected a string that matches the pattern '^[^\\s<|\\\\/>]+$'.", "platform.openai.com/docs/api-reference/chat", "2026-11";
    Quoted IMAGE_TYPE "Invalid '{}'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got unsupported MIME type '{}'.", "platform.openai.com/docs/guides/images-vision", "2026-11";
}
