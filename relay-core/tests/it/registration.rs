//! What a registration token is good for, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::executor::block_on;
use futures::future::join_all;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::secret::{ProviderKey, RegistrationToken};
use relay_core::domain::*;
use relay_core::ports::*;
use relay_core::{Ports, Provider, Relay, RelayError};

/// OpenAI's answer to a wrong key.
const INVALID: &str = r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#;

/// A provider that takes its time, and refuses every key.
struct Refusing {
    provider: Provider,
    status: u16,
    body: &'static str,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl ProviderClient for Refusing {
    fn provider(&self) -> Provider {
        self.provider
    }

    async fn send(&self, _: WireRequest, _: &ProviderKey) -> Result<WireResponse, TransportError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        for _ in 0..10 {
            let mut waited = false;
            futures::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if std::mem::replace(&mut waited, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        }
        Ok(WireResponse::whole(self.status, self.body))
    }
}

fn project() -> Project {
    Project::new(ProjectId::from_digits("0123456789012345678901").unwrap(), "p", Timestamp(0))
}

/// A relay with one token, whose tries the store counts.
fn relay(client: Refusing) -> Relay {
    relay_at(1, client, None)
}

/// Like [`relay`], this number of seconds after the token was issued, and with the key that it stored.
fn relay_at(seconds: u64, client: Refusing, spent: Option<Spent>) -> Relay {
    relay_of(Some(project()), seconds, client, spent)
}

/// As [`relay_at`], with the project that is stored.
fn relay_of(stored: Option<Project>, seconds: u64, client: Refusing, spent: Option<Spent>) -> Relay {
    let left = Arc::new(AtomicU32::new(REGISTRATION_TRIES));
    let mut key_store = MockKeyStore::new();
    let read = Arc::clone(&left);
    key_store.expect_grant().returning(move |_| {
        let grant = Grant::new(project().id, EndUser::parse("ana").unwrap(), Timestamp(0), Timestamp(600_000));
        let mut stored = StoredGrant::new(grant);
        (stored.tries_left, stored.spent) = (read.load(Ordering::SeqCst), spent.clone());
        Ok(Some(stored))
    });
    key_store.expect_count_refusal().returning(move |_| {
        let count = |left: u32| Some(left.saturating_sub(1));
        Ok(left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count).unwrap().saturating_sub(1))
    });
    let (mut projects, mut tokens, mut cipher) = (MockProjects::new(), MockTokenIssuer::new(), MockCipher::new());
    key_store.expect_put_grant().returning(|_, _, _| Ok(None));
    projects.expect_project().returning(move |_| Ok(stored.clone()));
    tokens.expect_registration_token().returning(|| Ok(RegistrationToken::new("rrt-x".to_owned())));
    tokens.expect_hash_registration_token().returning(|_| Some(SecretHash([7; 32])));
    cipher.expect_fingerprint().returning(|_, _| [0; 16]);
    let clock = Arc::new(FixedClock::at(Timestamp(seconds * 1000)));
    let mut ports = Ports::without_store(Arc::new(cipher), Arc::new(tokens), clock, vec![Arc::new(client)]);
    (ports.key_store, ports.projects) = (Arc::new(key_store), Arc::new(projects));
    Relay::new(ports)
}

async fn register(relay: &Relay, provider: Provider, n: usize) -> RelayError {
    let token = RegistrationToken::new("rrt-x".to_owned());
    let key = ProviderKey::parse(format!("sk-stolen-{n}")).unwrap();
    relay.register(&token, None, provider, key, AccountIds::default()).await.unwrap_err()
}

#[test]
fn a_token_tries_no_more_keys_at_once_than_one_after_the_other() {
    let asked = Arc::new(AtomicUsize::new(0));
    let relay = relay(Refusing { provider: Provider::OPENAI, status: 401, body: INVALID, asked: Arc::clone(&asked) });
    let errors = block_on(join_all((0..20).map(|n| register(&relay, Provider::OPENAI, n))));
    assert_eq!(asked.load(Ordering::SeqCst), REGISTRATION_TRIES as usize);
    let refused = errors.iter().filter(|error| error.code() == "key_refused_by_provider").count();
    let expired = errors.iter().filter(|error| error.code() == "registration_token_expired").count();
    assert_eq!((refused, expired), (5, 15));
    let mut left: Vec<_> = errors.iter().filter_map(RelayError::tries_left).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4], "each refusal says how many are left");
}

#[test]
fn a_key_that_needs_a_workspace_costs_a_try() {
    let asked = Arc::new(AtomicUsize::new(0));
    let body =
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"anthropic-workspace-id: required"}}"#;
    let relay = relay(Refusing { provider: Provider::ANTHROPIC, status: 400, body, asked: Arc::clone(&asked) });
    let errors: Vec<RelayError> = (0..6).map(|n| block_on(register(&relay, Provider::ANTHROPIC, n))).collect();
    let left: Vec<_> = errors.iter().map(RelayError::tries_left).collect();
    assert_eq!(left, [Some(4), Some(3), Some(2), Some(1), Some(0), None]);
    let codes: Vec<String> = errors.iter().map(|error| error.code().to_owned()).collect();
    assert_eq!(codes[..5], ["provider_key_needs_workspace"; 5]);
    assert_eq!((codes[5].as_str(), asked.load(Ordering::SeqCst)), ("registration_token_expired", 5));
}

#[test]
fn a_lost_answer_comes_again_until_the_token_ends() {
    for (seconds, code) in [(599, None), (600, Some("registration_token_used"))] {
        let asked = Arc::default();
        let client = Refusing { provider: Provider::OPENAI, status: 401, body: "", asked: Arc::clone(&asked) };
        let (last4, state) = ("n-1".to_owned(), ConnectionState::Active);
        let spent = Spent { at: Timestamp(5), provider: Provider::OPENAI, fingerprint: [0; 16], last4, state };
        let relay = relay_at(seconds, client, Some(spent));
        let token = RegistrationToken::new("rrt-x".to_owned());
        let key = ProviderKey::parse("sk-stolen-1".to_owned()).unwrap();
        let answer = block_on(relay.register(&token, None, Provider::OPENAI, key, AccountIds::default()));
        assert_eq!(answer.as_ref().err().map(RelayError::code), code);
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }
}

/// A program that embeds Relay has a provider refuse a key.
fn refused_connect(stored: Option<Project>, provider: Provider, status: u16, body: &'static str) -> RelayError {
    let relay = relay_of(stored, 1, Refusing { provider, status, body, asked: Arc::default() }, None);
    let key = ProviderKey::parse("sk-stolen-1".to_owned()).unwrap();
    let ana = EndUser::parse("ana").unwrap();
    block_on(relay.connect(&project(), ana, provider, key, AccountIds::default())).unwrap_err()
}

/// What OpenAI answers with this code and these words.
fn openai_says(code: &str, message: &str) -> &'static str {
    let error = format!(
        r#"{{"error":{{"message":"{message}","type":"invalid_request_error","param":null,"code":"{code}"}},"status":401}}"#
    );
    Box::leak(error.into_boxed_str())
}

#[test]
fn what_is_not_the_keys_fault_costs_no_try() {
    for (body, code, part) in [
        (openai_says("ip_not_authorized", "Your IP is not authorized"), "provider_ip_not_allowed", "IP addresses"),
        (
            openai_says("incorrect_hostname", "Please make your request to eu.api.openai.com"),
            "provider_key_wrong_region",
            "eu.api.openai.com",
        ),
        (
            openai_says("incorrect_hostname", "Please make your request to evil.example"),
            "provider_key_wrong_region",
            "one of its regional hosts",
        ),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let relay = relay(Refusing { provider: Provider::OPENAI, status: 401, body, asked: Arc::clone(&asked) });
        for n in 0..7 {
            let error = block_on(register(&relay, Provider::OPENAI, n));
            assert_eq!((error.class().status(), error.code(), error.tries_left()), (422, code, None), "{n}");
            assert!(error.message().contains(part) && !error.message().contains("evil"), "{error}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 7, "this client reaches no region");
    }
}

#[test]
fn a_key_that_needs_an_id_says_which() {
    for (body, code, param) in [
        (openai_says("mismatched_project", "no"), "provider_key_needs_project", "projectId"),
        (openai_says("mismatched_organization", "no"), "provider_key_needs_organization", "organizationId"),
    ] {
        let relay = relay(Refusing { provider: Provider::OPENAI, status: 401, body, asked: Arc::default() });
        let error = block_on(register(&relay, Provider::OPENAI, 0));
        assert_eq!((error.code(), error.param(), error.tries_left()), (code, Some(param), Some(4)));
    }
}

#[test]
fn a_refusal_says_why_where_the_provider_does() {
    for (body, reason) in [
        (openai_says("expired_api_key", "Your API key has expired"), Some("expired")),
        (openai_says("", "The project has been archived and is no longer accessible"), Some("project_archived")),
        (INVALID, None),
    ] {
        let relay = relay(Refusing { provider: Provider::OPENAI, status: 401, body, asked: Arc::default() });
        let error = block_on(register(&relay, Provider::OPENAI, 0));
        assert_eq!((error.code(), error.reason()), ("key_refused_by_provider", reason), "{body}");
    }
}

#[test]
fn what_is_no_api_key_is_not_sent_to_a_provider() {
    let asked = Arc::new(AtomicUsize::new(0));
    let relay = relay(Refusing { provider: Provider::OPENAI, status: 401, body: INVALID, asked: Arc::clone(&asked) });
    for (text, code) in [("sk-...1234", "provider_key_masked"), ("sess-0123456789", "subscription_token")] {
        let token = RegistrationToken::new("rrt-x".to_owned());
        let key = ProviderKey::parse(text.to_owned()).unwrap();
        let error = block_on(relay.register(&token, None, Provider::OPENAI, key, AccountIds::default())).unwrap_err();
        assert_eq!((error.class().status(), error.code(), error.tries_left()), (422, code, None));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_program_that_never_stored_its_project_learns_so() {
    let error = refused_connect(None, Provider::OPENAI, 401, "");
    assert_eq!((error.class().status(), error.code()), (404, "project_not_found"));
}

#[test]
fn a_program_that_connects_a_key_hears_nothing_of_tries() {
    let needs_workspace =
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"anthropic-workspace-id: required"}}"#;
    for (provider, status, body, code) in [
        (Provider::OPENAI, 401, INVALID, "key_refused_by_provider"),
        (Provider::ANTHROPIC, 400, needs_workspace, "provider_key_needs_workspace"),
    ] {
        let error = refused_connect(Some(project()), provider, status, body);
        assert_eq!((error.class().status(), error.code(), error.tries_left()), (422, code, None));
        assert!(!error.message().contains("try") && !error.message().contains("tries"), "{error}");
    }
}
