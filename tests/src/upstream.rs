//! Points Relay at simulated providers behind a socket, and writes pieces of their streams.

use std::sync::Arc;

use relay_adapters::http::{BaseUrl, HttpProvider, HttpTransport, PlainHttp, Timeouts};
use relay_core::Provider;
use relay_core::ports::ProviderClient;
use relay_mock::Mock;
use relay_mock::tcp::{MockServer, Step};

/// Simulated providers on a port of their own, which play scripts too.
pub fn start() -> MockServer {
    MockServer::start(Mock::new()).unwrap()
}

/// Relay's own clients, pointed there.
pub fn clients(upstream: &MockServer, timeouts: Timeouts) -> Vec<Arc<dyn ProviderClient>> {
    let http = HttpTransport::new(timeouts).unwrap();
    let client = |provider: &Provider| -> Arc<dyn ProviderClient> {
        let base = BaseUrl::parse(&upstream.base_url(*provider), PlainHttp::OnLoopback).unwrap();
        Arc::new(HttpProvider::new(*provider, &http).with_base_url(base))
    };
    Provider::ALL.iter().map(client).collect()
}

/// The variables that point a server there.
pub fn settings(upstream: &MockServer) -> Vec<(String, String)> {
    let base = |provider: &Provider| {
        (format!("RELAY_UPSTREAM_{}", provider.name().to_uppercase()), upstream.base_url(*provider))
    };
    let mut settings: Vec<_> = Provider::ALL.iter().map(base).collect();
    settings.push(("RELAY_UPSTREAM_ALLOW_HTTP_LOOPBACK".to_owned(), "true".to_owned()));
    settings.push(("RELAY_MOCK".to_owned(), "false".to_owned()));
    settings
}

/// One piece of text in OpenAI's stream.
pub fn event(text: &str) -> Step {
    let delta = serde_json::json!({"role": "assistant", "content": text});
    let choices = serde_json::json!([{"index": 0, "delta": delta, "finish_reason": null}]);
    let chunk = serde_json::json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": "gpt-4o-mini", "choices": choices});
    Step::send(format!("data: {chunk}\n\n"))
}

/// The end of OpenAI's stream.
pub fn done() -> Step {
    let choices = serde_json::json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
    let chunk = serde_json::json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": "gpt-4o-mini", "choices": choices});
    Step::send(format!("data: {chunk}\n\ndata: [DONE]\n\n"))
}
