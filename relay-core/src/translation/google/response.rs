//! A whole answer of `generateContent`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use serde_json::value::RawValue;

use super::finish;
use super::wire::{Blob, Candidate, FunctionCall, Part, Payload};
use super::{error, grounding};
use crate::error::{Code, RelayError};
use crate::translation::json::compact;
use crate::translation::surface::chat_completions::completion::{Choice, Completion, Function, Message, ToolCall};
use crate::translation::{ChatContext, TranslatedAnswer};

/// Length of what follows `call_` and `chatcmpl-` in made-up ids.
const MADE_UP: usize = 24;

/// Translates the answer to a chat request.
///
/// # Errors
/// An answer that means failure, or has nothing in it.
pub(super) fn translate(body: &Bytes, context: &ChatContext) -> Result<TranslatedAnswer, RelayError> {
    let unreadable = |error| RelayError::unusable_answer("Gemini's answer can't be read").with_source(error);
    if body.is_empty() {
        return Err(empty());
    }
    let mut payload = Payload::read(body).map_err(unreadable)?;
    if let Some(raw) = payload.error {
        return Err(error::in_answer(raw).error);
    }
    let usage = payload.usage_metadata.as_ref().map(super::wire::UsageMetadata::to_usage);
    let service_tier = payload.service_tier().or(context.service_tier);
    let candidates = std::mem::take(&mut payload.candidates);
    let choices = match payload.block_reason() {
        Some(reason) if candidates.is_empty() => vec![blocked(reason)],
        None if candidates.is_empty() => return Err(empty()),
        _ => choices(candidates, context)?,
    };
    let model = payload.model();
    let completion = Completion {
        id: id(payload.response_id.as_ref().map(|id| id.0.as_ref()), context).into(),
        object: "chat.completion",
        created: context.created,
        model: model.unwrap_or(&context.model).into(),
        choices,
        usage,
        service_tier,
    };
    let body = serde_json::to_vec(&completion).map_err(|error| empty().with_source(error))?;
    Ok(TranslatedAnswer {
        body: body.into(),
        usage: usage.map(|usage| usage.metered()),
        model: model.map(str::to_owned),
        usage_estimated: false,
    })
}

/// `chatcmpl-` and Google's id of the answer, or a made-up one.
pub(super) fn id(response_id: Option<&str>, context: &ChatContext) -> String {
    match response_id.filter(|id| !id.is_empty()) {
        Some(id) => format!("chatcmpl-{id}"),
        None => format!("chatcmpl-{}", context.id.unique(u64::MAX, MADE_UP)),
    }
}

/// What stands in `refusal` when Google blocked the prompt.
pub(super) fn refusal(reason: &str) -> String {
    format!("Google blocked the prompt and the model did not see it (reason: {reason}).")
}

fn empty() -> RelayError {
    let why = "Gemini's answer has no candidates; the same request may succeed";
    RelayError::from_answer(Code::EmptyResponse, why)
}

fn blocked(reason: &str) -> Choice<'_> {
    Choice {
        index: 0,
        message: Message { refusal: Some(refusal(reason).into()), ..Message::default() },
        logprobs: None,
        finish_reason: "content_filter",
        native_finish_reason: Some(reason.into()),
    }
}

fn choices<'a>(
    candidates: super::wire::Candidates<'a>,
    context: &'a ChatContext,
) -> Result<Vec<Choice<'a>>, RelayError> {
    let single = candidates.len() == 1;
    let mut made_up = 0;
    candidates
        .into_iter()
        .zip(0..)
        .map(|(candidate, position)| {
            let word = candidate.finish_reason.as_ref().map_or("STOP", |word| word.0.as_ref());
            match finish::failure(word) {
                Some(failure) if single => Err(failure),
                // One useless candidate does not spoil the others.
                Some(_) => Ok(useless(candidate, position)),
                None => choice(candidate, position, context, &mut made_up),
            }
        })
        .collect()
}

fn useless(candidate: Candidate<'_>, position: u32) -> Choice<'_> {
    Choice {
        index: candidate.index.unwrap_or(position),
        message: Message { content: Some("".into()), ..Message::default() },
        logprobs: None,
        finish_reason: "stop",
        native_finish_reason: candidate.finish_reason.map(|word| word.0),
    }
}

fn choice<'a>(
    candidate: Candidate<'a>,
    position: u32,
    context: &'a ChatContext,
    made_up: &mut u64,
) -> Result<Choice<'a>, RelayError> {
    let mut walk = Walk::default();
    for part in candidate.content.into_iter().flat_map(|content| content.parts) {
        walk.part(part, context, made_up)?;
    }
    let word = candidate.finish_reason.map_or(Cow::Borrowed("STOP"), |word| word.0);
    let called = !walk.calls.is_empty();
    let finish_reason = finish::reason(finish::meaning(&word), called, context);
    let annotations = candidate.grounding_metadata.map(|raw| grounding::annotations(raw, &walk.text, &walk.starts, 0));
    let mut message = Message {
        content: (!called || !walk.text.is_empty()).then_some(walk.text),
        annotations: annotations.unwrap_or_default(),
        reasoning_content: (!walk.thoughts.is_empty()).then_some(walk.thoughts),
        ..Message::default()
    };
    if context.legacy_functions {
        message.function_call = walk.calls.into_iter().next().map(|call| call.function);
    } else {
        message.tool_calls = walk.calls;
    }
    message.extensions.extend(walk.signature.map(|signature| ("extra_content", signed(signature))));
    message.extensions.extend(images(&walk.images).map(|images| ("images", images)));
    Ok(Choice {
        index: candidate.index.unwrap_or(position),
        message,
        logprobs: candidate.logprobs_result.and_then(grounding::logprobs),
        finish_reason,
        native_finish_reason: finish::is_telling(&word).then_some(word),
    })
}

/// What was found in a candidate's parts so far.
#[derive(Default)]
struct Walk<'a> {
    text: Cow<'a, str>,
    thoughts: Cow<'a, str>,
    /// Where in `text` each part begins.
    starts: Vec<usize>,
    calls: Vec<ToolCall<'a>>,
    known: Known,
    signature: Option<&'a RawValue>,
    images: Vec<Image>,
}

impl<'a> Walk<'a> {
    fn part(&mut self, part: Part<'a>, context: &'a ChatContext, made_up: &mut u64) -> Result<(), RelayError> {
        self.starts.push(self.text.len());
        let thought = part.thought == Some(true);
        if let Some(mut call) = part.function_call {
            let is_new = self.known.add(&mut call);
            if is_new && (self.calls.is_empty() || !context.first_call_only) {
                self.calls.push(tool_call(*call, part.thought_signature, context, made_up)?);
            }
        } else if let Some(text) = part.text {
            append(if thought { &mut self.thoughts } else { &mut self.text }, text.0);
            if !thought {
                self.signature = part.thought_signature.filter(|signature| is_text(signature)).or(self.signature);
            }
        } else if let Some(blob) = part.inline_data {
            self.images.extend(Image::new(*blob, part.thought_signature).filter(|_| !thought));
        } else {
            self.signature = part.thought_signature.filter(|signature| is_text(signature)).or(self.signature);
        }
        Ok(())
    }
}

/// The calls of a choice that Google gave an id, to know one that is sent again.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// For each id, the digests of names and arguments.
    calls: HashMap<String, HashSet<u64>>,
}

impl Known {
    /// Whether a call is new. One of the same id, name and arguments is the same call; another one of a known id loses the id, and
    /// gets one of Relay's, since clients find a call's result by it.
    pub(super) fn add(&mut self, call: &mut FunctionCall<'_>) -> bool {
        let Some(id) = call.id().map(str::to_owned) else { return true };
        let mut hasher = DefaultHasher::new();
        call.name.as_ref().map_or("", |name| name.0.as_ref()).hash(&mut hasher);
        compact(call.args.map_or("{}", RawValue::get)).hash(&mut hasher);
        let same_id = self.calls.entry(id).or_default();
        if !same_id.is_empty() {
            call.id = None;
        }
        same_id.insert(hasher.finish())
    }

    /// Bytes that a call takes here.
    pub(super) fn size(call: &FunctionCall<'_>) -> usize {
        call.id().map_or(0, |id| id.len().saturating_add(size_of::<u64>()))
    }
}

fn append<'a>(text: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if text.is_empty() {
        *text = more;
    } else {
        text.to_mut().push_str(&more);
    }
}

/// Translates a call. Its arguments stay as Gemini wrote them, without white space.
///
/// # Errors
/// Arguments that come in pieces, which this API does not do today.
pub(super) fn tool_call<'a>(
    call: FunctionCall<'a>,
    signature: Option<&RawValue>,
    context: &'a ChatContext,
    made_up: &mut u64,
) -> Result<ToolCall<'a>, RelayError> {
    if call.args.is_none() && (call.will_continue == Some(true) || call.partial_args.is_some()) {
        let why = "Gemini sent a tool call in pieces, which Relay can't put together";
        return Err(RelayError::from_answer(Code::UnsupportedUpstreamFeature, why));
    }
    let id = call.id.map(|id| id.0).filter(|id| !id.is_empty()).unwrap_or_else(|| {
        let id = format!("call_{}", context.id.unique(*made_up, MADE_UP));
        *made_up += 1;
        id.into()
    });
    let sent = call.name.map_or(Cow::Borrowed(""), |name| name.0);
    let renamed = context.renamed_tools.get(sent.as_ref());
    Ok(ToolCall {
        index: None,
        id: Some(id),
        r#type: Some("function"),
        function: Function {
            name: Some(renamed.map_or(sent, |asked| Cow::Borrowed(asked.as_str()))),
            arguments: call.args.map_or(Cow::Borrowed("{}"), |args| compact(args.get())),
        },
        extra_content: signature.filter(|signature| is_text(signature)).map(signed),
    })
}

/// Whether a raw value is a string that is not empty.
pub(super) fn is_text(raw: &RawValue) -> bool {
    raw.get().starts_with('"') && raw.get() != "\"\""
}

/// `extra_content` around a signature, as Google's own OpenAI endpoint has it.
pub(super) fn signed(signature: &RawValue) -> Box<RawValue> {
    let json = format!("{{\"google\":{{\"thought_signature\":{}}}}}", signature.get());
    RawValue::from_string(json).unwrap_or_default()
}

/// A picture of the answer, as an item of the extension `images`.
#[derive(Debug, serde::Serialize)]
pub(super) struct Image {
    r#type: &'static str,
    image_url: Url,
    /// Extension: `{"google":{"thought_signature":…}}`. Gemini 3 wants it back with the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Box<RawValue>>,
}

#[derive(Debug, serde::Serialize)]
struct Url {
    url: String,
}

impl Image {
    /// A picture as a data URL; other media can't be shown.
    pub(super) fn new(blob: Blob<'_>, signature: Option<&RawValue>) -> Option<Self> {
        let mime_type = blob.mime_type.filter(|mime_type| mime_type.0.starts_with("image/"))?;
        let url = format!("data:{};base64,{}", mime_type.0, blob.data?.0);
        let extra_content = signature.filter(|signature| is_text(signature)).map(signed);
        Some(Self { r#type: "image_url", image_url: Url { url }, extra_content })
    }

    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.image_url.url.len() + self.extra_content.as_ref().map_or(0, |extra| extra.get().len())
    }
}

/// The extension `images`: `[{"type":"image_url","image_url":{"url":..}}]`.
pub(super) fn images(images: &[Image]) -> Option<Box<RawValue>> {
    if images.is_empty() { None } else { serde_json::value::to_raw_value(images).ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::context;
    use super::*;

    #[track_caller]
    fn answered(request: &Value, parts: &str) -> Value {
        let body = format!("{{\"candidates\":[{{\"content\":{{\"parts\":{parts}}},\"finishReason\":\"STOP\"}}]}}");
        let answer = translate(&body.into(), &context(request)).unwrap();
        serde_json::from_slice::<Value>(&answer.body).unwrap()["choices"][0].clone()
    }

    fn request() -> Value {
        json!({"model": "gemini-3.8-flash", "messages": [{"role": "user", "content": "x"}]})
    }

    #[test]
    fn arguments_keep_their_numbers_and_order() {
        let parts = r#"[{"functionCall":{"name":"f","args":{ "z" : 1.50, "a b": 12345678901234567890123 }}}]"#;
        let choice = answered(&request(), parts);
        let arguments = &choice["message"]["tool_calls"][0]["function"]["arguments"];
        assert_eq!(arguments, r#"{"z":1.50,"a b":12345678901234567890123}"#);
    }

    #[test]
    fn a_renamed_tool_has_its_own_name_again() {
        let mut request = request();
        request["tools"] = json!([{"type": "function", "function": {"name": "3d"}}]);
        let choice = answered(&request, r#"[{"functionCall":{"name":"_3d"}}]"#);
        assert_eq!(choice["message"]["tool_calls"][0]["function"]["name"], "3d");
    }

    #[test]
    fn only_the_first_call_is_shown_if_the_caller_takes_one() {
        let mut request = request();
        request["parallel_tool_calls"] = json!(false);
        let choice = answered(&request, r#"[{"functionCall":{"name":"a"}},{"functionCall":{"name":"b"}}]"#);
        assert_eq!(choice["message"]["tool_calls"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn pictures_are_data_urls_and_other_media_is_skipped() {
        let parts = r#"[{"inlineData":{"mimeType":"image/png","data":"QQ=="}},{"inlineData":{"mimeType":"audio/wav","data":"QQ=="}}]"#;
        let images = json!([{"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}]);
        let choice = answered(&request(), parts);
        assert_eq!((&choice["message"]["images"], &choice["message"]["content"]), (&images, &json!("")));
    }

    #[test]
    fn a_picture_keeps_its_signature() {
        let parts = r#"[{"text":"A","thoughtSignature":"dA=="},{"inlineData":{"mimeType":"image/png","data":"QQ=="},"thoughtSignature":"cw=="},{"thoughtSignature":"bA=="}]"#;
        let message = answered(&request(), parts)["message"].clone();
        assert_eq!(message["images"][0]["extra_content"], json!({"google": {"thought_signature": "cw=="}}));
        assert_eq!(message["extra_content"], json!({"google": {"thought_signature": "bA=="}}));
    }

    #[test]
    fn a_call_that_comes_twice_is_one() {
        let parts = r#"[{"functionCall":{"id":"a","name":"f","args":{}}},{"functionCall":{"id":"b","name":"f","args":{}}},{"functionCall":{"id":"a","name":"f","args":{"x":1}}},{"functionCall":{"id":"a","name":"g"}},{"functionCall":{"id":"a","name":"g","args":{ }}},{"functionCall":{"name":"f","args":{}}},{"functionCall":{"id":"","name":"f"}}]"#;
        let calls = answered(&request(), parts)["message"]["tool_calls"].as_array().unwrap().clone();
        let shown: Vec<_> = calls.iter().map(|call| call["function"]["arguments"].as_str().unwrap()).collect();
        assert_eq!(shown, ["{}", "{}", "{\"x\":1}", "{}", "{}", "{}"]);
        let ids: HashSet<_> = calls.iter().map(|call| call["id"].as_str().unwrap()).collect();
        assert_eq!((ids.len(), &calls[0]["id"]), (6, &json!("a")));
    }

    #[test]
    fn an_error_inside_a_good_answer_is_an_error() {
        let body = Bytes::from_static(br#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#);
        assert_eq!(translate(&body, &context(&request())).unwrap_err().code(), "upstream_overloaded");
        let code_of = |body: &'static str| translate(&body.into(), &context(&request())).unwrap_err().code().to_owned();
        for empty in ["", "{}", "{\"candidates\":null}"] {
            assert_eq!(code_of(empty), "empty_response", "{empty}");
        }
        for unreadable in ["<html>", "[]", "{\"candidates\":"] {
            assert_eq!(code_of(unreadable), "upstream_error", "{unreadable}");
        }
    }

    #[test]
    fn one_failed_candidate_does_not_spoil_the_others() {
        let body = r#"{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"},
            {"content":{"parts":[{"text":"B"}]},"finishReason":"STOP"}]}"#;
        let answer = translate(&body.into(), &context(&request())).unwrap();
        let choices = serde_json::from_slice::<Value>(&answer.body).unwrap()["choices"].clone();
        assert_eq!(choices[0]["native_finish_reason"], "MALFORMED_FUNCTION_CALL");
        assert_eq!((&choices[1]["index"], &choices[1]["message"]["content"]), (&json!(1), &json!("B")));
    }
}
