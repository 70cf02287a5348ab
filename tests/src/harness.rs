//! `TestRelay`: the real server on port 0, over the adapters that a test chooses.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use relay_adapters::cache::{CacheLimits, CachedStore};
use relay_adapters::memory::Memory;
use relay_adapters::mock::{self, Mock};
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_adapters::system_clock::SystemClock;
use relay_core::ids::{EndUser, ProjectId};
use relay_core::ports::{
    Clock, KeyStore, Project, Projects, ProviderClient, RelayKeyRecord, Scope, UsageReport, UsageSink,
};
use relay_core::{Ports, Provider, Relay};
use relay_server::{Options, Running, serve};
use reqwest::Method;
use serde_json::{Value, json};

use crate::logs;

/// A relay under test. When it is dropped, the log must hold none of the secrets that went through it.
pub struct TestRelay {
    /// `http://127.0.0.1:…`
    pub url: String,
    /// The use cases, for what no endpoint offers.
    pub relay: Relay,
    /// The providers, if they are simulated.
    pub mock: Mock,
    /// The first project's Relay key.
    pub key: String,
    /// Talks to the server.
    pub http: reqwest::Client,
    running: Running,
    secrets: std::sync::Mutex<Vec<String>>,
}

/// What the relay is made of.
#[derive(Default)]
pub struct Builder {
    mock: Mock,
    clients: Vec<Arc<dyn ProviderClient>>,
    sqlite: Option<Sqlite>,
    options: Options,
}

impl Builder {
    /// Providers of one's own in place of the mock's.
    #[must_use]
    pub fn clients(mut self, clients: Vec<Arc<dyn ProviderClient>>) -> Self {
        self.clients = clients;
        self
    }

    /// A mock with settings of its own.
    #[must_use]
    pub fn mock(mut self, mock: Mock) -> Self {
        self.mock = mock;
        self
    }

    /// SQLite in this folder in place of memory.
    #[must_use]
    pub fn sqlite(mut self, folder: &Path) -> Self {
        self.sqlite = Some(Sqlite::open(folder.join("relay.db"), SqliteOptions::default()).unwrap());
        self
    }

    /// The server's own settings.
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Starts the server, with one project and one Relay key.
    pub async fn start(self) -> TestRelay {
        logs::keep();
        relay_adapters::http::install_crypto();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (store, projects, usage, report): Store = match self.sqlite {
            Some(sqlite) => every_port(Arc::new(sqlite)),
            None => every_port(Arc::new(Memory::default())),
        };
        let cached = Arc::new(CachedStore::new(store, projects, Arc::clone(&clock), CacheLimits::default()));
        let keys = MasterKeys::new(vec![MasterKey::generate().unwrap()]).unwrap();
        let mock = self.mock;
        let own = || Provider::ALL.iter().map(|provider| mock.client(*provider)).collect();
        let relay = Relay::new(Ports {
            key_store: cached.clone(),
            projects: cached,
            cipher: Arc::new(RingCipher::new(&keys).unwrap()),
            tokens: Arc::new(RingIssuer::new(&keys).unwrap()),
            usage,
            usage_report: report,
            clock,
            providers: if self.clients.is_empty() { own() } else { self.clients },
        });
        let running = serve(relay.clone(), self.options).unwrap();
        let mut test = TestRelay {
            url: format!("http://{}", running.addr),
            relay,
            mock,
            key: String::new(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            running,
            secrets: std::sync::Mutex::default(),
        };
        test.key = test.new_project().await;
        test
    }
}

type Store = (Arc<dyn KeyStore>, Arc<dyn Projects>, Arc<dyn UsageSink>, Arc<dyn UsageReport>);

fn every_port<S: KeyStore + Projects + UsageSink + UsageReport + 'static>(store: Arc<S>) -> Store {
    (store.clone(), store.clone(), store.clone(), store)
}

impl std::fmt::Debug for TestRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TestRelay({})", self.url)
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
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

impl TestRelay {
    /// A relay in memory, with simulated providers.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    /// Anything else.
    pub fn with() -> Builder {
        Builder::default()
    }

    /// Makes a project; returns its Relay key.
    pub async fn new_project(&self) -> String {
        let ports = self.relay.ports();
        let now = ports.clock.now();
        let id: ProjectId = ports.tokens.project_id().unwrap();
        let project = Project {
            id: id.clone(),
            name: "Test app".to_owned(),
            allowed_origins: Vec::new(),
            strict_params: false,
            created_at: now,
        };
        ports.projects.create_project(project).await.unwrap();
        let key = ports.tokens.relay_key().unwrap();
        let hash = ports.tokens.hash_relay_key(&key).unwrap();
        let short = hash.0.iter().take(6).fold(String::new(), |mut id, byte| {
            let _ = write!(id, "{byte:02x}");
            id
        });
        let text = key.expose().to_owned();
        let record = RelayKeyRecord {
            hash,
            id: short,
            project: id,
            name: "test".to_owned(),
            last4: text[text.len() - 4..].to_owned(),
            scopes: Scope::ALL.to_vec(),
            created_at: now,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        ports.projects.create_relay_key(record).await.unwrap();
        self.secret(&text);
        text
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

    /// Connects a key that the mock provider treats by its `mood` (`good`, `nocredit`, …); returns the key.
    pub async fn connect(&self, user: &str, provider: Provider, mood: &str) -> String {
        self.connect_as(&self.key, user, provider, mood).await
    }

    /// Connects a key for a user of another project.
    pub async fn connect_as(&self, relay_key: &str, user: &str, provider: Provider, mood: &str) -> String {
        let tag = format!("{}x{}", &relay_key[4..12], EndUser::parse(user).unwrap())
            .replace(|c: char| !c.is_ascii_alphanumeric(), "0");
        let key = mock::sample_key(provider, mood, &tag);
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

    /// The server.
    pub fn running(&self) -> &Running {
        &self.running
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

impl Drop for TestRelay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let log = logs::text();
        for secret in self.secrets.lock().unwrap().iter() {
            assert!(!log.contains(secret.as_str()), "the log holds a secret of {} characters", secret.len());
        }
    }
}
