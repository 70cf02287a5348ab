//! When a client leaves, the provider's connection is closed at once, in every phase of a call.
//!
//! The provider is a script that never ends a call by itself and notes when its connection was closed.

use std::time::{Duration, Instant};

use relay_adapters::http::Timeouts;
use relay_core::Provider;
use relay_mock::tcp::{MockServer, Step};
use relay_tests::upstream::{self, event};
use relay_tests::{TestRelay, says, streams};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ROUNDS: usize = 10;
/// Far above what is promised (100 ms) and measured, since a busy machine may be late; far below all time limits.
const AT_MOST: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
enum Leaves {
    Fin,
    Reset,
}

/// How far a call has come when its client leaves.
struct Phase {
    name: &'static str,
    body: fn() -> Value,
    script: fn() -> Vec<Step>,
    /// What the client has seen by then.
    after: &'static str,
}

const PHASES: &[Phase] = &[
    Phase { name: "waiting for the head of a stream", body: stream, script: || vec![Step::UntilClosed], after: "" },
    Phase {
        name: "the same, after comments",
        body: stream,
        script: || vec![Step::UntilClosed],
        after: ": ping\n\n\r\n",
    },
    Phase {
        name: "a stream whose first event is not complete",
        body: stream,
        script: || vec![Step::stream_head(), Step::send("data: {\"id\""), Step::UntilClosed],
        after: ": ping",
    },
    Phase {
        name: "a silent stream",
        body: stream,
        script: || vec![Step::stream_head(), event("one"), Step::UntilClosed],
        after: "one",
    },
    Phase {
        name: "a chatty stream",
        body: stream,
        script: || vec![Step::stream_head(), event("one"), chatter()],
        after: "more",
    },
    Phase { name: "waiting for a whole answer", body: whole, script: || vec![Step::UntilClosed], after: "" },
    Phase {
        name: "in the middle of a whole answer",
        body: whole,
        script: || vec![Step::send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"id\":"), Step::UntilClosed],
        after: "",
    },
    Phase {
        name: "in the middle of an error's body",
        body: whole,
        script: || vec![Step::send("HTTP/1.1 500 No\r\ncontent-length: 1000\r\n\r\n{\"error\":"), Step::UntilClosed],
        after: "",
    },
];

fn stream() -> Value {
    streams("gpt-4o-mini", "hi")
}

fn whole() -> Value {
    says("gpt-4o-mini", "hi")
}

fn chatter() -> Step {
    let Step::Send(bytes) = event("more") else { unreachable!("an event is sent") };
    Step::Repeat(bytes, Duration::from_millis(2))
}

async fn relay(upstream: &MockServer) -> TestRelay {
    let clients = upstream::clients(upstream, Timeouts::default());
    let builder = TestRelay::with().clients(clients);
    builder.options(|options| options.limits.ping = Duration::from_millis(20)).start().await
}

/// A request as bytes.
fn request(path: &str, bearer: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer {bearer}\r\nx-relay-user: ana\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn connect(relay: &TestRelay) -> TcpStream {
    let stream = TcpStream::connect(relay.url.trim_start_matches("http://")).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Leaves; returns how long it took until the provider's connection was closed.
async fn leave(mut client: TcpStream, how: Leaves, upstream: &MockServer) -> Duration {
    let at = Instant::now();
    match how {
        Leaves::Fin => client.shutdown().await.unwrap(),
        Leaves::Reset => client.set_zero_linger().unwrap(),
    }
    drop(client);
    let left = tokio::time::timeout(Duration::from_secs(30), upstream.client_closed()).await;
    left.expect("the provider's connection stays open").saturating_duration_since(at)
}

async fn read_until(client: &mut TcpStream, text: &str) {
    let mut seen = Vec::new();
    while memchr::memmem::find(&seen, text.as_bytes()).is_none() {
        assert!(client.read_buf(&mut seen).await.unwrap() > 0, "{}", String::from_utf8_lossy(&seen));
    }
}

#[track_caller]
fn tell(what: &str, how: Leaves, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let (median, max) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{what}, {how:?}: closed after {median:.1?} (median), {max:.1?} at most");
    assert!(max < AT_MOST, "{what}, {how:?}: {max:?}");
    max
}

#[actix_web::test]
async fn a_client_that_leaves_ends_the_providers_call_in_every_phase() {
    let upstream = upstream::start();
    let relay = relay(&upstream).await;
    relay.connect("ana", Provider::OPENAI, "good").await;
    upstream.arrived().await;
    for phase in PHASES {
        for how in [Leaves::Fin, Leaves::Reset] {
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                upstream.script((phase.script)());
                let mut client = connect(&relay).await;
                let bytes = request("/v1/chat/completions", &relay.key, &(phase.body)());
                client.write_all(bytes.as_bytes()).await.unwrap();
                upstream.arrived().await;
                read_until(&mut client, phase.after).await;
                if phase.after.is_empty() {
                    // There is no sign of when the relay has received part of a whole answer.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                times.push(leave(client, how, &upstream).await);
            }
            tell(phase.name, how, times);
        }
    }
    relay.chat("ana", &whole()).await.expect(200);
}

#[actix_web::test]
async fn a_client_that_leaves_ends_the_calls_of_other_routes_too() {
    let upstream = upstream::start();
    let relay = relay(&upstream).await;
    relay.connect("ana", Provider::OPENAI, "good").await;
    upstream.arrived().await;
    let embeddings = json!({"model": "text-embedding-3-small", "input": "hi"});
    let key = json!({"provider": "openai", "apiKey": relay_mock::sample_key(Provider::OPENAI, "good", "other")});
    let token = relay.token("ana").await;
    for (path, bearer, body) in [
        ("/v1/embeddings", &relay.key, &embeddings),
        ("/v1/registration", &token, &key),
        ("/v1/users/ana/connections/openai/verify", &relay.key, &json!({})),
    ] {
        for how in [Leaves::Fin, Leaves::Reset] {
            upstream.script([Step::UntilClosed]);
            let mut client = connect(&relay).await;
            client.write_all(request(path, bearer, body).as_bytes()).await.unwrap();
            upstream.arrived().await;
            let time = leave(client, how, &upstream).await;
            tell(path, how, vec![time]);
        }
    }
    // Nothing was stored meanwhile, and the token is as good as before.
    let connections = relay.call(reqwest::Method::GET, "/v1/users/ana/connections", &Value::Null).await.expect(200);
    assert_ne!(connections.json()["connections"][0]["last4"], "ther");
    relay.register(&token, Provider::OPENAI, key["apiKey"].as_str().unwrap()).await.expect(201);
}

#[actix_web::test]
async fn of_many_streams_only_that_of_the_leaving_client_ends() {
    let upstream = upstream::start();
    let relay = relay(&upstream).await;
    relay.connect("ana", Provider::OPENAI, "good").await;
    upstream.arrived().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        upstream.script([Step::stream_head(), event("one"), chatter()]);
        let mut client = connect(&relay).await;
        client.write_all(request("/v1/chat/completions", &relay.key, &stream()).as_bytes()).await.unwrap();
        read_until(&mut client, "one").await;
        clients.push(client);
    }
    let mut times = Vec::new();
    while let Some(client) = clients.pop() {
        times.push(leave(client, Leaves::Reset, &upstream).await);
        for client in &mut clients {
            let mut old = [0; 65536];
            while client.try_read(&mut old).is_ok() {}
            read_until(client, "more").await;
        }
    }
    tell("one of 20 chatty streams", Leaves::Reset, times);
}
