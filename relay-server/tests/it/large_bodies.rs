//! Large bodies are translated on threads of their own: whatever they cost, small calls go on.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use async_trait::async_trait;
use relay_core::domain::ids::ProjectId;
use relay_core::ports::{Compute, Job};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::{CHAT, TestServer, chat_body};

/// Holds each job until the test lets it go, so that the order of events does not depend on the machine's speed.
struct Gate {
    begun: Sender<()>,
    released: Mutex<Receiver<()>>,
}

#[async_trait]
impl Compute for Gate {
    async fn run(&self, _project: &ProjectId, _bytes: usize, job: Job) {
        let _ = self.begun.send(());
        // Much longer than the test takes; on the worker itself the test would fail and not hang.
        let _ = self.released.lock().unwrap().recv_timeout(Duration::from_secs(20));
        job();
    }
}

/// A server with one worker, the end that tells of each job, and the one that lets it go.
async fn gated() -> (TestServer, Receiver<()>, Sender<()>) {
    let ((begun, has_begun), (release, released)) = (channel(), channel());
    let gate = Gate { begun, released: Mutex::new(released) };
    let test = TestServer::around(
        |options| options.workers = 1,
        |mut ports| {
            ports.compute = Arc::new(gate);
            ports
        },
    )
    .await;
    (test, has_begun, release)
}

/// Waits for a job without holding up the server, which runs in this thread, too.
async fn begins(jobs: &Receiver<()>) {
    while jobs.try_recv().is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A request of 256 KiB.
fn large(model: &str) -> Value {
    chat_body(model, &"x".repeat(256 << 10), false)
}

#[tokio::test]
async fn small_calls_end_while_a_large_request_is_translated() {
    for model in ["gpt-4o-mini", "claude-opus-5-5", "gemini-3.8-flash"] {
        let (test, jobs, release) = gated().await;
        let mut slow = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&large(model)).open().await;
        begins(&jobs).await;
        assert_eq!(test.request("GET", "/api/health").send().await.status, 200);
        for small in ["gpt-4o-mini", "claude-opus-5-5", "gemini-3.8-flash"] {
            assert_eq!(test.chat(small, "hi", false).send().await.status, 200, "{small}");
        }
        assert!(jobs.try_recv().is_err(), "small calls are no jobs");
        let early = slow.stream.try_read(&mut [0; 1]);
        assert_eq!(early.unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "the large one still waits");
        drop(release);
        let answer = slow.answer(false).await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
    }
}

/// A small request whose schema takes long: each of its 50 levels is read with all that is in it.
fn costly(model: &str) -> Value {
    let names: Vec<String> = (0..1000).map(|n| format!("v{n}")).collect();
    let nested =
        (0..50).fold(json!({"type": "string", "enum": names}), |inner, _| json!({"type": "array", "items": inner}));
    let schema =
        json!({"type": "object", "properties": {"a": nested}, "required": ["a"], "additionalProperties": false});
    let mut body = chat_body(model, "hi", false);
    body["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": schema}});
    body
}

#[tokio::test]
async fn schemas_that_cost_much_are_translated_aside() {
    for model in ["claude-opus-5-5", "gemini-3.8-flash"] {
        let (test, jobs, release) = gated().await;
        let body = costly(model);
        assert!(body.to_string().len() < 12 << 10, "not for its size");
        let mut slow = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&body).open().await;
        timeout(Duration::from_secs(60), begins(&jobs)).await.unwrap_or_else(|_| panic!("{model}: no job"));
        assert_eq!(test.chat(model, "hi", false).send().await.status, 200);
        drop(release);
        let answer = slow.answer(false).await;
        assert!([200, 400].contains(&answer.status), "{model}: {}", answer.text());
    }
}

#[tokio::test]
async fn ordinary_tools_are_translated_at_once() {
    let (test, jobs, release) = gated().await;
    for model in ["gpt-4o-mini", "claude-opus-5-5", "gemini-3.8-flash"] {
        let mut body = chat_body(model, "hi", false);
        let parameters = json!({
            "type": "object",
            "properties": {"city": {"type": "string", "description": "A city"}, "days": {"type": "integer", "minimum": 1}},
            "required": ["city"],
        });
        let tool =
            |n: usize| json!({"type": "function", "function": {"name": format!("tool{n}"), "parameters": parameters}});
        body["tools"] = (0..12).map(tool).collect();
        let answer = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&body).send().await;
        assert_eq!(answer.status, 200, "{model}: {}", answer.text());
    }
    assert!(jobs.try_recv().is_err(), "none is a job");
    drop(release);
}

#[tokio::test]
async fn a_client_that_leaves_meanwhile_ends_nothing_else() {
    let (test, jobs, release) = gated().await;
    let calls = test.mock.total_calls();
    let slow = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&large("gpt-4o-mini")).open().await;
    begins(&jobs).await;
    slow.leave();
    assert_eq!(test.chat("gpt-4o-mini", "hi", false).send().await.status, 200);
    drop(release);
    assert_eq!(test.chat("gpt-4o-mini", "hi", false).send().await.status, 200);
    assert_eq!(test.mock.total_calls(), calls + 2, "nobody pays for a call that nobody waits for");
}

#[tokio::test]
async fn a_schema_beyond_the_budget_is_refused_by_name() {
    let test = TestServer::start().await;
    let link = |n: usize| {
        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1), "maxProperties": n });
        (format!("d{n}"), json!({ "type": "object", "properties": { "l": next, "r": next } }))
    };
    let end = ("d40".to_owned(), json!({ "type": "string" }));
    let links: serde_json::Map<String, Value> = (0..40).map(link).chain([end]).collect();
    let schema = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/d0", "maxProperties": 9 } }, "$defs": links });
    let mut body = chat_body("gemini-3.8-flash", "hi", false);
    let format = json!({ "name": "n", "schema": schema });
    body["response_format"] = json!({ "type": "json_schema", "json_schema": format });
    let answer = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&body).send().await;
    let error = answer.assert_error(400, "schema_too_complex");
    assert_eq!(error["param"], "response_format.json_schema.schema");
}
