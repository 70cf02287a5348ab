//! Talks to a relay over HTTP, and remembers which secrets went through it.

use std::sync::{Mutex, PoisonError};

use relay_core::Provider;
use relay_core::domain::ids::EndUser;
use reqwest::Method;
use serde_json::{Value, json};

/// A client of a relay, in this process or another.
#[derive(Debug)]
pub struct Api {
    /// `http://127.0.0.1:…`
    pub url: String,
    /// A project's Relay key.
    pub key: String,
    /// Sends the requests.
    pub http: reqwest::Client,
    secrets: Mutex<Vec<String>>,
}

/// An HTTP answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Fails unless this is an error in OpenAI's shape with this status and code, and a request id.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let error = &self.json()["error"];
        assert_eq!(error["code"], code, "{}", self.text);
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{}", self.text);
        assert!(error["type"].is_string() && error.get("param").is_some(), "{}", self.text);
        assert!(self.header("x-relay-request-id").starts_with("req_"));
        assert_eq!(self.header("x-relay-request-id"), self.header("x-request-id"));
        assert_eq!(self.header("content-type"), "application/json");
    }
}

impl Api {
    /// A client of the relay at `url`.
    pub fn new(url: String, key: String) -> Self {
        relay_adapters::http::install_crypto();
        let secrets = Mutex::new(if key.is_empty() { Vec::new() } else { vec![key.clone()] });
        Self { url, key, http: reqwest::Client::builder().no_proxy().build().unwrap(), secrets }
    }

    /// All secrets so far.
    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a secret that must never be logged.
    pub fn secret(&self, text: &str) {
        self.secrets.lock().unwrap().push(text.to_owned());
    }

    /// Sends a request; `headers` as `(name, value)`.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap_or_default() }
    }

    /// A request with a Relay key.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.call_as(&self.key, method, path, body).await
    }

    /// A request with another project's Relay key.
    pub async fn call_as(&self, key: &str, method: Method, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &headers, body).await
    }

    /// A registration token for a user.
    pub async fn token(&self, user: &str) -> String {
        self.token_as(&self.key, user).await
    }

    /// A registration token for a user of another project.
    pub async fn token_as(&self, key: &str, user: &str) -> String {
        let answer =
            self.call_as(key, Method::POST, "/v1/registration-tokens", &json!({"user": user})).await.expect(201);
        let token = answer.json()["registrationToken"].as_str().unwrap().to_owned();
        self.secret(&token);
        token
    }

    /// Registers a key with a token.
    pub async fn register(&self, token: &str, provider: Provider, key: &str) -> Answer {
        self.secret(key);
        let body = json!({"provider": provider.name(), "apiKey": key});
        self.call_as(token, Method::POST, "/v1/registration", &body).await
    }

    /// Connects a key that the mock provider treats by its `behaviour` (`good`, `nocredit`, …); returns the key.
    pub async fn connect(&self, user: &str, provider: Provider, behaviour: &str) -> String {
        self.connect_as(&self.key, user, provider, behaviour).await
    }

    /// Connects a key for a user of another project.
    pub async fn connect_as(&self, relay_key: &str, user: &str, provider: Provider, behaviour: &str) -> String {
        let tag = format!("{}x{}", &relay_key[4..12], EndUser::parse(user).unwrap())
            .replace(|c: char| !c.is_ascii_alphanumeric(), "0");
        let key = relay_mock::sample_key(provider, behaviour, &tag);
        let token = self.token_as(relay_key, user).await;
        self.register(&token, provider, &key).await.expect(201);
        key
    }

    /// A chat call for a user, with a body of one's own.
    pub async fn chat(&self, user: &str, body: &Value) -> Answer {
        self.infer(&self.key, user, "/v1/chat/completions", body).await
    }

    /// An inference call for a user of a project.
    pub async fn infer(&self, key: &str, user: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {key}");
        let headers =
            [("authorization", bearer.as_str()), ("x-relay-user", user), ("content-type", "application/json")];
        self.send(Method::POST, path, &headers, body.to_string()).await
    }
}

/// A chat body that says one thing.
pub fn says(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

/// The same, as a stream.
pub fn streams(model: &str, text: &str) -> Value {
    let mut body = says(model, text);
    body["stream"] = Value::Bool(true);
    body
}
