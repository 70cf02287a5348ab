//! All simulated providers on one port, for tests.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use futures::StreamExt as _;
use relay_core::Provider;
use relay_core::ports::WireResponse;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot};
use tokio::task::LocalSet;

use super::record::{Connection, OpenConnection, Received, Record};
use super::request::RawRequest;
use super::service::{BAD_REQUEST, Client, Next, Service, serve};
use super::steps::{Step, play};
use crate::control::routes::{self, ControlRequest};
use crate::{Incoming, Mock};

/// All providers on one port of 127.0.0.1, until it is dropped.
///
/// The first part of the path tells which provider is meant (`/anthropic/v1/messages`); without it the rest of the path
/// and the headers tell. A client that closes its connection is noticed at once, in every phase.
pub struct MockServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    client_closed: AsyncMutex<mpsc::UnboundedReceiver<Instant>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    mock: Mock,
    scripts: Mutex<VecDeque<Vec<Step>>>,
    record: Record,
    arrived: Notify,
    resume: Notify,
    client_closed: mpsc::UnboundedSender<Instant>,
}

impl Shared {
    fn scripts(&self) -> MutexGuard<'_, VecDeque<Vec<Step>>> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MockServer {
    /// Starts it, on a thread of its own: it serves callers of any runtime. It answers as `mock` does, but for scripts, and
    /// serves [`crate::control`] below `/__mock`.
    ///
    /// # Errors
    /// When there is no free port or no thread.
    pub fn start(mock: Mock) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (sender, client_closed) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            mock: mock.observing(true),
            scripts: Mutex::default(),
            record: Record::default(),
            arrived: Notify::new(),
            resume: Notify::new(),
            client_closed: sender,
        });
        let (stop, stopped) = oneshot::channel();
        let front = Front(Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("mock-server".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            // Dropping the tasks behind this drops the connections that are still open.
            LocalSet::new().block_on(&runtime, async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    _ = serve(listener, front) => {}
                    _ = stopped => {}
                }
            });
        })?;
        let client_closed = AsyncMutex::new(client_closed);
        Ok(Self { address, shared, client_closed, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The origin: `http://127.0.0.1:<port>`. The path tells which provider is meant.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A base URL that can only mean this provider: `http://127.0.0.1:<port>/anthropic`.
    pub fn base_url(&self, provider: Provider) -> String {
        format!("http://{}/{}", self.address, provider.name())
    }

    /// The mock that answers.
    pub fn mock(&self) -> &Mock {
        &self.shared.mock
    }

    /// The next request gets this, whatever it asks. Several wait in a queue.
    pub fn script(&self, steps: impl IntoIterator<Item = Step>) {
        self.shared.scripts().push_back(steps.into_iter().collect());
    }

    /// How many scripts were not asked for yet.
    pub fn scripts_left(&self) -> usize {
        self.shared.scripts().len()
    }

    /// Lets one script go on that waits at [`Step::UntilResumed`], or the next one that comes there.
    pub fn resume(&self) {
        self.shared.resume.notify_one();
    }

    /// Waits until a request has come that nobody waited for yet.
    pub async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }

    /// When the client left the next script that waited for it ([`Step::UntilClosed`], [`Step::Repeat`]).
    pub async fn client_closed(&self) -> Instant {
        let closed = self.client_closed.lock().await.recv().await;
        // There is an end of the channel only once the server is gone, and it is borrowed here.
        closed.unwrap_or_else(Instant::now)
    }

    /// The requests since the last call of this (at most 10,000), oldest first, scripted or not.
    pub fn take_received(&self) -> Vec<Received> {
        self.shared.record.take_received()
    }

    /// All connections so far, in the order in which they were made.
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.record.connections()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for MockServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MockServer({})", self.url())
    }
}

/// Scripts, and the mock when the scripts are used up.
struct Front(Arc<Shared>);

/// What becomes of a request.
enum Call {
    /// Status and body of the control API.
    Control(u16, String),
    Script(Vec<Step>),
    Mock(Incoming),
    Malformed,
}

impl Front {
    /// The answer of the control API, if the request is for it.
    fn control(&self, request: &RawRequest<'_>) -> Option<(u16, String)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
        let target = text(request.target());
        if !routes::is_control(target) {
            return None;
        }
        let header = |wanted: &[u8]| {
            request.headers().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| text(value))
        };
        let (origin, content_type) = (header(b"origin"), header(b"content-type"));
        let (method, body) = (text(request.method()), request.body());
        let request = ControlRequest { method, target, origin, content_type, body: &body };
        Some(routes::answer(&self.0.mock, request))
    }
}

impl Service for Front {
    type Session = OpenConnection;
    type Call = Call;

    fn connected(&self) -> OpenConnection {
        self.0.record.connected()
    }

    fn received(&self, session: &mut OpenConnection, request: &RawRequest<'_>) -> Call {
        if let Some((status, json)) = self.control(request) {
            return Call::Control(status, json);
        }
        session.received(request);
        let script = self.0.scripts().pop_front();
        let call = match script {
            Some(script) => Call::Script(script),
            None => incoming(request).map_or(Call::Malformed, Call::Mock),
        };
        self.0.arrived.notify_one();
        call
    }

    async fn answer(&self, _: &mut OpenConnection, call: Call, client: &mut Client<'_>) -> io::Result<Next> {
        match call {
            Call::Control(status, json) => {
                let length = json.len();
                let head = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
                client.send(format!("HTTP/1.1 {status} {}\r\n{head}{json}", reason(status)).as_bytes()).await?;
                Ok(Next::Keep)
            }
            Call::Script(script) => {
                let awaits_close = script.iter().any(Step::awaits_close);
                let played = play(script, client, &self.0.resume).await;
                if awaits_close {
                    let _ = self.0.client_closed.send(Instant::now());
                }
                played
            }
            Call::Mock(incoming) => {
                let response = client.unless_closed(self.0.mock.handle(incoming)).await.ok_or_else(gone)?;
                send(response.map_err(io::Error::other)?, client).await?;
                Ok(Next::Keep)
            }
            Call::Malformed => {
                client.send(BAD_REQUEST).await?;
                Ok(Next::Close)
            }
        }
    }
}

fn reason(status: u16) -> &'static str {
    if status == 200 { "OK" } else { "" }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}

/// Sends an answer in chunks: one write for each piece, when it is made.
async fn send(response: WireResponse, client: &mut Client<'_>) -> io::Result<()> {
    let WireResponse { status, headers, mut body, .. } = response;
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("transfer-encoding: chunked\r\n\r\n");
    client.send(head.as_bytes()).await?;
    while let Some(piece) = client.unless_closed(body.next()).await.ok_or_else(gone)? {
        let piece = piece.map_err(io::Error::other)?;
        // An empty chunk would be the end of the body.
        if !piece.is_empty() {
            client.send(&[format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat()).await?;
        }
    }
    client.send(b"0\r\n\r\n").await
}

/// The request for the mock; `None` if it is not one that a provider could read.
fn incoming(request: &RawRequest<'_>) -> Option<Incoming> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    let target = text(request.target()).filter(|target| target.starts_with('/'))?;
    let header = |(name, value): (&[u8], &[u8])| Some((text(name)?.to_ascii_lowercase(), text(value)?));
    let headers = request.headers().map(header).collect::<Option<Vec<_>>>()?;
    let (provider, target) = addressee(target, &headers);
    let body = Bytes::from(request.body().into_owned());
    Some(Incoming { provider, method: text(request.method())?, target, headers, body })
}

/// Which provider a request is for, and its target there: a prefix of the path says so, else the path or a header that
/// only one of them has.
fn addressee(target: String, headers: &[(String, String)]) -> (Provider, String) {
    for provider in Provider::ALL {
        let rest = target.strip_prefix('/').and_then(|rest| rest.strip_prefix(provider.name()));
        if let Some(rest) = rest.filter(|rest| rest.starts_with('/')) {
            return (*provider, rest.to_owned());
        }
    }
    let has = |name: &str| headers.iter().any(|(known, _)| known == name);
    let provider = match target.as_str() {
        path if path.starts_with("/v1beta") => Provider::GOOGLE,
        path if path.starts_with("/v1/messages") => Provider::ANTHROPIC,
        _ if has("x-goog-api-key") => Provider::GOOGLE,
        _ if has("anthropic-version") => Provider::ANTHROPIC,
        _ => Provider::OPENAI,
    };
    (provider, target)
}
