//! What Anthropic's Messages API takes of a chat request.

mod answer;
mod messages;

use self::answer::{ANSWER, REASONING, TOOLS};
use self::messages::{CONVERSATION, PARTS};
use crate::translation::mapping::{
    ALWAYS, Code, Group, IF_EMPTY, IF_FALSE, IF_ONE, IF_ZERO, Mapping, OTHERWISE, adjusted, dropped, nested, refused,
    refuses, row, sent, silent, when,
};

/// The table for chats. There are no embeddings.
pub(in crate::translation) const CHAT: Mapping = Mapping {
    provider: "Anthropic",
    groups: &[CONVERSATION, PARTS, SAMPLING, TOOLS, ANSWER, REASONING, CACHING, ACCOUNT],
    closed: &["", "stream_options", "web_search_options"],
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
                silent("it asks for nothing", IF_EMPTY, r#"{"logit_bias":{}}"#),
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
            "messages.cache_control",
            "messages[].cache_control",
            &[
                sent(
                    "messages[].content[].cache_control",
                    "on the last block of the message; those of a tool result's parts are the result's",
                    r#"{"messages":[{"role":"user","content":"Hi","cache_control":{"type":"ephemeral"}}]}"#,
                ),
                adjusted(
                    "five minutes",
                    "for an hour, behind one for five minutes",
                    r#"{"messages":[{"role":"system","content":"s","cache_control":{"type":"ephemeral"}},{"role":"user","content":"Hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]}"#,
                ),
                dropped(
                    when(
                        "if no block can carry it, all but the last of one tool result, and the oldest of more than four",
                    ),
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"","cache_control":{"type":"ephemeral"}},{"role":"user","content":"Hi"}]}"#,
                ),
            ],
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
