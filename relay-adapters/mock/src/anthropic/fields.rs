//! The members of Anthropic's requests.

use crate::schema::{Field, INT, Shape, list, may, must};

use Shape::{Any, Bool, Either, Enum, Int, List, Map, Num, Object, Tagged, Text};

const CACHE: Field = may("cache_control", Tagged("type", &[("ephemeral", &[may("ttl", Enum(&["5m", "1h"]))])]));
const TEXT: &[Field] = &[must("text", Text), CACHE, may("citations", Any)];
const IMAGE: &[Field] = &[
    must(
        "source",
        Tagged(
            "type",
            &[
                (
                    "base64",
                    &[
                        must("media_type", Enum(&["image/jpeg", "image/png", "image/gif", "image/webp"])),
                        must("data", Text),
                    ],
                ),
                ("url", &[must("url", Text)]),
                ("file", &[must("file_id", Text)]),
            ],
        ),
    ),
    CACHE,
];
const DOCUMENT: &[Field] = &[
    must(
        "source",
        Tagged(
            "type",
            &[
                ("base64", &[must("media_type", Enum(&["application/pdf"])), must("data", Text)]),
                ("text", &[must("media_type", Enum(&["text/plain"])), must("data", Text)]),
                ("content", &[must("content", Any)]),
                ("url", &[must("url", Text)]),
                ("file", &[must("file_id", Text)]),
            ],
        ),
    ),
    may("title", Text),
    may("context", Text),
    may("citations", Map),
    CACHE,
];
static RESULT: Shape = Tagged("type", &[("text", TEXT), ("image", IMAGE), ("document", DOCUMENT)]);
static BLOCK: Shape = Tagged(
    "type",
    &[
        ("document", DOCUMENT),
        ("image", IMAGE),
        ("redacted_thinking", &[must("data", Text)]),
        ("server_tool_use", &[must("id", Text), must("name", Text), must("input", Map), CACHE, may("caller", Map)]),
        ("text", TEXT),
        ("thinking", &[must("thinking", Text), must("signature", Text)]),
        (
            "tool_result",
            &[must("tool_use_id", Text), may("content", Either(&[Text, list(&RESULT)])), may("is_error", Bool), CACHE],
        ),
        ("tool_use", &[must("id", Text), must("name", Text), must("input", Map), CACHE, may("caller", Map)]),
        ("web_search_tool_result", &[must("tool_use_id", Text), must("content", Any), CACHE, may("caller", Map)]),
    ],
);
static MESSAGE: Shape = Object(&[must("role", Text), must("content", Either(&[Text, list(&BLOCK)]))]);
static SYSTEM: Shape = Tagged("type", &[("text", TEXT)]);
/// A tool of the caller's own.
pub(super) static CUSTOM: Shape = Object(&[
    may("type", Enum(&["custom"])),
    must("name", Text),
    must("input_schema", Map),
    may("description", Text),
    may("strict", Bool),
    CACHE,
]);
/// A tool that Anthropic runs.
pub(super) static SERVER: Shape = Tagged(
    "type",
    &[(
        "web_search_20250305",
        &[
            must("name", Enum(&["web_search"])),
            may("max_uses", Int(1, i64::MAX)),
            may("user_location", Map),
            may("allowed_domains", list(&Text)),
            may("blocked_domains", list(&Text)),
            CACHE,
        ],
    )],
);
const ONE: Field = may("disable_parallel_tool_use", Bool);
const DISPLAY: Field = may("display", Enum(&["summarized", "omitted"]));
const BINDING: Field =
    may("block_binding", Object(&[must("prefix_mismatch_behavior", Enum(&["error", "drop_block"]))]));
static COMMON: &[Field] = &[
    must("model", Text),
    must("messages", List(&MESSAGE, 0, 100_000)),
    may("system", Either(&[Text, list(&SYSTEM)])),
    may("tools", list(&Map)),
    may(
        "tool_choice",
        Tagged("type", &[("any", &[ONE]), ("auto", &[ONE]), ("none", &[]), ("tool", &[must("name", Text), ONE])]),
    ),
    may(
        "thinking",
        Tagged(
            "type",
            &[
                ("adaptive", &[DISPLAY, BINDING]),
                ("between_tools", &[]),
                ("disabled", &[]),
                ("enabled", &[must("budget_tokens", Int(1024, i64::MAX)), DISPLAY, BINDING]),
            ],
        ),
    ),
    may(
        "output_config",
        Object(&[
            may("effort", Enum(&["low", "medium", "high", "xhigh", "max"])),
            may("format", Tagged("type", &[("json_schema", &[must("schema", Map)])])),
        ]),
    ),
    CACHE,
];
/// `/v1/messages/count_tokens`.
pub(super) static COUNT: Shape = Object(COMMON);
static OWN: &[Field] = &[
    must("max_tokens", Int(1, i64::MAX)),
    may("stop_sequences", list(&Text)),
    may("stream", Bool),
    may("temperature", Num(0.0, 1.0)),
    may("top_p", Num(0.0, 1.0)),
    may("top_k", INT),
    may("metadata", Object(&[may("user_id", Text)])),
    may("service_tier", Enum(&["auto", "standard_only"])),
];
/// `/v1/messages`.
pub(super) static CREATE: Shape = Shape::Both(COMMON, OWN);
