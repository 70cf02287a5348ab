//! Connections: what a client can make the server wait for, keep in memory, or keep open.

use std::time::{Duration, Instant};

use relay_server::Options;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{sleep, timeout};

use crate::harness::{Answer, CHAT, Connection, TestServer, chat_body};

const HEALTH: &[u8] = b"GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n";

async fn metric(test: &TestServer, line: &str) -> u64 {
    let mut connection = Connection::to(test.running.metrics_addr.unwrap()).await;
    connection.write(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let text = connection.answer(false).await.text();
    let value = text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
    value.unwrap_or(0)
}

fn with_metrics(options: &mut Options) {
    options.metrics_listen = Some(([127, 0, 0, 1], 0).into());
}

/// Waits for the end of a connection; returns how long that took, and what came before it.
async fn end_of(connection: &mut Connection, at_most: Duration) -> (Duration, Vec<u8>) {
    let began = Instant::now();
    let rest = timeout(at_most, connection.rest()).await;
    (began.elapsed(), rest.unwrap_or_else(|_| panic!("the connection is open after {at_most:?}")))
}

#[tokio::test]
async fn requests_ahead_are_answered_in_order() {
    let test = TestServer::start().await;
    let mut connection = Connection::to(test.addr()).await;
    let mut bytes = Vec::new();
    for n in 0..60 {
        let text = format!("number {n}");
        bytes.extend(test.chat("gpt-4o-mini", &text, n % 3 == 0).bytes());
        bytes.extend(test.request("GET", &format!("/api/{n}")).bytes());
    }
    let (reading, writing) = connection.stream.into_split();
    let sent = tokio::spawn(async move {
        let mut writing = writing;
        writing.write_all(&bytes).await.unwrap();
        writing
    });
    connection = Connection::from(reading.reunite(sent.await.unwrap()).unwrap());
    for n in 0..60 {
        let chat = connection.answer(false).await;
        assert!(chat.status == 200 && chat.complete && chat.header("connection").is_none(), "{chat:?}");
        assert!(chat.text().contains(&n.to_string()), "{n}: {}", chat.text());
        let unknown = connection.answer(false).await.assert_error(404, "unknown_endpoint");
        assert!(unknown["message"].as_str().unwrap().contains(&format!("`/api/{n}`")), "{unknown}");
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_gets_few_of_its_answers_made() {
    let test = TestServer::with(with_metrics).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(test.addr()).await.unwrap();
    let requests = b"GET /widget.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(3000);
    // Most of it fits into the kernel's buffers; the server may take the rest or not.
    let _ = timeout(Duration::from_secs(2), stream.write_all(&requests)).await;
    let made = "relay_http_requests_total{method=\"GET\",route=\"/widget.js\",status=\"200\"}";
    let served = metric(&test, made).await;
    assert!(served < 50, "{served} answers were made and not read");
    sleep(Duration::from_millis(300)).await;
    assert!(metric(&test, made).await < 50, "and it goes on");
    // Those that are read are made.
    let mut connection = Connection::from(stream);
    for _ in 0..200 {
        assert_eq!(connection.answer(false).await.status, 200);
    }
}

#[tokio::test]
async fn a_client_that_leaves_behind_requests_that_it_sent_ahead_ends_its_call() {
    let test = TestServer::start().await;
    for reset in [false, true] {
        let mut connection = test.chat("gpt-4o-mini", "{{silent}}", true).open().await;
        connection.read_text("data: ").await;
        connection.write(&HEALTH.repeat(1000)).await;
        sleep(Duration::from_millis(100)).await;
        let aborted = test.mock.aborted_calls().len();
        if reset {
            connection.reset()
        } else {
            connection.leave()
        }
        let left = Instant::now();
        test.mock.until(|mock| mock.aborted_calls().len() > aborted).await;
        assert!(left.elapsed() < Duration::from_millis(500), "{:?}", left.elapsed());
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_ends_the_connection() {
    let test = TestServer::start().await;
    let key = format!("authorization: Bearer {}\r\n", test.key);
    let json = "content-type: application/json\r\n";
    for (request, headers, status) in [
        ("GET /api/health", "", 200),
        ("GET /nothing", "", 404),
        ("POST /api/health", "", 405),
        ("POST /v1/registration-tokens", json, 401),
        ("POST /v1/registration-tokens", key.as_str(), 415),
        ("POST /v1/chat/completions", json, 401),
        ("OPTIONS /api/health", "", 204),
    ] {
        for framing in ["transfer-encoding: chunked", "content-length: 1000000"] {
            for more in [&b""[..], b"a\r\n0123456789\r\n"] {
                let mut connection = Connection::to(test.addr()).await;
                let head = format!("{request} HTTP/1.1\r\nhost: x\r\n{headers}{framing}\r\n\r\n");
                connection.write(head.as_bytes()).await;
                let answer = connection.answer(false).await;
                let what = format!("{request} with {framing}");
                assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{what}");
                let (mut reading, mut writing) = connection.stream.into_split();
                let drip = tokio::spawn(async move {
                    while !more.is_empty() && writing.write_all(more).await.is_ok() {
                        sleep(Duration::from_millis(50)).await;
                    }
                    writing
                });
                let mut rest = Vec::new();
                let began = Instant::now();
                let read = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut rest);
                let _ = timeout(Duration::from_secs(2), read).await.unwrap_or_else(|_| panic!("{what}: open"));
                assert!(rest.is_empty(), "{what}");
                if !more.is_empty() {
                    timeout(Duration::from_secs(2), drip).await.unwrap_or_else(|_| panic!("{what}: taken")).unwrap();
                }
                assert!(began.elapsed() < Duration::from_secs(2), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_upload_can_read_why() {
    let test = TestServer::with(|options| options.limits.inference_body = 1 << 20).await;
    let request = test.as_app("POST", CHAT).header("x-relay-user", "ana").header("content-type", "application/json");
    // A client that sends all of it before it reads.
    let mut connection = request.body(vec![b' '; 8 << 20]).open().await;
    connection.answer(false).await.assert_error(413, "request_too_large");
}

#[tokio::test]
async fn a_head_has_five_seconds() {
    let test = TestServer::start().await;
    let late = async |first: &'static [u8], dripped: &'static [u8]| {
        let mut connection = Connection::to(test.addr()).await;
        connection.write(first).await;
        if !first.is_empty() {
            assert_eq!(connection.answer(false).await.status, 200);
        }
        let began = Instant::now();
        let (mut reading, mut writing) = connection.stream.into_split();
        let drip = tokio::spawn(async move {
            for byte in dripped {
                if writing.write_all(&[*byte]).await.is_err() {
                    break;
                }
                sleep(Duration::from_millis(200)).await;
            }
            writing
        });
        let mut rest = Vec::new();
        let read = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut rest);
        timeout(Duration::from_secs(10), read).await.expect("the connection is open").unwrap();
        drip.abort();
        let took = began.elapsed().as_secs_f64();
        assert!((4.0..7.5).contains(&took), "{took}");
        rest
    };
    let slow = b"GET /api/health HTTP/1.1\r\nhost: x\r\nx-a: 0123456789";
    let (silent, head, second) = tokio::join!(late(b"", b""), late(b"", slow), late(HEALTH, slow));
    assert_eq!(String::from_utf8_lossy(&silent), "", "nothing is owed to a client that sent nothing");
    for refused in [head, second] {
        let text = String::from_utf8_lossy(&refused);
        assert!(
            text.starts_with("HTTP/1.1 408 Request Timeout\r\n") && text.contains("x-relay-request-id: req_"),
            "{text}"
        );
        assert!(text.contains("connection: close\r\n") && text.contains(r#""code":"request_timeout""#), "{text}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let test = TestServer::with(|options| options.keep_alive = Duration::from_millis(300)).await;
    let mut connection = Connection::to(test.addr()).await;
    for _ in 0..3 {
        connection.write(HEALTH).await;
        assert_eq!(connection.answer(false).await.status, 200);
        sleep(Duration::from_millis(200)).await;
    }
    // Empty lines are no request.
    connection.write(b"\r\n\r\n").await;
    let (took, rest) = end_of(&mut connection, Duration::from_secs(2)).await;
    assert!(rest.is_empty() && took < Duration::from_millis(400), "{took:?}");
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it_when_its_body_is_wanted() {
    let test = TestServer::start().await;
    let body = r#"{"user":"bo"}"#;
    let head = |key: &str, length: usize| {
        format!(
            "POST /v1/registration-tokens HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let mut connection = Connection::to(test.addr()).await;
    for _ in 0..3 {
        connection.write(head(&test.key, body.len()).as_bytes()).await;
        connection.read_text("HTTP/1.1 100 Continue\r\n\r\n").await;
        assert_eq!(connection.answer(true).await.status, 100);
        connection.write(body.as_bytes()).await;
        assert_eq!(connection.answer(false).await.status, 201);
    }
    // A client that does not wait.
    connection.write(format!("{}{body}", head(&test.key, body.len())).as_bytes()).await;
    let mut answer = connection.answer(false).await;
    if answer.status == 100 {
        answer = connection.answer(false).await;
    }
    assert_eq!(answer.status, 201);
    for (key, length, status) in [("rly-wrong", body.len(), 401), (&test.key, 100 << 20, 413)] {
        let mut connection = Connection::to(test.addr()).await;
        connection.write(head(key, length).as_bytes()).await;
        let answer = connection.answer(false).await;
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "without a 100 before it");
        end_of(&mut connection, Duration::from_secs(2)).await;
    }
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_a_new_one() {
    let test = TestServer::with(|options| {
        with_metrics(options);
        options.max_connections = 20;
        options.max_connections_per_address = 40;
    })
    .await;
    let mut busy = test.chat("gpt-4o-mini", "{{silent}}", true).open().await;
    busy.read_text("data: ").await;
    let mut idle = Vec::new();
    for n in 0..200 {
        let mut connection = Connection::to(test.addr()).await;
        if n % 2 == 0 {
            connection.write(HEALTH).await;
            let answer = connection.answer(false).await;
            assert_eq!((answer.status, answer.header("connection")), (200, None), "{n}");
        }
        idle.push(connection);
    }
    for _ in 0..50 {
        let answer = test.as_app("GET", "/v1/users").send().await;
        assert_eq!((answer.status, answer.header("connection")), (200, None));
    }
    assert!(metric(&test, "relay_connections").await <= 21);
    assert_eq!(test.mock.open_calls(), 1, "a call is not idle");
    busy.leave();
}

#[tokio::test]
async fn beyond_the_maximum_there_are_health_checks() {
    let test = TestServer::with(|options| {
        with_metrics(options);
        options.max_connections = 20;
        options.max_connections_per_address = 20;
        options.public_url = Some("https://r.example/tools/relay".to_owned());
    })
    .await;
    let ask = async |request: &str| -> Answer {
        let mut connection = Connection::to(test.addr()).await;
        connection.write(format!("{request} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;
        let answer = connection.answer(request.starts_with("HEAD")).await;
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(connection.rest().await.is_empty());
        answer
    };
    // The start has connections of its own, which end in a moment.
    sleep(Duration::from_millis(100)).await;
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut connection = test.chat("gpt-4o-mini", "{{silent}}", true).open().await;
        connection.read_text("data: ").await;
        held.push(connection);
    }
    // Silent ones, more than the server keeps.
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(Connection::to(test.addr()).await);
    }
    for _ in 0..20 {
        silent.push(Connection::to(test.addr()).await);
        assert_eq!(ask("GET /api/health").await.status, 200);
        assert_eq!(ask("HEAD /api/health/live").await.status, 200);
        let refused = ask("GET /v1/users").await;
        refused.assert_error(503, "overloaded");
        assert_eq!(refused.header("retry-after"), Some("1"));
        ask("GET /api/healthy").await.assert_error(503, "overloaded");
    }
    // A proxy may pass the public path on, and name the host in the target.
    for target in ["/tools/relay/api/health", "/tools/relay/api/health/live?x", "http://x/tools/relay/api/health/"] {
        assert_eq!(ask(&format!("GET {target}")).await.status, 200, "{target}");
    }
    for target in ["/tools/api/health", "/tools/relay/api/healthy", "http://x?/api/health", "/x?/api/health"] {
        ask(&format!("GET {target}")).await.assert_error(503, "overloaded");
    }
    assert!(metric(&test, "relay_connections").await <= 20 + 64);
    assert_eq!(test.mock.open_calls(), 20, "those that were there go on");
    drop((held, silent));
    test.mock.until(|mock| mock.open_calls() == 0).await;
    let answer = test.as_app("GET", "/v1/users").send().await;
    assert_eq!((answer.status, answer.header("connection")), (200, None), "there is room again");
}

#[tokio::test]
async fn one_address_gets_half_of_the_connections() {
    let test = TestServer::with(|options| {
        with_metrics(options);
        options.max_connections = 20;
    })
    .await;
    // The start, which has connected keys, used some.
    sleep(Duration::from_millis(100)).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        let mut connection = Connection::to(test.addr()).await;
        connection.write(HEALTH).await;
        assert_eq!(connection.answer(false).await.status, 200);
        held.push(connection);
    }
    let mut connection = Connection::to(test.addr()).await;
    connection.write(b"GET /v1/users HTTP/1.1\r\nhost: x\r\n\r\n").await;
    connection.answer(false).await.assert_error(503, "overloaded");
    let mut connection = Connection::to(test.addr()).await;
    connection.write(HEALTH).await;
    assert_eq!(connection.answer(false).await.status, 200);
    assert_eq!(metric(&test, "relay_connections_refused_total{limit=\"address\"}").await, 2);
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = Connection::from(socket.connect(test.addr()).await.unwrap());
    other.write(HEALTH).await;
    let answer = other.answer(false).await;
    assert_eq!((answer.status, answer.header("connection")), (200, None), "another address");
}

#[tokio::test]
async fn a_client_that_stops_reading_an_answer_is_closed() {
    let test = TestServer::with(|options| {
        with_metrics(options);
        options.limits.write_stall = Duration::from_millis(500);
    })
    .await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(test.addr()).await.unwrap();
    let requests = b"GET /widget.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(3000);
    let _ = timeout(Duration::from_secs(2), stream.write_all(&requests)).await;
    let began = Instant::now();
    while metric(&test, "relay_connections").await > 0 {
        assert!(began.elapsed() < Duration::from_secs(5), "the connection is still open");
        sleep(Duration::from_millis(50)).await;
    }
    let mut another = test
        .as_app("POST", CHAT)
        .header("x-relay-user", "ana")
        .json(&chat_body("gpt-4o-mini", "hi", false))
        .open()
        .await;
    assert_eq!(another.answer(false).await.status, 200);
}
