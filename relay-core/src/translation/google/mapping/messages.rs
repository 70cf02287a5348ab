//! Messages and what is in them.

use crate::translation::mapping::{Code, Group, adjusted, dropped, in_path, nested, refuses, row, sent, silent, when};

pub(super) const CONVERSATION: Group = Group {
    title: "Model and conversation",
    rows: &[
        row("model", &[in_path("gemini-3.8-flash", "", r#"{}"#)]),
        row(
            "messages",
            &[
                sent("contents[].parts[].text", "", r#"{}"#),
                adjusted(
                    "the same after a user's turn `(start of conversation)`",
                    "if they begin with a tool call",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                adjusted(
                    "a turn of the user, marked",
                    "for system messages behind the last answer",
                    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"},{"role":"system","content":"Be kind"}]}"#,
                ),
                adjusted(
                    "system text before the user's first words",
                    "on models without system text",
                    r#"{"model":"gemma-3-27b-it","messages":[{"role":"system","content":"Be kind"},{"role":"user","content":"Hi"}]}"#,
                ),
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
                "wherever they stand, but behind the last answer",
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
                sent(
                    "contents[].parts[].functionResponse.parts[].inlineData.data",
                    "pictures (png, jpeg, webp), PDFs and plain text in them, from Gemini 3 on",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}]}"#,
                ),
                sent(
                    "contents[].parts[].inlineData.data",
                    "other media in them, and all media before Gemini 3, in a user's turn behind the results",
                    r#"{"model":"gemini-2.5-flash","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}]}"#,
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
                    "arguments that are not a JSON object are wrapped, so that the model sees them",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                adjusted(
                    "an id of Relay's, in the call and its result",
                    "for an empty id, from Gemini 3 on",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"","content":"7"}]}"#,
                ),
                adjusted(
                    "a call with one argument, `input`",
                    "for custom tools",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"x"}}]},{"role":"tool","tool_call_id":"c","content":"7"}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "messages[].tool_calls[].type",
                    "for other types",
                    r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"x"}]}]}"#,
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
                "as text, behind the message's other text",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","refusal":"No."},{"role":"user","content":"Why"}]}"#,
            )],
        ),
        nested(
            "messages.audio",
            "messages[].audio",
            &[adjusted(
                "its `transcript`, or `[a spoken answer]`",
                "",
                r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","audio":{"id":"a"}},{"role":"user","content":"Hi"}]}"#,
            )],
        ),
        nested(
            "messages.content",
            "messages[].content",
            &[
                sent("contents[].parts[].text", "", r#"{}"#),
                adjusted(
                    "words in the place of a part",
                    "where an earlier message, or a tool message, holds what Gemini can't be given",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://example.com/a.png"}}]},{"role":"assistant","content":"A"},{"role":"user","content":"Hi"}]}"#,
                ),
            ],
        ),
        nested(
            "messages.reasoning_content, annotations, images",
            "messages[].reasoning_content",
            &[
                sent(
                    "contents[].parts[].inlineData.data",
                    "images, each with its signature",
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

pub(super) const PARTS: Group = Group {
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
                    "for other URLs in a new message",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://example.com/a.png"}}]}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "for GIF and other types that Gemini does not take, in a new message",
                    r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/gif;base64,R0lGODlh"}}]}]}"#,
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
                    "wav, mp3, aac, aiff, flac, ogg, opus, m4a, webm, pcm16; the first bytes count",
                    r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "messages[].content[].input_audio.format",
                    "for other formats",
                    r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"kazoo"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "file.file_data",
            "messages[].content[].file.file_data",
            &[
                sent(
                    "contents[].parts[].inlineData.data",
                    "as a `data:` URL, or bare base64 with a name; line breaks and the URL-safe alphabet are fine; text of any type is sent as text",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.pdf"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "if it is not base64",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"!","filename":"a.pdf"}}]}]}"#,
                ),
                refuses(
                    Code::UnsupportedValue,
                    "",
                    "for types that Gemini does not take, in a new message",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/zip;base64,UEsDBA==","filename":"a.zip"}}]}]}"#,
                ),
            ],
        ),
        nested(
            "file.filename",
            "messages[].content[].file.filename",
            &[
                sent(
                    "contents[].parts[].inlineData.mimeType",
                    "its file extension names the media type; what holds text is text without one",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"QUJD","filename":"a.csv"}}]}]}"#,
                ),
                refuses(
                    Code::InvalidValue,
                    "",
                    "if it is needed and missing",
                    r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"AAEC","filename":"a"}}]}]}"#,
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
