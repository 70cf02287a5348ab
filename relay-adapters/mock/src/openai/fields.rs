//! The members of OpenAI's requests.

use crate::schema::{Field, INT, Shape, list, may, must};

use Shape::{Any, Bool, Either, Enum, Int, List, Map, MapOf, Num, Object, Tagged, Text};

static NAME: Shape = Text;
static TEXT_PART: Shape = Tagged("type", &[("text", &[must("text", Text), may("prompt_cache_breakpoint", Map)])]);
static ASSISTANT_PART: Shape = Tagged(
    "type",
    &[("text", &[must("text", Text), may("prompt_cache_breakpoint", Map)]), ("refusal", &[must("refusal", Text)])],
);
static USER_PART: Shape = Tagged(
    "type",
    &[
        ("text", &[must("text", Text), may("prompt_cache_breakpoint", Map)]),
        (
            "image_url",
            &[
                must(
                    "image_url",
                    Object(&[must("url", Text), may("detail", Enum(&["auto", "low", "high", "original"]))]),
                ),
                may("prompt_cache_breakpoint", Map),
            ],
        ),
        ("input_audio", &[must("input_audio", Object(&[must("data", Text), must("format", Enum(&["wav", "mp3"]))]))]),
        ("file", &[must("file", Object(&[may("file_id", Text), may("file_data", Text), may("filename", Text)]))]),
    ],
);
static CALL: Shape = Tagged(
    "type",
    &[
        (
            "function",
            &[
                may("index", INT),
                must("id", Text),
                must("function", Object(&[must("name", Text), must("arguments", Text)])),
            ],
        ),
        ("custom", &[must("id", Text), must("custom", Object(&[must("name", Text), must("input", Text)]))]),
    ],
);
static MESSAGE: Shape = Tagged(
    "role",
    &[
        ("system", &[must("content", Either(&[Text, list(&TEXT_PART)])), may("name", Text)]),
        ("assistant", ASSISTANT),
        ("user", &[must("content", Either(&[Text, list(&USER_PART)])), may("name", Text)]),
        ("function", &[must("content", Any), must("name", Text)]),
        ("tool", &[must("content", Either(&[Text, list(&TEXT_PART)])), must("tool_call_id", Text), may("name", Text)]),
        ("developer", &[must("content", Either(&[Text, list(&TEXT_PART)])), may("name", Text)]),
    ],
);
static ASSISTANT: &[Field] = &[
    may("content", Either(&[Text, list(&ASSISTANT_PART)])),
    may("refusal", Text),
    may("name", Text),
    may("audio", Object(&[must("id", Text)])),
    may("annotations", list(&Any)),
    may("tool_calls", List(&CALL, 1, usize::MAX)),
    may("function_call", Object(&[must("name", Text), must("arguments", Text)])),
];
static FUNCTION: Shape =
    Object(&[must("name", Text), may("description", Text), may("parameters", Map), may("strict", Bool)]);
static TOOL: Shape = Tagged(
    "type",
    &[
        (
            "function",
            &[must(
                "function",
                Object(&[must("name", Text), may("description", Text), may("parameters", Map), may("strict", Bool)]),
            )],
        ),
        ("custom", &[must("custom", Object(&[must("name", Text), may("description", Text), may("format", Map)]))]),
    ],
);
/// `tool_choice`, in full.
pub(super) static CHOICE: Shape = Either(&[
    Enum(&["none", "auto", "required"]),
    Tagged(
        "type",
        &[
            ("function", &[must("function", Object(&[must("name", Text)]))]),
            ("custom", &[must("custom", Object(&[must("name", Text)]))]),
            (
                "allowed_tools",
                &[must(
                    "allowed_tools",
                    Object(&[must("mode", Enum(&["auto", "required"])), must("tools", list(&Map))]),
                )],
            ),
        ],
    ),
]);
/// `/v1/chat/completions`.
pub(super) static CHAT: Shape = Object(&[
    must("model", Text),
    must("messages", List(&MESSAGE, 1, usize::MAX)),
    may("audio", Map),
    may("frequency_penalty", Num(-2.0, 2.0)),
    may("function_call", Either(&[Enum(&["none", "auto"]), Object(&[must("name", Text)])])),
    may("functions", List(&FUNCTION, 1, 128)),
    may("logit_bias", MapOf(&Num(-100.0, 100.0))),
    may("logprobs", Bool),
    may("max_completion_tokens", Int(1, i64::MAX)),
    may("max_tokens", Int(1, i64::MAX)),
    may("metadata", MapOf(&Text)),
    may("modalities", list(&Enum(&["text", "audio"]))),
    may("moderation", Any),
    may("n", Int(1, 128)),
    may("parallel_tool_calls", Bool),
    may("prediction", Map),
    may("presence_penalty", Num(-2.0, 2.0)),
    may("prompt_cache_key", Text),
    may("prompt_cache_options", Map),
    may("prompt_cache_retention", Text),
    may("reasoning_effort", Enum(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    may(
        "response_format",
        Tagged(
            "type",
            &[
                ("json_object", &[]),
                (
                    "json_schema",
                    &[must(
                        "json_schema",
                        Object(&[
                            must("name", Text),
                            may("description", Text),
                            may("schema", Map),
                            may("strict", Bool),
                        ]),
                    )],
                ),
                ("text", &[]),
            ],
        ),
    ),
    may("safety_identifier", Text),
    may("seed", INT),
    may("service_tier", Enum(&["auto", "default", "flex", "scale", "priority", "fast"])),
    may("stop", Either(&[Text, List(&NAME, 0, 4)])),
    may("store", Bool),
    may("stream", Bool),
    may("stream_options", Object(&[may("include_usage", Bool), may("include_obfuscation", Bool)])),
    may("temperature", Num(0.0, 2.0)),
    may("tool_choice", Either(&[Enum(&["none", "auto", "required"]), Map])),
    may("tools", List(&TOOL, 1, 128)),
    may("top_logprobs", Int(0, 20)),
    may("top_p", Num(0.0, 1.0)),
    may("user", Text),
    may("verbosity", Enum(&["low", "medium", "high"])),
    may("web_search_options", Map),
]);
/// `/v1/embeddings`.
pub(super) static EMBEDDINGS: Shape = Object(&[
    must("model", Text),
    must("input", Either(&[Text, List(&Text, 1, 2048), List(&INT, 1, 2048), List(&List(&INT, 1, 8192), 1, 2048)])),
    may("dimensions", Int(1, 3072)),
    may("encoding_format", Enum(&["float", "base64"])),
    may("user", Text),
]);
