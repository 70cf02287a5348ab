//! Stands between the clients and a relay, and notes each request's head and the connection that it came on.

use std::sync::{Arc, Mutex, PoisonError};

use relay_tests::TestRelay;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The requests so far, over all taps that share it.
#[derive(Clone, Default)]
pub(super) struct Calls(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    connections: usize,
    heads: Vec<(usize, String)>,
}

impl Calls {
    /// Those with this text in their head, whatever its case: on which connection they came, and which retry each was.
    pub(super) fn with(&self, marker: &str) -> Vec<Value> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let marker = marker.to_ascii_lowercase();
        let found = noted.heads.iter().filter(|(_, head)| head.to_ascii_lowercase().contains(&marker));
        found
            .map(|(connection, head)| {
                json!({"connection": connection, "retry": header(head, "x-stainless-retry-count"), "line": head.lines().next()})
            })
            .collect()
    }

    fn connect(&self) -> usize {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.connections += 1;
        noted.connections
    }

    fn note(&self, connection: usize, head: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).heads.push((connection, head));
    }
}

pub(super) struct Tap {
    pub(super) url: String,
    task: JoinHandle<()>,
}

impl Tap {
    pub(super) async fn start(relay: &TestRelay, calls: &Calls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (to, calls) = (relay.running().addr, calls.clone());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let calls = calls.clone();
                tokio::spawn(async move {
                    // Either side may leave at any time; then the other one is left, too.
                    let _ = pass(client, TcpStream::connect(to).await?, &calls).await;
                    std::io::Result::Ok(())
                });
            }
        });
        Self { url, task }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, mut relay: TcpStream, calls: &Calls) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    relay.set_nodelay(true)?;
    let connection = calls.connect();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_relay, mut to_relay) = relay.split();
    let requests = async {
        let (mut heads, mut piece) = (Heads::default(), vec![0; 65536]);
        loop {
            let read = from_client.read(&mut piece).await?;
            if read == 0 {
                return std::io::Result::Ok(());
            }
            heads.take(&piece[..read], |head| calls.note(connection, head));
            to_relay.write_all(&piece[..read]).await?;
        }
    };
    tokio::select! {
        ended = requests => ended,
        ended = tokio::io::copy(&mut from_relay, &mut to_client) => ended.map(drop),
    }
}

/// Finds the heads in what a client sends. Bodies must have a length, as those of the clients do.
#[derive(Default)]
struct Heads {
    bytes: Vec<u8>,
    body_left: usize,
}

impl Heads {
    fn take(&mut self, piece: &[u8], mut found: impl FnMut(String)) {
        self.bytes.extend_from_slice(piece);
        loop {
            let body = self.bytes.len().min(self.body_left);
            self.bytes.drain(..body);
            self.body_left -= body;
            let Some(end) = memchr::memmem::find(&self.bytes, b"\r\n\r\n") else { return };
            let head: Vec<u8> = self.bytes.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            self.body_left = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            found(head);
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[test]
fn heads_are_found_however_they_are_cut() {
    let sent = "POST /a HTTP/1.1\r\ncontent-length: 18\r\n\r\nGET /no HTTP/1\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
    for size in 1..sent.len() {
        let (mut heads, mut found) = (Heads::default(), Vec::new());
        for piece in sent.as_bytes().chunks(size) {
            heads.take(piece, |head| found.push(head.lines().next().unwrap().to_owned()));
        }
        assert_eq!(found, ["POST /a HTTP/1.1", "GET /b HTTP/1.1"], "{size} bytes at a time");
    }
}
