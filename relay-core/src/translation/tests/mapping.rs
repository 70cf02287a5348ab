//! No row lies: each treatment's sample goes through the translation.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::domain::ids::{RequestId, Timestamp};
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::json::Object;
use crate::translation::mapping::{Effect, MAX_UNKNOWN, Mapping, MemberRow, Treatment};
use crate::translation::surrogates;
use crate::translation::{Call, Dialect, Notes, TranslationOptions};
use crate::translation::{anthropic, google};

/// A table, and what reads it.
pub(super) struct Table {
    pub(super) mapping: Mapping,
    dialect: &'static dyn Dialect,
    embeds: bool,
    /// The least request, to which samples are added.
    base: Value,
}

pub(super) fn anthropic() -> Table {
    let base = json!({"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "Hi"}]});
    Table { mapping: anthropic::mapping::CHAT, dialect: &anthropic::Anthropic, embeds: false, base }
}

pub(super) fn google() -> Table {
    let base = json!({"model": "gemini-3.8-flash", "messages": [{"role": "user", "content": "Hi"}]});
    Table { mapping: google::mapping::CHAT, dialect: &google::Google, embeds: false, base }
}

pub(super) fn google_embeddings() -> Table {
    let base = json!({"model": "gemini-embedding-2", "input": "Hi"});
    Table { mapping: google::mapping::EMBEDDINGS, dialect: &google::Google, embeds: true, base }
}

/// A translated request.
struct Made {
    wire: WireRequest,
    body: Value,
    context: String,
    notes: Notes,
}

impl Table {
    fn translate(&self, request: &Value) -> Result<Made, RelayError> {
        let body = Bytes::from(request.to_string());
        let object = Object::parse(&body)?;
        let model = request["model"].as_str().unwrap_or_default();
        let (id, now) = (RequestId::new(1, [1; 10]), Timestamp(1));
        let call = Call {
            body: &body,
            request: &object,
            model,
            prefixed: false,
            id,
            now,
            options: TranslationOptions::default(),
            work: &crate::translation::Work::new(),
        };
        let (wire, context, notes) = if self.embeds {
            let made = self.dialect.embeddings(&call)?;
            (made.wires.into_iter().next().unwrap(), format!("{:?}", made.context), made.notes)
        } else {
            let made = self.dialect.chat(&call)?;
            (made.wire, format!("{:?}", made.context), made.notes)
        };
        let body = serde_json::from_slice(&wire.body).unwrap();
        Ok(Made { wire, body, context, notes })
    }

    fn request(&self, sample: &str) -> Value {
        let mut request = self.base.clone();
        let sample: Value = serde_json::from_str(sample).unwrap();
        request.as_object_mut().unwrap().extend(sample.as_object().unwrap().clone());
        request
    }

    /// Whether the treatment comes to pass with its sample.
    fn check(&self, row: &MemberRow, treatment: &Treatment) -> Result<(), String> {
        let request = self.request(treatment.sample);
        let made = self.translate(&request);
        if let Effect::Refused { code, param, .. } = &treatment.effect {
            let error = made.err().ok_or("is not refused")?;
            let want = (code.as_str(), if param.is_empty() { row.at } else { param });
            let got = (error.code(), without_numbers(error.param().unwrap_or_default()));
            return if (got.0, got.1.as_str()) == want { Ok(()) } else { Err(format!("is refused as {got:?}")) };
        }
        let made = made.map_err(|error| format!("is refused: {error:?}"))?;
        let mut without = request.clone();
        remove(&mut without, row.at);
        let without = self.translate(&without).ok().filter(|_| without != request);
        let is_sent = without.as_ref().is_none_or(|without| without.body != made.body);
        let is_named = made.notes.dropped.iter().any(|name| name == row.name);
        let is_adjusted = made.notes.adjusted.iter().any(|name| name == row.name);
        let holds = match &treatment.effect {
            Effect::Sent(to) => has(&made.body, to) && is_sent && !is_named && !is_adjusted,
            Effect::InPath(what) => made.wire.path.contains(what) && !is_named && !is_adjusted,
            Effect::Relay(_) => without.is_some_and(|without| without.context != made.context) && !is_sent && !is_named,
            Effect::Adjusted(_) => is_adjusted && !is_named,
            Effect::Dropped => is_named && !is_sent,
            Effect::Silent(_) => without.is_some_and(|without| without.notes == made.notes) && !is_sent && !is_named,
            Effect::Refused { .. } => unreachable!(),
        };
        if holds { Ok(()) } else { Err(format!("{} with {:?}", made.body, made.notes)) }
    }
}

/// The same path without indexes: `messages[].content[].type`.
fn without_numbers(param: &str) -> String {
    let mut depth = 0;
    let keep = |c: &char| {
        depth += i32::from(*c == '[') - i32::from(*c == ']');
        depth == 0 || *c == '['
    };
    param.chars().filter(keep).collect()
}

/// The values at a path; `[]` stands for each element.
fn has(value: &Value, path: &str) -> bool {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let name = step.trim_end_matches("[]");
    let Some(member) = value.get(name) else { return false };
    let inside = |value: &Value| rest.is_empty() || has(value, rest);
    if step.ends_with("[]") { member.as_array().is_some_and(|all| all.iter().any(inside)) } else { inside(member) }
}

/// Takes the member at a path out of every element.
fn remove(value: &mut Value, path: &str) {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    let name = step.trim_end_matches("[]");
    if rest.is_empty() {
        if let Some(object) = value.as_object_mut().filter(|_| !step.ends_with("[]")) {
            object.remove(name);
        }
    } else if let Some(all) = value.get_mut(name).and_then(Value::as_array_mut) {
        all.iter_mut().for_each(|element| remove(element, rest));
    } else if let Some(member) = value.get_mut(name) {
        remove(member, rest);
    }
}

fn all() -> [Table; 3] {
    [anthropic(), google(), google_embeddings()]
}

#[test]
fn what_a_row_says_is_what_happens() {
    let mut wrong = Vec::new();
    for table in all() {
        for row in table.mapping.rows() {
            for treatment in row.treatments {
                if let Err(why) = table.check(row, treatment) {
                    wrong.push(format!("{} {} {:?}: {why}", table.mapping.provider, row.name, treatment));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows lie:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_member_is_there_twice() {
    for table in all() {
        let mut names: Vec<_> = table.mapping.rows().map(|row| row.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}

/// As the page says of members that only one table has.
#[test]
fn a_member_of_one_table_is_dropped_and_named_by_the_other() {
    let (one, other) = (anthropic(), google());
    for (table, other) in [(&one, &other), (&other, &one)] {
        for row in table.mapping.rows() {
            if other.mapping.rows().all(|known| known.name != row.name && !known.at.starts_with(row.at)) {
                let mut request = other.base.clone();
                let sample: Value = serde_json::from_str(row.treatments[0].sample).unwrap();
                request.as_object_mut().unwrap().extend(sample.as_object().unwrap().clone());
                let made = other.translate(&request).unwrap();
                let named = made.notes.dropped.iter().any(|name| row.at.starts_with(name.as_str()));
                assert!(named, "{} {}: {:?}", other.mapping.provider, row.name, made.notes);
            }
        }
    }
}

#[test]
fn what_the_table_decides_stands_in_a_closed_object() {
    for table in all() {
        for row in table.mapping.rows() {
            let decided = row.treatments.iter().any(|treatment| treatment.when.holds.is_some());
            let parent = row.at.rsplit_once('.').map_or("", |(parent, _)| parent);
            assert!(!decided || table.mapping.closed.contains(&parent), "{}", row.name);
        }
    }
}

/// A note or a refusal that no row any_row of is a row that is missing.
#[test]
fn the_cases_show_nothing_that_the_tables_do_not_say() {
    for (table, folder) in [(anthropic(), "anthropic"), (google(), "google")] {
        for file in std::fs::read_dir(format!("{}/src/translation/{folder}/cases", env!("CARGO_MANIFEST_DIR"))).unwrap()
        {
            let text = surrogates::mended(std::fs::read(file.unwrap().path()).unwrap().into());
            let case: Value = serde_json::from_slice(&text).unwrap();
            if case["kind"] != "request" {
                continue;
            }
            let request = if folder == "anthropic" { &case["input"]["body"] } else { &case["input"] };
            let any_row = |wanted: &dyn Fn(&MemberRow, &Effect) -> bool| {
                let mut rows = table.mapping.rows();
                rows.any(|row| row.treatments.iter().any(|treatment| wanted(row, &treatment.effect)))
            };
            match table.translate(request) {
                Ok(made) => {
                    for name in &made.notes.adjusted {
                        let has_row = any_row(&|row, effect| row.name == name && matches!(effect, Effect::Adjusted(_)));
                        assert!(has_row, "{}: {name} is adjusted", case["name"]);
                    }
                    for name in &made.notes.dropped {
                        let known = any_row(&|row, _| row.at == name || row.name == name);
                        let has_row = any_row(&|row, effect| row.name == name && matches!(effect, Effect::Dropped));
                        assert!(has_row || !known, "{}: {name} is dropped", case["name"]);
                    }
                }
                Err(error) if error.code() == "model_not_found" => {}
                Err(error) => {
                    let path = without_numbers(error.param().unwrap_or_default());
                    let has_row = any_row(&|row, effect| match effect {
                        Effect::Refused { code, param, .. } => {
                            code.as_str() == error.code() && path == (if param.is_empty() { row.at } else { *param })
                        }
                        _ => false,
                    });
                    assert!(has_row, "{}: {path} is refused as {}", case["name"], error.code());
                }
            }
        }
    }
}

#[test]
fn an_unknown_member_is_named_wherever_all_members_are_known() {
    let body = json!({"frobnicate": 1, "nothing": null, "stream_options": {"x": 1, "include_usage": true},
        "extra_body": {"other": {}, "google": {"x": 1, "thinking_config": {"y": 2}}}, "stream_options.include_usage": 1});
    let dropped =
        |table: Table, body: &Value| table.translate(&table.request(&body.to_string())).unwrap().notes.dropped;
    assert_eq!(
        dropped(google(), &body),
        [
            "extra_body.google.thinking_config.y",
            "extra_body.google.x",
            "extra_body.other",
            "frobnicate",
            "stream_options.include_usage",
            "stream_options.x"
        ]
    );
    assert_eq!(
        dropped(anthropic(), &body),
        ["extra_body", "frobnicate", "stream_options.include_usage", "stream_options.x"]
    );
    assert_eq!(dropped(google_embeddings(), &json!({"truncate": "END"})), ["truncate"]);
}

#[test]
fn thousands_of_unknown_members_are_not_all_named() {
    let members: Vec<_> = (0..5000).map(|i| format!("\"x{i}\":1")).collect();
    for table in all() {
        let made = table.translate(&table.request(&format!("{{{}}}", members.join(",")))).unwrap();
        assert_eq!(made.notes.dropped.len(), MAX_UNKNOWN);
    }
}

#[test]
fn a_name_from_the_caller_fits_into_a_header() {
    for table in all() {
        let request = table.request("{\"a\\r\\nb,é\":1}");
        assert_eq!(table.translate(&request).unwrap().notes.dropped, ["a__b__"]);
    }
}
