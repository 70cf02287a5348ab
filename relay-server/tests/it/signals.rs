//! What signals do to the program, and to a stream that is running.

use std::time::Duration;

use crate::harness::{CHAT, Connection, chat_body};
use crate::process::{Server, Site, write_config};

/// A stream that has begun, and says nothing more.
async fn stream(server: &Server) -> Connection {
    server.connect("sk-mock-good-000000000ana").await;
    let mut connection = Connection::to(server.addr).await;
    let body = chat_body("gpt-4o-mini", "{{silent}}", true).to_string();
    let request = server.request(&format!("POST {CHAT}"), &format!("Bearer {}", server.key), &body);
    connection.write(request.as_bytes()).await;
    connection.read_text("data: ").await;
    connection
}

#[tokio::test]
async fn the_second_signal_ends_calls_with_an_error_and_then_the_process() {
    for (first, second, code) in [("TERM", "TERM", 143), ("INT", "TERM", 143), ("QUIT", "INT", 130)] {
        let site = Site::new().await;
        let server = site.start();
        let mut connection = stream(&server).await;
        server.signal(first);
        while tokio::net::TcpStream::connect(server.addr).await.is_ok() {
            tokio::task::yield_now().await;
        }
        server.signal(second);
        let answer = connection.answer(false).await;
        let text = answer.text();
        assert!(answer.complete && text.trim_end().ends_with('}') && text.contains("\"code\":\"draining\""), "{text}");
        let (ended, log) = server.end();
        assert_eq!(ended, Some(code), "{first} {second}: {log}");
        let line = log.lines().find(|line| line.contains("\"stream\":true")).unwrap();
        assert!(line.contains("\"outcome\":\"relay\"") && line.contains("\"complete\":false"), "{line}");
    }
}

#[tokio::test]
async fn no_other_signal_cuts_a_stream() {
    let site = Site::new().await;
    let server = site.start();
    let mut connection = stream(&server).await;
    let ignored = ["HUP", "USR1", "USR2", "ALRM", "VTALRM", "PROF", "PIPE", "WINCH", "CHLD", "XCPU", "XFSZ"];
    for signal in ignored {
        server.signal(signal);
    }
    if cfg!(target_os = "linux") {
        ["PWR", "POLL", "STKFLT", "37", "64"].into_iter().for_each(|signal| server.signal(signal));
    }
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(server.send("GET /api/health", "").await.status, 200);
    }
    server.signal("TERM");
    server.signal("TERM");
    assert!(connection.answer(false).await.text().contains("\"draining\""), "the stream ran until then");
    drop(server.end());
}

#[tokio::test]
async fn a_hangup_reads_the_logs_level_again() {
    let site = Site::new().await;
    let server = site.start();
    assert_eq!(server.send("GET /api/health", "").await.status, 200);
    let config = std::fs::read_to_string(site.path("relay.toml")).unwrap();
    write_config(&site, &format!("{config}[log]\nlevel = \"loud\"\n"));
    server.signal("HUP");
    let mut server = server;
    server.read_log_until("stays as it is");
    write_config(&site, &format!("{config}[log]\nlevel = \"info,relay::access=off\"\n"));
    server.signal("HUP");
    server.read_log_until("read log.level again");
    assert_eq!(server.send("GET /api/health/live", "").await.status, 200);
    server.signal("TERM");
    let (code, log) = server.end();
    assert!(code == Some(0) && !log.contains("/api/health/live") && log.contains("stopped"), "{log}");
}
