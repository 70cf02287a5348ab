//! What the Gemini API takes of a chat and of an embeddings request.

mod answer;
mod messages;

use self::answer::{ANSWER, REASONING, TOOLS};
use self::messages::{CONVERSATION, PARTS};
use crate::translation::mapping::{
    ALWAYS, Code, Group, IF_EMPTY, IF_FALSE, IF_ZERO, Mapping, OTHERWISE, adjusted, by_relay, dropped, in_path, nested,
    refused, refuses, row, sent, silent, when,
};

/// The table for chats.
pub(in crate::translation) const CHAT: Mapping = Mapping {
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
pub(in crate::translation) const EMBEDDINGS: Mapping = Mapping {
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
                &[silent("it asks for nothing", IF_EMPTY, r#"{"user":""}"#), dropped(OTHERWISE, r#"{"user":"u1"}"#)],
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
                adjusted("the model's limit", "above it", r#"{"max_completion_tokens":128000}"#),
                refuses(Code::InvalidValue, "", "below 1", r#"{"max_completion_tokens":0}"#),
            ],
        ),
        row(
            "max_tokens",
            &[
                sent("generationConfig.maxOutputTokens", "", r#"{"max_tokens":9}"#),
                adjusted("the model's limit", "above it", r#"{"max_tokens":128000}"#),
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
                silent("it asks for nothing", IF_EMPTY, r#"{"logit_bias":{}}"#),
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
            "messages.cache_control",
            "messages[].cache_control",
            &[silent(
                "Gemini caches by itself",
                when(""),
                r#"{"messages":[{"role":"user","content":"Hi","cache_control":{"type":"ephemeral"}}]}"#,
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
                silent("it asks for nothing", IF_EMPTY, r#"{"prompt_cache_key":""}"#),
                dropped(OTHERWISE, r#"{"prompt_cache_key":"a"}"#),
            ],
        ),
        row(
            "prompt_cache_options",
            &[
                silent("it asks for nothing", IF_EMPTY, r#"{"prompt_cache_options":{}}"#),
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
                silent("it asks for nothing", IF_EMPTY, r#"{"safety_identifier":""}"#),
                dropped(OTHERWISE, r#"{"safety_identifier":"u1"}"#),
            ],
        ),
        row(
            "user",
            &[silent("it asks for nothing", IF_EMPTY, r#"{"user":""}"#), dropped(OTHERWISE, r#"{"user":"u1"}"#)],
        ),
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
                silent("it asks for nothing", IF_EMPTY, r#"{"metadata":{}}"#),
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
