//! `kill -9` at every write: a key is stored if and only if its token is spent, and what was acknowledged is there.
//!
//! strace kills the built server at the entry of its Nth system call of a kind, counted by thread. N goes up until
//! nothing is killed any more, so that each call of each kind on the way has been the last one once.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use relay_adapters::ring::{MasterKey, MasterKeys, RingIssuer};
use relay_core::Provider;
use relay_core::domain::secret::RegistrationToken;
use relay_core::ports::TokenIssuer as _;
use relay_tests::process::{Ended, Folder, Process};
use relay_tests::{Api, says};
use rusqlite::OptionalExtension as _;
use serde_json::{Value, json};

/// All system calls with which the server changes a file, wakes another thread, or answers.
const WRITES: [&str; 8] = ["pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "write", "writev", "sendto"];

/// Whether strace works here. `make test` demands it; a plain `cargo test` may go without.
pub(super) fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let can = traced.is_ok_and(|status| status.success());
    assert!(
        can || std::env::var_os("RELAY_REQUIRE_ALL").is_none(),
        "strace is missing (`make packages`), or may not trace"
    );
    if !can {
        println!("skipped: strace is missing, or may not trace");
    }
    can
}

/// The command that serves a folder, so that a user without root's rights can trace it, too.
pub(super) fn traceable(folder: &Folder) -> Command {
    let mut command = folder.serve();
    command.env("RELAY_SERVER_ALLOW_CORE_DUMPS", "true");
    command
}

fn kill_at(call: &str, n: usize) -> String {
    format!("inject={call}:signal=SIGKILL:when={n}")
}

/// Begins to count the calls of a process that runs.
fn attach(process: &Process, call: &str, n: usize) -> Child {
    attach_with(process, &["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &kill_at(call, n)])
}

/// Begins to trace a process that runs, with these options.
pub(super) fn attach_with(process: &Process, options: &[&str]) -> Child {
    let mut strace = Command::new("strace")
        .arg("-f")
        .args(options)
        .args(["-p", &process.id().to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(strace.stderr.as_mut().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("attached"), "{line}");
    strace
}

/// Ends strace, and not what it traced. A signal that it can catch would have it wait for threads that it has to let
/// go.
pub(super) fn detach(mut strace: Child) {
    let _ = strace.kill();
    strace.wait().unwrap();
}

/// One registration, and what its caller knows.
pub(super) struct Attempt {
    pub(super) user: String,
    pub(super) token: String,
    pub(super) key: String,
    /// The answer, if there was one.
    pub(super) answer: Option<(u16, Value)>,
}

impl Attempt {
    /// A token and a key that were not used yet.
    pub(super) async fn begin(api: &Api, user: String, n: usize) -> Option<Self> {
        let body = json!({"user": user});
        let (status, issued) = post(api, "/v1/registration-tokens", &api.key, &body).await?;
        assert_eq!(status, 201, "{issued}");
        let token = issued["registrationToken"].as_str().unwrap().to_owned();
        let key = relay_mock::sample_key(Provider::OPENAI, "good", &format!("{n:0>16}"));
        Some(Self { user, token, key, answer: None })
    }

    pub(super) async fn register(&mut self, api: &Api) {
        let body = json!({"provider": "openai", "apiKey": self.key});
        self.answer = post(api, "/v1/registration", &self.token, &body).await;
        if let Some((status, body)) = &self.answer {
            assert_eq!((*status, &body["last4"]), (201, &json!(self.last4())), "{body}");
        }
    }

    pub(super) fn last4(&self) -> &str {
        &self.key[self.key.len() - 4..]
    }
}

/// An answer, or nothing if the server was gone.
pub(super) async fn post(api: &Api, path: &str, bearer: &str, body: &Value) -> Option<(u16, Value)> {
    let request = api.http.post(format!("{}{path}", api.url)).bearer_auth(bearer);
    let request = request.header("content-type", "application/json").body(body.to_string());
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, serde_json::from_str(&response.text().await.ok()?).ok()?))
}

pub(super) async fn is_alive(api: &Api) -> bool {
    let answer = api.http.get(format!("{}/api/health", api.url)).send().await;
    answer.is_ok_and(|answer| answer.status() == 200)
}

fn killed(ended: &Ended) {
    use std::os::unix::process::ExitStatusExt as _;
    assert_eq!(ended.status.signal(), Some(9), "it ended by itself: {ended:?}");
}

/// What the database says after a crash; whether the token is spent.
pub(super) fn check_database(folder: &Folder, attempt: &Attempt) -> bool {
    let keys = MasterKeys::new(vec![MasterKey::generate().unwrap()]).unwrap();
    let hash = RingIssuer::new(&keys).unwrap().hash_registration_token(&RegistrationToken::new(attempt.token.clone()));
    let database = folder.database();
    check_integrity(&database);
    let spent_on: Option<String> = database
        .query_row("SELECT spent_last4 FROM grants WHERE hash = ?1", [hash.unwrap().0], |row| row.get(0))
        .unwrap();
    let stored: Option<String> = database
        .query_row("SELECT last4 FROM connections WHERE user = ?1", [&attempt.user], |row| row.get(0))
        .optional()
        .unwrap();
    let is_stored = stored.as_deref() == Some(attempt.last4());
    assert_eq!(spent_on.is_some(), is_stored, "spent on {spent_on:?}, stored {stored:?}");
    assert!(spent_on.is_none_or(|last4| last4 == attempt.last4()));
    is_stored
}

pub(super) fn check_integrity(database: &rusqlite::Connection) {
    let text = |sql| database.query_row(sql, [], |row| row.get::<_, String>(0)).optional().unwrap();
    assert_eq!(text("PRAGMA integrity_check").as_deref(), Some("ok"));
    assert_eq!(text("PRAGMA foreign_key_check"), None);
    let count = |sql| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let used = count("SELECT count(*) FROM sealed_keys WHERE used = 1");
    assert_eq!(used, count("SELECT count(*) FROM connections"), "a sealed key has no owner");
}

/// What holds after a crash and a restart.
pub(super) async fn check(folder: &Folder, api: &Api, attempt: &Attempt) {
    let is_stored = check_database(folder, attempt);
    assert!(is_stored || attempt.answer.is_none(), "an acknowledged key is gone");
    let body = json!({"provider": "openai", "apiKey": attempt.key});
    let (status, again) = post(api, "/v1/registration", &attempt.token, &body).await.unwrap();
    assert_eq!((status, &again["last4"]), (201, &json!(attempt.last4())), "{again}");
    if let Some((_, first)) = &attempt.answer {
        assert_eq!(first, &again, "a replay is the same answer");
    }
    let answer = api.chat(&attempt.user, &says("gpt-4o-mini", "hi")).await.expect(200);
    assert_eq!(answer.header("x-relay-key"), format!("openai/...{}", attempt.last4()));
}

/// Kills a running server at each write of a registration; returns how often.
async fn sweep_registrations(replaces: bool) -> usize {
    let folder = Folder::init();
    let mut server = Process::start(traceable(&folder), &folder.key);
    let (mut killed_at, mut points) = (Vec::new(), 0);
    for call in WRITES {
        for n in 1.. {
            points += 1;
            let user = format!("user{points}");
            if replaces {
                let mut first = Attempt::begin(&server.api, user.clone(), 0).await.unwrap();
                first.register(&server.api).await;
                assert!(first.answer.is_some());
            }
            let mut attempt = Attempt::begin(&server.api, user, points).await.unwrap();
            let strace = attach(&server, call, n);
            attempt.register(&server.api).await;
            detach(strace);
            let alive = is_alive(&server.api).await;
            if !alive {
                killed(&server.wait());
                server = Process::start(traceable(&folder), &folder.key);
                killed_at.push(format!("{call} {n}"));
            }
            check(&folder, &server.api, &attempt).await;
            if alive {
                assert!(attempt.answer.is_some());
                break;
            }
        }
    }
    println!("killed at {} of the writes: {}", killed_at.len(), killed_at.join(", "));
    killed_at.len()
}

#[actix_web::test]
async fn a_crash_at_any_write_of_a_registration_stores_the_key_and_spends_the_token_or_neither() {
    if can_trace() {
        assert!(sweep_registrations(false).await >= 10, "too few writes were found");
    }
}

#[actix_web::test]
async fn a_crash_at_any_write_of_a_replacement_leaves_the_old_key_or_the_new_one() {
    if can_trace() {
        assert!(sweep_registrations(true).await >= 15, "too few writes were found");
    }
}

/// Starts a server that is killed at a write, whenever that is.
fn start_traced(folder: &Folder, call: &str, n: usize) -> Result<Process, Ended> {
    let serve = folder.serve();
    let mut command = Command::new("strace");
    // With -D the server is our child, and strace is not.
    command.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &kill_at(call, n)]);
    command.arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Process::try_start(command, &folder.key)
}

#[actix_web::test]
async fn a_crash_at_any_write_from_the_start_to_a_registration_loses_nothing() {
    if !can_trace() {
        return;
    }
    let folder = Folder::init();
    let (mut in_start, mut in_service) = (0, 0);
    for call in WRITES {
        for n in 1.. {
            let user = format!("user{}", in_start + in_service);
            let mut attempt = None;
            let survived = match start_traced(&folder, call, n) {
                Err(ended) => {
                    killed(&ended);
                    in_start += 1;
                    false
                }
                Ok(server) => {
                    attempt = Attempt::begin(&server.api, user, n).await;
                    if let Some(attempt) = &mut attempt {
                        attempt.register(&server.api).await;
                    }
                    let alive =
                        attempt.as_ref().is_some_and(|attempt| attempt.answer.is_some()) && is_alive(&server.api).await;
                    in_service += usize::from(!alive);
                    killed(&server.kill());
                    alive
                }
            };
            let server = Process::start(traceable(&folder), &folder.key);
            check_integrity(&folder.database());
            if let Some(attempt) = &attempt {
                check(&folder, &server.api, attempt).await;
            }
            server.kill();
            if survived {
                break;
            }
        }
    }
    println!("killed at {in_start} writes of the start and {in_service} after it");
    assert!(in_start > 10 && in_service > 10);
}

#[actix_web::test]
async fn a_crash_at_any_write_of_the_very_first_start_does_no_harm() {
    if !can_trace() {
        return;
    }
    let (made, mut points) = (Folder::init(), 0);
    for call in &WRITES[..5] {
        for n in 1.. {
            for file in ["relay.db", "relay.db-wal", "relay.db-shm", "relay.db-journal"] {
                let _ = std::fs::remove_file(made.path().join(file));
            }
            let survived = start_traced(&made, call, n).map(|server| killed(&server.kill())).map_err(|e| killed(&e));
            let server = Process::start(made.serve(), "");
            check_integrity(&made.database());
            assert!(is_alive(&server.api).await);
            server.kill();
            if survived.is_ok() {
                break;
            }
            points += 1;
        }
    }
    println!("killed at {points} writes of a first start");
    assert!(points > 20, "only {points} writes were found");
}

#[actix_web::test]
async fn what_was_acknowledged_under_load_is_there_after_a_crash() {
    let folder = Folder::init();
    let mut acknowledged = 0;
    for round in 0..5 {
        let server = Process::start(traceable(&folder), &folder.key);
        let (running, api) = (&server, &server.api);
        let work = (0..16).map(|worker| async move {
            let mut attempts = Vec::new();
            for n in 0.. {
                let user = format!("round{round}worker{worker}n{n}");
                let Some(mut attempt) = Attempt::begin(api, user, n).await else { break };
                attempt.register(api).await;
                let gone = attempt.answer.is_none();
                attempts.push(attempt);
                if gone || (worker == 0 && n == 20) {
                    break;
                }
            }
            if worker == 0 {
                running.signal("KILL");
            }
            attempts
        });
        let attempts: Vec<Attempt> = futures::future::join_all(work).await.into_iter().flatten().collect();
        killed(&server.wait());
        let server = Process::start(traceable(&folder), &folder.key);
        for attempt in &attempts {
            let stored = check_database(&folder, attempt);
            assert!(stored || attempt.answer.is_none(), "an acknowledged key is gone");
            acknowledged += usize::from(attempt.answer.is_some());
        }
        for attempt in attempts.iter().rev().take(16) {
            check(&folder, &server.api, attempt).await;
        }
    }
    println!("{acknowledged} acknowledged registrations in 5 crashes, none lost");
    assert!(acknowledged > 100);
}
