//! A whole server and a plain HTTP client, both in the test's process.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use relay_adapters::memory::Memory;
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::secret::RegistrationToken;
use relay_core::domain::trail::{Actor, By};
use relay_core::domain::{Policy, Project};
use relay_core::ports::TokenIssuer as _;
use relay_core::relay::projects::ProjectChange;
use relay_core::relay::relay_keys::NewRelayKey;
use relay_core::{Ports, Provider, Relay};
use relay_mock::{Mock, sample_key};
use relay_server::{Options, Running, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const CHAT: &str = "/v1/chat/completions";

/// A server with one project, one Relay key and the user `ana`, who has connected all providers.
pub(crate) struct TestServer {
    pub(crate) running: Running,
    pub(crate) mock: Mock,
    pub(crate) relay: Relay,
    pub(crate) project: Project,
    pub(crate) key: String,
    issuer: Arc<RingIssuer>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::around(change, |ports| ports).await
    }

    /// A server without users.
    pub(crate) async fn bare(change: impl FnOnce(&mut Options)) -> Self {
        Self::built(|options, _| change(options), |ports| ports).await
    }

    /// A server whose simulated providers are controlled over HTTP, as with `--mock`.
    pub(crate) async fn controlled() -> Self {
        let control = |options: &mut Options, mock: &Mock| options.simulator = mock.clone().observing(true).into();
        Self::built(control, |ports| ports).await.with_ana().await
    }

    /// A server whose ports were changed before it was put together.
    pub(crate) async fn around(change: impl FnOnce(&mut Options), ports: impl FnOnce(Ports) -> Ports) -> Self {
        Self::built(|options, _| change(options), ports).await.with_ana().await
    }

    /// Connects all providers for `ana`.
    async fn with_ana(self) -> Self {
        for provider in Provider::ALL {
            self.connect("ana", *provider, "good").await;
        }
        self.mock.forget();
        self
    }

    async fn built(change: impl FnOnce(&mut Options, &Mock), ports: impl FnOnce(Ports) -> Ports) -> Self {
        let keys = MasterKeys::new(vec![MasterKey::generate().unwrap()]).unwrap();
        let (store, mock) = (Arc::new(Memory::default()), Mock::new());
        let issuer = Arc::new(RingIssuer::new(&keys).unwrap());
        let cipher = Arc::new(RingCipher::new(&keys).unwrap());
        let providers = Provider::ALL.iter().map(|provider| mock.client(*provider)).collect();
        let all = Ports::with_store(store, cipher, issuer.clone(), Arc::new(SystemClock), providers);
        let relay = Relay::new(ports(all));
        let mut options = Options::default();
        // One address makes all the mistakes here.
        options.limits.refusals_a_minute = 10_000;
        change(&mut options, &mock);
        let running = serve(relay.clone(), options).unwrap();
        let project = relay.create_project("Notes", Policy::default()).await.unwrap();
        let mut test = Self { running, mock, relay, project, key: String::new(), issuer };
        test.key = test.relay_key(NewRelayKey::new("test")).await;
        test
    }

    /// Makes a Relay key.
    pub(crate) async fn relay_key(&self, new: NewRelayKey) -> String {
        self.relay.create_relay_key(&self.project.id, new).await.unwrap().key.expose().to_owned()
    }

    /// Changes the project's policy.
    pub(crate) async fn change_policy(&self, change: impl FnOnce(&mut Policy)) {
        let mut policy = self.project.policy.clone();
        change(&mut policy);
        self.relay.update_project(&self.project.id, ProjectChange::default().policy(policy)).await.unwrap();
    }

    /// Stores these origins without a check, as an older version may have.
    pub(crate) async fn store_origins(&self, origins: &[&str]) {
        let mut project = self.project.clone();
        project.policy.allowed_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
        assert!(self.relay.ports().projects.update_project(project, &By::new(Actor::Program)).await.unwrap());
    }

    /// A token whose request has these members beside the user.
    pub(crate) async fn token_with(&self, user: &str, members: Value) -> String {
        let mut body = members;
        body["endUserLabel"] = user.into();
        let answer = self.as_app("POST", "/v1/registration-tokens").json(&body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["registrationToken"].as_str().unwrap().to_owned()
    }

    /// The name of a token in the address of a page.
    pub(crate) fn grant(&self, token: &str) -> String {
        self.issuer.hash_registration_token(&RegistrationToken::new(token.to_owned())).unwrap().to_hex()
    }

    pub(crate) fn addr(&self) -> std::net::SocketAddr {
        self.running.addr
    }

    /// A request to this server.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request<'_> {
        Request { test: self, head: format!("{method} {path} HTTP/1.1\r\nhost: relay.test\r\n"), body: Vec::new() }
    }

    /// A request with the project's Relay key.
    pub(crate) fn as_app(&self, method: &str, path: &str) -> Request<'_> {
        self.request(method, path).header("authorization", &format!("Bearer {}", self.key))
    }

    /// A chat request for `ana` with this text.
    pub(crate) fn chat(&self, model: &str, text: &str, stream: bool) -> Request<'_> {
        self.as_app("POST", CHAT).header("x-relay-user", "ana").json(&chat_body(model, text, stream))
    }

    pub(crate) async fn registration_token(&self, user: &str) -> String {
        self.token_with(user, json!({})).await
    }

    /// A registration token that this server has not issued.
    pub(crate) fn unknown_registration_token(&self) -> String {
        self.issuer.registration_token().unwrap().expose().to_owned()
    }

    pub(crate) async fn connect(&self, user: &str, provider: Provider, behaviour: &str) -> Answer {
        let token = self.registration_token(user).await;
        // Dots and stars would make it look like a shortened key.
        let tag: String = user.chars().filter(char::is_ascii_alphanumeric).collect();
        let key = sample_key(provider, behaviour, &tag);
        self.request("POST", "/v1/registration")
            .header("authorization", &format!("Bearer {token}"))
            .json(&json!({"provider": provider.name(), "apiKey": key}))
            .send()
            .await
    }
}

pub(crate) fn chat_body(model: &str, text: &str, stream: bool) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}], "stream": stream})
}

/// A request under construction.
pub(crate) struct Request<'a> {
    test: &'a TestServer,
    head: String,
    body: Vec<u8>,
}

impl Request<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The request as bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length =
            if self.body.is_empty() { String::new() } else { format!("content-length: {}\r\n", self.body.len()) };
        [format!("{}{length}\r\n", self.head).as_bytes(), &self.body].concat()
    }

    /// Sends it on a connection of its own and reads the whole answer.
    pub(crate) async fn send(self) -> Answer {
        let head_only = self.head.starts_with("HEAD ");
        self.open().await.answer(head_only).await
    }

    /// Sends it and leaves the rest to the test.
    pub(crate) async fn open(self) -> Connection {
        let mut connection = Connection::to(self.test.addr()).await;
        connection.write(&self.bytes()).await;
        connection
    }
}

/// A connection to the server.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn to(addr: std::net::SocketAddr) -> Self {
        TcpStream::connect(addr).await.unwrap().into()
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads until `holds`, or the end.
    pub(crate) async fn read_until(&mut self, holds: impl Fn(&[u8]) -> bool) {
        while !holds(&self.buffer) && self.more().await {}
    }

    /// Reads until this text has come.
    pub(crate) async fn read_text(&mut self, text: &str) -> String {
        self.read_until(|bytes| find(bytes, text.as_bytes()).is_some()).await;
        let got = String::from_utf8_lossy(&self.buffer).into_owned();
        assert!(got.contains(text), "no {text:?} in {got:?}");
        got
    }

    async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.buffer).await, Ok(read) if read > 0)
    }

    /// Reads one answer; the connection can be used again.
    pub(crate) async fn answer(&mut self, head_only: bool) -> Answer {
        self.read_until(|bytes| find(bytes, b"\r\n\r\n").is_some()).await;
        let end = find(&self.buffer, b"\r\n\r\n").unwrap_or_else(|| {
            panic!("no answer: {:?}", String::from_utf8_lossy(&self.buffer));
        });
        let head = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers =
            lines.map(|line| line.split_once(": ").unwrap()).map(|(n, v)| (n.to_ascii_lowercase(), v.into())).collect();
        let mut answer = Answer { status, headers, body: Vec::new(), complete: true };
        if head_only || status == 204 {
            return answer;
        }
        if answer.header("transfer-encoding").is_some() {
            answer.complete = self.chunked(&mut answer.body).await;
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            self.read_until(|bytes| bytes.len() >= length).await;
            answer.complete = self.buffer.len() >= length;
            answer.body = self.buffer.drain(..length.min(self.buffer.len())).collect();
        }
        answer
    }

    /// Whether the last chunk came.
    async fn chunked(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            self.read_until(|bytes| find(bytes, b"\r\n").is_some()).await;
            let Some(end) = find(&self.buffer, b"\r\n") else { return false };
            let size = usize::from_str_radix(std::str::from_utf8(&self.buffer[..end]).unwrap(), 16).unwrap();
            self.read_until(|bytes| bytes.len() >= end + size + 4).await;
            if self.buffer.len() < end + size + 4 {
                return false;
            }
            body.extend_from_slice(&self.buffer[end + 2..end + 2 + size]);
            self.buffer.drain(..end + size + 4);
            if size == 0 {
                return true;
            }
        }
    }

    /// What comes until the end.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        self.read_until(|_| false).await;
        std::mem::take(&mut self.buffer)
    }

    /// Whether the server has closed this connection.
    pub(crate) async fn is_closed_by_server(&mut self) -> bool {
        self.read_until(|_| false).await;
        true
    }

    /// Leaves as a browser does: FIN.
    pub(crate) fn leave(self) {
        drop(self);
    }

    /// Leaves as a killed process may: RST.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(self);
    }
}

impl From<TcpStream> for Connection {
    fn from(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Checks status and code, and all that every failure has.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str) -> Value {
        let error = self.json()["error"].clone();
        assert_eq!((self.status, error["code"].as_str()), (status, Some(code)), "{}", self.text());
        let members: BTreeSet<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(members.is_superset(&BTreeSet::from(["message", "type", "param", "code"])), "{error}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.assert_ids();
        error
    }

    /// Checks that both request ids are there, are one, and have the right form.
    #[track_caller]
    pub(crate) fn assert_ids(&self) {
        let id = self.header("x-request-id").unwrap_or_else(|| panic!("no request id: {self:?}"));
        assert_eq!(self.header("x-relay-request-id"), Some(id));
        assert!(id.len() == 30 && id.starts_with("req_"), "{id}");
    }
}
