//! Recorded provider traffic, replayed through the real server and compared with what the recording means.

mod client;
mod oracle;
mod rows;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use relay_core::Provider;
use relay_core::ports::{ProviderClient, TransportError, WireRequest, WireResponse};
use relay_core::secret::ProviderKey;
use relay_tests::{Answer, TestRelay};
use serde_json::{Value, json};

use client::End;
use rows::Row;

/// A provider that answers every call with the row that is on.
struct Replay {
    provider: Provider,
    on: Arc<Mutex<Option<Canned>>>,
}

#[derive(Clone)]
struct Canned {
    status: u16,
    headers: Vec<(String, String)>,
    pieces: Vec<Bytes>,
}

#[async_trait]
impl ProviderClient for Replay {
    fn provider(&self) -> Provider {
        self.provider
    }

    async fn send(&self, _: WireRequest, _: &ProviderKey) -> Result<WireResponse, TransportError> {
        let canned = self.on.lock().unwrap().clone();
        let Some(canned) = canned else { return Ok(WireResponse::whole(200, "{\"data\":[],\"models\":[]}")) };
        let body = futures::stream::iter(canned.pieces.into_iter().map(Ok));
        Ok(WireResponse { status: canned.status, headers: canned.headers, body: Box::pin(body) })
    }
}

struct Player {
    relay: TestRelay,
    on: Arc<Mutex<Option<Canned>>>,
}

impl Player {
    async fn start() -> Self {
        let on = Arc::new(Mutex::new(None));
        let clients = Provider::ALL
            .iter()
            .map(|provider| Arc::new(Replay { provider: *provider, on: Arc::clone(&on) }) as Arc<dyn ProviderClient>);
        let relay = TestRelay::with().clients(clients.collect()).start().await;
        for provider in Provider::ALL {
            relay.connect("ana", *provider, "good").await;
        }
        Self { relay, on }
    }

    async fn replay(&self, row: &Row, pieces: Vec<Bytes>, path: &str, body: &Value) -> Answer {
        *self.on.lock().unwrap() = Some(Canned { status: row.status(), headers: row.headers(), pieces });
        self.relay.infer(&self.relay.key, "ana", path, body).await
    }
}

/// The network may cut anywhere: whole, behind each line, in pieces of 1 to 97 bytes.
fn cuts(body: &[u8]) -> Vec<Vec<Bytes>> {
    let at_lines = body.split_inclusive(|byte| *byte == b'\n').map(Bytes::copy_from_slice).collect();
    let (mut rest, mut size, mut odd) = (body, 1, Vec::new());
    while !rest.is_empty() {
        let (piece, left) = rest.split_at(size.min(rest.len()));
        odd.push(Bytes::copy_from_slice(piece));
        (rest, size) = (left, size % 97 + 1);
    }
    vec![vec![Bytes::copy_from_slice(body)], at_lines, odd]
}

/// A request of the row's shape: the model and the style that the answer depends on.
fn chat_request(row: &Row) -> Value {
    let model = match row.text("provider") {
        "anthropic" => "claude-haiku-4-5",
        "gemini" => "gemini-2.5-flash",
        _ => "gpt-4o-mini",
    };
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "x"}]});
    if !row.is_stream() && model.starts_with("claude-") {
        body["max_tokens"] = json!(4096); // a longer answer would be asked for as a stream
    }
    if row.is_stream() {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// How many rows of a file came out right, and what is wrong with the others.
#[derive(Default)]
struct Score {
    right: usize,
    rows: usize,
    survived: usize,
    wrong: BTreeMap<String, Vec<String>>,
}

impl Score {
    fn count(&mut self, row: &Row, verdict: Result<(), String>) {
        self.rows += 1;
        match verdict {
            Ok(()) => self.right += 1,
            Err(why) => self.wrong.entry(why).or_default().push(row.id().to_owned()),
        }
    }

    #[track_caller]
    fn done(self, file: &str) {
        println!("corpus {file}: {} of {} rows equal, {} doubtful rows survived", self.right, self.rows, self.survived);
        for (why, rows) in &self.wrong {
            println!("  {} rows: {why}: {}", rows.len(), rows.join(" "));
        }
        assert!(self.wrong.is_empty(), "{file}: {} rows differ", self.rows - self.right);
    }
}

fn compare(row: &Row, seen: &oracle::Seen) -> Result<(), String> {
    let want = oracle::expected(row);
    let mut wrong = Vec::new();
    if want.text != seen.text {
        wrong.push("text");
    }
    if want.calls != seen.calls {
        wrong.push("tool calls");
    }
    if want.finish != seen.finish {
        wrong.push("finish reason");
    }
    if want.usage.is_some() && want.usage != seen.usage {
        wrong.push("usage");
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(format!("{}: want {want:?}, got {seen:?}", wrong.join(", ")).chars().take(400).collect())
    }
}

async fn check_chat(player: &Player, row: &Row) -> Result<(), String> {
    let body = row.body();
    let all = if row.is_stream() { cuts(&body) } else { vec![vec![Bytes::from(body)]] };
    for pieces in all {
        let answer = player.replay(row, pieces, "/v1/chat/completions", &chat_request(row)).await;
        if let Some(code) = oracle::refused(row) {
            // Nothing was sent before the reason came, so it is an HTTP error in a stream, too.
            let got = client::error_code(&answer.text);
            (got == code).then_some(()).ok_or_else(|| format!("want the error {code}, got {got}"))?;
            continue;
        }
        if answer.status != 200 {
            return Err(format!("status {}: {}", answer.status, answer.text.chars().take(200).collect::<String>()));
        }
        let seen = if row.is_stream() {
            let (seen, end) = client::streamed(&answer.text);
            if oracle::is_cut_off(row) {
                let text = row.summary()["text"].as_str().unwrap_or_default();
                let interrupted = end == End::Error("upstream_stream_interrupted".to_owned());
                if !interrupted || seen.text != text || !seen.finish.is_empty() {
                    return Err(format!("cut off, and yet it ends with {end:?} and {:?}", seen.finish));
                }
                continue;
            }
            if end != End::Done {
                return Err(format!("the stream ends with {end:?}"));
            }
            seen
        } else {
            client::whole(&answer.json())
        };
        compare(row, &seen)?;
        if row.text("provider") == "openai" && !row.is_stream() && answer.json() != row.0["response"] {
            return Err("the body was changed".to_owned());
        }
    }
    Ok(())
}

/// A doubtful row: no crash, no hang, and an end that a client can see.
async fn survive(player: &Player, row: &Row) {
    for pieces in cuts(&row.body()) {
        let answer = player.replay(row, pieces, "/v1/chat/completions", &chat_request(row)).await;
        if answer.status == 200 && row.is_stream() {
            let (_, end) = client::streamed(&answer.text);
            assert_ne!(end, End::Silent, "{}", row.id());
        } else if answer.status != 200 {
            assert!(answer.json()["error"]["message"].is_string(), "{}: {}", row.id(), answer.text);
        }
    }
}

async fn replay_file(file: &str) {
    let Some(rows) = rows::read(file) else { return };
    let (player, mut score) = (Player::start().await, Score::default());
    for row in rows.iter().filter(|row| row.status() == 200) {
        // A JSON array in place of events is what Google sends without `alt=sse`; Relay always asks for events.
        if row.text("framing") == "json-array" {
            continue;
        }
        if row.is_doubtful() {
            survive(&player, row).await;
            score.survived += 1;
        } else {
            score.count(row, check_chat(&player, row).await);
        }
    }
    score.done(file);
}

#[actix_web::test]
async fn recorded_openai_answers_arrive_as_they_were_sent() {
    replay_file("openai-chat.jsonl").await;
    replay_file("openai-chat-stream.jsonl").await;
}

#[actix_web::test]
async fn recorded_anthropic_answers_keep_their_meaning() {
    replay_file("anthropic-messages.jsonl").await;
    replay_file("anthropic-messages-stream.jsonl").await;
}

#[actix_web::test]
async fn recorded_gemini_answers_keep_their_meaning() {
    replay_file("gemini-generate.jsonl").await;
    replay_file("gemini-generate-stream.jsonl").await;
}

#[actix_web::test]
async fn recorded_errors_have_openais_shape() {
    for file in ["openai-chat-errors.jsonl", "anthropic-messages-errors.jsonl", "gemini-generate-errors.jsonl"] {
        let Some(rows) = rows::read(file) else { continue };
        let player = Player::start().await;
        for row in &rows {
            let answer =
                player.replay(row, vec![Bytes::from(row.body())], "/v1/chat/completions", &chat_request(row)).await;
            // What is wrong with a user's key is never a 401; Google says 400 for a bad key.
            let same_class = answer.status / 100 == row.status() / 100;
            assert!(same_class && answer.status != 401, "{}: {} for {}", row.id(), answer.status, row.status());
            let error = &answer.json()["error"];
            assert!(error["message"].is_string() && error["type"].is_string(), "{}: {}", row.id(), answer.text);
        }
        println!("corpus {file}: {} of {} errors in shape", rows.len(), rows.len());
    }
}

#[actix_web::test]
async fn recorded_embeddings_keep_count_and_size() {
    let Some(rows) = rows::read("embeddings.jsonl") else { return };
    let (player, mut score) = (Player::start().await, Score::default());
    for row in rows.iter().filter(|row| row.status() == 200 && row.summary()["count"].is_u64()) {
        // Relay asks Google for batches only.
        if row.text("endpoint") == "embed_content" {
            continue;
        }
        score.count(row, check_embeddings(&player, row).await);
    }
    score.done("embeddings.jsonl");
}

async fn check_embeddings(player: &Player, row: &Row) -> Result<(), String> {
    let count = row.summary()["count"].as_u64().unwrap_or(0) as usize;
    let model = if row.text("provider") == "gemini" { "gemini-embedding-001" } else { "text-embedding-3-small" };
    let body = json!({"model": model, "input": vec!["x"; count], "encoding_format": "float"});
    let answer = player.replay(row, vec![Bytes::from(row.body())], "/v1/embeddings", &body).await;
    if answer.status != 200 {
        return Err(format!("status {}", answer.status));
    }
    let got = answer.json();
    let data = got["data"].as_array().cloned().unwrap_or_default();
    // A row whose caller had asked for base64 was recorded so, and goes through as it came.
    let sizes = data.iter().map(|entry| match &entry["embedding"] {
        Value::Array(values) => Value::from(values.len()),
        Value::String(_) => Value::from("base64"),
        _ => Value::Null,
    });
    let known: Vec<Value> = row.summary()["dims"].as_array().cloned().unwrap_or_default();
    if data.len() != count || sizes.clone().any(|size| !known.contains(&size)) {
        return Err(format!("{} vectors of {:?}, want {count} of {known:?}", data.len(), sizes.collect::<Vec<_>>()));
    }
    Ok(())
}
