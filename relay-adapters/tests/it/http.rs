//! The HTTP clients against a scripted server on loopback that speaks raw TCP.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use relay_adapters::http::{BaseUrl, HttpProvider, HttpTransport, PlainHttp, Timeouts};
use relay_core::Provider;
use relay_core::conformance::{self, FarSide, SeenRequest};
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, ProviderClient, TransportError, TransportErrorKind, WireRequest, WireResponse};
use relay_mock::Mock;
use relay_mock::tcp::{Client, MockServer, Next, RawRequest, Received, Service, Step, serve};

/// A server that answers each request with the next script.
struct Server(MockServer);

impl Server {
    fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let server = MockServer::start(Mock::new()).unwrap();
        scripts.into_iter().for_each(|script| server.script(script));
        Self(server)
    }

    fn base(&self) -> BaseUrl {
        BaseUrl::parse(&self.url(), PlainHttp::OnLoopback).unwrap()
    }

    /// A client of this server.
    fn openai(&self) -> HttpProvider {
        openai(&transport(Timeouts::default()), self.base())
    }

    fn openai_with(&self, timeouts: Timeouts) -> HttpProvider {
        openai(&transport(timeouts), self.base())
    }
}

impl Deref for Server {
    type Target = MockServer;

    fn deref(&self) -> &MockServer {
        &self.0
    }
}

/// Writes and keeps the connection.
fn answer(bytes: impl Into<Bytes>) -> Vec<Step> {
    vec![Step::send(bytes), Step::Keep]
}

/// Writes and closes.
fn answer_and_close(bytes: impl Into<Bytes>) -> Vec<Step> {
    vec![Step::send(bytes)]
}

/// Writes, and resets when the test says [`MockServer::resume`].
fn answer_and_reset(bytes: impl Into<Bytes>) -> Vec<Step> {
    vec![Step::send(bytes), Step::UntilResumed, Step::Reset]
}

/// Writes and then waits for the client to close.
fn answer_and_wait(bytes: impl Into<Bytes>) -> Vec<Step> {
    vec![Step::send(bytes), Step::UntilClosed]
}

/// OpenAI, at this address.
fn openai(http: &HttpTransport, base: BaseUrl) -> HttpProvider {
    HttpProvider::new(Provider::OPENAI, http).with_base_url(base)
}

impl FarSide for Server {
    fn answer_next(&self, response: Vec<u8>) {
        self.script(answer(response));
    }

    fn take_seen(&self) -> Vec<SeenRequest> {
        let seen = |received: Received| SeenRequest { head: received.head, body: received.body.to_vec() };
        self.take_received().into_iter().map(seen).collect()
    }
}

fn transport(timeouts: Timeouts) -> HttpTransport {
    HttpTransport::new(timeouts).unwrap()
}

fn key() -> ProviderKey {
    ProviderKey::parse("sk-test-0123456789".to_owned()).unwrap()
}

fn chat() -> WireRequest {
    WireRequest::post("/v1/chat/completions", r#"{"model":"m"}"#, Expect::Stream)
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The head of a stream, and its first piece.
fn first_piece() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n".to_vec()
}

async fn whole(answer: WireResponse) -> Result<Vec<u8>, TransportError> {
    Ok(answer.body.try_collect::<Vec<_>>().await?.concat())
}

/// What comes behind the first piece, and that the stream ends with it.
async fn after_first_piece(mut answer: WireResponse, server: &Server) -> TransportErrorKind {
    assert_eq!(&answer.body.next().await.unwrap().unwrap()[..], b"one");
    server.resume();
    let error = answer.body.next().await.unwrap().unwrap_err();
    assert!(answer.body.next().await.is_none(), "a stream ends with its error");
    error.kind
}

#[tokio::test]
async fn every_provider_passes_the_suite() {
    let http = transport(Timeouts::default());
    let server = Server::start([]);
    for provider in Provider::ALL {
        let client = HttpProvider::new(*provider, &http).with_base_url(server.base());
        assert_eq!(client.provider(), *provider);
        conformance::provider_client(&client, &server).await;
    }
}

#[tokio::test]
async fn exactly_these_headers_are_sent() {
    let server = Server::start([]);
    let http = transport(Timeouts::default());
    for (provider, credential) in [
        (Provider::OPENAI, "authorization: Bearer sk-test-0123456789"),
        (Provider::ANTHROPIC, "authorization: Bearer sk-test-0123456789"),
        (Provider::GOOGLE, "x-goog-api-key: sk-test-0123456789"),
    ] {
        let client = HttpProvider::new(provider, &http).with_base_url(server.base());
        server.answer_next(ok(""));
        client.send(chat().with_header("x-extra", "1"), &key()).await.unwrap();
        let head = server.take_seen().remove(0).head;
        let mut lines: Vec<&str> = head.lines().collect();
        lines[1..].sort_unstable();
        let host = format!("host: {}", server.address());
        let agent = concat!("user-agent: relay/", env!("CARGO_PKG_VERSION"));
        let mut want = [
            "accept-encoding: identity",
            "accept: */*",
            "content-length: 13",
            "content-type: application/json",
            "x-extra: 1",
            credential,
            &host,
            agent,
        ];
        want.sort_unstable();
        assert_eq!(lines[0], "POST /v1/chat/completions HTTP/1.1");
        assert_eq!(lines[1..], want);
    }
}

#[tokio::test]
async fn a_base_urls_path_comes_before_the_requests() {
    let server = Server::start([answer(ok(""))]);
    let base = BaseUrl::parse(&format!("http://{}/gateway/", server.address()), PlainHttp::OnLoopback).unwrap();
    openai(&transport(Timeouts::default()), base).send(chat(), &key()).await.unwrap();
    assert!(server.take_seen()[0].head.starts_with("POST /gateway/v1/chat/completions HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::start((0..5).map(|n| answer(ok(&n.to_string()))));
    let client = server.openai();
    for n in 0..5 {
        let answer = client.send(chat(), &key()).await.unwrap();
        assert_eq!(whole(answer).await.unwrap(), n.to_string().as_bytes());
    }
    assert_eq!(server.connections().len(), 1);
}

#[tokio::test]
async fn an_idle_connection_is_not_used_again() {
    let server = Server::start((0..2).map(|_| answer(ok("x"))));
    let client = server.openai_with(Timeouts { idle: Duration::from_millis(5), ..Timeouts::default() });
    for _ in 0..2 {
        whole(client.send(chat(), &key()).await.unwrap()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.connections().len(), 2);
}

#[tokio::test]
async fn a_pooled_connection_that_the_provider_closed_is_replaced() {
    let server = Server::start((0..20).map(|_| answer_and_close(ok("x"))));
    let client = server.openai();
    for _ in 0..20 {
        let answer = client.send(chat(), &key()).await.unwrap();
        assert_eq!(whole(answer).await.unwrap(), b"x");
        // The client learns of the end from the kernel. A call that is sent before that is broken, as it must be.
        while server.connections().iter().any(|connection| connection.closed.is_none()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((server.connections().len(), server.take_seen().len()), (20, 20));
}

#[tokio::test]
async fn a_refused_connection_is_a_connect_error_without_url_or_key() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = BaseUrl::parse(&format!("http://{address}"), PlainHttp::OnLoopback).unwrap();
    let client = openai(&transport(Timeouts::default()), base);
    let error = client.send(chat(), &key()).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Connect);
    let shown = format!("{error} {error:?} {client:?}");
    assert!(!shown.contains("/v1/chat") && !shown.contains("sk-test"), "{shown}");
}

#[tokio::test]
async fn a_connection_that_can_not_be_made_is_tried_once_more() {
    // Closing after the hello of TLS ends each try while it connects, and shows what was sent by then.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let client = openai(&transport(Timeouts::default()), BaseUrl::parse(&base, PlainHttp::Refused).unwrap());
    let hellos: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let seen = hellos.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = vec![0; 4096];
            let read = stream.read(&mut hello).await.unwrap();
            seen.lock().unwrap().push(hello[..read].to_vec());
        }
    });
    let error = client.send(chat(), &key()).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Connect);
    let hellos = hellos.lock().unwrap();
    assert_eq!(hellos.len(), 2);
    let holds = |hello: &[u8], text: &[u8]| hello.windows(text.len()).any(|part| part == text);
    for hello in hellos.iter() {
        assert!(hello[0] == 0x16 && !holds(hello, b"sk-test"), "something else than TLS is sent");
        assert!(holds(hello, b"\x02h2") && holds(hello, b"\x08http/1.1"), "both versions of HTTP are offered");
    }
}

#[tokio::test]
async fn a_server_that_does_not_finish_tls_is_not_reached_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap()), PlainHttp::Refused).unwrap();
    let timeouts = Timeouts { connect: Duration::from_millis(50), ..Timeouts::default() };
    let error = openai(&transport(timeouts), base).send(chat(), &key()).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::ConnectTimeout);
    let first = listener.accept().await;
    let second = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(first.is_ok() && second.is_err(), "a time-out is not tried again");
}

/// U02: nobody accepts, and the kernel's queue is full, so that not even a refusal comes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_takes_no_connection_is_not_reached_in_time() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    let connect = || tokio::time::timeout(Duration::from_millis(300), tokio::net::TcpStream::connect(address));
    while let Ok(connection) = connect().await {
        waiting.push(connection.unwrap());
        assert!(waiting.len() < 100, "the queue has no end");
    }
    let base = BaseUrl::parse(&format!("http://{address}"), PlainHttp::OnLoopback).unwrap();
    let timeouts = Timeouts { connect: Duration::from_millis(50), ..Timeouts::default() };
    let error = openai(&transport(timeouts), base).send(chat(), &key()).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::ConnectTimeout);
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "\0\0\0\0\0\0\0\0\0\0",
    ] {
        let server = Server::start([answer_and_close(answer)]);
        let error = server.openai().send(chat(), &key()).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Malformed, "{answer:?}: {error:?}");
        assert_eq!(server.take_seen().len(), 1, "{answer:?} is not tried again");
    }
}

#[tokio::test]
async fn a_body_with_bad_chunks_is_malformed() {
    let mut bytes = first_piece();
    bytes.extend_from_slice(b"zz\r\n");
    let server = Server::start([answer_and_wait(bytes)]);
    let answer = server.openai().send(chat(), &key()).await.unwrap();
    assert_eq!(after_first_piece(answer, &server).await, TransportErrorKind::Malformed);
}

#[tokio::test]
async fn a_head_of_more_than_64_kib_is_malformed() {
    let long = "x".repeat(7000);
    let filler: String = (0..10).map(|n| format!("x-filler-{n}: {long}\r\n")).collect();
    let server = Server::start([answer(format!("HTTP/1.1 200 OK\r\n{filler}content-length: 0\r\n\r\n"))]);
    let error = server.openai().send(chat(), &key()).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Malformed);
}

#[tokio::test]
async fn header_values_that_are_not_text_are_dropped() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-request-id: \xff\xfe\r\nretry-after: 3\r\n\r\n";
    let server = Server::start([answer(head.to_vec())]);
    let answer = server.openai().send(chat(), &key()).await.unwrap();
    assert_eq!(answer.headers, [("retry-after".to_owned(), "3".to_owned())]);
}

#[tokio::test]
async fn a_connection_that_ends_before_the_head_is_interrupted_and_not_tried_again() {
    for answer in ["", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let server = Server::start([answer_and_close(answer)]);
        let error = server.openai().send(chat(), &key()).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Interrupted, "{answer:?}");
        assert_eq!(server.take_seen().len(), 1, "the provider may have begun to work");
    }
}

#[tokio::test]
async fn a_connection_that_ends_in_the_body_is_interrupted() {
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\none".to_vec();
    for act in [
        answer_and_close(first_piece()),
        answer_and_reset(first_piece()),
        answer_and_close(short.clone()),
        answer_and_reset(short),
    ] {
        let server = Server::start([act]);
        let answer = server.openai().send(chat(), &key()).await.unwrap();
        assert_eq!(after_first_piece(answer, &server).await, TransportErrorKind::Interrupted);
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_times_out_and_ends_the_call() {
    let limit = Duration::from_millis(50);
    for (expect, timeouts) in [
        (Expect::Stream, Timeouts { first_byte_of_stream: limit, ..Timeouts::default() }),
        (Expect::Whole, Timeouts { first_byte_of_whole: limit, ..Timeouts::default() }),
        (Expect::Whole, Timeouts { total: limit, ..Timeouts::default() }),
    ] {
        let server = Server::start([answer_and_wait(b"HTTP/1.1 200".to_vec())]);
        let error = server.openai_with(timeouts).send(WireRequest { expect, ..chat() }, &key()).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Timeout);
        server.client_closed().await;
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_times_out_and_ends_the_call() {
    let limit = Duration::from_millis(50);
    for timeouts in
        [Timeouts { gap: limit, ..Timeouts::default() }, Timeouts { total: limit * 4, ..Timeouts::default() }]
    {
        let server = Server::start([answer_and_wait(first_piece())]);
        let answer = server.openai_with(timeouts).send(chat(), &key()).await.unwrap();
        assert_eq!(after_first_piece(answer, &server).await, TransportErrorKind::Timeout);
        server.client_closed().await;
    }
}

#[tokio::test]
async fn dropping_the_body_ends_the_call() {
    let server = Server::start([answer_and_wait(first_piece())]);
    let client = server.openai();
    let mut answer = client.send(chat(), &key()).await.unwrap();
    assert_eq!(&answer.body.next().await.unwrap().unwrap()[..], b"one");
    drop(answer);
    server.client_closed().await;
}

#[tokio::test]
async fn dropping_the_call_before_the_head_ends_it() {
    let server = Server::start([answer_and_wait(Vec::new())]);
    let client = server.openai();
    let call = tokio::spawn(async move { client.send(chat(), &key()).await });
    server.arrived().await;
    call.abort();
    server.client_closed().await;
}

/// Answers with the credential that it was sent.
struct Echo;

impl Service for Echo {
    type Session = ();
    type Call = Vec<u8>;

    fn connected(&self) {}

    fn received(&self, (): &mut (), request: &RawRequest<'_>) -> Vec<u8> {
        let credential = request.headers().find(|(name, _)| *name == b"authorization");
        credential.map(|(_, value)| value.to_vec()).unwrap_or_default()
    }

    async fn answer(&self, (): &mut (), credential: Vec<u8>, client: &mut Client<'_>) -> std::io::Result<Next> {
        client.send(&ok(std::str::from_utf8(&credential).unwrap())).await?;
        Ok(Next::Keep)
    }
}

#[tokio::test]
async fn many_calls_at_a_time_each_get_their_own_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let base = BaseUrl::parse(&base, PlainHttp::OnLoopback).unwrap();
    let client = openai(&transport(Timeouts::default()), base);
    let calls = (0..200).map(|n| {
        let client = client.clone();
        async move {
            let text = format!("sk-test-of-user-{n}");
            let answer = client.send(chat(), &ProviderKey::parse(text.clone()).unwrap()).await.unwrap();
            assert_eq!(whole(answer).await.unwrap(), format!("Bearer {text}").as_bytes());
        }
    });
    let calls = futures::future::join_all(calls);
    tokio::task::LocalSet::new()
        .run_until(async {
            let served = tokio::task::spawn_local(serve(listener, Echo));
            calls.await;
            served.abort();
        })
        .await;
}

/// A connection lives on the runtime that made it. actix has one a worker, and a worker without calls ends early when the
/// server stops: that must not break a stream of another worker.
#[tokio::test]
async fn a_stream_outlives_the_runtime_of_an_earlier_call() {
    let server = Server::start([answer(ok("x")), answer_and_wait(first_piece())]);
    let client = server.openai();
    let earlier = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let its_client = client.clone();
    let call = earlier.spawn(async move { whole(its_client.send(chat(), &key()).await.unwrap()).await.unwrap() });
    assert_eq!(call.await.unwrap(), b"x");
    let mut answer = client.send(chat(), &key()).await.unwrap();
    assert_eq!(&answer.body.next().await.unwrap().unwrap()[..], b"one");
    tokio::task::spawn_blocking(move || drop(earlier)).await.unwrap();
    let next = answer.body.next().now_or_never();
    assert!(next.is_none(), "{next:?}");
    assert_eq!(server.connections().len(), 2);
}

/// A proxy is asked for a tunnel, in which there is TLS (see `egress.rs`). Without TLS it would see the key.
#[tokio::test]
async fn a_proxy_gets_no_request_without_tls() {
    let (server, proxy) = (Server::start([answer(ok(""))]), Server::start([]));
    let http = HttpTransport::through(&format!("http://{}", proxy.address()), Timeouts::default()).unwrap();
    let base = BaseUrl::parse(&format!("http://{}", server.address()), PlainHttp::OnLoopback).unwrap();
    openai(&http, base).send(chat(), &key()).await.unwrap();
    assert!(server.take_seen()[0].head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
    assert!(proxy.take_seen().is_empty());
    assert!(HttpTransport::through("not a url", Timeouts::default()).is_err());
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    // Another process, since its environment is what this is about. Nothing listens on port 1.
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, "http://127.0.0.1:1");
    }
    let output = child.env_remove("no_proxy").args(["--exact", "http::a_connection_is_used_again"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Bytes that report when their last clone is gone.
struct Watched(Vec<u8>, Arc<tokio::sync::Notify>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.notify_one();
    }
}

#[tokio::test]
async fn a_large_body_is_in_memory_only_until_it_has_been_sent() {
    let server = Server::start([vec![Step::UntilClosed]]);
    let gone = Arc::new(tokio::sync::Notify::new());
    let text = vec![b'x'; 1 << 20];
    let body = Bytes::from_owner(Watched(text.clone(), Arc::clone(&gone)));
    let (client, key) = (server.openai(), key());
    let mut call = Box::pin(client.send(WireRequest::post("/v1/x", body, Expect::Whole), &key));
    // The provider never answers.
    tokio::select! {
        _ = &mut call => panic!("an answer"),
        () = gone.notified() => {}
    }
    let arrived = async {
        loop {
            if let Some(received) = server.take_received().pop() {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let received = tokio::select! {
        _ = &mut call => panic!("an answer"),
        received = arrived => received,
    };
    assert!(received.head.to_ascii_lowercase().contains("\r\ncontent-length: 1048576"), "{}", received.head);
    assert!(!received.head.to_ascii_lowercase().contains("transfer-encoding"));
    assert_eq!(received.body, text);
}

#[tokio::test]
async fn a_large_body_that_no_connection_took_is_sent_again() {
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = BaseUrl::parse(&format!("http://{closed}"), PlainHttp::OnLoopback).unwrap();
    let client = openai(&transport(Timeouts::default()), base);
    let error = client.send(WireRequest::post("/v1/x", vec![b'x'; 1 << 20], Expect::Whole), &key()).await.unwrap_err();
    assert_eq!(error.kind, TransportErrorKind::Connect);
    // A connection from the pool that the provider has closed meanwhile.
    let server = Server::start([answer_and_close(ok("1")), answer(ok("2"))]);
    let client = server.openai();
    for want in ["1", "2"] {
        let request = WireRequest::post("/v1/x", vec![b'x'; 1 << 20], Expect::Whole);
        assert_eq!(whole(client.send(request, &key()).await.unwrap()).await.unwrap(), want.as_bytes());
        // The client learns of the end from the kernel. A call that is sent before that is broken, as it must be.
        if want == "1" {
            while server.connections().iter().any(|connection| connection.closed.is_none()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(server.take_received().iter().all(|received| received.body.len() == 1 << 20));
}
