//! Going down.

use std::time::Duration;

use crate::harness::TestServer;

#[tokio::test]
async fn a_stop_lets_streams_end_and_takes_no_new_calls() {
    let test = TestServer::with(|options| options.drain_delay = Duration::from_secs(2)).await;
    let mut stream = test.chat("gpt-4o-mini", "{{chunks=10}}{{delay_ms=100}} word", true).open().await;
    stream.read_text("data: ").await;
    test.running.stopper().stop();
    test.request("GET", "/api/health/ready").send().await.assert_error(503, "draining");
    assert_eq!(test.request("GET", "/api/health").send().await.status, 200);
    for path in ["/v1/chat/completions", "/v1/embeddings"] {
        let answer = test.as_app("POST", path).header("x-relay-user", "ana").json(&serde_json::json!({})).send().await;
        answer.assert_error(503, "draining");
        assert!(answer.header("retry-after").is_some());
    }
    let answer = stream.answer(false).await;
    assert!(answer.text().ends_with("data: [DONE]\n\n") && answer.complete);
    test.running.join().await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_told_so() {
    let test = TestServer::with(|options| {
        options.drain = Duration::from_millis(300);
        options.limits.ping = Duration::from_millis(100);
    })
    .await;
    let mut silent = test.chat("gpt-4o-mini", "{{silent}}", true).open().await;
    silent.read_text("data: ").await;
    let mut pinged = test.chat("gpt-4o-mini", "{{hang}}", true).open().await;
    pinged.read_text(": ping").await;
    let mut chatty = test.chat("gpt-4o-mini", "{{chunks=100000}}{{delay_ms=5}} word", true).open().await;
    chatty.read_text("data: ").await;
    let mut whole = test.chat("gpt-4o-mini", "{{hang}}", false).open().await;
    test.mock.until(|mock| mock.open_calls() == 4).await;
    test.running.stopper().stop();
    test.running.stopper().stop();
    for stream in [&mut silent, &mut pinged, &mut chatty] {
        let answer = stream.answer(false).await;
        let text = answer.text();
        assert!(answer.complete && !text.contains("[DONE]"), "{text}");
        assert!(text.trim_end().rsplit("\n\n").next().unwrap().contains("\"code\":\"draining\""), "{text}");
    }
    whole.answer(false).await.assert_error(503, "draining");
    test.running.join().await.unwrap();
    test.mock.until(|mock| mock.open_calls() == 0).await;
}

#[tokio::test]
async fn idle_connections_do_not_hold_it_up() {
    let test = TestServer::start().await;
    let mut idle = crate::harness::Connection::to(test.addr()).await;
    idle.write(&test.request("GET", "/api/health").bytes()).await;
    assert_eq!(idle.answer(false).await.status, 200);
    let addr = test.addr();
    test.running.stopper().stop();
    assert!(idle.is_closed_by_server().await);
    test.running.join().await.unwrap();
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
