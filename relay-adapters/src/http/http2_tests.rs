//! Retries over HTTP/2, against a server that writes frames by hand.

use std::sync::{Arc, Mutex};

use futures::TryStreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, ProviderClient as _, TransportErrorKind, WireRequest};

use super::{BaseUrl, HttpProvider, HttpTransport, PlainHttp};

/// The server's reaction to a request.
#[derive(Clone, Copy)]
enum Act {
    /// `RST_STREAM` with this code.
    Reset(u8),
    /// `GOAWAY` with this code: no stream was processed.
    GoAway(u8),
    /// Status 200, without a body.
    Answer,
}

const NO_ERROR: u8 = 0;
const INTERNAL_ERROR: u8 = 2;
const REFUSED_STREAM: u8 = 7;

/// Frame types of RFC 9113, 6.
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// Sends one request to a server with this script. Returns the result, and the number of requests that the server
/// received.
async fn check(script: &[Act]) -> (Result<u16, TransportErrorKind>, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let script = Arc::new(Mutex::new(script.to_vec()));
    let (serving, length) = (script.clone(), script.lock().unwrap().len());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, serving.clone()));
        }
    });
    let base = BaseUrl::parse(&base, PlainHttp::OnLoopback).unwrap();
    let client = HttpProvider::new(Provider::OPENAI, &HttpTransport::plain_http2()).with_base_url(base);
    let key = ProviderKey::parse("sk-test-0123456789".to_owned()).unwrap();
    let answer = client.send(WireRequest::post("/v1/x", "{}", Expect::Whole), &key).await;
    let outcome = match answer {
        Ok(answer) => {
            assert_eq!(answer.body.try_collect::<Vec<_>>().await.unwrap().concat(), b"");
            Ok(answer.status)
        }
        Err(error) => Err(error.kind),
    };
    let left = script.lock().unwrap().len();
    (outcome, length - left)
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Vec<Act>>>) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).await?;
        let (kind, id) = (head[3], u32::from_be_bytes(*head.last_chunk().unwrap()));
        let is_acknowledgement = head[4] & 1 == 1;
        if kind == SETTINGS && !is_acknowledgement {
            stream.write_all(&frame(SETTINGS, 1, 0, &[])).await?;
        }
        if kind == HEADERS {
            let act = script.lock().unwrap().remove(0);
            let answer = match act {
                Act::Reset(code) => frame(RST_STREAM, 0, id, &[0, 0, 0, code]),
                Act::GoAway(code) => frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, code]),
                // HPACK's static entry 8 is `:status: 200`. The flags end the headers and the stream.
                Act::Answer => frame(HEADERS, 0x05, id, &[0x88]),
            };
            stream.write_all(&answer).await?;
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    [&[0, 0, payload.len() as u8, kind, flags], &stream.to_be_bytes()[..], payload].concat()
}

#[tokio::test]
async fn an_answer_over_http_2_is_returned() {
    assert_eq!(check(&[Act::Answer]).await, (Ok(200), 1));
}

#[tokio::test]
async fn a_request_that_a_server_did_not_process_is_sent_once_more() {
    assert_eq!(check(&[Act::Reset(REFUSED_STREAM), Act::Answer]).await, (Ok(200), 2));
    assert_eq!(check(&[Act::GoAway(NO_ERROR), Act::Answer]).await, (Ok(200), 2));
}

#[tokio::test]
async fn nothing_is_sent_a_third_time() {
    let refused = Act::Reset(REFUSED_STREAM);
    assert_eq!(check(&[refused, refused, Act::Answer]).await, (Err(TransportErrorKind::Interrupted), 2));
    let leaving = Act::GoAway(NO_ERROR);
    assert_eq!(check(&[leaving, leaving, Act::Answer]).await, (Err(TransportErrorKind::Interrupted), 2));
}

#[tokio::test]
async fn a_request_that_a_server_may_have_processed_is_not_sent_again() {
    for act in [Act::Reset(INTERNAL_ERROR), Act::Reset(NO_ERROR), Act::GoAway(INTERNAL_ERROR)] {
        assert_eq!(check(&[act, Act::Answer]).await, (Err(TransportErrorKind::Interrupted), 1));
    }
}
