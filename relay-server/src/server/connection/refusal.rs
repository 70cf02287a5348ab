//! The answer to a request that is refused before any route sees it. It looks like every other error: OpenAI's shape, a
//! request id, a line in the log, a count in the metrics.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::SystemTime;

use actix_web::body::MessageBody as _;
use actix_web::http::Method;
use actix_web::http::header::HttpDate;

use super::framing::Refusal;
use super::shared::Shared;
use crate::http::context::RequestContext;
use crate::http::{error, middleware};

/// The bytes of the answer. `method`: that of the request, if it is known. `peer`: the other end of the connection.
pub(super) fn answer(shared: &Shared, refusal: Refusal, method: Option<Method>, peer: IpAddr) -> Vec<u8> {
    let is_head = method == Some(Method::HEAD);
    let context = RequestContext::refused(shared.state.clone(), method, peer);
    let error = refusal.to_error(shared.limits);
    let mut response = error::response(&error);
    middleware::refused(&context, &error, &mut response);
    let status = response.status();
    let mut head = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in response.headers() {
        // Every value is one that this server made: text.
        let _ = write!(head, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let body = response.into_body().try_into_bytes().unwrap_or_default();
    let date = HttpDate::from(SystemTime::now());
    let _ = write!(head, "content-length: {}\r\nconnection: close\r\ndate: {date}\r\n\r\n", body.len());
    let mut bytes = head.into_bytes();
    if !is_head {
        bytes.extend_from_slice(&body);
    }
    bytes
}
