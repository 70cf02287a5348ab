//! Recorded pairs: one test scenario that a client library sent to OpenAI and to Gemini. What we make of the first must
//! say what the second says.

use serde_json::Value;

use super::Google;
use super::corpus_tests::{Outcome, walk};
use super::testing::with_call;
use crate::providers::Dialect;

#[test]
fn recorded_requests_say_what_a_gemini_client_says() {
    walk("pairs/pairs.jsonl", |row| {
        let Some(path) = row["gemini"]["path"].as_str() else { return Outcome::Skipped };
        if !row["openai"]["request"].is_object() {
            return Outcome::Skipped;
        }
        let model = path.split(['/', ':']).nth(3).unwrap_or_default();
        let mut request = row["openai"]["request"].clone();
        request["model"] = model.into();
        let made = match with_call(&request, |call| Google.chat(call)) {
            Ok(made) => serde_json::from_slice::<Value>(&made.wire.body).unwrap(),
            // A file that only OpenAI has.
            Err(error) if error.param().is_some_and(|param| param.ends_with("file_id")) => return Outcome::Holds,
            Err(error) => return Outcome::Differs(format!("{error:?} ")),
        };
        let (mut got, mut want) = (Said::of(&made), Said::of(&row["gemini"]["request"]));
        if want.calls > 0 {
            // The two models called differently, so only what was there before the calls can be compared.
            let answered = got.calls == got.results;
            (got, want) = (got.before_calls(), want.before_calls());
            if !answered {
                return Outcome::Differs("a call without a result, or the other way round".to_owned());
            }
        }
        if got == want { Outcome::Holds } else { Outcome::Differs(format!("{got:?}\n   instead of {want:?}")) }
    });
}

/// What a request says, whatever form its library chose.
#[derive(Debug, PartialEq)]
struct Said {
    system: String,
    user: String,
    tools: Vec<String>,
    calls: usize,
    results: usize,
    media: usize,
}

impl Said {
    fn of(body: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let texts = |parts: &Value| -> String {
            list(parts).iter().filter_map(|part| part["text"].as_str()).map(str::trim).collect()
        };
        let contents = list(&body["contents"]);
        let users = contents.iter().filter(|content| content["role"] != "model");
        let parts: Vec<Value> = contents.iter().flat_map(|content| list(&content["parts"])).collect();
        let declared = list(&body["tools"]).into_iter().flat_map(|tool| list(&tool["functionDeclarations"]));
        let mut tools: Vec<String> = declared.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
        tools.sort();
        Self {
            system: texts(&body["systemInstruction"]["parts"]),
            user: users.map(|content| texts(&content["parts"])).collect(),
            tools,
            calls: parts.iter().filter(|part| !part["functionCall"].is_null()).count(),
            results: parts.iter().filter(|part| !part["functionResponse"].is_null()).count(),
            media: parts.iter().filter(|part| !part["inlineData"].is_null() || !part["fileData"].is_null()).count(),
        }
    }

    fn before_calls(self) -> Self {
        Self { user: String::new(), calls: 0, results: 0, media: 0, ..self }
    }
}
