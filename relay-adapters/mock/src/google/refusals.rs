//! The rules by which Google refuses a request for content, in its words.

use crate::rule::table;

table! {
    // The body.
    Assumed LONE_SURROGATE "Invalid JSON payload received. Invalid unicode code point: half of a surrogate pair at offset {}", "elizaOS/eliza#18079", "2026-06";
    Assumed JSON "Invalid JSON payload received. Parsing failed: {}", "ai.google.dev/gemini-api/docs/troubleshooting", "2026-11";
    Quoted UNKNOWN_MEMBER "Invalid JSON payload received. Unknown name \"{}\"{}: Cannot find field.", "zed-extensions/mcp-server-brave-search#12", "2025-11-20";
    Assumed MISSING_MEMBER "* GenerateContentRequest.{}: required field is not specified\n", "ai.google.dev/api/generate-content", "2026-11";
    Quoted MEMBER_TYPE "Invalid value at '{}' ({}), {}", "ai.google.dev/api/generate-content", "2026-11";
    Quoted MEMBER_VALUE "Invalid value at '{}' (TYPE_ENUM), \"{}\"", "ai.google.dev/api/generate-content", "2026-11";
    Assumed MEMBER_LOW "* GenerateContentRequest.{}: must be at least {}\n", "ai.google.dev/api/generate-content", "2026-11";
    Assumed MEMBER_HIGH "* GenerateContentRequest.{}: must be at most {}\n", "ai.google.dev/api/generate-content", "2026-11";
    Assumed LIST_LONG "* GenerateContentRequest.{}: must have at most {} entries, got {}\n", "ai.google.dev/api/generate-content", "2026-11";
    Quoted MODEL "models/{} is not found for API version v1beta, or is not supported for {}. Call ListModels to see the list of available models and their supported methods.", "ai.google.dev/gemini-api/docs/troubleshooting", "2026-11";
    Quoted ALT "Invalid value at 'alt' (TYPE_ENUM), \"{}\"", "ai.google.dev/api", "2026-11";

    // What a model can do.
    Quoted CANDIDATES "Multiple candidates is not enabled for this model", "ai.google.dev/api/generate-content", "2026-11";
    Quoted LOGPROBS "Logprobs is not enabled for models/{}", "ai.google.dev/api/generate-content", "2026-11";
    Quoted PENALTY "Penalty is not enabled for models/{}", "ai.google.dev/api/generate-content", "2026-11";
    Quoted OUTPUT_LIMIT "Unable to submit request because it has a maxOutputTokens value of {} but the supported range is from 1 (inclusive) to {} (exclusive). Update the value and try again.", "BerriAI/litellm#10548", "2025-05-04";
    Quoted NO_SYSTEM "Developer instruction is not enabled for models/{}", "google/adk-python#3900", "2025-12-12";
    Quoted NO_FUNCTIONS "Function calling is not enabled for models/{}", "langchain-ai/langchainjs, tests of Gemma 3", "2026";
    Quoted NO_JSON "JSON mode is not enabled for models/{}", "ai.google.dev/gemma/docs/core/gemma_on_gemini_api", "2026-11";
    Assumed THINKING_BOTH "You can only set only one of thinking budget and thinking level.", "ai.google.dev/gemini-api/docs/thinking", "2026-11";
    Assumed NO_THINKING "Thinking is not supported for this model.", "ai.google.dev/gemini-api/docs/thinking", "2026-11";
    Quoted NO_THINKING_LEVEL "Thinking level is not supported for this model.", "ai.google.dev/gemini-api/docs/thinking", "2026-11";
    Quoted THINKING_MODE "Budget 0 is invalid. This model only works in thinking mode.", "ai.google.dev/gemini-api/docs/thinking", "2026-11";
    Quoted THINKING_BUDGET "The thinking budget {} is invalid. Please choose a value between {} and {}.", "ai.google.dev/gemini-api/docs/thinking", "2026-11";
    Quoted THINKING_LEVEL "Thinking level {} is not supported for this model. Please retry with other thinking level.", "ai.google.dev/gemini-api/docs/thinking", "2026-11";

    // The form of the answer.
    Assumed SCHEMA_BOTH "`response_schema` and `response_json_schema` must not both be set.", "ai.google.dev/api/generate-content", "2026-11";
    Assumed SCHEMA_MIME_TYPE "* GenerateContentRequest.generation_config.{}: only allowed when response_mime_type is 'application/json'\n", "ai.google.dev/api/generate-content", "2026-11";
    Quoted JSON_WITH_TOOLS "Function calling with a response mime type: 'application/json' is unsupported", "ai.google.dev/gemini-api/docs/structured-output", "2026-11";
    Assumed JSON_WITH_FORCED_CALL "Forced function calling (mode ANY) with a response mime type: 'application/json' is unsupported", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";

    // Functions.
    Quoted FUNCTION_NAME "* {}.name: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.\n", "decolua/9router#369", "2026-03-20";
    Quoted UNIQUE_FUNCTIONS "Duplicate function declaration found: {}", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";
    Assumed PARAMETERS_BOTH "* {}: parameters and parameters_json_schema must not both be set\n", "ai.google.dev/api/caching", "2026-11";
    Quoted PARAMETERS_TYPE "* {}.parameters: schema should be of type OBJECT\n", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";
    Quoted EMPTY_PROPERTIES "* {}.properties: should be non-empty for OBJECT type\n", "brainlid/langchain#183", "2024-09-27";
    Quoted ARRAY_ITEMS "* {}.items: missing field.\n", "DEEIX-AI/DEEIX-Chat#546", "2026-07-31";
    Quoted REQUIRED_DEFINED "* GenerateContentRequest.{}.required[{}]: property is not defined\n", "probelabs/probe#569", "2026-05-28";
    Quoted EMPTY_ENUM "* GenerateContentRequest.{}.enum[{}]: cannot be empty\n", "Smana/runlore#40", "2026-06-21";
    Quoted BUILT_IN_TOOLS "Built-in tools ({google_search}) and Function Calling cannot be combined in the same request.", "ai.google.dev/gemini-api/docs/google-search", "2026-11";
    Quoted CHOICE_WITHOUT_FUNCTIONS "Function calling config is set without function_declarations.", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";
    Quoted CHOICE_MODE "Allowed function names should be set only when function calling mode is ANY or VALIDATED.", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";
    Assumed CHOICE_UNKNOWN "Allowed function name {} is not declared in function_declarations.", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";

    // JSON Schemas.
    Assumed SCHEMA_KIND "* GenerateContentRequest.{}: schema should be an object\n", "ai.google.dev/gemini-api/docs/structured-output", "2026-11";
    Assumed SCHEMA_DEPTH "* GenerateContentRequest.{}: schema is nested too deeply\n", "ai.google.dev/gemini-api/docs/structured-output", "2026-11";
    Assumed SCHEMA_KEYWORDS "* GenerateContentRequest.{}: unsupported JSON Schema keyword \"{}\"\n", "ai.google.dev/gemini-api/docs/structured-output", "2026-11";
    Assumed REFERENCE_SIBLINGS "* GenerateContentRequest.{}: a schema with $ref may have no other keywords but those that begin with $\n", "anomalyco/opencode#12295", "2026-02-05";
    Assumed REFERENCE "* GenerateContentRequest.{}: unsupported $ref {}: only # and #/$defs/... are\n", "ai.google.dev/api/caching", "2026-11";
    Quoted UNDEFINED_REFERENCE "reference to undefined schema at {}", "google-gemini/gemini-cli#13326", "2025-11-18";
    Assumed RECURSION "* GenerateContentRequest.{}: cyclic $ref \"{}\" is only allowed within properties that are not required\n", "ai.google.dev/api/caching", "2026-11";
    Assumed SCHEMA_TYPE "* GenerateContentRequest.{}: unknown type {}\n", "ai.google.dev/gemini-api/docs/structured-output", "2026-11";
    Assumed ENUM_KIND "* GenerateContentRequest.{}: enum values must be strings or numbers\n", "ai.google.dev/api/caching", "2026-11";

    // The order of contents.
    Quoted NO_CONTENTS "* GenerateContentRequest.contents: contents is not specified\n", "ai.google.dev/gemini-api/docs/troubleshooting", "2026-11";
    Quoted ROLE "Please use a valid role: user, model.", "ai.google.dev/gemini-api/docs/troubleshooting", "2026-11";
    Quoted EMPTY_PARTS "* GenerateContentRequest.{}.parts: contents.parts must not be empty.\n", "ai.google.dev/gemini-api/docs/troubleshooting", "2026-11";
    Quoted NO_DATA "* GenerateContentRequest.{}.data: required oneof field 'data' must have one initialized field\n", "boldsoftware/sketch#68", "2025-05-06";
    Quoted TWO_DATA "Invalid value at '{}' (oneof), oneof field 'data' is already set. Cannot set '{}'", "ai.google.dev/api/caching", "2026-11";
    Quoted PREFILL "Requests ending with a model turn are not supported by this model. Please end with a user role.", "ai.google.dev/gemini-api/docs/gemini-3", "2026-11";

    // Calls and their results.
    Quoted CALL_PLACE "Please ensure that function call turn comes immediately after a user turn or after a function response turn.", "diegosouzapw/OmniRoute#13573", "2026-08";
    Quoted RESPONSE_PLACE "Please ensure that function response turn comes immediately after a function call turn.", "RightNow-AI/openfang#1011", "2026-04";
    Quoted RESPONSE_COUNT "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";
    Assumed RESPONSE_NAMES "Please ensure that the function response parts have the names and ids of the function call parts of the function call turn.", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";
    Assumed RESPONSE_ALONE "mock: function responses must not share a content with other parts", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";
    Assumed RESPONSE_PARTS "Multimodal function responses are not supported for models/{}", "ai.google.dev/gemini-api/docs/function-calling", "2026-11";

    // Pictures and files.
    Quoted MIME_TYPE "Unsupported MIME type: {}", "charmbracelet/crush#995", "2025-09-08";
    Quoted BASE64 "Invalid value at '{}.inline_data.data' (TYPE_BYTES), Base64 decoding failed for \"{}\"", "bobrware/bobrchat#135", "2026-02-23";

    // What Gemini made comes back as it was.
    Quoted CALL_SIGNATURE "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:{}` , position {}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.", "lbjlaq/Antigravity-Manager#733", "2026-01-16";
    Quoted IMAGE_SIGNATURE "Image part is missing a thought_signature in content position {}, part position {}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures#model-behavior for more details.", "ai.google.dev/gemini-api/docs/thought-signatures", "2026-11";
    Quoted CORRUPTED_SIGNATURE "Corrupted thought signature.", "ai.google.dev/gemini-api/docs/thought-signatures", "2026-11";
    Assumed CONTINUATION_TOKEN "Invalid continuation token.", "ai.google.dev/api/generate-content", "2026-11";
    Assumed CONTINUATION_REQUEST "The continuation token was issued for a different request. Send the same request again.", "ai.google.dev/api/generate-content", "2026-11";
    Assumed NO_CONTINUATION "Continuation is not enabled for this model", "ai.google.dev/api/generate-content", "2026-11";
}
