//! Long answers of Gemini 4, in several requests. A request that reaches its own cap ends with `CONTINUATION` and a token; the
//! same request with the token continues the answer.

use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};

use super::wire::Payload;
use crate::ports::WireRequest;
use crate::translation::Continuation;
use crate::translation::members::Members;

/// A request for at most this many tokens is never interrupted.
pub(super) const UNINTERRUPTED_TOKENS: u64 = 32_768;
/// How often an answer is continued.
pub(super) const MAX_CONTINUATIONS: usize = 31;

/// The same request, with the token of the answer that stopped.
pub(super) fn request(asked: &WireRequest, token: &str) -> Option<WireRequest> {
    let mut body = Members::from_raw(serde_json::from_slice(&asked.body).ok()?).ok()?;
    body.write("continuationToken", token);
    Some(WireRequest { body: body.to_bytes().into(), ..asked.clone() })
}

/// The next request after these whole answers, if the last one stopped at its cap. Only a single candidate is continued.
pub(super) fn next(asked: &WireRequest, bodies: &[Bytes]) -> Option<Continuation> {
    if bodies.len() > MAX_CONTINUATIONS {
        return None;
    }
    let payload = Payload::read(bodies.last()?).ok()?;
    let mut candidates = payload.candidates.into_iter();
    let (candidate, None) = (candidates.next()?, candidates.next()) else { return None };
    let token = candidate.continuation()?;
    Some(Continuation { wire: request(asked, token)?, has_output: bodies.iter().any(|body| shows(body)) })
}

fn shows(body: &[u8]) -> bool {
    let candidates = Payload::read(body).map(|payload| payload.candidates).unwrap_or_default();
    candidates.into_iter().flat_map(|candidate| candidate.content).flat_map(|content| content.parts).any(|part| {
        part.function_call.is_some() || (part.thought != Some(true) && part.text.is_some_and(|text| !text.0.is_empty()))
    })
}

/// The answers as one: the first one's members, all parts, summed counts, the last one's end.
pub(super) fn join(bodies: &[Bytes]) -> Option<Bytes> {
    let mut answers = bodies.iter().map(|body| Members::from_raw(serde_json::from_slice(body).ok()?).ok());
    let mut whole = answers.next()??;
    let mut counts = whole.get("usageMetadata").and_then(|usage| Members::from_raw(usage).ok()).unwrap_or_default();
    let mut candidate = first_candidate(&whole)?;
    let mut parts = parts_of(&candidate);
    for answer in answers {
        let answer = answer?;
        if let Some(usage) = answer.get("usageMetadata") {
            counts.add(usage);
        }
        let more = first_candidate(&answer)?;
        if let Some(sources) = more.get("groundingMetadata") {
            let all = sources_behind(candidate.get("groundingMetadata"), sources, parts.len())?;
            candidate.write("groundingMetadata", &all);
        }
        if let Some(logprobs) = more.get("logprobsResult") {
            let mut all =
                candidate.get("logprobsResult").and_then(|own| Members::from_raw(own).ok()).unwrap_or_default();
            all.add(logprobs);
            candidate.write("logprobsResult", &all);
        }
        parts.extend(parts_of(&more));
        candidate.remove("finishReason");
        for name in ["finishReason", "finishMessage"] {
            if let Some(value) = more.get(name) {
                candidate.set(name, value.to_owned());
            }
        }
    }
    let mut content = candidate.get("content").and_then(|content| Members::from_raw(content).ok()).unwrap_or_default();
    content.write("parts", &parts);
    candidate.write("content", &content);
    whole.write("candidates", &[candidate]);
    if !counts.is_empty() {
        whole.write("usageMetadata", &counts);
    }
    Some(whole.to_bytes().into())
}

/// The sources of an answer appended to those of the answers before it, which have `parts` parts. Each answer counts from 0.
fn sources_behind(own: Option<&RawValue>, more: &RawValue, parts: usize) -> Option<Members> {
    let mut all = own.and_then(|own| Members::from_raw(own).ok()).unwrap_or_default();
    let pages = all.get("groundingChunks").map_or(0, |pages| items(pages).len());
    let mut more = Members::from_raw(more).ok()?;
    let supports = more.get("groundingSupports").map(items).unwrap_or_default();
    let supports = supports.into_iter().map(|support| moved(support, parts, pages)).collect::<Option<Vec<_>>>()?;
    more.write("groundingSupports", &supports);
    all.add(&to_raw_value(&more).ok()?);
    Some(all)
}

/// A supported span, moved by a number of parts and pages.
fn moved(support: &RawValue, parts: usize, pages: usize) -> Option<Members> {
    let mut support = Members::from_raw(support).ok()?;
    let mut segment = support.get("segment").and_then(|segment| Members::from_raw(segment).ok()).unwrap_or_default();
    let part = segment.get("partIndex").and_then(|part| part.get().parse::<usize>().ok()).unwrap_or(0);
    segment.write("partIndex", &part.saturating_add(parts));
    support.write("segment", &segment);
    let indexes =
        support.get("groundingChunkIndices").and_then(|raw| serde_json::from_str::<Vec<usize>>(raw.get()).ok());
    let indexes = indexes.unwrap_or_default().into_iter().map(|index| index.saturating_add(pages));
    support.write("groundingChunkIndices", &indexes.collect::<Vec<_>>());
    Some(support)
}

fn items(list: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(list.get()).unwrap_or_default()
}

fn first_candidate(payload: &Members) -> Option<Members> {
    let candidates: Vec<&RawValue> = serde_json::from_str(payload.get("candidates")?.get()).ok()?;
    Members::from_raw(candidates.first()?).ok()
}

fn parts_of(candidate: &Members) -> Vec<Box<RawValue>> {
    let content = candidate.get("content").and_then(|content| Members::from_raw(content).ok());
    let parts = content.and_then(|content| serde_json::from_str(content.get("parts")?.get()).ok());
    parts.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::ports::Expect;

    fn answer(text: &str, finish: &str, token: Option<&str>) -> Bytes {
        let mut candidate = json!({"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": finish});
        if let Some(token) = token {
            candidate["continuationToken"] = json!(token);
        }
        let usage = json!({"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8});
        json!({"candidates": [candidate], "responseId": text, "usageMetadata": usage}).to_string().into()
    }

    fn asked() -> WireRequest {
        WireRequest::post("/v1beta/models/gemini-4-argon:generateContent", r#"{"contents":[],"n":1.50}"#, Expect::Whole)
    }

    #[test]
    fn an_answer_that_reached_its_cap_goes_on_with_the_token() {
        let first = answer("A", "CONTINUATION", Some("t\"1"));
        let next = next(&asked(), &[first]).unwrap();
        assert_eq!(next.wire.body, r#"{"contents":[],"n":1.50,"continuationToken":"t\"1"}"#);
        assert!(next.has_output);
    }

    #[test]
    fn nothing_else_goes_on() {
        for body in
            [answer("A", "MAX_TOKENS", Some("t")), answer("A", "STOP", Some("t")), answer("A", "CONTINUATION", None)]
        {
            assert!(next(&asked(), &[body]).is_none());
        }
        let answers = |count| vec![answer("A", "CONTINUATION", Some("t")); count];
        assert!(next(&asked(), &answers(31)).is_some() && next(&asked(), &answers(32)).is_none());
    }

    #[test]
    fn the_answers_are_joined() {
        let joined = join(&[answer("A", "CONTINUATION", Some("t")), answer("B", "STOP", None)]).unwrap();
        let joined: Value = serde_json::from_slice(&joined).unwrap();
        let candidate = &joined["candidates"][0];
        assert_eq!(candidate["content"]["parts"], json!([{"text": "A"}, {"text": "B"}]));
        assert_eq!((&candidate["finishReason"], &joined["responseId"]), (&json!("STOP"), &json!("A")));
        assert_eq!(joined["usageMetadata"]["totalTokenCount"], 16);
    }

    #[test]
    fn counts_in_lists_and_logprobs_are_those_of_all_answers() {
        let answer = |text: &str| {
            let token = json!({"token": text, "logProbability": -0.5});
            let logprobs = json!({"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]});
            let candidate = json!({"content": {"parts": [{"text": text}]}, "logprobsResult": logprobs});
            let audio = json!([{"modality": "AUDIO", "tokenCount": 3}]);
            let usage = json!({"promptTokenCount": 3, "promptTokensDetails": audio});
            Bytes::from(json!({"candidates": [candidate], "usageMetadata": usage}).to_string())
        };
        let joined = join(&[answer("A"), answer("B")]).unwrap();
        assert_eq!(
            Payload::read(&joined)
                .unwrap()
                .usage_metadata
                .unwrap()
                .to_usage()
                .prompt_tokens_details
                .unwrap()
                .audio_tokens,
            Some(6)
        );
        let joined: Value = serde_json::from_slice(&joined).unwrap();
        let logprobs = &joined["candidates"][0]["logprobsResult"];
        assert_eq!(
            (logprobs["chosenCandidates"][1]["token"].as_str(), logprobs["topCandidates"].as_array().unwrap().len()),
            (Some("B"), 2)
        );
    }

    #[test]
    fn no_counts_are_made_up() {
        let answer = Bytes::from_static(br#"{"candidates":[{"content":{"parts":[]}}]}"#);
        let joined: Value = serde_json::from_slice(&join(&[answer.clone(), answer]).unwrap()).unwrap();
        assert_eq!(joined.get("usageMetadata"), None);
    }

    #[test]
    fn sources_of_all_answers_stay_with_their_text() {
        let answer = |parts: &[&str], part: usize, page: &str| {
            let parts: Vec<Value> = parts.iter().map(|text| json!({"text": text})).collect();
            let segment = json!({"partIndex": part, "startIndex": 0, "endIndex": 2});
            let support = json!({"segment": segment, "groundingChunkIndices": [0]});
            let pages = json!([{"web": {"uri": page, "title": "t"}}]);
            let grounding = json!({"groundingChunks": pages, "groundingSupports": [support]});
            let candidate = json!({"content": {"parts": parts}, "groundingMetadata": grounding});
            Bytes::from(json!({"candidates": [candidate]}).to_string())
        };
        let joined =
            join(&[answer(&["aa", "bb"], 1, "one"), answer(&["cc"], 0, "two"), answer(&["dd", "ee"], 1, "three")]);
        let context = crate::translation::ChatContext::new(crate::domain::ids::RequestId::new(1, [1; 10]), 7, "m");
        let answer = super::super::response::translate(&joined.unwrap(), &context).unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let annotations = answer["choices"][0]["message"]["annotations"].as_array().unwrap();
        let spans = annotations.iter().map(|annotation| &annotation["url_citation"]);
        let spans: Vec<Value> = spans.map(|at| json!([at["start_index"], at["end_index"], at["url"]])).collect();
        assert_eq!(spans, [json!([2, 4, "one"]), json!([4, 6, "two"]), json!([8, 10, "three"])]);
    }
}
