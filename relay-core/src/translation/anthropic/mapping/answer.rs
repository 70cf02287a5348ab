//! Tools, reasoning and the form of the answer.

use crate::translation::mapping::{
    ALWAYS, Code, Group, IF_TEXT_ONLY, OTHERWISE, adjusted, by_relay, dropped, nested, refused, refuses, row, sent,
    silent, when,
};

pub(super) const TOOLS: Group = Group {
    title: "Tools",
    rows: &[
        row(
            "tools",
            &[
                sent(
                    "tools[].input_schema",
                    "keywords and values that Anthropic refuses become words; names that it refuses are changed, and mapped back in calls",
                    r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "tools[].type",
                    "for custom tools",
                    r#"{"tools":[{"type":"custom","custom":{"name":"f"}}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for two of one name",
                    r#"{"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "tools[].function.name",
                    "for a name that is not 1 to 128 letters, digits, `_` and `-`",
                    r#"{"tools":[{"type":"function","function":{"name":"a.b"}}]}"#,
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
                    when("if the schema can't be enforced, and of the tools beyond Anthropic's limits"),
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

pub(super) const ANSWER: Group = Group {
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
                    "for json_object, and for a json_schema with more optional or nullable properties than Anthropic compiles",
                    r#"{"response_format":{"type":"json_object"}}"#,
                ),
                adjusted(
                    "the schema without other properties",
                    "for json_schema, if an object may have more than its properties",
                    r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":true}}}}"#,
                ),
                silent("the default", when("for text"), r#"{"response_format":{"type":"text"}}"#),
                refuses(
                    Code::UnsupportedValue,
                    "response_format.json_schema.schema",
                    "for a schema that is recursive, or an object without properties of its own",
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

pub(super) const REASONING: Group = Group {
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
            &[
                sent("thinking.type", "as it is; wins over `reasoning_effort`", r#"{"thinking":{"type":"adaptive"}}"#),
                adjusted(
                    "the budget becomes smaller",
                    "if it is not below `max_tokens`",
                    r#"{"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":4000}}"#,
                ),
                dropped(
                    when(
                        "with a budget, if `max_tokens` or the conversation leaves no room for it, or a call is forced",
                    ),
                    r#"{"max_tokens":1024,"thinking":{"type":"enabled","budget_tokens":1024}}"#,
                ),
            ],
        ),
        row("extra_body", &[dropped(ALWAYS, r#"{"extra_body":{"google":{}}}"#)]),
    ],
};
