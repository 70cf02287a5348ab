//! What the Gemini API takes of a chat and of an embeddings request.

use super::super::contract::{
    ALWAYS, Code, Contract, Group, IF_EMPTY, IF_FALSE, IF_MEDIUM, IF_TEXT_ONLY, IF_ZERO, OTHERWISE, adjusted, by_relay,
    dropped, in_path, nested, refused, refuses, row, sent, silent, when,
};

/// The table for chats.
pub(in crate::providers) const CHAT: Contract = Contract {
    provider: "Gemini",
    groups: &[CONVERSATION, PARTS, SAMPLING, TOOLS, ANSWER, REASONING, CACHING, ACCOUNT],
    closed: &[
        "",
        "stream_options",
        "web_search_options",
        "extra_body",
        "extra_body.google",
        "extra_body.google.thinking_config",
    ],
};

/// The table for embeddings.
pub(in crate::providers) const EMBEDDINGS: Contract = Contract {
    provider: "Gemini",
    groups: &[Group {
        title: "Embeddings",
        rows: &[
            row("model", &[in_path("embedding", "", r#"{}"#)]),
            row(
                "input",
                &[
                    sent(
                        "requests[].content.parts[].text",
                        "1 to 2,048 texts, 100 to a call, joined in order",
                        r#"{}"#,
                    ),
                    refuses(
                        Code::UnsupportedValue,
                        "",
                        "for token ids: they are another tokenizer's",
                        r#"{"input":[1,2]}"#,
                    ),
                    refuses(Code::InvalidValue, "", "if empty, or more than 2,048", r#"{"input":[]}"#),
                ],
            ),
            row(
                "dimensions",
                &[
                    sent("requests[].outputDimensionality", "", r#"{"dimensions":768}"#),
                    refuses(Code::InvalidValue, "", "outside 1 to 3,072", r#"{"dimensions":0}"#),
                ],
            ),
            row(
                "encoding_format",
                &[
                    by_relay("writes `float` or `base64`", "", r#"{"encoding_format":"base64"}"#),
                    refuses(Code::InvalidValue, "", "otherwise", r#"{"encoding_format":"hex"}"#),
                ],
            ),
            row(
                "user",
                &[silent("it says nothing", IF_EMPTY, r#"{"user":""}"#), dropped(OTHERWISE, r#"{"user":"u1"}"#)],
            ),
            row(
                "extra_body.google.task_type",
                &[
                    sent("requests[].taskType", "", r#"{"extra_body":{"google":{"task_type":"CLUSTERING"}}}"#),
                    refuses(
                        Code::InvalidValue,
                        "",
                        "for an unknown task",
                        r#"{"extra_body":{"google":{"task_type":"X"}}}"#,
                    ),
                ],
            ),
        ],
    }],
    closed: &["", "extra_body", "extra_body.google"],
};

const CONVERSATION: Group = Group {
    title: "Model and conversation",
    rows: &[
        row("model", &[in_path("gemini-3.8-flash", "", r#"{}"#)]),
        row(
            "messages",
            &[
                sent("contents[].parts[].text", "", r#"{}"#),
                refuses(Code::InvalidValue, "", "if missing or empty", r#"{"messages":[]}"#),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "if the last one is the assistant's, on models that can't go on from there",
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"I"}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "messages[].role",
                    "for an unknown role",
                    r#"{"messages":[{"role":"robot","content":"Hi"}]}"#,
                ),
            ],
        ),
        nested(
            "system and developer messages",
            "messages[]",
            &[sent(
                "systemInstruction.parts[].text",
                "wherever they stand",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be kind"}]}"#,
            )],
        ),
        nested(
            "tool and function messages",
            "messages[].tool_call_id",
            &[
                sent(
                    "contents[].parts[].functionResponse.response",
                    "results of one turn in one content",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for a result that belongs to no call",
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
                    "contents[].parts[].functionCall.args",
                    "arguments that are no JSON object are wrapped, so that the model sees them",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "messages[].tool_calls[].type",
                    "for custom tools",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"custom"}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "without a result behind it",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"user","content":"Hi"}]}"#,
                ),
            ],
        ),
        nested(
            "messages.is_error",
            "messages[].is_error",
            &[dropped(
                when(""),
                r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7","is_error":true}]}"#,
            )],
        ),
        nested(
            "messages.refusal",
            "messages[].refusal",
            &[sent(
                "contents[].parts[].text",
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
            &[silent(
                "signatures of another provider",
                when(""),
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"A","thinking_blocks":[{"type":"thinking","thinking":"","signature":"c2ln"}]},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        nested(
            "messages.content_layout",
            "messages[].content_layout",
            &[silent(
                "it places the thinking of another provider",
                when(""),
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"AB","content_layout":["text:1","text:1"]},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        nested(
            "messages.extra_content",
            "messages[].extra_content",
            &[sent(
                "contents[].parts[].thoughtSignature",
                "`google.thought_signature`, byte for byte, also of tool calls",
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
                    "contents[].parts[].inlineData.data",
                    "for a `data:` URL",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}]}"#,
                ),
                sent(
                    "contents[].parts[].fileData.fileUri",
                    "for an `https:` URL; Relay fetches nothing itself",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for other URLs",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://example.com/a.png"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "image_url.detail",
            "messages[].content[].image_url.detail",
            &[
                sent(
                    "contents[].parts[].mediaResolution.level",
                    "low, high, original, from Gemini 3 on",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"high"}}]}]}"#,
                ),
                silent(
                    "the default",
                    when("if auto"),
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"auto"}}]}]}"#,
                ),
                dropped(
                    when("on models before 3"),
                    r#"{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"high"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "for an unknown word",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"huge"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "input_audio",
            "messages[].content[].input_audio",
            &[
                sent(
                    "contents[].parts[].inlineData.data",
                    "wav and mp3",
                    r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "messages[].content[].input_audio.format",
                    "for other formats",
                    r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"ogg"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "file.file_data",
            "messages[].content[].file.file_data",
            &[
                sent(
                    "contents[].parts[].inlineData.data",
                    "as a `data:` URL, or bare base64 with a name",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.pdf"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "if it is no base64",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"!","filename":"a.pdf"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "file.filename",
            "messages[].content[].file.filename",
            &[
                sent(
                    "contents[].parts[].inlineData.mimeType",
                    "its end says the media type",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.csv"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "if it is needed and says none",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "file.file_id",
            "messages[].content[].file.file_id",
            &[
                sent(
                    "contents[].parts[].fileData.fileUri",
                    "for files of Google's Files API, `files/…`, and YouTube videos",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"files/a","filename":"a.pdf"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
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
                "contents[].parts[].text",
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
                    "generationConfig.maxOutputTokens",
                    "wins over `max_tokens`; thinking counts inside it",
                    r#"{"max_completion_tokens":9}"#,
                ),
                refuses(Code::InvalidValue, "", "below 1", r#"{"max_completion_tokens":0}"#),
            ],
        ),
        row(
            "max_tokens",
            &[
                sent("generationConfig.maxOutputTokens", "", r#"{"max_tokens":9}"#),
                refuses(Code::InvalidValue, "", "below 1", r#"{"max_tokens":0}"#),
            ],
        ),
        row(
            "temperature",
            &[
                sent(
                    "generationConfig.temperature",
                    "on models with sampling",
                    r#"{"model":"gemini-2.5-pro","temperature":0.5}"#,
                ),
                silent("the default", when("if 1, on other models"), r#"{"temperature":1.0}"#),
                dropped(when("on other models, which ignore it"), r#"{"temperature":0.5}"#),
                refuses(Code::InvalidValue, "", "outside 0 to 2", r#"{"temperature":3}"#),
            ],
        ),
        row(
            "top_p",
            &[
                sent("generationConfig.topP", "on models with sampling", r#"{"model":"gemini-2.5-pro","top_p":0.5}"#),
                silent("the default", when("if 1, on other models"), r#"{"top_p":1}"#),
                dropped(when("on other models, which ignore it"), r#"{"top_p":0.5}"#),
                refuses(Code::InvalidValue, "", "outside 0 to 1", r#"{"top_p":3}"#),
            ],
        ),
        row(
            "n",
            &[
                sent(
                    "generationConfig.candidateCount",
                    "up to 8, on models before 3",
                    r#"{"model":"gemini-2.5-pro","n":2}"#,
                ),
                silent("the default", when("if 1"), r#"{"n":1}"#),
                refuses(Code::UnsupportedValue, "", "otherwise", r#"{"n":2}"#),
            ],
        ),
        row(
            "stop",
            &[
                sent("generationConfig.stopSequences", "at most 5; empty ones are left out", r#"{"stop":"END"}"#),
                refuses(Code::InvalidValue, "", "if more", r#"{"stop":["1","2","3","4","5","6"]}"#),
            ],
        ),
        row("seed", &[sent("generationConfig.seed", "folded to 32 bits", r#"{"seed":7}"#)]),
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
                    "it names tokens of OpenAI's tokenizer, which Gemini does not have",
                    OTHERWISE,
                    r#"{"logit_bias":{"50256":-100}}"#,
                ),
            ],
        ),
        row(
            "logprobs",
            &[
                sent(
                    "generationConfig.responseLogprobs",
                    "if true; most models refuse it, which comes back as a 400",
                    r#"{"logprobs":true}"#,
                ),
                silent("the default", when("if false"), r#"{"logprobs":false}"#),
            ],
        ),
        row(
            "top_logprobs",
            &[
                sent("generationConfig.logprobs", "with `logprobs`", r#"{"logprobs":true,"top_logprobs":2}"#),
                refuses(Code::InvalidValue, "", "outside 0 to 20, or without `logprobs`", r#"{"top_logprobs":2}"#),
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
                sent(
                    "tools[].functionDeclarations[].parametersJsonSchema",
                    "schema keywords that Gemini can't check are left out",
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
                    "for a schema that is no object's, or refers to the outside",
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

const ANSWER: Group = Group {
    title: "Form of the answer",
    rows: &[
        row(
            "response_format",
            &[
                sent(
                    "generationConfig.responseJsonSchema",
                    "for json_schema; keywords that Gemini can't check are left out",
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

const REASONING: Group = Group {
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
            &[sent(
                "generationConfig.thinkingConfig.includeThoughts",
                "they come as `reasoning_content`",
                r#"{"extra_body":{"google":{"thinking_config":{"include_thoughts":true}}}}"#,
            )],
        ),
    ],
};

const CACHING: Group = Group {
    title: "Caching",
    rows: &[
        row("cache_control", &[dropped(ALWAYS, r#"{"cache_control":{"type":"ephemeral"}}"#)]),
        nested(
            "cache_control of parts",
            "messages[].content[].cache_control",
            &[silent(
                "Gemini caches by itself",
                when(""),
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
            )],
        ),
        nested(
            "prompt_cache_breakpoint",
            "messages[].content[].prompt_cache_breakpoint",
            &[dropped(
                when(""),
                r#"{"messages":[{"role":"system","content":[{"type":"text","text":"Be kind","prompt_cache_breakpoint":{"mode":"explicit"}}]},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        row(
            "prompt_cache_key",
            &[
                silent("it says nothing", IF_EMPTY, r#"{"prompt_cache_key":""}"#),
                dropped(OTHERWISE, r#"{"prompt_cache_key":"a"}"#),
            ],
        ),
        row(
            "prompt_cache_options",
            &[
                silent("it says nothing", IF_EMPTY, r#"{"prompt_cache_options":{}}"#),
                dropped(OTHERWISE, r#"{"prompt_cache_options":{"ttl":"5m"}}"#),
            ],
        ),
        row("prompt_cache_retention", &[dropped(ALWAYS, r#"{"prompt_cache_retention":"24h"}"#)]),
        row(
            "extra_body.google.cached_content",
            &[
                sent("cachedContent", "", r#"{"extra_body":{"google":{"cached_content":"cachedContents/a"}}}"#),
                refuses(
                    Code::InvalidValue,
                    "",
                    "unless it is `cachedContents/…`",
                    r#"{"extra_body":{"google":{"cached_content":"a"}}}"#,
                ),
            ],
        ),
    ],
};

const ACCOUNT: Group = Group {
    title: "Users, price and safety",
    rows: &[
        row(
            "safety_identifier",
            &[
                silent("it says nothing", IF_EMPTY, r#"{"safety_identifier":""}"#),
                dropped(OTHERWISE, r#"{"safety_identifier":"u1"}"#),
            ],
        ),
        row("user", &[silent("it says nothing", IF_EMPTY, r#"{"user":""}"#), dropped(OTHERWISE, r#"{"user":"u1"}"#)]),
        row(
            "service_tier",
            &[
                sent("serviceTier", "flex: `flex`; priority, fast: `priority`", r#"{"service_tier":"flex"}"#),
                silent("the default", when("if auto or default"), r#"{"service_tier":"auto"}"#),
                dropped(when("otherwise"), r#"{"service_tier":"scale"}"#),
            ],
        ),
        row(
            "metadata",
            &[
                silent("it says nothing", IF_EMPTY, r#"{"metadata":{}}"#),
                dropped(OTHERWISE, r#"{"metadata":{"a":"b"}}"#),
            ],
        ),
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
        row(
            "extra_body.google.safety_settings",
            &[
                sent(
                    "safetySettings[].threshold",
                    "",
                    r#"{"extra_body":{"google":{"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}]}}}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "extra_body.google.safety_settings[].threshold",
                    "for unknown categories and thresholds",
                    r#"{"extra_body":{"google":{"safety_settings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"X"}]}}}"#,
                ),
            ],
        ),
    ],
};
