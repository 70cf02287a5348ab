//! Long answers come in several calls: each but the last gives a token for the continuation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::errors::Checked;
use super::models::Family;
use super::refusals::{CONTINUATION_REQUEST, CONTINUATION_TOKEN, NO_CONTINUATION};
use crate::hash;

const TOKEN: &str = "mock-continuation";

/// The token for this continuation of an answer to a body of this digest.
pub(super) fn token(continuation: usize, digest: u64) -> String {
    STANDARD.encode(format!("{TOKEN}:{continuation}:{digest:016x}"))
}

/// Which continuation a request asks for, and the digest of everything in it but the token.
pub(super) fn read(body: &Value, family: &Family) -> Result<(usize, u64), String> {
    let mut rest = body.clone();
    let token = rest.as_object_mut().and_then(|map| map.shift_remove("continuationToken"));
    let digest = hash::hash(&[rest.to_string().as_bytes()]);
    let Some(token) = token.as_ref().and_then(Value::as_str) else { return Ok((0, digest)) };
    supported(family)?;
    let (continuation, made_for) = opened(token).ok_or_else(|| CONTINUATION_TOKEN.say(&[]))?;
    if made_for == digest { Ok((continuation, digest)) } else { Err(CONTINUATION_REQUEST.say(&[])) }
}

fn supported(family: &Family) -> Checked {
    if family.long { Ok(()) } else { Err(NO_CONTINUATION.say(&[])) }
}

fn opened(token: &str) -> Option<(usize, u64)> {
    let plain = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let (continuation, digest) = plain.strip_prefix(TOKEN)?.strip_prefix(':')?.split_once(':')?;
    Some((continuation.parse().ok()?, u64::from_str_radix(digest, 16).ok()?))
}
