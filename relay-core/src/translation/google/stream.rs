//! One stream of `streamGenerateContent`: all its state, and every transition.
//!
//! The chunks that end the choices are written when the body ends, not when Google first names a reason: some models
//! say `STOP` in every event, with more text behind it.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::wire::{Candidate, Part, Payload};
use super::{continuation, error, finish, grounding, response};
use crate::domain::TokenUsage;
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::answer_budget::{AnswerBudget, too_long};
use crate::translation::limits::{MAX_ANSWER, MAX_CHOICES};
use crate::translation::surface::chat_completions::chunk::{ChunkChoice, ChunkWriter, Delta};
use crate::translation::surface::chat_completions::completion::Usage;
use crate::translation::{ChatContext, Continuation, ProviderError, StreamTranslator};

/// Translates one stream.
#[derive(Debug)]
pub(super) struct Translator {
    context: ChatContext,
    model: Option<String>,
    usage: Option<Usage>,
    choices: Vec<State>,
    /// How many ids were made up.
    made_up: u64,
    /// What is held of the choices: text, pictures, citations.
    budget: AnswerBudget,
    continued: Continued,
}

/// The requests of one answer.
#[derive(Debug, Default)]
struct Continued {
    /// How many were asked for, after the first.
    count: usize,
    /// Goes on with the answer that stopped.
    token: Option<String>,
    /// Whether the next answer has not begun.
    is_requested: bool,
    /// Tokens of the requests before this one.
    earlier: Option<Usage>,
}

/// One candidate's state.
#[derive(Debug)]
struct State {
    index: u32,
    calls: u32,
    known: response::Known,
    /// The text so far, which citations point into.
    text: String,
    /// Where in `text` this request's part begins.
    start: usize,
    /// The newest `groundingMetadata` of each request that has any, and where in `text` its part begins.
    grounding: Vec<(usize, Box<RawValue>)>,
    /// The newest signature on a text, and all pictures. They go out in one delta: of several, Node's helper keeps the last
    /// one, and Python's joins signatures and fails on lists.
    signature: Option<Box<RawValue>>,
    images: Vec<response::Image>,
    /// Bytes of the pictures.
    pictured: usize,
    /// Google's word for why it stopped.
    finish: Option<String>,
    /// Whether `finish` is why the prompt was blocked.
    blocked: bool,
}

impl Translator {
    pub(super) fn new(context: ChatContext) -> Self {
        Self {
            context,
            model: None,
            usage: None,
            choices: Vec::new(),
            made_up: 0,
            budget: AnswerBudget::default(),
            continued: Continued::default(),
        }
    }

    fn begin(&mut self, payload: &Payload<'_>, out: &mut ChunkWriter) {
        let id = response::id(payload.response_id.as_ref().map(|id| id.0.as_ref()), &self.context);
        self.model = payload.model().map(str::to_owned);
        let model = self.model.as_deref().unwrap_or(&self.context.model);
        let tier = payload.service_tier().or(self.context.service_tier);
        out.begin(&id, self.context.created, model, tier, self.context.include_usage);
    }

    fn block(&mut self, reason: &str, out: &mut ChunkWriter) {
        let Ok(state) = state(&mut self.choices, 0, out) else { return };
        if !state.is_closed() {
            let refusal = response::refusal(reason);
            out.delta(state.index, Delta { refusal: Some(Some(&refusal)), ..Delta::default() });
            state.finish = Some(reason.to_owned());
            state.blocked = true;
        }
    }

    fn candidate(&mut self, candidate: Candidate<'_>, position: u32, out: &mut ChunkWriter) -> Result<(), RelayError> {
        if self.context.may_continue {
            self.continued.token = candidate.continuation().map(str::to_owned).or(self.continued.token.take());
        }
        let state = state(&mut self.choices, candidate.index.unwrap_or(position), out)?;
        if state.is_closed() {
            return Ok(());
        }
        let mut logprobs = candidate.logprobs_result.and_then(grounding::logprobs);
        for mut part in candidate.content.into_iter().flat_map(|content| content.parts) {
            if let Some(call) = &mut part.function_call {
                let size = response::Known::size(call);
                if !state.known.add(call) {
                    continue;
                }
                self.budget.add(size)?;
                state.call(part, &self.context, &mut self.made_up, out)?;
            } else {
                self.budget.add(part.size())?;
                state.words(part, &mut logprobs, out)?;
            }
        }
        if logprobs.is_some() {
            out.choice(&ChunkChoice { index: state.index, logprobs, ..ChunkChoice::default() });
        }
        if let Some(raw) = candidate.grounding_metadata.filter(|raw| raw.get().contains("groundingSupports")) {
            let old = state.grounding.pop_if(|(start, _)| *start == state.start);
            self.budget.replace(old.map_or(0, |(_, old)| old.get().len()), raw.get().len())?;
            state.grounding.push((state.start, raw.to_owned()));
        }
        let Some(word) = candidate.finish_reason.map(|word| word.0) else { return Ok(()) };
        state.finish = Some(word.into_owned());
        let alone = self.choices.len() == 1;
        let failure = self.choices.iter().find_map(|state| finish::failure(state.finish.as_deref()?));
        match failure {
            Some(failure) if alone => Err(failure),
            _ => Ok(()),
        }
    }

    /// The next answer begins where the last one stopped.
    fn resume(&mut self) {
        self.continued.is_requested = false;
        self.continued.earlier = self.total();
        self.usage = None;
        for state in &mut self.choices {
            state.finish = None;
            state.start = state.text.len();
        }
    }

    /// The counts of all requests so far.
    fn total(&self) -> Option<Usage> {
        match (self.continued.earlier, self.usage) {
            (Some(earlier), Some(usage)) => Some(earlier.plus(usage)),
            (earlier, usage) => usage.or(earlier),
        }
    }

    fn is_complete(&self) -> bool {
        !self.choices.is_empty() && self.choices.iter().all(|state| state.finish.is_some())
    }
}

/// The state of a choice; its first chunk is written when it is new.
///
/// # Errors
/// A choice that nobody can have asked for.
fn state<'s>(choices: &'s mut Vec<State>, index: u32, out: &mut ChunkWriter) -> Result<&'s mut State, RelayError> {
    if index >= MAX_CHOICES {
        return Err(too_long(&format!("has more than {MAX_CHOICES} choices")));
    }
    let at = choices.iter().position(|state| state.index == index).unwrap_or_else(|| {
        out.delta(index, Delta { role: Some("assistant"), content: Some(""), ..Delta::default() });
        choices.push(State::new(index));
        choices.len() - 1
    });
    #[expect(clippy::indexing_slicing, reason = "found or pushed one line above")]
    Ok(&mut choices[at])
}

impl State {
    fn new(index: u32) -> Self {
        Self {
            index,
            calls: 0,
            known: response::Known::default(),
            text: String::new(),
            start: 0,
            grounding: Vec::new(),
            signature: None,
            images: Vec::new(),
            pictured: 0,
            finish: None,
            blocked: false,
        }
    }

    /// Whether the caller has any of it.
    fn has_output(&self) -> bool {
        !self.text.is_empty() || self.calls > 0
    }

    /// Whether nothing more is read: it ended for a reason other than `STOP`.
    fn is_closed(&self) -> bool {
        self.finish.as_deref().is_some_and(|word| word != "STOP")
    }

    fn call(
        &mut self,
        part: Part<'_>,
        context: &ChatContext,
        made_up: &mut u64,
        out: &mut ChunkWriter,
    ) -> Result<(), RelayError> {
        let is_shown = self.calls == 0 || !(context.first_call_only || context.legacy_functions);
        let Some(call) = part.function_call.filter(|_| is_shown) else { return Ok(()) };
        let call = response::tool_call(*call, part.thought_signature, context, made_up)?;
        if context.legacy_functions {
            out.delta(self.index, Delta { function_call: Some(call.function), ..Delta::default() });
        } else {
            let call =
                crate::translation::surface::chat_completions::completion::ToolCall { index: Some(self.calls), ..call };
            out.delta(self.index, Delta { tool_calls: Some([call]), ..Delta::default() });
        }
        self.calls = self.calls.saturating_add(1);
        Ok(())
    }

    /// Text, thoughts, a signature, a picture. Nothing is written for what is empty.
    ///
    /// # Errors
    /// More pictures than Relay keeps.
    fn words(
        &mut self,
        part: Part<'_>,
        logprobs: &mut Option<Box<RawValue>>,
        out: &mut ChunkWriter,
    ) -> Result<(), RelayError> {
        let is_text = part.text.is_some();
        let text = part.text.map(|text| text.0).filter(|text| !text.is_empty());
        if part.thought == Some(true) {
            if let Some(text) = text {
                out.reasoning(self.index, &text);
            }
            return Ok(());
        }
        if let Some(blob) = part.inline_data.filter(|_| !is_text) {
            return response::Image::new(*blob, part.thought_signature).map_or(Ok(()), |image| self.image(image));
        }
        if let Some(signature) = part.thought_signature.filter(|raw| response::is_text(raw)) {
            self.signature = Some(signature.to_owned());
        }
        let Some(text) = text else { return Ok(()) };
        match logprobs.take() {
            None => out.text(self.index, &text),
            logprobs => {
                let delta = Delta { content: Some(&text), ..Delta::default() };
                out.choice(&ChunkChoice { index: self.index, delta, logprobs, ..ChunkChoice::default() });
            }
        }
        self.text.push_str(&text);
        Ok(())
    }

    fn image(&mut self, image: response::Image) -> Result<(), RelayError> {
        self.pictured = self.pictured.saturating_add(image.size());
        if self.pictured > MAX_ANSWER {
            return Err(RelayError::unusable_answer(format!("Gemini's pictures are longer than {MAX_ANSWER} bytes")));
        }
        self.images.push(image);
        Ok(())
    }

    /// Signature and pictures, citations, then the chunk that ends the choice.
    fn end(&self, context: &ChatContext, out: &mut ChunkWriter) {
        let extra_content = self.signature.as_deref().map(response::signed);
        let images = response::images(&self.images);
        if extra_content.is_some() || images.is_some() {
            out.delta(self.index, Delta { extra_content, images, ..Delta::default() });
        }
        let sources = self.grounding.iter();
        let annotations: Vec<_> =
            sources.flat_map(|(start, raw)| grounding::annotations(raw, &self.text, &[], *start)).collect();
        if !annotations.is_empty() {
            out.delta(self.index, Delta { annotations: Some(annotations), ..Delta::default() });
        }
        let word = self.finish.as_deref().unwrap_or("STOP");
        let meaning = if self.blocked { finish::Meaning::Filter } else { finish::meaning(word) };
        out.choice(&ChunkChoice {
            index: self.index,
            finish_reason: Some(finish::reason(meaning, self.calls > 0, context)),
            native_finish_reason: (self.blocked || finish::is_telling(word)).then_some(Cow::Borrowed(word)),
            ..ChunkChoice::default()
        });
    }
}

/// An event that ends too early is the end of a stream that was cut.
fn unreadable(error: serde_json::Error) -> RelayError {
    let says = if error.is_eof() {
        RelayError::interrupted()
    } else {
        RelayError::unusable_answer("Gemini sent an event that can't be read as JSON")
    };
    says.with_source(error)
}

impl StreamTranslator for Translator {
    fn feed(&mut self, data: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError> {
        if data.trim_ascii().is_empty() {
            return Ok(());
        }
        let payload = Payload::read(data).map_err(unreadable)?;
        if let Some(raw) = payload.error {
            return Err(error::in_answer(raw));
        }
        if self.continued.is_requested {
            self.resume();
        }
        if let Some(usage) = &payload.usage_metadata {
            self.usage = Some(usage.to_usage());
        }
        if !out.has_begun() {
            self.begin(&payload, out);
        }
        if let Some(reason) = payload.block_reason() {
            self.block(reason, out);
        }
        for (candidate, position) in payload.candidates.into_iter().zip(0..) {
            self.candidate(candidate, position, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, stray: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError> {
        // A later answer that never began leaves what there is, not an empty answer.
        let is_left = !self.continued.is_requested || self.choices.iter().any(State::has_output);
        // Google reports a late error outside of events, also behind one that names a finish reason.
        if let Some(error) = error::stray(stray) {
            return Err(error);
        }
        if !self.is_complete() || !is_left {
            return Err(RelayError::interrupted().into());
        }
        for state in &self.choices {
            state.end(&self.context, out);
        }
        if let Some(usage) = self.total().filter(|_| self.context.include_usage) {
            out.usage(&usage);
        }
        out.done();
        Ok(())
    }

    fn continuation(&mut self, asked: &WireRequest) -> Option<Continuation> {
        let token = self.continued.token.take()?;
        let [state] = self.choices.as_slice() else { return None };
        if state.finish.as_deref() != Some("CONTINUATION") || self.continued.count >= continuation::MAX_CONTINUATIONS {
            return None;
        }
        let next = Continuation { wire: continuation::request(asked, &token)?, has_output: state.has_output() };
        self.continued.count += 1;
        self.continued.is_requested = true;
        Some(next)
    }

    fn usage(&self) -> Option<TokenUsage> {
        self.total().map(|usage| usage.metered())
    }

    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{context, events, translated};
    use serde_json::{Value, json};

    const TEXT: &str = r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"responseId":"r"}"#;
    const STOP: &str = r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}"#;

    #[track_caller]
    fn last(body: &str) -> Value {
        let request = json!({"model": "gemini-3.8-flash", "stream": true, "messages": [{"role": "user"}]});
        let got = events(&translated([body.as_bytes()], &context(&request)));
        got.last().cloned().unwrap()
    }

    #[test]
    fn a_bare_error_behind_the_events_is_the_answer() {
        let error =
            "{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"m\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}\n";
        let got = last(&format!("data: {TEXT}\r\n\r\n{error}"));
        assert_eq!(got["error"]["code"], "upstream_overloaded");
        assert_eq!(last(&format!("[{error}]"))["error"]["code"], "upstream_overloaded");
    }

    #[test]
    fn a_bare_error_behind_a_finish_reason_is_the_end() {
        let error = "{\n \"error\": {\n  \"code\": 499,\n  \"message\": \"m\",\n  \"status\": \"CANCELLED\"\n }\n}\n";
        for late in [error.to_owned(), error.trim().to_owned(), format!("[{error}]"), format!(",\r\n{error}\r\n]")] {
            let got = last(&format!("data: {TEXT}\r\n\r\ndata: {STOP}\r\n\r\n{late}"));
            assert_eq!(got["error"]["code"], "upstream_cancelled", "{late}");
        }
        assert_eq!(last(&format!("data: {TEXT}\n\ndata: {STOP}\n\n{{\"note\": 1}}\n<html>\n")), "[DONE]");
    }

    #[test]
    fn a_stream_without_an_end_was_interrupted() {
        for body in [
            String::new(),
            format!("data: {TEXT}\n\n"),
            format!("data: {TEXT}\n\ndata: {}", &STOP[..30]),
            format!("data: {TEXT}\n\n<html>\n"),
            format!("data: {TEXT}\n\n{{\"error\": 7"),
        ] {
            assert_eq!(last(&body)["error"]["code"], "upstream_stream_interrupted", "{body}");
        }
    }

    #[test]
    fn the_last_event_may_lack_its_blank_line() {
        assert_eq!(last(&format!("data: {TEXT}\n\ndata: {STOP}")), "[DONE]");
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for data in ["nonsense", "[]", "7", "{\"candidates\":7}"] {
            assert_eq!(last(&format!("data: {data}\n\n"))["error"]["code"], "upstream_error", "{data}");
        }
    }

    #[test]
    fn text_behind_an_early_stop_is_not_lost() {
        let early = r#"{"candidates":[{"content":{"parts":[{"text":"A"}]},"finishReason":"STOP"}]}"#;
        let late = r#"{"candidates":[{"content":{"parts":[{"text":"B"}]},"finishReason":"MAX_TOKENS"}]}"#;
        let request = json!({"model": "gemini-2.5-flash", "stream": true, "messages": [{"role": "user"}]});
        let body = format!("data: {early}\n\ndata: {late}\n\n");
        let got = events(&translated([body.as_bytes()], &context(&request)));
        let texts: Vec<&Value> = got.iter().map(|event| &event["choices"][0]["delta"]["content"]).collect();
        assert_eq!(texts[..3], [&json!(""), &json!("A"), &json!("B")]);
        assert_eq!(got[3]["choices"][0]["finish_reason"], "length");
    }

    #[test]
    fn a_call_in_pieces_is_an_error_and_not_half_a_call() {
        let call = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","willContinue":true}}]}}]}"#;
        assert_eq!(last(&format!("data: {call}\n\n"))["error"]["code"], "unsupported_upstream_feature");
    }
}
