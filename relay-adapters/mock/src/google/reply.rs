//! How Google sends JSON that is not a stream.

use serde_json::Value;

use crate::reply::Reply;

/// A JSON body, pretty-printed as Google prints what is not a stream.
pub(super) fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::body(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}
