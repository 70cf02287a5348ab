//! Messages and what is in them.

use crate::translation::mapping::{Code, Group, adjusted, dropped, nested, refuses, row, sent, silent, when};

pub(super) const CONVERSATION: Group = Group {
    title: "Model and conversation",
    rows: &[
        row("model", &[sent("model", "", r#"{}"#)]),
        row(
            "messages",
            &[
                sent("messages[].content[].text", "", r#"{}"#),
                adjusted(
                    "they share the result",
                    "if a call stands there twice, with one id and one result",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                adjusted(
                    "`(empty message)`",
                    "if the last one has no content",
                    r#"{"messages":[{"role":"user","content":""}]}"#,
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
                    "results first in one user turn; ids are made unique in the conversation",
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
                    "arguments that are not a JSON object are wrapped, so that the model sees them",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                adjusted(
                    "a call with the text as its `input`",
                    "for custom tools; other names get Anthropic's alphabet",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"x"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
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
            &[dropped(
                when("its transcript, or a note, stands for it"),
                r#"{"messages":[{"role":"assistant","content":"Hello","audio":{"id":"a"}},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        nested(
            "messages.reasoning_content, annotations, images",
            "messages[].reasoning_content",
            &[
                sent(
                    "messages[].content[].source.data",
                    "images, in the user's turn behind the answer",
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"A","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]},{"role":"user","content":"Hi"}]}"#,
                ),
                silent(
                    "parts of an answer, not of a request",
                    when("the others"),
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"A","reasoning_content":"hm"},{"role":"user","content":"Hi"}]}"#,
                ),
            ],
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
                    when("without a signature, at the end of an answer, or while thinking is off"),
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

pub(super) const PARTS: Group = Group {
    title: "Content parts",
    rows: &[
        nested(
            "image_url",
            "messages[].content[].image_url.url",
            &[
                sent(
                    "messages[].content[].source.data",
                    "for a `data:` URL: JPEG, PNG, GIF and WebP, by their first bytes; PDF; text",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}]}"#,
                ),
                sent(
                    "messages[].content[].source.url",
                    "for an `https:` URL; Relay fetches nothing itself",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#,
                ),
                dropped(
                    when("in the history, for any other type; a note stands for it"),
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://example.com/a.png"}}]},{"role":"assistant","content":"A"},{"role":"user","content":"Hi"}]}"#,
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
            &[
                dropped(
                    when("in the history; a note stands for it"),
                    r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]},{"role":"assistant","content":"A"},{"role":"user","content":"Hi"}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "messages[].content[].type",
                    "otherwise",
                    r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "file.file_data",
            "messages[].content[].file.file_data",
            &[
                sent(
                    "messages[].content[].source.data",
                    "PDF, text of all kinds and images, by their bytes, type or name; bare base64, too",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.pdf"}}]}]}"#,
                ),
                adjusted(
                    "U+FFFD",
                    "where a text is not in its character set",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:text/plain;base64,6Q==","filename":"a.txt"}}]}]}"#,
                ),
                dropped(
                    when("in the history, for any other type; a note stands for it"),
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.doc"}}]},{"role":"assistant","content":"A"},{"role":"user","content":"Hi"}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "for other files",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/zip;base64,UEsDBAA=","filename":"a.zip"}}]}]}"#,
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
                dropped(
                    when("in the history, for ids of other providers; a note stands for it"),
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-a"}}]},{"role":"assistant","content":"A"},{"role":"user","content":"Hi"}]}"#,
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
                "in a new message; in the history a note stands for them, named `messages.content`",
                r#"{"messages":[{"role":"user","content":[{"type":"hologram"}]}]}"#,
            )],
        ),
    ],
};
