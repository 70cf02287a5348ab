//! Responses, read whole or piece by piece.

use bytes::Bytes;
use reqwest::header::HeaderValue;
use serde_json::Value;

use crate::failure::{Exit, Failure};
use crate::json::{at, text};

/// A response with its whole body.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Response {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as JSON; `null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as JSON if the status is 2xx.
    ///
    /// # Errors
    /// The server's error for any other status.
    pub fn ok(self) -> Result<Value, Failure> {
        if (200..300).contains(&self.status) {
            Ok(self.json())
        } else {
            Err(refusal(self.status, &self.headers, &self.json()))
        }
    }
}

/// A response whose body is still arriving.
#[derive(Debug)]
pub struct StreamingResponse {
    /// The status.
    pub status: u16,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    response: reqwest::Response,
}

impl StreamingResponse {
    pub(super) fn new(response: reqwest::Response) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Self { status: response.status().as_u16(), headers, response }
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        self.response.chunk().await.map_err(|error| {
            let mut failure =
                Failure::new(Exit::Unavailable, format_args!("the response broke off: {}", cause(&error)));
            failure.request_id = header(&self.headers, "x-relay-request-id").map(str::to_owned);
            failure
        })
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn whole(mut self) -> Result<Response, Failure> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Response { status: self.status, headers: self.headers, body: body.into() })
    }
}

/// The failure of a command whose response was an error.
pub(super) fn refusal(status: u16, headers: &[(String, String)], body: &Value) -> Failure {
    let error = at(body, "/error");
    let message = text(error, "/message").map_or_else(|| format!("the server returned status {status}"), str::to_owned);
    let mut failure = Failure::new(Exit::of_status(status), message);
    failure.code = text(error, "/code").map(str::to_owned);
    failure.request_id = header(headers, "x-relay-request-id").map(str::to_owned);
    failure
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The innermost cause: "Connection refused" rather than "error sending request".
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_error_becomes_the_failure() {
        let body = serde_json::json!({"error": {"message": "no", "code": "invalid_relay_key"}});
        let failure = refusal(401, &[("x-relay-request-id".into(), "req_1".into())], &body);
        assert_eq!((failure.exit, failure.code.as_deref()), (Exit::Refused, Some("invalid_relay_key")));
        assert_eq!(failure.request_id.as_deref(), Some("req_1"));
        assert_eq!(refusal(502, &[], &Value::Null).exit, Exit::Unavailable);
    }
}
