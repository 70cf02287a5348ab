//! A client that leaves ends the provider's call, in every phase and however it leaves.
//!
//! No ping is due within these tests: what ends the call is that the connection's end was noticed.

use std::time::{Duration, Instant};

use relay_core::Provider;
use relay_mock::{Phase, Scripted};
use tokio::io::AsyncWriteExt as _;

use crate::harness::{Connection, TestServer};

#[derive(Clone, Copy, Debug)]
enum Leave {
    Fin,
    Rst,
}

/// Sends, waits for `seen` of the answer (or for the call to be open), leaves, and waits for the call's end.
async fn check(text: &str, stream: bool, seen: Option<&str>, phase: Phase) {
    for leave in [Leave::Fin, Leave::Rst] {
        let test = TestServer::with(|options| options.limits.ping = Duration::from_secs(3600)).await;
        check_one(&test, (text, stream, seen, phase), leave).await;
    }
}

async fn check_one(test: &TestServer, (text, stream, seen, phase): (&str, bool, Option<&str>, Phase), leave: Leave) {
    let mut connection = test.chat("gpt-4o-mini", text, stream).open().await;
    match seen {
        Some(seen) => drop(connection.read_text(seen).await),
        None => test.mock.until(|mock| mock.open_calls() == 1).await,
    }
    let left = Instant::now();
    match leave {
        Leave::Fin => Connection::leave(connection),
        Leave::Rst => connection.reset(),
    }
    test.mock.until(|mock| mock.open_calls() == 0).await;
    let aborted = test.mock.aborted_calls();
    let took = aborted[0].at.saturating_duration_since(left);
    eprintln!("{text:?} stream={stream} {leave:?}: {took:?}");
    assert_eq!((aborted.len(), aborted[0].phase), (1, phase), "{text} {leave:?}");
}

#[tokio::test]
async fn while_a_whole_answer_is_awaited() {
    check("{{hang}}", false, None, Phase::Waiting).await;
}

#[tokio::test]
async fn while_a_streams_first_event_is_awaited() {
    check("{{hang}}", true, None, Phase::Waiting).await;
}

#[tokio::test]
async fn in_the_silence_of_a_stream() {
    check("{{silent}}", true, Some("data: "), Phase::Streaming).await;
}

#[tokio::test]
async fn in_the_middle_of_a_stream_that_speaks() {
    check("{{chunks=100000}}{{delay_ms=5}} word", true, Some("data: "), Phase::Streaming).await;
}

#[tokio::test]
async fn after_the_status_line_without_an_event() {
    for leave in [Leave::Fin, Leave::Rst] {
        let test = TestServer::with(|options| options.limits.ping = Duration::from_millis(300)).await;
        check_one(&test, ("{{hang}}", true, Some(": ping"), Phase::Waiting), leave).await;
    }
}

#[tokio::test]
async fn while_embeddings_are_awaited() {
    for leave in [Leave::Fin, Leave::Rst] {
        let test = TestServer::with(|options| options.limits.ping = Duration::from_secs(3600)).await;
        test.mock.script(Provider::OPENAI, Scripted::never());
        let body = serde_json::json!({"model": "text-embedding-3-small", "input": "hi"});
        let connection = test.as_app("POST", "/v1/embeddings").header("x-relay-user", "ana").json(&body).open().await;
        test.mock.until(|mock| mock.open_calls() == 1).await;
        match leave {
            Leave::Fin => connection.leave(),
            Leave::Rst => connection.reset(),
        }
        test.mock.until(|mock| mock.aborted_calls().len() == 1).await;
    }
}

/// C06: a client that closes its sending side counts as one that has left. Relay can't tell the two apart in time to save
/// the user's money, and no client of HTTP needs to do this.
#[tokio::test]
async fn a_client_that_closes_its_side_has_left() {
    let test = TestServer::with(|options| options.limits.ping = Duration::from_secs(3600)).await;
    let mut connection = test.chat("gpt-4o-mini", "{{hang}}", true).open().await;
    test.mock.until(|mock| mock.open_calls() == 1).await;
    connection.stream.shutdown().await.unwrap();
    test.mock.until(|mock| mock.aborted_calls().len() == 1).await;
    assert_eq!(String::from_utf8_lossy(&connection.rest().await), "", "nothing is owed to it");
}
