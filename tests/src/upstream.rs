//! Providers over real TCP: the mock, speaking HTTP/1.1, and scripts that break every rule of it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt as _;
use relay_adapters::http::{BaseUrl, HttpProvider, HttpTransport, PlainHttp, Timeouts};
use relay_core::Provider;
use relay_core::ports::ProviderClient;
use relay_mock::{Incoming, Mock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

/// One thing that a scripted provider does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes.
    Send(Bytes),
    /// Waits until [`Upstream::go`].
    UntilGo,
    /// Says nothing more until the other side leaves, and notes when that was.
    UntilLeft,
    /// Sends these bytes again and again, with this pause between, until the other side leaves; notes when that was.
    Repeat(Bytes, Duration),
    /// Ends the connection with a reset.
    Reset,
}

impl Step {
    /// Sends these bytes.
    pub fn send(bytes: impl Into<Bytes>) -> Self {
        Self::Send(bytes.into())
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub body: Bytes,
}

/// The three providers on one port, told apart by the first part of the path. They run on a thread of their own.
pub struct Upstream {
    /// `http://127.0.0.1:…`
    pub url: String,
    shared: Arc<Shared>,
    left: tokio::sync::Mutex<mpsc::UnboundedReceiver<Instant>>,
}

struct Shared {
    mock: Mock,
    scripts: Mutex<VecDeque<Vec<Step>>>,
    seen: Mutex<Vec<Seen>>,
    arrived: Notify,
    go: Notify,
    stop: Notify,
    left: mpsc::UnboundedSender<Instant>,
}

impl Upstream {
    /// Answers as this mock does, but for scripts.
    pub fn start(mock: Mock) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, left) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            mock,
            scripts: Mutex::default(),
            seen: Mutex::default(),
            arrived: Notify::new(),
            go: Notify::new(),
            stop: Notify::new(),
            left: sender,
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(TcpListener::from_std(listener).unwrap(), &serving) => {}
                    () = serving.stop.notified() => {}
                }
            });
        });
        Self { url, shared, left: left.into() }
    }

    /// The next request gets this, whatever it asks. At the end of the script the connection is closed.
    pub fn script(&self, steps: impl IntoIterator<Item = Step>) {
        held(&self.shared.scripts).push_back(steps.into_iter().collect());
    }

    /// How many scripts were not asked for yet.
    pub fn scripts_left(&self) -> usize {
        held(&self.shared.scripts).len()
    }

    /// Lets one script that waits go on.
    pub fn go(&self) {
        self.shared.go.notify_one();
    }

    /// Waits until a request has come that no one waited for yet.
    pub async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }

    /// When the other side left the next script that waited for it.
    pub async fn left(&self) -> Instant {
        self.left.lock().await.recv().await.unwrap()
    }

    /// The requests since the last time.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *held(&self.shared.seen))
    }

    /// Relay's own clients, pointed here.
    pub fn clients(&self, timeouts: Timeouts) -> Vec<Arc<dyn ProviderClient>> {
        let http = HttpTransport::new(timeouts).unwrap();
        let client = |provider: &Provider| -> Arc<dyn ProviderClient> {
            let base = BaseUrl::parse(&self.base(provider.name()), PlainHttp::OnLoopback).unwrap();
            Arc::new(HttpProvider::new(*provider, &http).with_base_url(base))
        };
        Provider::ALL.iter().map(client).collect()
    }

    /// The variables that point a server here.
    pub fn settings(&self) -> Vec<(String, String)> {
        let base = |name: &str| (format!("RELAY_UPSTREAM_{}", name.to_uppercase()), self.base(name));
        let mut settings: Vec<_> = Provider::ALL.iter().map(|provider| base(provider.name())).collect();
        settings.push(("RELAY_UPSTREAM_ALLOW_HTTP_LOOPBACK".to_owned(), "true".to_owned()));
        settings.push(("RELAY_MOCK".to_owned(), "false".to_owned()));
        settings
    }

    /// A provider's base URL.
    pub fn base(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upstream({})", self.url)
    }
}

/// An answer in one piece with a JSON body.
pub fn json(status: u16, body: &str) -> Vec<Step> {
    answer(status, "application/json", body)
}

/// An answer in one piece, after which the connection is closed.
pub fn answer(status: u16, kind: &str, body: &str) -> Vec<Step> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Word\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    vec![Step::send(head + body)]
}

/// The head of a stream that ends with its connection.
pub fn stream_head() -> Step {
    Step::send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
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

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            // The other side may leave at any time.
            let _ = serve(stream, &shared).await;
        });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut bytes = Vec::new();
    while let Some(seen) = read_request(&mut stream, &mut bytes).await? {
        held(&shared.seen).push(seen.clone());
        shared.arrived.notify_one();
        let script = held(&shared.scripts).pop_front();
        match script {
            Some(script) => {
                let waits = script.iter().any(|step| matches!(step, Step::UntilLeft | Step::Repeat(..)));
                let played = play(stream, script, shared).await;
                if waits {
                    let _ = shared.left.send(Instant::now());
                }
                return played;
            }
            None => mimic(&mut stream, &seen, &shared.mock).await?,
        }
    }
    Ok(())
}

/// Reads a head and as many bytes as its content-length says. `None`: the connection ended.
async fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<Option<Seen>> {
    let end = loop {
        if let Some(at) = memchr::memmem::find(bytes, b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = Bytes::copy_from_slice(&bytes[end..end + length]);
    bytes.drain(..end + length);
    Ok(Some(Seen { head, body }))
}

fn headers(head: &str) -> impl Iterator<Item = (String, String)> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
}

fn header(head: &str, name: &str) -> Option<String> {
    headers(head).find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Answers as the mock does. A connection that it breaks is closed.
async fn mimic(stream: &mut TcpStream, seen: &Seen, mock: &Mock) -> io::Result<()> {
    let mut line = seen.head.split(' ');
    let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
    let name = target.split('/').nth(1).unwrap_or_default();
    let provider = Provider::named(name).ok_or_else(|| io::Error::other("no such provider"))?;
    let incoming = Incoming {
        provider,
        method: method.to_owned(),
        target: target[1 + name.len()..].to_owned(),
        headers: headers(&seen.head).collect(),
        body: seen.body.clone(),
    };
    let mut response = mock.handle(incoming).await.map_err(io::Error::other)?;
    let mut head = format!("HTTP/1.1 {} Word\r\ntransfer-encoding: chunked\r\n", response.status);
    response.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    stream.write_all((head + "\r\n").as_bytes()).await?;
    while let Some(piece) = response.body.next().await {
        let piece = piece.map_err(io::Error::other)?;
        stream.write_all(&[format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat()).await?;
    }
    stream.write_all(b"0\r\n\r\n").await
}

async fn play(mut stream: TcpStream, script: Vec<Step>, shared: &Shared) -> io::Result<()> {
    for step in script {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::UntilGo => shared.go.notified().await,
            Step::UntilLeft => until_left(&mut stream).await,
            Step::Repeat(bytes, pause) => repeat(&mut stream, &bytes, pause).await,
            Step::Reset => return stream.set_zero_linger(),
        }
    }
    Ok(())
}

async fn until_left(stream: &mut TcpStream) {
    while matches!(stream.read(&mut [0; 64]).await, Ok(read) if read > 0) {}
}

async fn repeat(stream: &mut TcpStream, bytes: &[u8], pause: Duration) {
    let (mut reader, mut writer) = stream.split();
    let write = async {
        while writer.write_all(bytes).await.is_ok() {
            tokio::time::sleep(pause).await;
        }
    };
    let read = async { while matches!(reader.read(&mut [0; 64]).await, Ok(read) if read > 0) {} };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
}
