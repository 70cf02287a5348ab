//! What Anthropic's Messages API takes of a chat request.

use super::super::contract::{
    ALWAYS, Code, Contract, Group, IF_EMPTY, IF_FALSE, IF_ONE, IF_TEXT_ONLY, IF_ZERO, OTHERWISE, adjusted, by_relay,
    dropped, nested, refused, refuses, row, sent, silent, when,
};

/// The table for chats. There are no embeddings.
pub(in crate::providers) const CHAT: Contract = Contract {
    provider: "Anthropic",
    groups: &[CONVERSATION, PARTS, SAMPLING, TOOLS, ANSWER, REASONING, CACHING, ACCOUNT],
    closed: &["", "stream_options", "web_search_options"],
};

const CONVERSATION: Group = Group {
    title: "Model and conversation",
    rows: &[
        row("model", &[sent("model", "", r#"{}"#)]),
        row(
            "messages",
            &[
                sent("messages[].content[].text", "", r#"{}"#),
                adjusted(
                    "a user turn `(start of conversation)` goes before it",
                    "if the first one is the assistant's",
                    r#"{"messages":[{"role":"assistant","content":"Hello"},{"role":"user","content":"Hi"}]}"#,
                ),
                refuses(Code::InvalidValue, "", "if nothing is left to send", r#"{"messages":[]}"#),
                refuses(
                    Code::InvalidValue,
                    "",
                    "if the last one is the assistant's: on 4.6 and later, and beside a JSON schema",
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"I"}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "messages[].role",
                    "for an unknown role",
                    r#"{"messages":[{"role":"robot","content":"Hi"}]}"#,
                ),
            ],
        ),
        nested(
            "system and developer messages",
            "messages[]",
            &[
                sent(
                    "system[].text",
                    "before the conversation",
                    r#"{"messages":[{"role":"developer","content":"Be kind"},{"role":"user","content":"Hi"}]}"#,
                ),
                sent(
                    "messages[].role",
                    "later on: with the role `system` where the model knows it, else as marked user text",
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be kind"}]}"#,
                ),
            ],
        ),
        nested(
            "tool and function messages",
            "messages[].tool_call_id",
            &[
                sent(
                    "messages[].content[].tool_use_id",
                    "results first in one user turn",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "messages",
                    "unless each call has exactly one result right behind it",
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
            ],
        ),
        nested(
            "messages.name",
            "messages[].name",
            &[dropped(when(""), r#"{"messages":[{"role":"user","name":"ana","content":"Hi"}]}"#)],
        ),
        nested(
            "messages.tool_calls",
            "messages[].tool_calls",
            &[
                sent(
                    "messages[].content[].input",
                    "arguments that are no JSON object are wrapped, so that the model sees them",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "messages[].tool_calls[].type",
                    "for custom tools",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"custom"}]}]}"#,
                ),
            ],
        ),
        nested(
            "messages.is_error",
            "messages[].is_error",
            &[sent(
                "messages[].content[].is_error",
                "on tool messages",
                r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7","is_error":true}]}"#,
            )],
        ),
        nested(
            "messages.refusal",
            "messages[].refusal",
            &[sent(
                "messages[].content[].text",
                "as text, if the message has no other",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","refusal":"No."},{"role":"user","content":"Why"}]}"#,
            )],
        ),
        nested(
            "messages.audio",
            "messages[].audio",
            &[refuses(
                Code::UnsupportedValue,
                "",
                "",
                r#"{"messages":[{"role":"assistant","audio":{"id":"a"}},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        nested(
            "messages.reasoning_content, annotations, images",
            "messages[].reasoning_content",
            &[silent(
                "parts of an answer, not of a request",
                when(""),
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"A","reasoning_content":"hm"},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        nested(
            "messages.thinking_blocks",
            "messages[].thinking_blocks",
            &[
                sent(
                    "messages[].content[].signature",
                    "byte for byte",
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"A","thinking_blocks":[{"type":"thinking","thinking":"","signature":"c2ln"}]},{"role":"user","content":"Hi"}]}"#,
                ),
                silent(
                    "Anthropic would refuse them",
                    when("without a signature, or while thinking is off"),
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"A","thinking_blocks":[{"type":"thinking","thinking":"hm"}]},{"role":"user","content":"Hi"}]}"#,
                ),
            ],
        ),
        nested(
            "messages.content_layout",
            "messages[].content_layout",
            &[sent(
                "messages[].content[]",
                "as the order of the blocks, if it fits the message",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"AB","content_layout":["text:1","text:1"]},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        nested(
            "messages.extra_content",
            "messages[].extra_content",
            &[silent(
                "signatures of another provider",
                when(""),
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"A","extra_content":{"google":{"thought_signature":"c2ln"}}},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
    ],
};

const PARTS: Group = Group {
    title: "Content parts",
    rows: &[
        nested(
            "image_url",
            "messages[].content[].image_url.url",
            &[
                sent(
                    "messages[].content[].source.data",
                    "for a `data:` URL: JPEG, PNG, GIF, WebP, PDF, plain text",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}]}"#,
                ),
                sent(
                    "messages[].content[].source.url",
                    "for an `https:` URL; Relay fetches nothing itself",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for other URLs",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://example.com/a.png"}}]}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "for other media",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/tiff;base64,QUJD"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "image_url.detail",
            "messages[].content[].image_url.detail",
            &[silent(
                "Claude looks at every image in one way",
                when(""),
                r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"high"}}]}]}"#,
            )],
        ),
        nested(
            "input_audio",
            "messages[].content[].input_audio",
            &[refuses(
                Code::UnsupportedValue,
                "messages[].content[].type",
                "",
                r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]}]}"#,
            )],
        ),
        nested(
            "file.file_data",
            "messages[].content[].file.file_data",
            &[
                sent(
                    "messages[].content[].source.data",
                    "PDF, plain text and images; bare base64 if the name ends in `.pdf`",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.pdf"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for bare base64 of another type",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.doc"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "file.filename",
            "messages[].content[].file.filename",
            &[sent(
                "messages[].content[].title",
                "",
                r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,QUJD","filename":"a.pdf"}}]}]}"#,
            )],
        ),
        nested(
            "file.file_id",
            "messages[].content[].file.file_id",
            &[
                sent(
                    "messages[].content[].source.file_id",
                    "for ids of Anthropic's Files API, `file_…`",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file_a"}}]}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "for ids of other providers",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-a"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "refusal parts",
            "messages[].content[].refusal",
            &[sent(
                "messages[].content[].text",
                "as text",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},{"role":"user","content":"Why"}]}"#,
            )],
        ),
        nested(
            "parts of another type",
            "messages[].content[].type",
            &[refuses(
                Code::UnsupportedValue,
                "",
                "",
                r#"{"messages":[{"role":"user","content":[{"type":"hologram"}]}]}"#,
            )],
        ),
    ],
};

const SAMPLING: Group = Group {
    title: "Length and sampling",
    rows: &[
        row(
            "max_completion_tokens",
            &[
                sent(
                    "max_tokens",
                    "wins over `max_tokens`; absent: the most that the model can write",
                    r#"{"max_completion_tokens":9}"#,
                ),
                adjusted("becomes the model's limit", "above it", r#"{"max_completion_tokens":1000000}"#),
                refuses(Code::InvalidValue, "", "below 1", r#"{"max_completion_tokens":0}"#),
            ],
        ),
        row(
            "max_tokens",
            &[
                sent("max_tokens", "", r#"{"max_tokens":9}"#),
                adjusted("becomes the model's limit", "above it", r#"{"max_tokens":1000000}"#),
                refuses(Code::InvalidValue, "", "below 1", r#"{"max_tokens":0}"#),
            ],
        ),
        row(
            "temperature",
            &[
                sent(
                    "temperature",
                    "on models with sampling, while they don't think",
                    r#"{"model":"claude-haiku-4-5","temperature":0.5}"#,
                ),
                silent("the default", when("if 1"), r#"{"temperature":1.0}"#),
                adjusted("becomes 1", "above 1", r#"{"temperature":1.5}"#),
                dropped(when("on other models, and with thinking"), r#"{"temperature":0.5}"#),
                refuses(Code::InvalidValue, "", "outside 0 to 2", r#"{"temperature":3}"#),
            ],
        ),
        row(
            "top_p",
            &[
                sent("top_p", "as `temperature`", r#"{"model":"claude-haiku-4-5","top_p":0.5}"#),
                silent("the default", when("if 1"), r#"{"top_p":1}"#),
                dropped(
                    when("on other models, with thinking, and beside a `temperature`"),
                    r#"{"model":"claude-haiku-4-5","temperature":0.5,"top_p":0.5}"#,
                ),
                refuses(Code::InvalidValue, "", "outside 0 to 1", r#"{"top_p":3}"#),
            ],
        ),
        row(
            "n",
            &[
                silent("the default", IF_ONE, r#"{"n":1}"#),
                refused(Code::UnsupportedValue, "Claude gives one answer to a request", OTHERWISE, r#"{"n":2}"#),
            ],
        ),
        row(
            "stop",
            &[
                sent("stop_sequences", "any number; empty ones are left out", r#"{"stop":"END"}"#),
                refuses(Code::UnsupportedValue, "", "if one is white space only", r#"{"stop":["\n"]}"#),
            ],
        ),
        row("seed", &[dropped(ALWAYS, r#"{"seed":7}"#)]),
        row(
            "frequency_penalty",
            &[
                silent("the default", IF_ZERO, r#"{"frequency_penalty":0.0}"#),
                dropped(OTHERWISE, r#"{"frequency_penalty":0.5}"#),
            ],
        ),
        row(
            "presence_penalty",
            &[
                silent("the default", IF_ZERO, r#"{"presence_penalty":0}"#),
                dropped(OTHERWISE, r#"{"presence_penalty":0.5}"#),
            ],
        ),
        row(
            "logit_bias",
            &[
                silent("it says nothing", IF_EMPTY, r#"{"logit_bias":{}}"#),
                refused(
                    Code::UnsupportedParameter,
                    "it names tokens of OpenAI's tokenizer, which Claude does not have",
                    OTHERWISE,
                    r#"{"logit_bias":{"50256":-100}}"#,
                ),
            ],
        ),
        row(
            "logprobs",
            &[
                silent("the default", IF_FALSE, r#"{"logprobs":false}"#),
                refused(
                    Code::UnsupportedParameter,
                    "leave it out for Claude models",
                    OTHERWISE,
                    r#"{"logprobs":true}"#,
                ),
            ],
        ),
        row(
            "top_logprobs",
            &[
                silent("the default", IF_ZERO, r#"{"top_logprobs":0}"#),
                refused(
                    Code::UnsupportedParameter,
                    "leave it out for Claude models",
                    OTHERWISE,
                    r#"{"top_logprobs":2}"#,
                ),
            ],
        ),
    ],
};

const TOOLS: Group = Group {
    title: "Tools",
    rows: &[
        row(
            "tools",
            &[
                sent("tools[].input_schema", "", r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#),
                refuses(
                    Code::UnsupportedValue,
                    "tools[].type",
                    "for custom tools",
                    r#"{"tools":[{"type":"custom","custom":{"name":"f"}}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "tools[].function.name",
                    "for a name that is not 1 to 128 letters, digits, `_` and `-`",
                    r#"{"tools":[{"type":"function","function":{"name":"a.b"}}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "tools[].function.parameters",
                    "for a schema with `oneOf`, `anyOf` or `allOf` at its root",
                    r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"anyOf":[]}}}]}"#,
                ),
            ],
        ),
        nested(
            "tools.strict",
            "tools[].function.strict",
            &[
                sent(
                    "tools[].strict",
                    "with a closed schema; keywords that can't be enforced move into descriptions",
                    r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{}}}}]}"#,
                ),
                silent(
                    "the default",
                    when("if false"),
                    r#"{"tools":[{"type":"function","function":{"name":"f","strict":false}}]}"#,
                ),
                dropped(
                    when("if the schema can't be enforced"),
                    r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{},"additionalProperties":true}}}]}"#,
                ),
            ],
        ),
        row(
            "tool_choice",
            &[
                sent(
                    "tool_choice.type",
                    "",
                    r#"{"tool_choice":"auto","tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                silent(
                    "there is nothing to choose",
                    when("if auto or none, without tools"),
                    r#"{"tool_choice":"auto"}"#,
                ),
                dropped(
                    when("beside `functions` alone, which go with `function_call`"),
                    r#"{"tool_choice":"auto","functions":[{"name":"f"}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "if it forces a call, on models without forced calls",
                    r#"{"tool_choice":"required","tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                refuses(Code::InvalidValue, "", "for a tool that is not there", r#"{"tool_choice":"required"}"#),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "for custom tools",
                    r#"{"tool_choice":{"type":"custom","custom":{"name":"f"}}}"#,
                ),
            ],
        ),
        row(
            "parallel_tool_calls",
            &[
                sent(
                    "tool_choice.disable_parallel_tool_use",
                    "if false",
                    r#"{"parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                silent("the default", when("if true, or without tools"), r#"{"parallel_tool_calls":true}"#),
            ],
        ),
        row(
            "functions",
            &[
                sent(
                    "tools[].input_schema",
                    "deprecated; the answer has one `function_call`",
                    r#"{"functions":[{"name":"f"}]}"#,
                ),
                dropped(
                    when("beside `tools`"),
                    r#"{"functions":[{"name":"g"}],"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
            ],
        ),
        row(
            "function_call",
            &[
                sent(
                    "tool_choice.type",
                    "deprecated; with `functions`, as `tool_choice`",
                    r#"{"function_call":"none","functions":[{"name":"f"}]}"#,
                ),
                dropped(when("without `functions`"), r#"{"function_call":"auto"}"#),
            ],
        ),
        row(
            "web_search_options",
            &[sent(
                "tools[].max_uses",
                "Anthropic's own web search, which costs extra",
                r#"{"web_search_options":{}}"#,
            )],
        ),
        row(
            "web_search_options.search_context_size",
            &[
                sent(
                    "tools[].max_uses",
                    "low, medium, high: 1, 5, 10 searches",
                    r#"{"web_search_options":{"search_context_size":"low"}}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "otherwise",
                    r#"{"web_search_options":{"search_context_size":"huge"}}"#,
                ),
            ],
        ),
        row(
            "web_search_options.user_location",
            &[sent(
                "tools[].user_location.city",
                "",
                r#"{"web_search_options":{"user_location":{"type":"approximate","approximate":{"city":"Busan"}}}}"#,
            )],
        ),
    ],
};

const ANSWER: Group = Group {
    title: "Form of the answer",
    rows: &[
        row(
            "response_format",
            &[
                sent(
                    "output_config.format.schema",
                    "for json_schema, closed; keywords that can't be enforced move into descriptions",
                    r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","properties":{}}}}}"#,
                ),
                adjusted(
                    "an instruction in `system`",
                    "for json_object",
                    r#"{"response_format":{"type":"json_object"}}"#,
                ),
                silent("the default", when("for text"), r#"{"response_format":{"type":"text"}}"#),
                refuses(
                    Code::UnsupportedValue,
                    "response_format.json_schema.schema",
                    "for a schema that is recursive, or open to other members",
                    r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}}"#,
                ),
            ],
        ),
        nested(
            "response_format.json_schema.name, strict",
            "response_format.json_schema.strict",
            &[silent(
                "the schema is always enforced",
                when(""),
                r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":false,"schema":{"type":"object","properties":{}}}}}"#,
            )],
        ),
        row("stream", &[sent("stream", "if true", r#"{"stream":true}"#)]),
        row(
            "stream_options.include_usage",
            &[by_relay("writes the usage chunk", "", r#"{"stream":true,"stream_options":{"include_usage":true}}"#)],
        ),
        row(
            "stream_options.include_obfuscation",
            &[silent(
                "Relay never adds any",
                ALWAYS,
                r#"{"stream":true,"stream_options":{"include_obfuscation":true}}"#,
            )],
        ),
        row(
            "modalities",
            &[
                silent("the default", IF_TEXT_ONLY, r#"{"modalities":["text"]}"#),
                refused(
                    Code::UnsupportedValue,
                    "Claude answers with text only",
                    OTHERWISE,
                    r#"{"modalities":["text","audio"]}"#,
                ),
            ],
        ),
        row(
            "audio",
            &[silent(
                "it means nothing without audio in `modalities`",
                ALWAYS,
                r#"{"audio":{"voice":"alloy","format":"mp3"}}"#,
            )],
        ),
        row("verbosity", &[dropped(ALWAYS, r#"{"verbosity":"low"}"#)]),
        row("prediction", &[dropped(ALWAYS, r#"{"prediction":{"type":"content","content":"x"}}"#)]),
    ],
};

const REASONING: Group = Group {
    title: "Reasoning",
    rows: &[
        row(
            "reasoning_effort",
            &[
                sent(
                    "output_config.effort",
                    "with `thinking`, on models that take an effort",
                    r#"{"reasoning_effort":"low"}"#,
                ),
                sent(
                    "thinking.budget_tokens",
                    "on 4.5 models: 1,024 to 32,768 tokens",
                    r#"{"model":"claude-haiku-4-5","reasoning_effort":"low"}"#,
                ),
                adjusted(
                    "the lowest effort",
                    "if none, where thinking can't be turned off",
                    r#"{"reasoning_effort":"none"}"#,
                ),
                adjusted(
                    "becomes high",
                    "if xhigh, on 4.6 models",
                    r#"{"model":"claude-opus-4-6","reasoning_effort":"xhigh"}"#,
                ),
                adjusted(
                    "no thinking",
                    "on 4.5 models, where `max_tokens` or the conversation leaves no room for it",
                    r#"{"model":"claude-haiku-4-5","reasoning_effort":"low","max_tokens":1000}"#,
                ),
                refuses(Code::InvalidValue, "", "for an unknown word", r#"{"reasoning_effort":"huge"}"#),
            ],
        ),
        row(
            "thinking",
            &[sent("thinking.type", "as it is; wins over `reasoning_effort`", r#"{"thinking":{"type":"adaptive"}}"#)],
        ),
        row("extra_body", &[dropped(ALWAYS, r#"{"extra_body":{"google":{}}}"#)]),
    ],
};

const CACHING: Group = Group {
    title: "Caching",
    rows: &[
        row("cache_control", &[sent("cache_control.type", "as it is", r#"{"cache_control":{"type":"ephemeral"}}"#)]),
        nested(
            "cache_control of parts",
            "messages[].content[].cache_control",
            &[sent(
                "messages[].content[].cache_control.ttl",
                "as it is, also of messages and tools",
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}"#,
            )],
        ),
        nested(
            "prompt_cache_breakpoint",
            "messages[].content[].prompt_cache_breakpoint",
            &[sent(
                "messages[].content[].cache_control.type",
                "as the five-minute marker",
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit"}}]}]}"#,
            )],
        ),
        row("prompt_cache_key", &[silent("a routing hint of OpenAI", ALWAYS, r#"{"prompt_cache_key":"a"}"#)]),
        row(
            "prompt_cache_options",
            &[silent("a routing hint of OpenAI", ALWAYS, r#"{"prompt_cache_options":{"ttl":"5m"}}"#)],
        ),
        row(
            "prompt_cache_retention",
            &[silent("a routing hint of OpenAI", ALWAYS, r#"{"prompt_cache_retention":"24h"}"#)],
        ),
    ],
};

const ACCOUNT: Group = Group {
    title: "Users, price and safety",
    rows: &[
        row(
            "safety_identifier",
            &[sent(
                "metadata.user_id",
                "wins over `user`; hashed unless it is a plain id",
                r#"{"safety_identifier":"u1"}"#,
            )],
        ),
        row("user", &[sent("metadata.user_id", "hashed unless it is a plain id", r#"{"user":"u1"}"#)]),
        row(
            "service_tier",
            &[
                sent(
                    "service_tier",
                    "auto, priority: `auto`; default: `standard_only`",
                    r#"{"service_tier":"default"}"#,
                ),
                refuses(Code::UnsupportedValue, "", "otherwise: it has another price", r#"{"service_tier":"flex"}"#),
            ],
        ),
        row("metadata", &[silent("labels for OpenAI's dashboard", ALWAYS, r#"{"metadata":{"a":"b"}}"#)]),
        row("store", &[silent("the default", IF_FALSE, r#"{"store":false}"#), dropped(OTHERWISE, r#"{"store":true}"#)]),
        row(
            "moderation",
            &[refused(
                Code::UnsupportedParameter,
                "a policy must not vanish",
                ALWAYS,
                r#"{"moderation":{"model":"omni-moderation-latest"}}"#,
            )],
        ),
    ],
};
