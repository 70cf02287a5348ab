//! Projects and users never meet, whatever happens in which order: no call is ever signed with another's key.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::rt::System;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use relay_core::Provider;
use relay_mock::Recorded;
use relay_tests::{Answer, TestRelay, says};
use reqwest::Method;
use serde_json::{Value, json};

/// The same labels in all projects; some contain others, or differ in case only.
const USERS: [&str; 4] = ["ana", "Ana", "ana2", "openai"];
const PROJECTS: usize = 4;
const CASES: u32 = 64;

fn model(provider: Provider) -> &'static str {
    match provider.name() {
        "anthropic" => "claude-haiku-4-5",
        "google" => "gemini-2.5-flash",
        _ => "gpt-4o-mini",
    }
}

/// Whose key, for which provider: indexes of a project, a user and a provider.
type Slot = (usize, usize, usize);

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Issues a token, for one provider or any.
    Issue(Slot, bool),
    /// Registers a new key with one of the tokens so far, spent or not.
    Register(usize, usize),
    /// Issues a token and registers a key at once: connects or replaces.
    Connect(Slot),
    Chat(Slot),
    Verify(Slot),
    List(Slot),
    DeleteConnection(Slot),
    DeleteUser(Slot),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let slot = || (0..PROJECTS, 0..USERS.len(), 0..Provider::ALL.len());
    let op = prop_oneof![
        2 => (slot(), any::<bool>()).prop_map(|(slot, any)| Op::Issue(slot, any)),
        3 => (0..8usize, 0..Provider::ALL.len()).prop_map(|(token, provider)| Op::Register(token, provider)),
        4 => slot().prop_map(Op::Connect),
        8 => slot().prop_map(Op::Chat),
        1 => slot().prop_map(Op::Verify),
        2 => slot().prop_map(Op::List),
        2 => slot().prop_map(Op::DeleteConnection),
        1 => slot().prop_map(Op::DeleteUser),
    ];
    prop::collection::vec(op, 1..80)
}

struct Token {
    text: String,
    project: usize,
    user: usize,
    /// The only provider, if there is just one.
    only: Option<usize>,
    spent: bool,
}

/// What must be so, and the relay that is compared with it.
struct World<'a> {
    relay: &'a TestRelay,
    projects: Vec<String>,
    keys: HashMap<Slot, String>,
    tokens: Vec<Token>,
    calls: usize,
}

/// A key that no one else has. Its last four characters differ from those of the keys around it too.
fn fresh_key(provider: usize) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    relay_mock::sample_key(Provider::ALL[provider], "good", &format!("k{n:0>12}"))
}

impl<'a> World<'a> {
    async fn new(relay: &'a TestRelay) -> Self {
        let mut projects = Vec::new();
        for _ in 0..PROJECTS {
            projects.push(relay.new_project().await);
        }
        Self { relay, projects, keys: HashMap::new(), tokens: Vec::new(), calls: 0 }
    }

    async fn step(&mut self, op: Op) {
        match op {
            Op::Issue((project, user, provider), any) => {
                self.issue(project, user, (!any).then_some(provider)).await;
            }
            Op::Register(token, provider) if token < self.tokens.len() => self.register(token, provider).await,
            Op::Register(..) => {}
            Op::Connect((project, user, provider)) => {
                let token = self.issue(project, user, Some(provider)).await;
                self.register(token, provider).await;
            }
            Op::Chat(slot) => self.chat(slot).await,
            Op::Verify(slot) => self.verify(slot).await,
            Op::List(slot) => self.list(slot).await,
            Op::DeleteConnection(slot) => {
                let path = format!("/v1/users/{}/connections/{}", USERS[slot.1], Provider::ALL[slot.2].name());
                self.call(slot.0, Method::DELETE, &path, &Value::Null).await.expect(204);
                self.keys.remove(&slot);
            }
            Op::DeleteUser((project, user, _)) => {
                let path = format!("/v1/users/{}", USERS[user]);
                self.call(project, Method::DELETE, &path, &Value::Null).await.expect(204);
                self.keys.retain(|slot, _| (slot.0, slot.1) != (project, user));
                self.tokens.retain(|token| (token.project, token.user) != (project, user));
            }
        }
    }

    async fn call(&self, project: usize, method: Method, path: &str, body: &Value) -> Answer {
        self.relay.call_as(&self.projects[project], method, path, body).await
    }

    async fn issue(&mut self, project: usize, user: usize, only: Option<usize>) -> usize {
        let mut body = json!({"user": USERS[user]});
        if let Some(only) = only {
            body["provider"] = json!(Provider::ALL[only].name());
        }
        let answer = self.call(project, Method::POST, "/v1/registration-tokens", &body).await.expect(201);
        let text = answer.json()["registrationToken"].as_str().unwrap().to_owned();
        self.tokens.push(Token { text, project, user, only, spent: false });
        self.tokens.len() - 1
    }

    async fn register(&mut self, token: usize, provider: usize) {
        let (key, token) = (fresh_key(provider), &mut self.tokens[token]);
        let body = json!({"provider": Provider::ALL[provider].name(), "apiKey": key});
        let answer = self.relay.call_as(&token.text, Method::POST, "/v1/registration", &body).await;
        if token.spent {
            answer.assert_error(410, "registration_token_used");
        } else if token.only.is_some_and(|only| only != provider) {
            answer.assert_error(400, "invalid_value");
        } else {
            answer.expect(201);
            token.spent = true;
            self.keys.insert((token.project, token.user, provider), key);
        }
    }

    async fn chat(&mut self, slot: Slot) {
        let (project, user, provider) = (slot.0, USERS[slot.1], Provider::ALL[slot.2]);
        self.relay.mock.forget();
        let body = says(model(provider), "hi");
        let answer = self.relay.infer(&self.projects[project], user, "/v1/chat/completions", &body).await;
        let seen = self.relay.mock.requests();
        match self.keys.get(&slot) {
            None => {
                answer.assert_error(403, "provider_key_missing");
                assert!(seen.is_empty(), "a provider was called without a key");
            }
            Some(key) => {
                self.calls += 1;
                answer.assert_paid_with(provider, key);
                assert_eq!(seen.len(), 1);
                assert_eq!((seen[0].provider, used(&seen[0])), (provider, key.as_str()));
            }
        }
    }

    async fn verify(&mut self, slot: Slot) {
        let path = format!("/v1/users/{}/connections/{}/verify", USERS[slot.1], Provider::ALL[slot.2].name());
        self.relay.mock.forget();
        let answer = self.call(slot.0, Method::POST, &path, &json!({})).await;
        match self.keys.get(&slot) {
            None => answer.assert_error(403, "provider_key_missing"),
            Some(key) => {
                answer.expect(200);
                assert_eq!(used(&self.relay.mock.requests()[0]), key);
            }
        }
    }

    async fn list(&self, (project, user, _): Slot) {
        let path = format!("/v1/users/{}/connections", USERS[user]);
        let answer = self.call(project, Method::GET, &path, &Value::Null).await;
        let want: Vec<(&str, &str)> = (0..Provider::ALL.len())
            .filter_map(|provider| Some((Provider::ALL[provider].name(), self.keys.get(&(project, user, provider))?)))
            .map(|(name, key)| (name, &key[key.len() - 4..]))
            .collect();
        if answer.status == 404 {
            assert!(want.is_empty(), "{}", answer.text);
            return;
        }
        let answer = answer.expect(200).json();
        let connections = answer["connections"].as_array().unwrap().iter();
        let got: Vec<(&str, &str)> = connections
            .map(|connection| (connection["provider"].as_str().unwrap(), connection["last4"].as_str().unwrap()))
            .collect();
        assert_eq!(got, want);
    }
}

fn used(request: &Recorded) -> &str {
    request.key.as_ref().unwrap().expose()
}

trait PaidWith {
    fn assert_paid_with(&self, provider: Provider, key: &str);
}

impl PaidWith for Answer {
    #[track_caller]
    fn assert_paid_with(&self, provider: Provider, key: &str) {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("x-relay-key"), format!("{provider}/...{}", &key[key.len() - 4..]));
    }
}

#[test]
fn equal_labels_in_several_projects_never_meet() {
    let system = System::new();
    let folder = tempfile::tempdir().unwrap();
    let builder =
        TestRelay::with().sqlite(folder.path()).options(|options| options.limits.refusals_a_minute = u32::MAX);
    let relay = system.block_on(builder.start());
    let counts = Mutex::new((0, 0));
    let mut runner = TestRunner::new(ProptestConfig { cases: CASES, failure_persistence: None, ..Default::default() });
    let result = runner.run(&ops(), |ops| {
        system.block_on(async {
            let mut world = World::new(&relay).await;
            for op in &ops {
                world.step(*op).await;
            }
            for slot in world.keys.keys().copied().collect::<Vec<_>>() {
                world.chat(slot).await;
            }
            let mut counts = counts.lock().unwrap();
            *counts = (counts.0 + ops.len(), counts.1 + world.calls);
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let (steps, calls) = *counts.lock().unwrap();
    println!("{CASES} interleavings, {steps} steps, {calls} paid calls: 0 crossings");
}

const LABELS: usize = 8;
const ROUNDS: usize = 6;

/// The key of a slot: its name is in it. The second number counts replacements.
fn key_of(project: usize, user: usize, provider: Provider, n: usize) -> String {
    relay_mock::sample_key(provider, "good", &format!("p{project}u{user}n{n:0>9}"))
}

/// Connects, calls, replaces and deletes, on one slot.
async fn live(relay: &TestRelay, projects: &[String], project: usize, user: usize, provider: Provider) {
    let (label, relay_key) = (format!("user{user}"), &projects[project]);
    for round in 0..ROUNDS {
        let key = key_of(project, user, provider, round);
        let body = json!({"user": label, "provider": provider.name()});
        let token = relay.call_as(relay_key, Method::POST, "/v1/registration-tokens", &body).await.expect(201).json();
        let body = json!({"provider": provider.name(), "apiKey": key});
        let token = token["registrationToken"].as_str().unwrap();
        relay.call_as(token, Method::POST, "/v1/registration", &body).await.expect(201);
        for call in 0..3 {
            // The mock keeps the prompt beside the key that the call was signed with.
            let says = says(model(provider), &format!("slot p{project}u{user}n{round:0>9} call {call}"));
            let answer = relay.infer(relay_key, &label, "/v1/chat/completions", &says).await;
            answer.assert_paid_with(provider, &key);
        }
        if round % 3 == 1 {
            let path = format!("/v1/users/{label}/connections/{}", provider.name());
            relay.call_as(relay_key, Method::DELETE, &path, &Value::Null).await.expect(204);
            let answer = relay.infer(relay_key, &label, "/v1/chat/completions", &says(model(provider), "hi")).await;
            answer.assert_error(403, "provider_key_missing");
        }
    }
}

#[actix_web::test]
async fn many_users_of_many_projects_at_once_never_meet() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).options(|options| options.workers = 2).start().await;
    let mut projects = vec![relay.key.clone()];
    for _ in 1..PROJECTS {
        projects.push(relay.new_project().await);
    }
    let all = (0..PROJECTS * LABELS * Provider::ALL.len()).map(|n| {
        let (project, user, provider) = (n % PROJECTS, n / PROJECTS % LABELS, Provider::ALL[n / PROJECTS / LABELS]);
        live(&relay, &projects, project, user, provider)
    });
    futures::future::join_all(all).await;
    let (mut calls, mut slots) = (0, HashSet::new());
    for request in relay.mock.requests() {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let Some((_, slot)) = body.split_once("slot ") else { continue };
        let slot = slot.split(' ').next().unwrap();
        assert!(used(&request).ends_with(slot), "a call for {slot} was signed with another key");
        calls += 1;
        slots.insert((request.provider, slot.to_owned()));
    }
    assert_eq!((calls, slots.len()), (PROJECTS * LABELS * 3 * ROUNDS * 3, PROJECTS * LABELS * 3 * ROUNDS));
    println!("{calls} calls of {} users at once with {} keys: 0 crossings", PROJECTS * LABELS, slots.len());
}

#[actix_web::test]
async fn a_call_during_a_replacement_is_signed_with_the_users_old_key_or_the_new_one() {
    let relay = TestRelay::with().options(|options| options.workers = 2).start().await;
    let projects = [relay.key.clone(), relay.new_project().await];
    for (project, key) in projects.iter().enumerate() {
        let token = relay.token_as(key, "ana").await;
        relay.register(&token, Provider::OPENAI, &key_of(project, 0, Provider::OPENAI, 0)).await.expect(201);
    }
    let replace = |project: usize| {
        let (relay, relay_key) = (&relay, &projects[project]);
        async move {
            for n in 1..60 {
                let token = relay.token_as(relay_key, "ana").await;
                let key = key_of(project, 0, Provider::OPENAI, n);
                relay.register(&token, Provider::OPENAI, &key).await.expect(201);
            }
        }
    };
    let call = |project: usize| {
        let (relay, relay_key) = (&relay, &projects[project]);
        async move {
            for _ in 0..200 {
                let body = says("gpt-4o-mini", &format!("project {project}."));
                relay.infer(relay_key, "ana", "/v1/chat/completions", &body).await.expect(200);
            }
        }
    };
    tokio::join!(replace(0), replace(1), call(0), call(1));
    let mut keys = HashSet::new();
    for request in relay.mock.requests() {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let Some((_, project)) = body.split_once("project ") else { continue };
        assert!(used(&request).contains(&format!("p{}u0n", &project[..1])), "signed with the other project's key");
        keys.insert(used(&request).to_owned());
    }
    assert!(keys.len() > 2, "the calls met only {} keys", keys.len());
}
