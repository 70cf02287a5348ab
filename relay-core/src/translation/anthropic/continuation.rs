//! Answers that take several requests, and long ones that are asked for as a stream.
//!
//! A model with server tools may stop with `pause_turn`. The same request with the answer so far appended continues it
//! (<https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>). An answer that is too long to wait for in
//! silence is asked for as a stream.

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;

use crate::ports::{Expect, WireRequest};
use crate::translation::Continuation;
use crate::translation::json::{Object, range_in};
use crate::translation::members::Members;
use crate::translation::surrogates;

/// How often a paused turn is continued.
pub(super) const MAX_CONTINUATIONS: usize = 5;

/// The most `max_tokens` of an answer that is asked for whole. Anthropic's own SDKs refuse more: at
/// 128,000 tokens an hour, such an answer takes over ten minutes, and proxies close connections that are silent for that long.
pub(super) const MAX_WHOLE: u64 = 21_333;

/// The same request for a stream.
pub(super) fn as_stream(wire: WireRequest) -> WireRequest {
    let mut body = wire.body.try_into_mut().unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
    if body.last() == Some(&b'}') {
        body.truncate(body.len() - 1);
        body.extend_from_slice(b",\"stream\":true}");
    }
    WireRequest { body: body.freeze(), expect: Expect::Stream, ..wire }
}

/// The request that continues a turn: the first one, with the answer so far appended to its messages, unchanged, as one
/// message.
pub(super) fn request(asked: &WireRequest, contents: &[&RawValue]) -> Option<WireRequest> {
    let body = std::str::from_utf8(&asked.body).ok()?;
    let messages = Object::parse(&asked.body).ok()?.get("messages")?.get();
    let end = range_in(&asked.body, messages)?.end.checked_sub(1)?;
    let (before, behind) = body.split_at_checked(end)?;
    let blocks = contents.iter().map(|content| serde_json::from_str::<Vec<&RawValue>>(content.get()));
    let blocks = blocks.collect::<Result<Vec<_>, _>>().ok()?.concat();
    let size: usize = blocks.iter().map(|block| block.get().len() + 1).sum();
    let mut longer = String::with_capacity(body.len() + size + 64);
    longer.push_str(before);
    longer.push_str(",{\"role\":\"assistant\",\"content\":[");
    for (i, block) in blocks.iter().enumerate() {
        longer.push_str(if i > 0 { "," } else { "" });
        longer.push_str(block.get());
    }
    longer.push_str("]}");
    longer.push_str(behind);
    Some(WireRequest { body: surrogates::mended(longer.into()), ..asked.clone() })
}

/// The next request after these whole answers, if the last one paused.
pub(super) fn next(asked: &WireRequest, bodies: &[Bytes]) -> Option<Continuation> {
    if bodies.len() > MAX_CONTINUATIONS {
        return None;
    }
    let messages = bodies.iter().map(|body| read(body)).collect::<Option<Vec<_>>>()?;
    if messages.last()?.text("stop_reason")? != "pause_turn" {
        return None;
    }
    let contents = messages.iter().map(|message| message.get("content")).collect::<Option<Vec<_>>>()?;
    Some(Continuation { wire: request(asked, &contents)?, has_output: contents.iter().any(|content| shows(content)) })
}

/// Whether the caller sees any of these blocks.
pub(super) fn shows(content: &RawValue) -> bool {
    let blocks: Vec<&RawValue> = serde_json::from_str(content.get()).unwrap_or_default();
    blocks.into_iter().filter_map(|block| Members::from_raw(block).ok()).any(|block| {
        match block.text("type").as_deref() {
            Some("text") => block.text("text").is_some_and(|text| !text.is_empty()),
            Some("tool_use") => true,
            _ => false,
        }
    })
}

/// The answers of one turn as one: the first one's id and model, all blocks, summed counts, the last one's end.
pub(super) fn join(bodies: &[Bytes]) -> Option<Bytes> {
    let mut messages = bodies.iter().map(|body| read(body)).collect::<Option<Vec<_>>>()?.into_iter();
    let mut whole = messages.next()?;
    let mut blocks: Vec<Box<RawValue>> = serde_json::from_str(whole.get("content")?.get()).ok()?;
    let mut counts = whole.get("usage").and_then(|usage| Members::from_raw(usage).ok()).unwrap_or_default();
    for message in messages {
        blocks.extend(serde_json::from_str::<Vec<Box<RawValue>>>(message.get("content")?.get()).ok()?);
        if let Some(usage) = message.get("usage") {
            counts.add(usage);
        }
        for name in ["stop_reason", "stop_sequence", "stop_details"] {
            whole.set(name, message.get(name).unwrap_or(RawValue::NULL).to_owned());
        }
    }
    whole.write("content", &blocks);
    if !counts.is_empty() {
        whole.write("usage", &counts);
    }
    Some(whole.to_bytes().into())
}

fn read(body: &[u8]) -> Option<Members> {
    Members::from_raw(serde_json::from_slice::<&RawValue>(body).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> WireRequest {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"n":1.0}]}"#;
        WireRequest::post("/v1/messages", body, Expect::Whole)
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    fn answer(content: &str, stop: &str, output: u32) -> Bytes {
        format!(
            r#"{{"id":"msg_{output}","model":"m","content":{content},"stop_reason":"{stop}","usage":{{"input_tokens":1,"output_tokens":{output}}}}}"#
        )
        .into()
    }

    #[test]
    fn a_paused_turn_goes_on_behind_what_was_answered() {
        let [one, two] = [r#"[{"type":"a" }]"#, r#"[{"type":"b"}]"#].map(|content| answer(content, "pause_turn", 1));
        let next = next(&asked(), &[one, two]).unwrap();
        assert_eq!(
            text(&next.wire.body),
            r#"{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"a" },{"type":"b"}]}],"tools":[{"n":1.0}]}"#
        );
        assert!(!next.has_output);
    }

    #[test]
    fn a_turn_is_continued_five_times_and_only_if_it_paused() {
        let paused = |count| vec![answer("[]", "pause_turn", 1); count];
        assert!(next(&asked(), &paused(5)).is_some() && next(&asked(), &paused(6)).is_none());
        assert!(next(&asked(), &[answer("[]", "end_turn", 1)]).is_none());
        assert!(next(&asked(), &[Bytes::from_static(b"<html>")]).is_none());
    }

    #[test]
    fn answers_of_one_turn_are_joined() {
        let one = answer(r#"[{"type":"text","text":"A"}]"#, "pause_turn", 2);
        let two = answer(r#"[{"type":"text","text":"B"}]"#, "end_turn", 3);
        assert_eq!(
            text(&join(&[one, two]).unwrap()),
            r#"{"id":"msg_2","model":"m","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}],"stop_reason":"end_turn","usage":{"input_tokens":2,"output_tokens":5},"stop_sequence":null,"stop_details":null}"#
        );
    }

    #[test]
    fn a_request_becomes_one_for_a_stream() {
        let wire = as_stream(asked());
        assert!(text(&wire.body).ends_with(r#""tools":[{"n":1.0}],"stream":true}"#) && wire.expect == Expect::Stream);
    }
}
