//! Relay inside a backend of your own: no relay-server, no Relay keys, no second process.
//!
//! The backend is a notes app on axum. Its users sign in as they always did; its session decides whose key pays. Run it
//! with `cargo run -p relay-examples --bin embed_in_axum`: it serves on a free port, calls itself, and ends.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use relay_adapters::memory::Memory;
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::ids::EndUser;
use relay_core::domain::secret::ProviderKey;
use relay_core::domain::{AccountIds, Project};
use relay_core::{Ports, Provider, Relay, RelayError, Reply, ReplyBody};
use relay_examples::embedded;
use relay_examples::http::Request;
use relay_mock::{Mock, sample_key};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mock = Mock::new();
    let relay = relay(&mock)?;
    let project = embedded::project(&relay, "Notes").await?;
    let sessions =
        HashMap::from([("s-1".to_owned(), EndUser::parse("ana")?), ("s-2".to_owned(), EndUser::parse("bo")?)]);
    let app = App { relay, project, sessions: Arc::new(sessions) };

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let server = tokio::spawn(axum::serve(listener, routes(app)).into_future());
    visit(addr, &mock).await?;
    server.abort();
    Ok(())
}

/// Relay out of adapters. In production: `Sqlite` for the store, a master key from a file, and
/// `HttpProvider::all` rather than the mock.
fn relay(mock: &Mock) -> Result<Relay, Box<dyn Error>> {
    let master_keys = MasterKeys::new(vec![MasterKey::generate()?])?;
    let store = Arc::new(Memory::default());
    let cipher = Arc::new(RingCipher::new(&master_keys)?);
    let tokens = Arc::new(RingIssuer::new(&master_keys)?);
    let clock = Arc::new(SystemClock);
    let providers = Provider::ALL.iter().map(|provider| mock.client(*provider)).collect();
    let relay = Relay::new(Ports::with_store(store, cipher, tokens, clock, providers));
    Ok(relay)
}

/// What the app's handlers share.
#[derive(Clone)]
struct App {
    relay: Relay,
    project: Project,
    sessions: Arc<HashMap<String, EndUser>>,
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/api/assistant", post(assistant))
        .route("/api/settings/ai-key", post(connect_key))
        .with_state(app)
}

/// Chat in OpenAI's format, on the key of whoever is signed in.
async fn assistant(State(app): State<App>, Session(user): Session, body: Bytes) -> Result<Response, Refusal> {
    let App { relay, project, .. } = app;
    let caller = embedded::caller(&relay, &project, user);
    let reply = relay.prepare_chat(&caller, body).await?.send().await?;
    Ok(answer(reply))
}

/// A settings page posts `{"provider", "key"}` here.
async fn connect_key(State(app): State<App>, Session(user): Session, body: Bytes) -> Result<Response, Refusal> {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let provider = Provider::from_name(&text("provider"))
        .ok_or_else(|| RelayError::invalid_value("provider", "no such provider"))?;
    let key = ProviderKey::parse(text("key")).map_err(|error| RelayError::invalid_value("key", error.to_string()))?;
    let stored = app.relay.connect(&app.project, user, provider, key, AccountIds::default()).await?;
    Ok((StatusCode::CREATED, format!("{} key …{} is {}", stored.provider.label(), stored.last4, stored.state.as_str()))
        .into_response())
}

/// Who is signed in: the app's own business, here a cookie and a table.
struct Session(EndUser);

impl FromRequestParts<App> for Session {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, StatusCode> {
        let cookie = parts.headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
        let session = cookie.and_then(|cookie| cookie.strip_prefix("session="));
        let user = session.and_then(|session| app.sessions.get(session));
        user.cloned().map(Self).ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// Relay's reply as axum's. The stream goes out as it comes in; when the browser leaves, axum drops it, and with it the
/// provider's call.
fn answer(reply: Reply) -> Response {
    let (kind, body) = match reply.body {
        ReplyBody::Whole(body) => ("application/json", Body::from(body)),
        ReplyBody::Stream(events) => ("text/event-stream", Body::from_stream(events)),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache, no-transform")];
    (headers, body).into_response()
}

/// A failure in OpenAI's shape.
struct Refusal(RelayError);

impl From<RelayError> for Refusal {
    fn from(error: RelayError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.class().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/json")], self.0.to_body()).into_response()
    }
}

/// What two users do with the app.
async fn visit(app: SocketAddr, mock: &Mock) -> Result<(), Box<dyn Error>> {
    println!("a stranger asks:      {}", ask(app, "session=none", "gpt-4o-mini").await?);
    println!("ana, without a key:   {}", ask(app, "session=s-1", "gpt-4o-mini").await?);
    println!(
        "ana pastes a typo:    {}",
        paste(app, "session=s-1", &sample_key(Provider::OPENAI, "refused", "ana1")).await?
    );
    println!(
        "ana pastes her key:   {}",
        paste(app, "session=s-1", &sample_key(Provider::OPENAI, "good", "ana1")).await?
    );
    println!("ana asks:             {}", ask(app, "session=s-1", "gpt-4o-mini").await?);
    println!("bo asks:              {}", ask(app, "session=s-2", "gpt-4o-mini").await?);
    println!("ana streams:          {}", stream(app, "session=s-1").await?);
    leave_early(app, "session=s-1").await?;
    mock.until(|mock| !mock.aborted_calls().is_empty()).await;
    println!("ana closes the page:  the call to OpenAI ended with it");
    let payers =
        mock.requests().into_iter().filter(|seen| seen.path == "/v1/chat/completions").filter_map(|seen| seen.key);
    let payers: Vec<String> = payers.map(|key| format!("…{}", key.last4())).collect();
    println!("whose keys paid:      {}", payers.join(" "));
    Ok(())
}

async fn ask(app: SocketAddr, cookie: &str, model: &str) -> Result<String, Box<dyn Error>> {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "Hello!" }] }).to_string();
    let answer = Request { method: "POST", path: "/api/assistant", cookie, body: &body }.send(app).await?;
    let (status, body) = (answer.status, answer.text().await?);
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = body.pointer("/choices/0/message/content").or(body.pointer("/error/code"));
    Ok(format!("{status} {}", text.and_then(Value::as_str).unwrap_or_default()))
}

async fn paste(app: SocketAddr, cookie: &str, key: &str) -> Result<String, Box<dyn Error>> {
    let body = json!({ "provider": "openai", "key": key }).to_string();
    let answer = Request { method: "POST", path: "/api/settings/ai-key", cookie, body: &body }.send(app).await?;
    let (status, body) = (answer.status, answer.text().await?);
    let code = serde_json::from_str::<Value>(&body)
        .ok()
        .and_then(|body| Some(body.pointer("/error/code")?.as_str()?.to_owned()));
    Ok(format!("{status} {}", code.unwrap_or(body)))
}

async fn stream(app: SocketAddr, cookie: &str) -> Result<String, Box<dyn Error>> {
    let body = streamed("Count with me {{chunks=5}}");
    let answer = Request { method: "POST", path: "/api/assistant", cookie, body: &body }.send(app).await?;
    let body = answer.text().await?;
    let events: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let texts = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    let texts = texts.filter_map(|event| Some(event.pointer("/choices/0/delta/content")?.as_str()?.to_owned()));
    Ok(format!("{} … {}", texts.collect::<Vec<_>>().join("|"), events.last().unwrap_or(&"")))
}

/// Reads the first event of an answer that goes on for ever, and closes the connection.
async fn leave_early(app: SocketAddr, cookie: &str) -> Result<(), Box<dyn Error>> {
    let body = streamed("Tell me more {{silent}}");
    let mut answer = Request { method: "POST", path: "/api/assistant", cookie, body: &body }.send(app).await?;
    answer.line().await?;
    Ok(())
}

fn streamed(text: &str) -> String {
    json!({ "model": "gpt-4o-mini", "stream": true, "messages": [{ "role": "user", "content": text }] }).to_string()
}
