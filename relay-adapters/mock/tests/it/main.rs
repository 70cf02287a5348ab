//! The mock is as strict and as useful as it says.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "tests and their helpers; tables are long"
)]

mod answers;
mod faults;
mod gemini;
mod key_behaviours;
mod refusals;
mod refusals_anthropic;
mod refusals_google;
mod refusals_openai;
mod refusals_table;
mod rounds;
mod scripted;
#[cfg(feature = "tcp")]
mod tcp;
mod thinking;

use futures::StreamExt;
use relay_core::Provider;
use relay_core::domain::provider::Format;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, TransportError, WireRequest};
use relay_mock::{Mock, sample_key};
use serde_json::{Value, json};

/// The answer to a request, read to its end.
struct Got {
    status: u16,
    headers: Vec<(String, String)>,
    pieces: Vec<Vec<u8>>,
    broke: bool,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.pieces.concat()).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The error's message in whichever shape.
    fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// The data of a stream's events.
    fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn key(provider: Provider, behaviour: &str) -> ProviderKey {
    ProviderKey::parse(sample_key(provider, behaviour, "ana1")).unwrap()
}

async fn send_as(
    mock: &Mock,
    provider: Provider,
    behaviour: &str,
    request: WireRequest,
) -> Result<Got, TransportError> {
    let response = mock.client(provider).send(request, &key(provider, behaviour)).await?;
    let (status, headers) = (response.status, response.headers.clone());
    let mut got = Got { status, headers, pieces: Vec::new(), broke: false };
    let mut body = response.body;
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => got.pieces.push(piece.to_vec()),
            Err(_) => got.broke = true,
        }
    }
    Ok(got)
}

async fn send(provider: Provider, request: WireRequest) -> Got {
    send_as(&Mock::new(), provider, "good", request).await.unwrap()
}

/// A POST with the headers that the provider wants.
fn post(provider: Provider, path: &str, body: &Value) -> WireRequest {
    let request = WireRequest::post(path, body.to_string(), Expect::Whole);
    if provider == Provider::ANTHROPIC { request.with_header("anthropic-version", "2026-10-21") } else { request }
}

fn get(provider: Provider, path: &str) -> WireRequest {
    let request = WireRequest::get(path);
    if provider == Provider::ANTHROPIC { request.with_header("anthropic-version", "2026-10-21") } else { request }
}

/// The simplest chat request of each provider, streaming or not.
fn chat(provider: Provider, text: &str, stream: bool) -> WireRequest {
    let messages = json!([{"role": "user", "content": text}]);
    match provider.format() {
        Format::OpenAi => post(
            provider,
            &format!("{}/chat/completions", provider.api_path()),
            &json!({"model": provider.example_model(), "messages": messages, "stream": stream}),
        ),
        Format::Anthropic => post(
            provider,
            "/v1/messages",
            &json!({"model": "claude-haiku-5-5", "max_tokens": 1000, "messages": messages, "stream": stream}),
        ),
        _ => {
            let verb = if stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
            let contents = json!([{"role": "user", "parts": [{"text": text}]}]);
            post(provider, &format!("/v1beta/models/gemini-3.6-flash:{verb}"), &json!({ "contents": contents }))
        }
    }
}

/// The text of an answer, whole or streamed.
fn said(provider: Provider, got: &Got, stream: bool) -> String {
    let events = if stream { got.events() } else { vec![got.json()] };
    let text = |event: &Value| match provider.format() {
        Format::OpenAi => {
            event.pointer("/choices/0/delta/content").or(event.pointer("/choices/0/message/content")).map(text_of)
        }
        Format::Anthropic => event.pointer("/delta/text").map(text_of).or_else(|| {
            event["content"].as_array().map(|blocks| blocks.iter().map(|block| text_of(&block["text"])).collect())
        }),
        _ => event.pointer("/candidates/0/content/parts").and_then(Value::as_array).map(|parts| {
            parts.iter().filter(|part| part["thought"] != json!(true)).map(|part| text_of(&part["text"])).collect()
        }),
    };
    events.iter().filter_map(text).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
