//! What the built server does beside others that take the processor or the connections: C05 and P08.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relay_core::Provider;
use relay_tests::process::{Folder, Process};
use relay_tests::{says, streams};
use reqwest::Method;
use tokio::net::TcpStream;

/// Resident memory of a process, in bytes.
fn resident(server: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

async fn connected(server: &Process) -> TcpStream {
    TcpStream::connect(server.api.url.strip_prefix("http://").unwrap()).await.unwrap()
}

async fn is_healthy(server: &Process) {
    let health = server.api.send(Method::GET, "/api/health", &[], "");
    let answer = tokio::time::timeout(Duration::from_secs(10), health).await.expect("health does not answer");
    assert_eq!(answer.status, 200);
}

/// C05, smaller, so that the test runs below any limit on open files. `make denial` has 10,000 connections.
#[actix_web::test]
async fn idle_connections_cost_little_memory() {
    const CONNECTIONS: usize = 300;
    let folder = Folder::init();
    let server = Process::start(folder.serve(), &folder.key);
    is_healthy(&server).await;
    let before = resident(&server);
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        held.push(connected(&server).await);
    }
    is_healthy(&server).await;
    let each = resident(&server).saturating_sub(before) / CONNECTIONS;
    assert!(each < 16 << 10, "{each} bytes for a connection");
}

/// P08: twice as many busy threads as there are cores.
#[actix_web::test]
async fn a_busy_neighbour_ends_no_call() {
    let folder = Folder::init();
    let server = Process::start(folder.serve(), &folder.key);
    for provider in [Provider::OPENAI, Provider::ANTHROPIC, Provider::GOOGLE] {
        server.api.connect("ana", provider, "good").await;
    }
    let busy = Arc::new(AtomicBool::new(true));
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let neighbours: Vec<_> = (0..2 * cores)
        .map(|_| {
            let busy = Arc::clone(&busy);
            std::thread::spawn(move || {
                let mut n = 1_u64;
                while busy.load(Ordering::Relaxed) {
                    n = std::hint::black_box(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                }
            })
        })
        .collect();
    for _ in 0..10 {
        for model in ["gpt-4o-mini", "claude-opus-5-5", "gemini-3.8-flash"] {
            assert_eq!(server.api.chat("ana", &says(model, "hello")).await.status, 200, "{model}");
            let streamed = server.api.chat("ana", &streams(model, "hello")).await;
            assert!(streamed.text.ends_with("data: [DONE]\n\n"), "{model}: {}", streamed.text);
        }
        is_healthy(&server).await;
    }
    busy.store(false, Ordering::Relaxed);
    neighbours.into_iter().for_each(|neighbour| neighbour.join().unwrap());
}
