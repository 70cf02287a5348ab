//! Walks over the `cases/` of all dialects: one file a case, with what comes in and what must go out.
//!
//! A dialect says in its [`Format`] how a case becomes a call and how the outcome is written down; the rest is here.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::support::compare::{Rules, same};
use super::support::feed::{CUTS, chunks, streamed};
use super::with_call;
use crate::domain::ids::Timestamp;
use crate::error::RelayError;
use crate::translation::{
    ChatContext, Dialect, EmbeddingsContext, TranslatedAnswer, TranslatedChat, TranslatedEmbeddings, TranslationOptions,
};
use crate::translation::{ErrorResponse, ProviderError, anthropic, google};

/// Every dialect that translates.
const FORMATS: [&Format; 2] = [&anthropic::tests::golden::FORMAT, &google::tests::golden::FORMAT];

/// How one provider's cases are written.
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) dialect: &'static dyn Dialect,
    /// How many cases there are at least: files must not get lost.
    pub(crate) cases: usize,
    /// Line ends that the provider uses in streams.
    pub(crate) line_ends: &'static [&'static str],
    pub(crate) rules: Rules,
    /// What a case gives to the dialect.
    pub(crate) given: fn(&Case) -> Given,
    /// How the outcome stands in `expected`.
    pub(crate) shown: fn(Made) -> Value,
    /// Where the outcome says more than a case, because the product does: (case, JSON pointer, reason). What is listed must
    /// be there.
    pub(crate) more: &'static [(&'static str, &'static str, &'static str)],
}

/// A case as its file has it. `input` stays text, for the order and the numbers in it.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) input: Box<RawValue>,
    pub(crate) expected: Value,
}

/// What a case gives to a dialect.
pub(crate) enum Given {
    Chat(Bytes, TranslationOptions),
    Embeddings(Bytes),
    ChatAnswer(Bytes, Box<ChatContext>),
    EmbeddingsAnswer(Bytes, EmbeddingsContext),
    /// Lines of each event, without the blank one.
    Stream(Vec<Vec<String>>, Box<ChatContext>),
    Error {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        now: Timestamp,
    },
}

/// What a dialect made of it.
pub(crate) enum Made {
    Chat(Result<TranslatedChat, RelayError>),
    Embeddings(Result<TranslatedEmbeddings, RelayError>),
    Answer(Result<TranslatedAnswer, RelayError>),
    Chunks(Vec<Value>),
    Error(ProviderError),
}

impl Format {
    /// All cases, by name.
    pub(crate) fn all(&self) -> Vec<Case> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/translation").join(self.name).join("cases");
        let read = |path| serde_json::from_str::<Case>(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut cases: Vec<Case> =
            std::fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap().path())).collect();
        cases.sort_by(|one, other| one.name.cmp(&other.name));
        cases
    }

    /// The streams among the cases: name, events, context.
    pub(crate) fn streams(&self) -> Vec<(String, Vec<Vec<String>>, ChatContext)> {
        let stream = |case: &Case| match (self.given)(case) {
            Given::Stream(events, context) => Some((case.name.clone(), events, *context)),
            _ => None,
        };
        self.all().iter().filter_map(stream).collect()
    }

    fn check(&self, case: &Case) -> Result<(), String> {
        let made = match (self.given)(case) {
            Given::Stream(events, context) => return self.check_stream(case, &events, &context),
            Given::Chat(body, options) => Made::Chat(with_call(&body, None, options, |call| self.dialect.chat(call))),
            Given::Embeddings(body) => {
                Made::Embeddings(with_call(&body, None, TranslationOptions::default(), |call| {
                    self.dialect.embeddings(call)
                }))
            }
            Given::ChatAnswer(body, context) => Made::Answer(self.dialect.chat_answer(body, &context)),
            Given::EmbeddingsAnswer(body, context) => {
                Made::Answer(self.dialect.embeddings_answer(vec![body], &context))
            }
            Given::Error { status, headers, body, now } => {
                Made::Error(self.dialect.error(&ErrorResponse { status, headers: &headers, body: &body }, now))
            }
        };
        let mut got = (self.shown)(made);
        for (_, pointer, why) in self.more.iter().filter(|(name, ..)| *name == case.name) {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let taken = got.pointer_mut(parent).and_then(|value| value.as_object_mut()?.remove(member));
            taken.ok_or_else(|| format!("{pointer} is not there ({why})"))?;
        }
        same(&case.expected, &got, self.rules)
    }

    fn check_stream(&self, case: &Case, events: &[Vec<String>], context: &ChatContext) -> Result<(), String> {
        for end in self.line_ends {
            let body = body_of(events, end);
            for cut in CUTS {
                let (text, _) = streamed(self.dialect, body.as_bytes(), cut, context);
                same(&case.expected, &(self.shown)(Made::Chunks(chunks(&text))), self.rules)
                    .map_err(|why| format!("{cut:?}, line end {end:?}: {why}"))?;
            }
        }
        Ok(())
    }
}

/// A stream's body with these line ends.
pub(crate) fn body_of(events: &[Vec<String>], end: &str) -> String {
    events.iter().map(|lines| lines.iter().map(|line| format!("{line}{end}")).collect::<String>() + end).collect()
}

#[test]
fn every_case_translates_as_written() {
    let (mut counts, mut wrong) = (Vec::new(), Vec::new());
    for format in FORMATS {
        let cases = format.all();
        assert!(cases.len() >= format.cases, "{}: only {} cases", format.name, cases.len());
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let mut failed = 0;
        for case in &cases {
            *kinds.entry(&case.kind).or_default() += 1;
            if let Err(why) = format.check(case) {
                failed += 1;
                wrong.push(format!("{} {}: {why}", format.name, case.name));
            }
        }
        println!("{}: {kinds:?}", format.name);
        counts.push(format!("{} {}/{}", format.name, cases.len() - failed, cases.len()));
    }
    println!("{}", counts.join(", "));
    assert!(wrong.is_empty(), "{}\n{}", counts.join(", "), wrong.join("\n"));
}

#[test]
fn a_name_is_told_once_and_a_kind_is_known() {
    for format in FORMATS {
        let cases = format.all();
        for more in format.more {
            assert!(cases.iter().any(|case| case.name == more.0), "no case {}", more.0);
        }
        assert!(cases.windows(2).all(|pair| pair[0].name != pair[1].name));
    }
}
