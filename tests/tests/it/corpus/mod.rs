//! Recorded provider traffic, replayed through the real server and compared with what the recording means.

mod client;
mod oracle;
mod rows;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{ProviderClient, TransportError, WireRequest, WireResponse};
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
        Ok(WireResponse::new(canned.status, canned.headers, Box::pin(body)))
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

/// Rows that are not compared, and why.
struct Exclusion {
    name: &'static str,
    holds: fn(&Row) -> bool,
    why: &'static str,
}

const EXCLUSIONS: &[Exclusion] = &[
    Exclusion {
        name: "json-array",
        holds: |row| row.text("framing") == "json-array",
        why: "asked for without `alt=sse`, and Relay always asks for events (gemini.md 1.1)",
    },
    Exclusion {
        name: "doubt",
        holds: Row::is_doubtful,
        why: "the summary itself doubts, or the answer is an error: it is replayed, and must end in a way that a client sees",
    },
];

/// How the rows of one origin came out.
#[derive(Default)]
struct Count {
    rows: usize,
    right: usize,
    /// Of those that are right: how many are an error, as the recording means one (`gemini.md` 2.3 and 3).
    errors: usize,
    excluded: BTreeMap<&'static str, usize>,
}

/// How the rows of a file came out, by origin, and what is wrong with the others.
#[derive(Default)]
struct Score {
    origins: BTreeMap<String, Count>,
    wrong: BTreeMap<String, Vec<String>>,
}

impl Score {
    fn of(&mut self, row: &Row) -> &mut Count {
        self.origins.entry(row.text("origin").to_owned()).or_default()
    }

    fn exclude(&mut self, row: &Row, exclusion: &Exclusion) {
        *self.of(row).excluded.entry(exclusion.name).or_default() += 1;
    }

    fn count(&mut self, row: &Row, verdict: Result<(), String>) {
        let count = self.of(row);
        count.rows += 1;
        match verdict {
            Ok(()) => {
                count.right += 1;
                count.errors += usize::from(oracle::refused(row).is_some() || oracle::is_cut_off(row));
            }
            Err(why) => self.wrong.entry(why).or_default().push(row.id().to_owned()),
        }
    }

    #[track_caller]
    fn done(self, file: &str) {
        println!("corpus {file}\n  origin         equal   rows  as errors  excluded");
        for (origin, Count { rows, right, errors, excluded }) in &self.origins {
            let names: Vec<String> = excluded.iter().map(|(name, count)| format!("{name} {count}")).collect();
            println!("  {origin:12} {right:7} {rows:6} {errors:10}  {}", names.join(", "));
        }
        for exclusion in EXCLUSIONS.iter().filter(|exclusion| self.excludes(exclusion.name)) {
            println!("  {}: {}", exclusion.name, exclusion.why);
        }
        for (why, rows) in &self.wrong {
            println!("  {} rows: {why}: {}", rows.len(), rows.join(" "));
        }
        let wrong: usize = self.wrong.values().map(Vec::len).sum();
        assert!(self.wrong.is_empty(), "{file}: {wrong} rows differ");
    }

    fn excludes(&self, name: &str) -> bool {
        self.origins.values().any(|count| count.excluded.contains_key(name))
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
        if let Some(exclusion) = EXCLUSIONS.iter().find(|exclusion| (exclusion.holds)(row)) {
            if row.text("framing") != "json-array" {
                survive(&player, row).await;
            }
            score.exclude(row, exclusion);
            continue;
        }
        let mut verdict = check_chat(&player, row).await;
        if verdict.is_ok() && row.is_stream() {
            verdict = check_cut_short(&player, row).await;
        }
        score.count(row, verdict);
    }
    score.done(file);
}

/// A stream that breaks off before the provider's last word must not look complete.
async fn check_cut_short(player: &Player, row: &Row) -> Result<(), String> {
    let body = row.body();
    let Some(end) = oracle::last_word(row, &body) else { return Ok(()) };
    for at in [end, end / 2, end * 9 / 10] {
        let pieces = vec![Bytes::copy_from_slice(&body[..at])];
        let answer = player.replay(row, pieces, "/v1/chat/completions", &chat_request(row)).await;
        let is_error = answer.status >= 400 && answer.json()["error"]["message"].is_string();
        if !is_error && !matches!(client::streamed(&answer.text).1, End::Error(_)) {
            return Err(format!("cut at {at} of {} it ends without an error", body.len()));
        }
    }
    Ok(())
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
        let (player, mut score) = (Player::start().await, Score::default());
        for row in &rows {
            let verdict = check_error(&player, row, "/v1/chat/completions", &chat_request(row)).await;
            score.count(row, verdict);
        }
        score.done(file);
    }
}

#[actix_web::test]
async fn recorded_embeddings_keep_count_and_size() {
    let Some(rows) = rows::read("embeddings.jsonl") else { return };
    let (player, mut score) = (Player::start().await, Score::default());
    for row in &rows {
        let verdict = if row.status() == 200 {
            check_embeddings(&player, row).await
        } else {
            let body = json!({"model": model_of_embeddings(row), "input": "x"});
            check_error(&player, row, "/v1/embeddings", &body).await
        };
        score.count(row, verdict);
    }
    score.done("embeddings.jsonl");
}

fn model_of_embeddings(row: &Row) -> &'static str {
    if row.text("provider") == "gemini" { "gemini-embedding-001" } else { "text-embedding-3-small" }
}

/// What is wrong with a user's key is never a 401; Google says 400 for a bad key.
async fn check_error(player: &Player, row: &Row, path: &str, body: &Value) -> Result<(), String> {
    let answer = player.replay(row, vec![Bytes::from(row.body())], path, body).await;
    if answer.status / 100 != row.status() / 100 || answer.status == 401 {
        return Err(format!("{} for {}", answer.status, row.status()));
    }
    let error = &answer.json()["error"];
    let is_shaped = error["message"].is_string() && error["type"].is_string();
    is_shaped.then_some(()).ok_or_else(|| format!("no error object: {}", answer.text))
}

async fn check_embeddings(player: &Player, row: &Row) -> Result<(), String> {
    let count = row.summary()["count"].as_u64().unwrap_or(0) as usize;
    let body = json!({"model": model_of_embeddings(row), "input": vec!["x"; count], "encoding_format": "float"});
    // Relay asks Google for batches only: an answer to `embedContent` is a batch of one.
    let recorded = match row.0["response"].get("embedding") {
        Some(single) => json!({"embeddings": [single]}).to_string().into_bytes(),
        None => row.body(),
    };
    let answer = player.replay(row, vec![Bytes::from(recorded)], "/v1/embeddings", &body).await;
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
