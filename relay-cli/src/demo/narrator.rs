//! Sends the demo's requests one by one, prints them, and counts unexpected responses.

use std::time::Instant;

use relay_core::Provider;
use serde_json::{Value, json};

use super::print;
use crate::client::{Request, Response, Server, read_chat_stream, text_of};
use crate::failure::Failure;
use crate::json::text;
use crate::output::Out;

/// The expected response.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    status: u16,
    code: Option<&'static str>,
    payer: Option<Provider>,
}

impl Expect {
    /// Expects this status.
    pub fn status(status: u16) -> Self {
        Self { status, code: None, payer: None }
    }

    /// Expects this status and this `error.code`.
    pub fn error(status: u16, code: &'static str) -> Self {
        Self { status, code: Some(code), payer: None }
    }

    /// Expects that the user's own key for this provider paid.
    #[must_use]
    pub fn paid_by(self, provider: Provider) -> Self {
        Self { payer: Some(provider), ..self }
    }

    /// How a response differs from the expected one.
    fn mismatch(&self, response: &Response) -> Option<String> {
        if response.status != self.status {
            return Some(format!("expected status {}, got {}", self.status, response.status));
        }
        if response.header("x-relay-request-id").is_none() {
            return Some("the response has no request id".to_owned());
        }
        let body = response.json();
        let code = text(&body, "/error/code");
        if self.code.is_some() && code != self.code {
            return Some(format!("expected the code {:?}, got {code:?}", self.code));
        }
        let payer = response.header("x-relay-key").and_then(|key| key.split('/').next());
        self.payer
            .filter(|wanted| payer != Some(wanted.name()))
            .map(|wanted| format!("expected {wanted:?}, got {payer:?}"))
    }
}

/// Sends the calls and prints them.
#[derive(Debug)]
pub struct Narrator {
    server: Server,
    out: Out,
    steps: u32,
    failed: u32,
}

impl Narrator {
    /// A narrator that sends its requests to this server.
    pub fn new(server: Server, out: Out) -> Self {
        Self { server, out, steps: 0, failed: 0 }
    }

    /// The number of steps, and how many of them did not go as expected.
    pub fn score(&self) -> (u32, u32) {
        (self.steps, self.failed)
    }

    /// Sends one request and prints its response.
    ///
    /// # Errors
    /// If the server does not respond.
    pub async fn step(&mut self, title: &str, request: Request, expect: Expect) -> Result<Response, Failure> {
        self.announce(title, &request, false)?;
        let response = self.server.call(&request).await?;
        self.out.line(&format!("  {}", print::status_line(&response, self.out.style())))?;
        if let Some(body) = print::body(&response) {
            self.out.line(&print::indented(&body, "  "))?;
        }
        self.judge(title, &request, &response, expect)?;
        Ok(response)
    }

    /// Sends a streaming chat request and prints the text as it arrives.
    ///
    /// # Errors
    /// If the server does not respond.
    pub async fn stream(&mut self, title: &str, request: Request, payer: Provider) -> Result<(), Failure> {
        self.announce(title, &request, true)?;
        let began = Instant::now();
        let mut stream = self.server.send(&request).await?;
        let mut response =
            Response { status: stream.status, headers: stream.headers.clone(), body: bytes::Bytes::new() };
        self.out.line(&format!("  {}", print::status_line(&response, self.out.style())))?;
        self.show("  ")?;
        let (out, mut first, mut chunks, mut text) = (self.out, None, 0_u32, String::new());
        let end = read_chat_stream(&mut stream, &mut |chunk| {
            let piece = text_of(chunk);
            if !piece.is_empty() {
                first.get_or_insert_with(|| began.elapsed());
                chunks += 1;
                text.push_str(piece);
            }
            if out.is_json() { Ok(()) } else { out.foreign(&piece.replace('\n', "\n  ")) }
        })
        .await;
        let summary =
            format!("\n  {chunks} pieces of text, the first after {} ms", first.unwrap_or_default().as_millis());
        self.out.line(&self.out.style().dim(&summary))?;
        if end.is_err() || text.is_empty() {
            response.status = 0;
        }
        self.judge(title, &request, &response, Expect::status(200).paid_by(payer))
    }

    /// Prints a step that sends no request.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn local(&mut self, title: &str, command: &str, result: &str, good: bool) -> Result<(), Failure> {
        self.headline(title)?;
        self.out.line(&self.out.style().cyan(&print::indented(command, "  $ ")))?;
        self.out.line(&format!("  {result}"))?;
        self.record(title, json!({ "command": command }), (!good).then(|| result.to_owned()))
    }

    fn announce(&mut self, title: &str, request: &Request, streams: bool) -> Result<(), Failure> {
        self.headline(title)?;
        let curl = print::curl(self.server.base(), request, streams);
        self.out.line(&self.out.style().cyan(&print::indented(&curl, "  ")))
    }

    fn headline(&mut self, title: &str) -> Result<(), Failure> {
        self.steps += 1;
        self.out.line(&format!("\n{}", self.out.style().bold(&format!("{}. {title}", self.steps))))
    }

    fn show(&self, text: &str) -> Result<(), Failure> {
        if self.out.is_json() { Ok(()) } else { self.out.raw(text) }
    }

    fn judge(&mut self, title: &str, request: &Request, response: &Response, expect: Expect) -> Result<(), Failure> {
        let facts = json!({
            "method": request.method.as_str(),
            "path": request.path,
            "status": response.status,
            "expected": expect.status,
            "requestId": response.header("x-relay-request-id"),
        });
        self.record(title, facts, expect.mismatch(response))
    }

    /// Counts the step; for scripts, prints it as one line of JSON.
    fn record(&mut self, title: &str, facts: Value, mismatch: Option<String>) -> Result<(), Failure> {
        if self.out.is_json() {
            let mut line =
                json!({ "step": self.steps, "title": title, "ok": mismatch.is_none(), "mismatch": mismatch });
            if let (Some(line), Value::Object(facts)) = (line.as_object_mut(), facts) {
                line.extend(facts);
            }
            self.out.raw(&format!("{line}\n"))?;
        }
        if let Some(mismatch) = mismatch {
            self.failed += 1;
            self.out.line(&self.out.style().red(&format!("  ✗ {mismatch}")))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status, headers, body: body.to_owned().into() }
    }

    #[test]
    fn an_unexpected_response_is_a_mismatch() {
        let id = ("x-relay-request-id", "req_1");
        let refused = r#"{"error":{"code":"provider_key_missing"}}"#;
        assert_eq!(Expect::error(403, "provider_key_missing").mismatch(&response(403, &[id], refused)), None);
        let paid = Expect::status(200).paid_by(Provider::OPENAI);
        assert_eq!(paid.mismatch(&response(200, &[id, ("x-relay-key", "openai/...a1b2")], "{}")), None);
        for (expect, wrong) in [
            (Expect::status(200), response(500, &[id], "{}")),
            (Expect::status(200), response(200, &[], "{}")),
            (Expect::error(403, "scope_missing"), response(403, &[id], refused)),
            (paid, response(200, &[id, ("x-relay-key", "google/...a1b2")], "{}")),
            (paid, response(200, &[id], "{}")),
        ] {
            assert!(expect.mismatch(&wrong).is_some(), "{expect:?} {wrong:?}");
        }
    }
}
