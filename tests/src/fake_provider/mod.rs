//! The mock providers behind a real socket: a tiny HTTP/1.1 service on loopback.
//!
//! It is written on tokio alone, because a test wants what a web framework hides: a connection that closes without an
//! answer or in the middle of one, every byte written when it is made, and the moment at which a client was gone.

mod http;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::BytesMut;
use futures::StreamExt;
use relay_core::Provider;
use relay_core::ports::WireResponse;
use relay_mock::{Incoming, Mock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A TCP connection that was made to the fake provider.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// When it was accepted.
    pub opened: Instant,
    /// When it was over: closed by the client, or by a mishap that was asked for.
    pub closed: Option<Instant>,
    /// Requests that came over it.
    pub requests: usize,
}

/// All three providers on one port of 127.0.0.1, until it is dropped.
#[derive(Debug)]
pub struct FakeProvider {
    address: SocketAddr,
    mock: Mock,
    connections: Connections,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeProvider {
    /// Starts it, on a thread of its own: it serves callers of any runtime.
    ///
    /// # Errors
    /// When there is no free port or no thread.
    pub fn start(mock: Mock) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connections = Connections::default();
        let (stop, stopped) = oneshot::channel();
        let (served, log) = (mock.clone(), connections.clone());
        let thread = std::thread::Builder::new().name("fake-provider".to_owned()).spawn(move || {
            runtime.block_on(async {
                // Dropping the runtime below drops what is still open.
                tokio::select! {
                    () = accept(listener, served, log) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, mock, connections, stop: Some(stop), thread: Some(thread) })
    }

    /// The origin: `http://127.0.0.1:<port>`. The path tells which provider is meant.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A base URL that can only mean this provider: `http://127.0.0.1:<port>/anthropic`.
    pub fn url_of(&self, provider: Provider) -> String {
        format!("http://{}/{}", self.address, provider.name())
    }

    /// The mock that answers.
    pub fn mock(&self) -> &Mock {
        &self.mock
    }

    /// All connections so far, in the order in which they were made.
    pub fn connections(&self) -> Vec<Connection> {
        self.connections.held().clone()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Connections(Arc<Mutex<Vec<Connection>>>);

impl Connections {
    fn open(&self) -> Open {
        let mut all = self.held();
        all.push(Connection { opened: Instant::now(), closed: None, requests: 0 });
        Open { all: self.clone(), at: all.len() - 1 }
    }

    fn held(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stamps the end of a connection when it is dropped.
struct Open {
    all: Connections,
    at: usize,
}

impl Open {
    fn note(&self, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.all.held().get_mut(self.at) {
            change(connection);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.note(|connection| connection.closed = Some(Instant::now()));
    }
}

async fn accept(listener: std::net::TcpListener, mock: Mock, connections: Connections) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (mock, open) = (mock.clone(), connections.open());
        tokio::spawn(async move {
            // However it ends, the connection is closed: that is all a client can be told.
            let _ = connection(stream, &mock, &open).await;
            drop(open);
        });
    }
}

/// Serves requests until one side has had enough. `None` means to close the connection as it is.
async fn connection(stream: TcpStream, mock: &Mock, open: &Open) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (reader, mut writer) = stream.into_split();
    let mut input = Input { reader, buf: BytesMut::new() };
    loop {
        let request = input.request(&mut writer).await?;
        open.note(|connection| connection.requests += 1);
        let last = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let answer = mock.handle(incoming(request));
        // The client's going is looked at first: whatever is ready at the same time is for nobody.
        let response = tokio::select! {
            biased;
            () = input.closed() => return None,
            response = answer => response.ok()?,
        };
        answer_with(response, &mut input, &mut writer).await?;
        if last {
            return None;
        }
    }
}

async fn answer_with(response: WireResponse, input: &mut Input, writer: &mut OwnedWriteHalf) -> Option<()> {
    writer.write_all(&http::head(response.status, &response.headers)).await.ok()?;
    let mut body = response.body;
    loop {
        let piece = tokio::select! {
            biased;
            () = input.closed() => return None,
            piece = body.next() => piece,
        };
        match piece {
            Some(Ok(piece)) if piece.is_empty() => {}
            Some(Ok(piece)) => writer.write_all(&http::chunk(&piece)).await.ok()?,
            Some(Err(_)) => return None,
            None => break,
        }
    }
    writer.write_all(http::LAST_CHUNK).await.ok()
}

/// The receiving half and what came over it too early.
struct Input {
    reader: OwnedReadHalf,
    buf: BytesMut,
}

impl Input {
    /// The next request; `None` when there is none, or none that could be read.
    async fn request(&mut self, writer: &mut OwnedWriteHalf) -> Option<http::Request> {
        let mut continued = false;
        loop {
            match http::parse(&mut self.buf) {
                http::Parsed::Request(request) => return Some(request),
                http::Parsed::Incomplete { expects_continue } => {
                    if expects_continue && !std::mem::replace(&mut continued, true) {
                        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
                    }
                    if self.reader.read_buf(&mut self.buf).await.ok()? == 0 {
                        return None;
                    }
                }
                http::Parsed::Wrong => {
                    let _ = writer
                        .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                        .await;
                    return None;
                }
            }
        }
    }

    /// Waits until the client has closed its side. Bytes of a next request are kept.
    async fn closed(&mut self) {
        loop {
            match self.reader.read_buf(&mut self.buf).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

/// Which provider a request is for: a prefix of the path says so, else the path or a header that only one of them has.
fn incoming(request: http::Request) -> Incoming {
    let mut target = request.target.clone();
    let named = Provider::ALL.iter().copied().find(|provider| {
        let rest = request.target.strip_prefix('/').and_then(|rest| rest.strip_prefix(provider.name()));
        rest.filter(|rest| rest.starts_with('/')).map(|rest| target = rest.to_owned()).is_some()
    });
    let provider = named.unwrap_or_else(|| match target.as_str() {
        path if path.starts_with("/v1beta") => Provider::GOOGLE,
        path if path.starts_with("/v1/messages") => Provider::ANTHROPIC,
        _ if request.header("x-goog-api-key").is_some() => Provider::GOOGLE,
        _ if request.header("anthropic-version").is_some() => Provider::ANTHROPIC,
        _ => Provider::OPENAI,
    });
    Incoming { provider, method: request.method, target, headers: request.headers, body: request.body }
}
