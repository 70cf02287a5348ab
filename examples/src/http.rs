//! A very small HTTP client, so that the examples can call themselves. Use a real one.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A request to this machine.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The value of `cookie`.
    pub cookie: &'a str,
    /// The body, JSON.
    pub body: &'a str,
}

/// An answer whose body has not been read yet. Dropping it closes the connection, as a browser does that leaves.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    body: BufReader<TcpStream>,
}

impl Request<'_> {
    /// Sends it and reads the answer's head.
    ///
    /// # Errors
    /// When there is nobody, or the answer is no HTTP.
    pub async fn send(self, to: SocketAddr) -> io::Result<Answer> {
        let Self { method, path, cookie, body } = self;
        let mut stream = TcpStream::connect(to).await?;
        // HTTP/1.0: the body comes as it is, and ends with the connection.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {to}\r\ncookie: {cookie}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut body = BufReader::new(stream);
        let mut line = String::new();
        body.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        while !line.trim().is_empty() {
            line.clear();
            body.read_line(&mut line).await?;
        }
        Ok(Answer { status, body })
    }
}

impl Answer {
    /// The next line of the body, for streams.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.body.read_line(&mut line).await?;
        Ok(line)
    }

    /// The body to its end.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn text(mut self) -> io::Result<String> {
        let mut text = String::new();
        self.body.read_to_string(&mut text).await?;
        Ok(text)
    }
}
