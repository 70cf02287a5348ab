//! Long answers come in several hops: each but the last gives a token for the next one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::models::Class;
use super::rules::Said;
use crate::text;

const TOKEN: &str = "mock-continuation";

/// The token for this hop of an answer to a body of this digest.
pub(super) fn token(hop: usize, digest: u64) -> String {
    STANDARD.encode(format!("{TOKEN}:{hop}:{digest:016x}"))
}

/// Which hop a request asks for, and the digest of everything in it but the token.
pub(super) fn read(body: &Value, class: &Class) -> Result<(usize, u64), String> {
    let mut rest = body.clone();
    let token = rest.as_object_mut().and_then(|map| map.shift_remove("continuationToken"));
    let digest = text::hash(&[rest.to_string().as_bytes()]);
    let Some(token) = token.as_ref().and_then(Value::as_str) else { return Ok((0, digest)) };
    supported(class)?;
    let invalid = || "Invalid continuation token.".to_owned();
    let (hop, made_for) = opened(token).ok_or_else(invalid)?;
    if made_for != digest {
        return Err(
            "The continuation token was issued for a different request. Send the same request again.".to_owned()
        );
    }
    Ok((hop, digest))
}

fn supported(class: &Class) -> Said {
    if class.long { Ok(()) } else { Err("Continuation is not enabled for this model".to_owned()) }
}

fn opened(token: &str) -> Option<(usize, u64)> {
    let said = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let (hop, digest) = said.strip_prefix(TOKEN)?.strip_prefix(':')?.split_once(':')?;
    Some((hop.parse().ok()?, u64::from_str_radix(digest, 16).ok()?))
}
