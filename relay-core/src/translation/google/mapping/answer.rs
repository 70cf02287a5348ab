//! Tools, reasoning and the form of the answer.

use crate::translation::mapping::{
    ALWAYS, Code, Group, IF_MEDIUM, IF_TEXT_ONLY, OTHERWISE, adjusted, by_relay, dropped, in_path, nested, refused,
    refuses, row, sent, silent, when,
};

pub(super) const TOOLS: Group = Group {
    title: "Tools",
    rows: &[
        row(
            "tools",
            &[
                sent(
                    "tools[].functionDeclarations[].parametersJsonSchema",
                    "schema keywords that Gemini can't check move into the description",
                    r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{}}}}}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "tools[].type",
                    "for custom tools",
                    r#"{"tools":[{"type":"custom","custom":{"name":"f"}}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "tools[].function.name",
                    "for a name that is not at most 128 letters, digits, `_`, `.`, `:` and `-`",
                    r#"{"tools":[{"type":"function","function":{"name":"a b"}}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "tools[].function.parameters",
                    "for a schema whose root is not an object; if strict, also for a reference to the outside; and, with OpenAI's own codes, \
                     for a `required` name without property, a look-around",
                    r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"array"}}}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for two of one name, or more than 512",
                    r#"{"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}]}"#,
                ),
            ],
        ),
        nested(
            "tools.strict",
            "tools[].function.strict",
            &[
                sent(
                    "toolConfig.functionCallingConfig.mode",
                    "as `VALIDATED`, for all tools",
                    r#"{"tools":[{"type":"function","function":{"name":"f","strict":true}}]}"#,
                ),
                silent(
                    "the default",
                    when("if false"),
                    r#"{"tools":[{"type":"function","function":{"name":"f","strict":false}}]}"#,
                ),
            ],
        ),
        row(
            "tool_choice",
            &[
                sent(
                    "toolConfig.functionCallingConfig.mode",
                    "",
                    r#"{"tool_choice":"required","tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                silent(
                    "the default",
                    when("if auto, or none without tools"),
                    r#"{"tool_choice":"auto","tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                dropped(
                    when("beside `functions` alone, which go with `function_call`"),
                    r#"{"tool_choice":"auto","functions":[{"name":"f"}]}"#,
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
                by_relay("keeps the first call of the answer", "if false", r#"{"parallel_tool_calls":false}"#),
                silent("the default", when("if true"), r#"{"parallel_tool_calls":true}"#),
            ],
        ),
        row(
            "functions",
            &[
                sent(
                    "tools[].functionDeclarations[].name",
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
                    "toolConfig.functionCallingConfig.mode",
                    "deprecated; with `functions`, as `tool_choice`",
                    r#"{"function_call":"none","functions":[{"name":"f"}]}"#,
                ),
                dropped(when("without `functions`"), r#"{"function_call":"auto"}"#),
            ],
        ),
        row(
            "web_search_options",
            &[
                sent("tools[].googleSearch", "Google's own search", r#"{"web_search_options":{}}"#),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "together with tools",
                    r#"{"web_search_options":{},"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
            ],
        ),
        row(
            "web_search_options.search_context_size",
            &[dropped(ALWAYS, r#"{"web_search_options":{"search_context_size":"low"}}"#)],
        ),
        row(
            "web_search_options.user_location",
            &[dropped(
                ALWAYS,
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
                    "generationConfig.responseJsonSchema",
                    "for json_schema; keywords that Gemini can't check move into the description",
                    r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","properties":{"a":{}}}}}}"#,
                ),
                sent(
                    "generationConfig.responseMimeType",
                    "for json_object",
                    r#"{"response_format":{"type":"json_object"}}"#,
                ),
                silent("the default", when("for text"), r#"{"response_format":{"type":"text"}}"#),
                dropped(
                    when("if a tool call is forced"),
                    r#"{"response_format":{"type":"json_object"},"tool_choice":"required","tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                refuses(
                    Code::UnsupportedParameter,
                    "",
                    "together with tools, on models before 3",
                    r#"{"model":"gemini-2.5-pro","response_format":{"type":"json_object"},"tools":[{"type":"function","function":{"name":"f"}}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "response_format.json_schema.schema",
                    "for a schema that refers to the outside",
                    r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"$ref":"https://example.com"}}}}"#,
                ),
            ],
        ),
        nested(
            "response_format.json_schema.name, strict",
            "response_format.json_schema.strict",
            &[silent(
                "the schema is always enforced",
                when(""),
                r#"{"response_format":{"type":"json_schema","json_schema":{"name":"a","strict":false,"schema":{"type":"object","properties":{"a":{}}}}}}"#,
            )],
        ),
        row("stream", &[in_path("streamGenerateContent?alt=sse", "if true", r#"{"stream":true}"#)]),
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
                    "with Gemini, Relay only gives text",
                    OTHERWISE,
                    r#"{"modalities":["text","audio"]}"#,
                ),
            ],
        ),
        row("audio", &[dropped(ALWAYS, r#"{"audio":{"voice":"alloy","format":"mp3"}}"#)]),
        row(
            "verbosity",
            &[
                silent("the default", IF_MEDIUM, r#"{"verbosity":"medium"}"#),
                dropped(OTHERWISE, r#"{"verbosity":"low"}"#),
            ],
        ),
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
                    "generationConfig.thinkingConfig.thinkingLevel",
                    "from Gemini 3 on",
                    r#"{"reasoning_effort":"low"}"#,
                ),
                sent(
                    "generationConfig.thinkingConfig.thinkingBudget",
                    "on 2.5 models: 0 to 32,768 tokens",
                    r#"{"model":"gemini-2.5-pro","reasoning_effort":"low"}"#,
                ),
                adjusted("the nearest that the model can do", "where it has no such", r#"{"reasoning_effort":"none"}"#),
                dropped(when("on models that don't think"), r#"{"model":"gemini-2.0-flash","reasoning_effort":"low"}"#),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for an unknown word, and beside a level or a budget in `thinking_config`",
                    r#"{"reasoning_effort":"huge"}"#,
                ),
            ],
        ),
        row("thinking", &[dropped(ALWAYS, r#"{"thinking":{"type":"adaptive"}}"#)]),
        row(
            "extra_body.google.thinking_config.thinking_level",
            &[
                sent(
                    "generationConfig.thinkingConfig.thinkingLevel",
                    "",
                    r#"{"extra_body":{"google":{"thinking_config":{"thinking_level":"low"}}}}"#,
                ),
                adjusted(
                    "the nearest level or budget that the model can do",
                    "where it has no such",
                    r#"{"extra_body":{"google":{"thinking_config":{"thinking_level":"minimal"}}}}"#,
                ),
                dropped(
                    when("on models that don't think"),
                    r#"{"model":"gemini-2.0-flash","extra_body":{"google":{"thinking_config":{"thinking_level":"low"}}}}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for an unknown word",
                    r#"{"extra_body":{"google":{"thinking_config":{"thinking_level":"huge"}}}}"#,
                ),
            ],
        ),
        row(
            "extra_body.google.thinking_config.thinking_budget",
            &[
                sent(
                    "generationConfig.thinkingConfig.thinkingBudget",
                    "",
                    r#"{"extra_body":{"google":{"thinking_config":{"thinking_budget":512}}}}"#,
                ),
                adjusted(
                    "the nearest budget that the model takes",
                    "on 2.5 models",
                    r#"{"model":"gemini-2.5-pro","extra_body":{"google":{"thinking_config":{"thinking_budget":5}}}}"#,
                ),
                dropped(
                    when("on models that don't think"),
                    r#"{"model":"gemini-2.0-flash","extra_body":{"google":{"thinking_config":{"thinking_budget":512}}}}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "beside a level",
                    r#"{"extra_body":{"google":{"thinking_config":{"thinking_budget":512,"thinking_level":"low"}}}}"#,
                ),
            ],
        ),
        row(
            "extra_body.google.thinking_config.include_thoughts",
            &[
                sent(
                    "generationConfig.thinkingConfig.includeThoughts",
                    "they come as `reasoning_content`",
                    r#"{"extra_body":{"google":{"thinking_config":{"include_thoughts":true}}}}"#,
                ),
                dropped(
                    when("on models that don't think"),
                    r#"{"model":"gemini-2.0-flash","extra_body":{"google":{"thinking_config":{"include_thoughts":true}}}}"#,
                ),
            ],
        ),
    ],
};
