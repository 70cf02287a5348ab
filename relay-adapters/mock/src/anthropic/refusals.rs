//! The rules by which Anthropic refuses a request for messages, in its words.

use crate::rule::table;

table! {
    // The body.
    Quoted LONE_SURROGATE "The request body is not valid JSON: {} in string: line {} column {} (char {})", "anthropics/claude-code#60394", "2026-05-19";
    Assumed JSON "The request body is not valid JSON: {}", "platform.claude.com/docs/en/api/errors", "2026-11";
    Quoted UNKNOWN_MEMBER "{}: Extra inputs are not permitted", "lbjlaq/Antigravity-Manager#744", "2026-01-16";
    Quoted MISSING_MEMBER "{}: Field required", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted MEMBER_TYPE "{}: Input should be a valid {}", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted MEMBER_VALUE "{}: Input should be {}", "anthropics/claude-code#8184", "2025-09-25";
    Quoted MEMBER_TAG "{}: Input tag '{}' found using '{}' does not match any of the expected tags: {}", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted MEMBER_LOW "{}: Input should be greater than or equal to {}", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted MEMBER_HIGH "{}: Input should be less than or equal to {}", "platform.claude.com/docs/en/api/messages", "2026-11";
    Assumed LIST_LONG "{}: List should have at most {} items after validation, not {}", "platform.claude.com/docs/en/api/messages", "2026-11";
    Assumed USER_ID "metadata.user_id: String should have at most 256 characters", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted MODEL "model: {}", "platform.claude.com/docs/en/api/errors", "2026-11";

    // What a model can do.
    Quoted SAMPLING "`{}` is deprecated for this model.", "The-PR-Agent/pr-agent#2456", "2026-04";
    Quoted SAMPLING_BOTH "`temperature` and `top_p` cannot both be specified for this model. Please use only one.", "SalesforceAIResearch/MCP-Universe#49", "2025-10";
    Quoted FORCED_TOOL "tool_choice: type \"tool\" and \"any\" are not supported for this model.", "platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools", "2026-11";
    Quoted MAX_TOKENS "max_tokens: {} > {}, which is the maximum allowed number of output tokens for {}", "jin-bo/agentao#296", "2026-09-18";
    Quoted THINKING_KIND "\"thinking.type.{}\" is not supported for this model.", "jin-bo/agentao#296", "2026-09-18";
    Quoted BLOCK_BINDING "thinking.{}.block_binding: Extra inputs are not permitted", "platform.claude.com/docs/en/build-with-claude/preserved-thinking", "2026-11";
    Quoted BUDGET "`max_tokens` must be greater than `thinking.budget_tokens`.", "platform.claude.com/docs/en/build-with-claude/extended-thinking", "2026-11";
    Quoted BUDGET_FORCED "Thinking may not be enabled when tool_choice forces tool use.", "platform.claude.com/docs/en/build-with-claude/extended-thinking", "2026-11";
    Quoted BUDGET_TEMPERATURE "`temperature` may only be set to 1 when thinking is enabled.", "platform.claude.com/docs/en/build-with-claude/extended-thinking", "2026-11";
    Assumed NO_EFFORT "This model does not support the effort parameter.", "platform.claude.com/docs/en/build-with-claude/effort", "2026-11";
    Assumed EFFORT "output_config.effort: \"{}\" is not supported for this model. Supported values are: {}.", "platform.claude.com/docs/en/build-with-claude/effort", "2026-11";
    Assumed EFFORT_LESS "\"thinking.type.{}\" is not supported with output_config.effort \"{}\".", "platform.claude.com/docs/en/build-with-claude/effort", "2026-11";

    // Tools.
    Quoted TOOL_NAME "tools.{}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'", "platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools", "2026-11";
    Quoted UNIQUE_TOOLS "tools: Tool names must be unique.", "platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools", "2026-11";
    Quoted TOOL_SCHEMA_TYPE "{}.input_schema.type: Input should be 'object'", "platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools", "2026-11";
    Quoted TOOL_SCHEMA_ROOT "{}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level", "Hmbown/Codewhale#4329", "2026-07-11";
    Quoted TOOL_SCHEMA_DRAFT "{}.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12). Learn more about tool use at https://docs.claude.com/en/docs/tool-use.", "platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools", "2026-11";
    Quoted PROPERTY_KEYS "{}.input_schema.properties: Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'", "ComposioHQ/composio#3500", "2026-06-02";
    Assumed CHOICE_WITHOUT_TOOLS "tool_choice: may only be specified while providing tools", "platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools", "2026-11";
    Assumed CHOICE_UNKNOWN "Tool '{}' not found in provided tools", "platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools", "2026-11";

    // Schemas that are compiled: the answer's, and those of strict tools.
    Quoted SCHEMA_KEYWORDS "{}: {}property '{}' is not supported", "agentjido/req_llm#302", "2025-12-28";
    Quoted ENUM_TYPE "{}: Invalid schema: Enum value {} does not match declared type '{}'", "BerriAI/litellm#37881", "2026-08-21";
    Assumed ENUM_COMPLEX "{}: Invalid schema: Enum values must be strings, numbers, booleans or null", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Quoted MIN_ITEMS "{}: For 'array' type, 'minItems' values other than 0 or 1 are not supported", "ghostlobster/memorize-everything#93", "2026-05-01";
    Quoted ADDITIONAL_PROPERTIES "{}: For 'object' type, 'additionalProperties' must be explicitly set to false", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Assumed STRING_FORMAT "{}: For 'string' type, format '{}' is not supported", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Assumed LOOKAROUND "{}: Invalid schema: Pattern '{}' uses an unsupported feature: look-around, word boundaries and backreferences are not supported", "ENTERPILOT/GoModel#963", "2026-08";
    Assumed REFERENCE "{}: Invalid schema: Reference '{}' is not supported: only '#/$defs/...' is", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Assumed RECURSION "{}: Invalid schema: Recursive schemas are not supported: '{}'", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Assumed ALL_OF_REFERENCE "{}: Invalid schema: 'allOf' with '$ref' is not supported", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Assumed SCHEMA_KIND "{}: Invalid schema: a schema must be an object", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Quoted STRICT_TOOLS "Too many strict tools ({}). The maximum number of strict tools supported is 20.", "datarobot-oss/datarobot-genai#547", "2026-07-14";
    Quoted OPTIONAL_PARAMETERS "Schemas contains too many optional parameters ({}), which would make grammar compilation inefficient. Reduce the number of optional parameters in your tool schemas (limit: 24).", "elie222/inbox-zero#2323", "2026-04-20";
    Quoted UNION_PARAMETERS "Schemas contains too many parameters with union types ({} parameters with type arrays or anyOf). This causes exponential compilation cost. Reduce the number of nullable or union-typed parameters (limit: 16 parameters with unions).", "mozilla/bugbug#6129", "2026-06-04";

    // The order of messages.
    Quoted NO_MESSAGES "messages: at least one message is required", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted ROLE "messages: Unexpected role \"{}\". Allowed roles are \"user\" or \"assistant\".", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted ROLE_SYSTEM "messages.{}: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.", "platform.claude.com/docs/en/api/messages", "2026-11";
    Assumed SYSTEM_AFTER "messages.{}: a system message must follow a user turn, or an assistant turn that ends in a server tool result", "platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages", "2026-11";
    Assumed SYSTEM_BEFORE "messages.{}: a system message must precede an assistant turn or end the messages", "platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages", "2026-11";
    Quoted EMPTY_CONTENT "messages.{}: all messages must have non-empty content except for the optional final assistant message", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted EMPTY_TEXT "{}: text content blocks must be non-empty", "NousResearch/hermes-agent#13010", "2026-04-20";
    Quoted BLANK_TEXT "{}: text content blocks must contain non-whitespace text", "platform.claude.com/docs/en/api/messages", "2026-11";
    Quoted PREFILL "This model does not support assistant message prefill. The conversation must end with a user message.", "jobrunr/JavaClaw#36", "2026-03";
    Quoted PREFILL_BLANK "messages: final assistant content cannot end with trailing whitespace", "platform.claude.com/docs/en/api/messages", "2026-11";
    Assumed PREFILL_FORMAT "output_config.format: structured outputs are incompatible with assistant message prefill", "platform.claude.com/docs/en/build-with-claude/structured-outputs", "2026-11";
    Quoted FINAL_THINKING "messages.{}: The final block in an assistant message cannot be `thinking`.", "tailcallhq/forgecode#2107", "2025-12-11";
    Quoted STOP_SEQUENCES "stop_sequences: each stop sequence must contain non-whitespace", "platform.claude.com/docs/en/api/messages", "2026-11";

    // Calls and their results.
    Quoted TOOL_ID "{}: String should match pattern '^[a-zA-Z0-9_-]+$'", "anomalyco/opencode#1279", "2025-07-24";
    Quoted UNIQUE_TOOL_IDS "{}: `tool_use` ids must be unique", "anomalyco/opencode#1279", "2025-07-24";
    Quoted CALL_ROLE "messages.{}: `tool_use` blocks can only be in `assistant` messages", "platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls", "2026-11";
    Quoted RESULT_ROLE "messages.{}: `tool_result` blocks can only be in `user` messages", "platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls", "2026-11";
    Quoted UNANSWERED "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.", "anthropics/claude-code#7929", "2025-09-20";
    Quoted UNASKED "{}: unexpected `tool_use_id` found in `tool_result` blocks: {}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.", "platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls", "2026-11";
    Quoted SINGLE_RESULT "messages.{}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {}", "platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls", "2026-11";
    Assumed RESULTS_FIRST "messages.{}: `tool_result` blocks must come first in the content of a message", "anthropics/claude-code#7929", "2025-09-20";

    // Cache markers.
    Quoted MARKERS "A maximum of 4 blocks with cache_control may be provided. Found {}.", "platform.claude.com/docs/en/build-with-claude/prompt-caching", "2026-11";
    Quoted MARKER_ORDER "{}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.", "vellum-ai/vellum-assistant#22191", "2026-03-30";
    Quoted NESTED_CACHE_CONTROL "invalid_cache: cache_control is not supported at {}.cache_control", "langchain-ai/langchain#34920", "2026-01-29";

    // Pictures and files.
    Quoted BASE64 "{}.source.base64: invalid base64 data", "platform.claude.com/docs/en/build-with-claude/vision", "2026-11";
    Quoted IMAGE_BYTES "{}.source.base64: The image was specified using the {} media type, but the image appears to be a {} image", "Mercor-Intelligence/archipelago#205", "2026-09-02";
    Quoted PDF_BYTES "{}.source.base64.data: The PDF specified was not valid.", "platform.claude.com/docs/en/build-with-claude/pdf-support", "2026-11";
    Quoted EMPTY_DATA "{}.source.{}: {} cannot be empty", "platform.claude.com/docs/en/build-with-claude/vision", "2026-11";
    Assumed HTTPS "{}.source.url.url: Only HTTPS URLs are supported.", "platform.claude.com/docs/en/build-with-claude/vision", "2026-11";

    // What Claude made comes back as it was.
    Quoted THINKING_SIGNATURE "{}: Invalid `{}` in `{}` block", "jin-bo/agentao#296", "2026-09-18";
    Quoted THINKING_BOUND "Invalid signature in thinking block. The block is bound to a different conversation: the messages before it are not those it was made for. Send the history unchanged, or set thinking.block_binding.", "platform.claude.com/docs/en/build-with-claude/preserved-thinking", "2026-11";
    Quoted THINKING_MODIFIED "{}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.", "anthropics/claude-code#63284", "2026-05-28";
    Quoted THINKING_FIRST "messages.{}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`.", "anthropics/claude-code#11978", "2025-11-19";
    Quoted THINKING_DISABLED "{}: When thinking is disabled, an `assistant` message in the final position cannot contain `thinking`. To use thinking blocks, enable `thinking` in your request.", "tailcallhq/forgecode#1853", "2025-11-07";
    Assumed SEARCH_WITHOUT_CALL "{}: `web_search_tool_result` block without a `server_tool_use` block of the id {}", "platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool", "2026-11";
    Assumed SEARCH_SEALED "{}: Invalid `encrypted_content` in `web_search_result` block", "platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool", "2026-11";
    Assumed SEARCH_MODIFIED "{}: `server_tool_use` and `web_search_tool_result` blocks cannot be modified. These blocks must remain as they were in the original response.", "platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool", "2026-11";
    Assumed PAUSED_TOOLS "tools: a paused turn must be continued with the tools that it was begun with", "platform.claude.com/docs/en/build-with-claude/handling-stop-reasons", "2026-11";
}
