//! Random messages: every role and every type of part that OpenAI takes, and Relay's extensions.

use serde_json::{Value, json};

use super::expected::{Conversation, Exchange};
use super::tape::Tape;

/// What stands around the marks: characters of one to four bytes, white space, half a character (U+E000), quotes.
const AROUND: &[&str] =
    &["", " ", "é", "日本", "😀", "\n", "\"q\"", "e\u{301}", "\u{e000}", "\u{202e}rtl", "<b>", "\\u0041", "\t"];
const IDS: &[&str] = &["call_1", "call_0", "c.1/ü", "", "functions.f:0", "toolu_01AbC", "a b"];
/// The first bytes of files, with the media types that they have and that a client may say they have.
const PICTURES: &[(&str, &[u8])] = &[
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", b"\xff\xd8\xff\xe0"),
    ("image/jpg", b"\xff\xd8\xff\xe0"),
    ("image/png", b"\xff\xd8\xff\xe0"),
    ("image/webp", b"RIFF\0\0\0\0WEBP"),
];
const TEXTS: &[(&str, &str)] = &[
    ("text/plain", "a.txt"),
    ("text/html", "a.html"),
    ("text/csv", "a.csv"),
    ("application/json", "a.json"),
    ("text/x-python", "a.py"),
    ("application/xml", "a.xml"),
];

/// What the provider at hand takes of the newest message; older ones may hold anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) audio: bool,
    pub(super) gif: bool,
    pub(super) calls: bool,
    /// A conversation may end with the assistant.
    pub(super) prefill: bool,
    /// The provider is OpenAI: no files but its own.
    pub(super) openai: bool,
}

/// Makes messages.
pub(super) struct Messages<'a> {
    pub(super) tape: &'a Tape,
    pub(super) out: &'a mut Conversation,
    pub(super) taken: Taken,
    /// Messages that models gave as answers.
    pub(super) answers: &'a [Value],
    /// Names of the functions that are declared.
    pub(super) functions: &'a [String],
    pub(super) list: Vec<Value>,
    /// Cache markers so far: Anthropic takes four.
    pub(super) markers: usize,
}

impl Messages<'_> {
    /// The whole conversation.
    pub(super) fn talk(&mut self) {
        for _ in 0..self.tape.below(3) {
            self.instruction();
        }
        for _ in 0..self.tape.below(5) {
            match self.tape.below(9) {
                0 => self.user(false),
                1 => self.said(),
                2..=4 if self.taken.calls => self.calls(),
                5 if !self.answers.is_empty() && self.taken.calls => self.answer(),
                6 => self.instruction(),
                _ => {
                    self.user(false);
                    self.said();
                }
            }
        }
        match self.tape.below(4) {
            1 if self.taken.calls => self.calls(),
            2 if self.taken.prefill => {
                self.newest();
                self.said();
            }
            _ => self.newest(),
        }
    }

    /// The newest message: nothing of the user's is directly before it.
    fn newest(&mut self) {
        let last = self.list.iter().rev().find(|one| one["role"] != "system" && one["role"] != "developer");
        if last.is_some_and(|last| last["role"] == "user") {
            self.said();
        }
        self.user(true);
    }

    /// A text with a mark that must be found again.
    fn text(&mut self) -> String {
        let mark = format!("m{}.", self.tape.mark());
        self.out.expect(mark.clone(), "messages");
        self.around(&mark)
    }

    fn around(&self, mark: &str) -> String {
        format!("{}{mark}{}", self.tape.pick(AROUND), self.tape.pick(AROUND))
    }

    fn name(&self, message: &mut Value) {
        if self.tape.one_in(6) {
            message["name"] = json!("ana");
        }
    }

    fn mark(&mut self, value: &mut Value) {
        if self.tape.one_in(5) && self.markers < 4 {
            self.markers += 1;
            value["cache_control"] = json!({"type": "ephemeral"});
        }
    }

    fn instruction(&mut self) {
        let role = self.tape.pick(&["system", "developer"]);
        let content = self.texts();
        let mut message = json!({"role": role, "content": content});
        self.name(&mut message);
        self.list.push(message);
    }

    /// A string, or a list of text parts, some of which are empty.
    fn texts(&mut self) -> Value {
        match self.tape.below(4) {
            0 => json!(self.text()),
            1 => json!(self.tape.pick(&["", " ", "\n"])),
            _ => {
                let count = 1 + self.tape.below(3);
                json!((0..count).map(|_| self.text_part()).collect::<Vec<_>>())
            }
        }
    }

    fn text_part(&mut self) -> Value {
        let text = if self.tape.one_in(8) { self.tape.pick(&["", " "]).to_owned() } else { self.text() };
        let mut part = json!({"type": "text", "text": text});
        self.mark(&mut part);
        part
    }

    fn user(&mut self, newest: bool) {
        let content = if self.tape.one_in(2) {
            let count = 1 + self.tape.below(3);
            json!((0..count).map(|_| self.part(newest)).collect::<Vec<_>>())
        } else {
            self.texts()
        };
        let mut message = json!({"role": "user", "content": content});
        self.name(&mut message);
        self.list.push(message);
    }

    fn part(&mut self, newest: bool) -> Value {
        match self.tape.below(11) {
            0..=2 => self.text_part(),
            9 if !newest => json!({"type": "image_url", "image_url": {"url": "http://example.com/a.png"}}),
            10 if !newest => json!({"type": "file", "file": {"file_id": "file_011CNha8iCJcU1wXNR6q4V8w"}}),
            3 | 4 => self.picture(newest),
            5 => {
                let url = format!("https://example.com/{}.png", self.tape.mark());
                self.out.expect(url.clone(), "messages");
                json!({"type": "image_url", "image_url": {"url": url, "detail": self.tape.pick(&["auto", "low", "high"])}})
            }
            6 => self.file(newest),
            7 if !newest || self.taken.audio => {
                let data = self.bytes(b"RIFF\0\0\0\0WAVE", "messages|input_audio");
                json!({"type": "input_audio", "input_audio": {"data": data, "format": self.tape.pick(&["wav", "mp3"])}})
            }
            8 if !newest || self.taken.openai => json!({"type": "file", "file": {"file_id": "file-abc123"}}),
            _ => self.text_part(),
        }
    }

    /// Base64 of these first bytes and of a mark behind them.
    fn bytes(&mut self, first: &[u8], param: &'static str) -> String {
        let mark = format!("b{}.", self.tape.mark());
        let data = base64(&[first, mark.as_bytes()].concat());
        self.out.expect(data.clone(), param);
        data
    }

    fn picture(&mut self, newest: bool) -> Value {
        let gif = self.tape.one_in(5) && (!newest || self.taken.gif);
        let (media, first) = if gif { ("image/gif", &b"GIF89a"[..]) } else { self.tape.pick(PICTURES) };
        let data = self.bytes(first, "messages|image_url");
        let data = if self.tape.one_in(6) && !self.taken.openai { wrapped(&data) } else { data };
        let mut part = json!({"type": "image_url", "image_url": {"url": format!("data:{media};base64,{data}")}});
        self.mark(&mut part);
        part
    }

    fn file(&mut self, newest: bool) -> Value {
        if self.tape.one_in(2) {
            let data = self.bytes(b"%PDF-1.7\n", "messages|file");
            return json!({"type": "file", "file": {"filename": "a.pdf", "file_data": format!("data:application/pdf;base64,{data}")}});
        }
        let (media, name) = self.tape.pick(TEXTS);
        if self.tape.one_in(8) && !newest {
            return json!({"type": "file", "file": {"filename": name, "file_data": format!("data:{media};base64,")}});
        }
        // As text for Claude, as bytes for Gemini.
        let mark = format!("f{}.", self.tape.mark());
        self.out.expect(format!("{mark}|{}", base64(mark.as_bytes())), "messages|file");
        json!({"type": "file", "file": {"filename": name, "file_data": format!("data:{media};base64,{}", base64(mark.as_bytes()))}})
    }

    /// A message of the assistant without calls.
    fn said(&mut self) {
        let mut message = match self.tape.below(5) {
            0 | 1 => json!({"role": "assistant", "content": self.text()}),
            2 => {
                let refuses = self.tape.one_in(3);
                let part = if refuses { json!({"type": "refusal", "refusal": self.text()}) } else { self.text_part() };
                json!({"role": "assistant", "content": [part]})
            }
            3 => json!({"role": "assistant", "content": null, "refusal": self.text()}),
            _ if self.tape.one_in(3) => json!({"role": "assistant", "content": null, "audio": {"id": "audio_abc123"}}),
            _ => json!({"role": "assistant", "content": ""}),
        };
        self.extend(&mut message);
        self.name(&mut message);
        self.list.push(message);
    }

    /// Members that other providers' answers have.
    fn extend(&mut self, message: &mut Value) {
        match self.tape.below(8) {
            1 => message["reasoning_content"] = json!("hm"),
            2 => message["thinking_blocks"] = json!([{"type": "thinking", "thinking": "unsigned"}]),
            3 => message["annotations"] = json!([]),
            4 => message["content_layout"] = json!(["thinking", "text:3"]),
            5 => {
                let data = self.bytes(b"\x89PNG\r\n\x1a\n", "messages");
                message["images"] =
                    json!([{"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}}]);
            }
            _ => {}
        }
    }

    /// The assistant calls functions, and gets their results.
    fn calls(&mut self) {
        let count = 1 + self.tape.below(3);
        let mut calls: Vec<Value> = Vec::new();
        let mut results: Vec<Value> = Vec::new();
        for at in 0..count {
            let mut id = self.id();
            // Within a message each has its own.
            if calls.iter().any(|call| call["id"] == id) {
                id = format!("{id}{at}");
            }
            let mut exchange = Exchange { arguments: Vec::new(), result: Vec::new() };
            let arguments = self.arguments(&mut exchange.arguments);
            let name = if self.functions.is_empty() || self.tape.one_in(4) {
                format!("f{at}")
            } else {
                self.tape.pick(&self.functions.iter().collect::<Vec<_>>()).clone()
            };
            let mut call = if self.tape.one_in(10) {
                json!({"id": id, "type": "custom", "custom": {"name": name, "input": arguments}})
            } else {
                json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
            };
            if self.tape.one_in(8) && call["type"] == "function" {
                call["index"] = json!(at);
            }
            calls.push(call);
            results.push(self.result(&id, &mut exchange.result));
            self.out.exchanges.push(exchange);
        }
        let content = if self.tape.one_in(3) { json!(self.text()) } else { json!(self.tape.pick(&[None, Some("")])) };
        let mut message = json!({"role": "assistant", "content": content, "tool_calls": calls});
        self.extend(&mut message);
        self.list.push(message);
        if self.tape.one_in(3) {
            results.reverse();
        }
        self.list.extend(results);
    }

    fn id(&self) -> String {
        match self.tape.below(4) {
            0 => format!("call_{}", self.tape.mark()),
            1 => format!("call_{}", "x".repeat(60)),
            _ => self.tape.pick(IDS).to_owned(),
        }
    }

    fn arguments(&mut self, marks: &mut Vec<String>) -> String {
        let mark = format!("a{}.", self.tape.mark());
        let kept = |out: &mut Conversation, marks: &mut Vec<String>| {
            out.expect(mark.clone(), "messages");
            marks.push(mark.clone());
        };
        let given = match self.tape.below(9) {
            0 | 1 => json!({"a": mark}).to_string(),
            2 => json!({"$top": mark, "deep": {"list": [1, null, {"ü": mark}]}}).to_string(),
            3 => format!("{{\"n\": 1.50, \"big\": 12345678901234567890123, \"text\": \"{mark}\"}}"),
            4 => return self.tape.pick(&["{}", "", " ", "null"]).to_owned(),
            5 => format!("[\"{mark}\"]"),
            6 => format!("{{\"cut\": \"{mark}"),
            7 => format!("\"{mark}\""),
            _ => format!("{{\"half\": \"{mark}\\ud83d\"}}"),
        };
        kept(self.out, marks);
        given
    }

    fn result(&mut self, id: &str, marks: &mut Vec<String>) -> Value {
        let before = self.out.items.len();
        let content = match self.tape.below(7) {
            0 | 1 => json!(self.text()),
            2 => self.texts(),
            3 => json!(json!({"found": self.text(), "$ref": "x"}).to_string()),
            4 => json!(json!([self.text(), 1]).to_string()),
            5 if !self.taken.openai => {
                let (text, picture) = (self.text_part(), self.picture(false));
                json!([text, picture])
            }
            _ => json!(self.tape.pick(&["", "1", "null", "true", "{}"])),
        };
        let texts = self.out.items[before..].iter().filter(|item| item.text.starts_with('m'));
        marks.extend(texts.map(|item| item.text.clone()));
        let mut message = json!({"role": "tool", "tool_call_id": id, "content": content});
        if self.tape.one_in(6) {
            message["is_error"] = json!(true);
        }
        self.mark(&mut message);
        message
    }

    /// An answer of a model as it came, and what follows it.
    fn answer(&mut self) {
        let message = self.tape.pick(&self.answers.iter().collect::<Vec<_>>()).clone();
        // Signatures are for what stands directly behind the user's turn.
        let question = self.text();
        self.list.push(json!({"role": "user", "content": question}));
        let ids: Vec<Value> =
            message["tool_calls"].as_array().into_iter().flatten().map(|call| call["id"].clone()).collect();
        self.list.push(message);
        for id in &ids {
            let mut exchange = Exchange { arguments: Vec::new(), result: Vec::new() };
            let result = self.result(id.as_str().unwrap(), &mut exchange.result);
            self.list.push(result);
            self.out.exchanges.push(exchange);
        }
    }
}

pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Base64 in lines.
fn wrapped(data: &str) -> String {
    let (first, rest) = data.split_at(data.len() / 2);
    format!("{first}\n{rest}\n")
}
