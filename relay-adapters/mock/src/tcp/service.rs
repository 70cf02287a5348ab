//! Keeps connections and hands their requests to a service.

use std::future::Future;
use std::io;
use std::rc::Rc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_local;

use super::request::{RawRequest, Reader, Reading};

/// What answers requests.
///
/// A request is taken in two steps, so that nothing has to be copied of it: [`Self::received`] looks at its bytes and
/// picks what is needed, [`Self::answer`] writes.
pub trait Service: 'static {
    /// What is kept for a connection, and dropped when the connection is over.
    type Session;
    /// What is picked out of a request.
    type Call;

    /// A connection was accepted.
    fn connected(&self) -> Self::Session;

    /// A request came.
    fn received(&self, session: &mut Self::Session, request: &RawRequest<'_>) -> Self::Call;

    /// Writes the answer.
    ///
    /// # Errors
    /// When the connection can't be written to, or must be closed as it is. It is closed in either case.
    fn answer(
        &self,
        session: &mut Self::Session,
        call: Self::Call,
        client: &mut Client<'_>,
    ) -> impl Future<Output = io::Result<Next>>;
}

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It waits for the next request, unless the client asked for an end.
    Keep,
    /// It is closed.
    Close,
}

/// The other side of a connection.
pub struct Client<'a> {
    reader: Reader<ReadHalf<'a>>,
    writer: WriteHalf<'a>,
}

impl Client<'_> {
    /// Sends all of these bytes.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await
    }

    /// Waits until the client has closed its side of the connection.
    pub async fn closed(&mut self) {
        self.reader.closed().await;
    }

    /// Runs this to its end, or until the client has closed its side: then `None`.
    ///
    /// The client's going is looked at first: whatever is ready at the same time is for nobody.
    pub async fn unless_closed<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.reader.closed() => None,
            done = work => Some(done),
        }
    }

    /// Sends these bytes again and again, with this pause between, until the client has closed its side.
    pub async fn repeat_until_closed(&mut self, bytes: &[u8], pause: std::time::Duration) {
        let Self { reader, writer } = self;
        let write = async {
            while writer.write_all(bytes).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! {
            () = write => {}
            () = reader.closed() => {}
        }
    }

    /// Makes the end of this connection a reset (`RST`) rather than an orderly one (`FIN`).
    ///
    /// # Errors
    /// When the operating system does not allow it.
    pub fn reset_at_end(&self) -> io::Result<()> {
        let stream: &TcpStream = self.reader.half().as_ref();
        stream.set_zero_linger()
    }
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

/// Accepts connections for ever. Must run in a [`tokio::task::LocalSet`].
///
/// # Errors
/// When no connection can be accepted any more.
pub async fn serve<S: Service>(listener: TcpListener, service: S) -> io::Result<()> {
    let service = Rc::new(service);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // This client had left before its turn.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        let service = Rc::clone(&service);
        // However it ends, the connection is closed: that is all a client can be told.
        spawn_local(async move { connection(stream, &*service).await.ok() });
    }
}

/// Serves requests until one side has had enough.
async fn connection<S: Service>(mut stream: TcpStream, service: &S) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut session = service.connected();
    let (reader, writer) = stream.split();
    let mut client = Client { reader: Reader::new(reader), writer };
    loop {
        let (call, last) = match client.reader.next(&mut client.writer).await? {
            Reading::Request(request) => (service.received(&mut session, &request), request.closes()),
            Reading::Closed => return Ok(()),
            Reading::Malformed => return client.send(BAD_REQUEST).await,
        };
        let next = service.answer(&mut session, call, &mut client).await?;
        if last || next == Next::Close {
            return Ok(());
        }
    }
}

/// The answer to what is not HTTP. The connection is closed behind it.
pub(super) const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
