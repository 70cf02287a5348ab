//! Whose key is used, when the provider is asked at all, and what is metered.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use futures::executor::block_on;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, RequestId, Timestamp};
use relay_core::domain::secret::{ProviderKey, RelayKey};
use relay_core::domain::trail::Actor;
use relay_core::domain::*;
use relay_core::ports::*;
use relay_core::{Caller, Class, Ports, Provider, Relay, Reply, ReplyBody};

/// A Relay of mocks; what a test does not set up must not be called.
pub(super) struct World {
    key_store: MockKeyStore,
    projects: MockProjects,
    cipher: MockCipher,
    tokens: MockTokenIssuer,
    clients: Vec<Arc<dyn ProviderClient>>,
    pub(super) metered: Arc<Mutex<Vec<UsageEvent>>>,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            key_store: MockKeyStore::new(),
            projects: MockProjects::new(),
            cipher: MockCipher::new(),
            tokens: MockTokenIssuer::new(),
            clients: Vec::new(),
            metered: Arc::default(),
        }
    }

    /// The user has a key for OpenAI in this state, and it opens as `key`.
    pub(super) fn with_key(mut self, state: ConnectionState, key: &'static str) -> Self {
        self.key_store.expect_connection().returning(move |slot| Ok(Some(connection(slot.clone(), state))));
        self.cipher.expect_open().returning(move |_, _| Ok(ProviderKey::parse(key.to_owned()).unwrap()));
        self
    }

    /// Any answer may change the state of the user's key.
    pub(super) fn with_any_state(mut self) -> Self {
        self.key_store.expect_observe().returning(|_, _, _, _, _, _| Ok(Some(ConnectionState::Active)));
        self
    }

    pub(super) fn with_client(self, client: MockProviderClient) -> Self {
        self.with_shared(Arc::new(client))
    }

    pub(super) fn with_shared(mut self, client: Arc<dyn ProviderClient>) -> Self {
        self.clients.push(client);
        self
    }

    pub(super) fn relay(self) -> Relay {
        let mut usage = MockUsageSink::new();
        let metered = Arc::clone(&self.metered);
        usage.expect_record().returning(move |event| metered.lock().unwrap().push(event));
        let clock = Arc::new(FixedClock::at(Timestamp(1_000)));
        let mut ports = Ports::without_store(Arc::new(self.cipher), Arc::new(self.tokens), clock, self.clients);
        ports.key_store = Arc::new(self.key_store);
        ports.projects = Arc::new(self.projects);
        ports.usage = Arc::new(usage);
        Relay::new(ports)
    }
}

fn connection(slot: Slot, state: ConnectionState) -> Connection {
    Connection::new(
        SealedSlot { slot, record: RecordId([1; 16]), version: 1 },
        SealedKey::new(MasterKeyId([5; 8]), vec![1]),
        "a1b2",
        [0; 16],
        state,
        Timestamp(0),
    )
}

fn keyed_project() -> KeyedProject {
    let id = ProjectId::from_digits("0123456789012345678901").unwrap();
    let mut key = RelayKeyRecord::new(SecretHash([7; 32]), id.clone(), "test", "xxxx", Timestamp(0));
    (key.scopes, key.expires_at) = (vec![Scope::Inference], Some(Timestamp(2_000)));
    let project = Project::new(id, "p", Timestamp(0));
    KeyedProject::new(key, project)
}

pub(super) fn caller() -> Caller {
    let KeyedProject { project, key, .. } = keyed_project();
    let mut caller = Caller::new(project, EndUser::parse("ana").unwrap(), RequestId::new(1, [1; 10]));
    caller.relay_key = Some(key.hash);
    caller
}

fn chat(relay: &Relay, body: &'static str) -> Result<Bytes, relay_core::RelayError> {
    block_on(async {
        let reply = relay.prepare_chat(&caller(), Bytes::from(body)).await?.send().await?;
        Ok(match reply.body {
            ReplyBody::Whole(body) => body,
            ReplyBody::Stream(stream) => stream.map(|Ok(piece)| piece.to_vec()).concat().await.into(),
        })
    })
}

const HELLO: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
const STREAM: &str = r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;

#[test]
fn a_call_is_signed_with_the_users_own_key() {
    let mut client = MockProviderClient::new();
    client.expect_provider().return_const(Provider::OPENAI);
    client.expect_send().times(1).returning(|_, key| {
        assert_eq!(key.expose(), "sk-of-this-user");
        Ok(WireResponse::whole(200, &b"{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}"[..]))
    });
    let world = World::new().with_key(ConnectionState::Active, "sk-of-this-user").with_client(client);
    let metered = Arc::clone(&world.metered);
    chat(&world.relay(), HELLO).unwrap();
    let event = metered.lock().unwrap().pop().unwrap();
    assert_eq!((event.outcome, event.tokens.prompt(), event.tokens.output), (Outcome::Complete, 3, 2));
}

#[test]
fn a_user_without_a_key_gets_no_call_at_all() {
    let mut world = World::new();
    world.key_store.expect_connection().returning(|_| Ok(None));
    let error = chat(&world.relay(), HELLO).unwrap_err();
    assert_eq!((error.code(), error.provider()), ("provider_key_missing", Some(Provider::OPENAI)));
}

#[test]
fn a_refused_key_fails_fast() {
    for (state, code) in
        [(ConnectionState::Invalid, "provider_key_invalid"), (ConnectionState::Revoked, "provider_key_revoked")]
    {
        let error = chat(&World::new().with_key(state, "sk-never-used").relay(), HELLO).unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::Forbidden, code));
    }
}

#[test]
fn a_good_answer_repairs_a_connection() {
    let mut world = World::new()
        .with_key(ConnectionState::NoCredit, "sk-good-again")
        .with_client(MockProviderClient::replying(Provider::OPENAI, 200, br#"{"model":"m"}"#));
    world
        .key_store
        .expect_observe()
        .times(1)
        .withf(|_, version, signal, checked, _, by| {
            by.actor == Actor::Provider(Provider::OPENAI)
                && (*version, *signal, *checked) == (1, KeySignal::Works, false)
        })
        .returning(|_, _, _, _, _, _| Ok(Some(ConnectionState::Active)));
    chat(&world.relay(), HELLO).unwrap();
}

/// Any JSON may come from the network between.
#[test]
fn an_answer_that_is_not_the_providers_repairs_nothing() {
    let world = World::new()
        .with_key(ConnectionState::NoCredit, "sk-good-again")
        .with_client(MockProviderClient::replying(Provider::OPENAI, 200, br#"{"login":"https://login.example"}"#));
    chat(&world.relay(), HELLO).unwrap();
}

#[test]
fn a_refusal_feeds_the_connection_and_is_no_401() {
    let mut world =
        World::new().with_key(ConnectionState::Active, "sk-refused").with_client(MockProviderClient::replying(
            Provider::OPENAI,
            401,
            br#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        ));
    world
        .key_store
        .expect_observe()
        .times(1)
        .withf(|_, _, signal, _, _, _| *signal == KeySignal::Invalid)
        .returning(|_, _, _, _, _, _| Ok(Some(ConnectionState::Active)));
    let metered = Arc::clone(&world.metered);
    let error = chat(&world.relay(), HELLO).unwrap_err();
    assert_eq!((error.class(), error.code()), (Class::Forbidden, "provider_key_invalid"));
    assert_eq!(metered.lock().unwrap()[0].outcome, Outcome::Failed(Blame::User));
}

#[test]
fn a_key_that_a_provider_echoes_is_never_shown_whatever_it_looks_like() {
    const KEY: &str = "odd_looking_key_0123456789";
    const WHOLE: &[u8] =
        br#"{"error":{"message":"bad odd_looking_key_0123456789!","param":"odd_looking_key_0123456789"}}"#;
    const EVENT: &[u8] = b"data: {\"error\":{\"message\":\"bad odd_looking_key_0123456789!\"}}\n\n";
    const LATE: &[u8] = b"data: {}\n\ndata: {\"error\":{\"message\":\"bad odd_looking_key_0123456789!\"}}\n\n";
    for (status, answer, body) in [(400, WHOLE, HELLO), (400, WHOLE, STREAM), (200, EVENT, STREAM), (200, LATE, STREAM)]
    {
        let world = World::new().with_key(ConnectionState::Active, KEY).with_client(MockProviderClient::replying(
            Provider::OPENAI,
            status,
            answer,
        ));
        let shown = match chat(&world.relay(), body) {
            Ok(body) => String::from_utf8(body.to_vec()).unwrap(),
            Err(error) => format!("{error:?} {}", String::from_utf8(error.to_body()).unwrap()),
        };
        assert!(shown.contains("bad ***!") && !shown.contains("odd_looking"), "{shown}");
    }
}

#[test]
fn a_malformed_relay_key_costs_no_look_up() {
    let mut world = World::new();
    world.tokens.expect_hash_relay_key().returning(|_| None);
    let error =
        block_on(world.relay().authenticate(&RelayKey::new("rly-typo".to_owned()), Scope::Inference)).unwrap_err();
    assert_eq!((error.class(), error.code()), (Class::Unauthenticated, "invalid_relay_key"));
}

#[test]
fn unknown_revoked_and_expired_relay_keys_look_alike() {
    let revoke = |mut found: KeyedProject| {
        found.key.revoked_at = Some(Timestamp(5));
        found
    };
    let expire = |mut found: KeyedProject| {
        found.key.expires_at = Some(Timestamp(1_000));
        found
    };
    let shown: Vec<Vec<u8>> = [None, Some(revoke(keyed_project())), Some(expire(keyed_project()))]
        .into_iter()
        .map(|found| {
            let mut world = World::new();
            world.tokens.expect_hash_relay_key().returning(|_| Some(SecretHash([7; 32])));
            world.projects.expect_relay_key().return_once(|_| Ok(found));
            let key = RelayKey::new("rly-x".to_owned());
            block_on(world.relay().authenticate(&key, Scope::Inference)).unwrap_err().to_body()
        })
        .collect();
    assert!(shown.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_relay_key_may_do_what_its_scopes_say() {
    let mut world = World::new();
    world.tokens.expect_hash_relay_key().returning(|_| Some(SecretHash([7; 32])));
    world.projects.expect_relay_key().returning(|_| Ok(Some(keyed_project())));
    let relay = world.relay();
    let key = RelayKey::new("rly-x".to_owned());
    assert!(block_on(relay.authenticate(&key, Scope::Inference)).is_ok());
    assert_eq!(block_on(relay.authenticate(&key, Scope::Tokens)).unwrap_err().code(), "scope_missing");
}

#[test]
fn a_client_that_leaves_is_metered_with_what_was_counted() {
    let world =
        World::new().with_key(ConnectionState::Active, "sk-good-key").with_client(MockProviderClient::replying(
            Provider::OPENAI,
            200,
            b"data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":4}}\n\ndata: {\"choices\":[]}\n\n",
        ));
    let metered = Arc::clone(&world.metered);
    let relay = world.relay();
    let reply =
        block_on(async { relay.prepare_chat(&caller(), Bytes::from(STREAM)).await.unwrap().send().await.unwrap() });
    assert!(metered.lock().unwrap().is_empty());
    drop(reply);
    let event = metered.lock().unwrap().pop().unwrap();
    assert_eq!((event.outcome, event.tokens.prompt()), (Outcome::Cancelled, 4));
}

#[test]
fn a_stream_that_breaks_off_ends_with_one_error_event() {
    let world = World::new()
        .with_key(ConnectionState::Active, "sk-good-key")
        .with_client(MockProviderClient::replying(Provider::OPENAI, 200, b"data: {\"choices\":[]}\n\n"));
    let metered = Arc::clone(&world.metered);
    let body = chat(&world.relay(), STREAM).unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.starts_with("data: {\"choices\":[]}\n\ndata: {\"error\":{"), "{text}");
    assert!(text.contains("upstream_stream_interrupted") && !text.contains("[DONE]"));
    assert_eq!(metered.lock().unwrap()[0].outcome, Outcome::Failed(Blame::Provider));
}

#[test]
fn half_an_event_at_the_end_is_not_passed_on() {
    const CUT: &[u8] = b"data: {\"choices\":[]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"hel";
    let client = MockProviderClient::replying(Provider::OPENAI, 200, CUT);
    let world = World::new().with_key(ConnectionState::Active, "sk-good-key").with_client(client);
    let text = String::from_utf8(chat(&world.relay(), STREAM).unwrap().to_vec()).unwrap();
    assert!(text.starts_with("data: {\"choices\":[]}\n\ndata: {\"error\":{"), "{text}");
    assert!(text.contains("upstream_stream_interrupted"), "{text}");
}

#[test]
fn an_error_before_the_first_event_is_an_error_and_no_stream() {
    let world = World::new().with_key(ConnectionState::Active, "sk-good-key").with_client(
        MockProviderClient::replying(Provider::OPENAI, 200, b"data: {\"error\":{\"message\":\"no\"}}\n\n"),
    );
    assert_eq!(chat(&world.relay(), STREAM).unwrap_err().code(), "upstream_error");
}

#[test]
fn a_key_that_the_provider_repeats_is_in_no_part_of_the_error() {
    const KEY: &str = "a-key-of-no-known-form";
    const ERROR: &str = r#"{"message":"x@x","type":"@","code":"@","param":"@"}"#;
    let error = ERROR.replace('@', KEY);
    let long = format!(r#"{{"message":"{}{KEY}"}}"#, "x".repeat(490));
    for (status, body, asked) in [
        (400, format!("{{\"error\":{error}}}"), HELLO),
        (400, format!("{{\"error\":{long}}}"), HELLO),
        (200, format!("data: {{\"error\":{error}}}\n\n"), STREAM),
        (200, format!("data: {{\"choices\":[]}}\n\ndata: {{\"error\":{error}}}\n\n"), STREAM),
    ] {
        let mut client = MockProviderClient::new();
        client.expect_provider().return_const(Provider::OPENAI);
        client.expect_send().returning(move |_, _| {
            let answer = WireResponse::whole(status, body.clone());
            let names = ["x-request-id", "retry-after", "x-ratelimit-limit-requests"];
            Ok(names.into_iter().fold(answer, |answer, name| answer.with_header(name, KEY)))
        });
        let relay = World::new().with_key(ConnectionState::Active, KEY).with_client(client).relay();
        let said = block_on(async {
            match relay.prepare_chat(&caller(), Bytes::from(asked)).await.unwrap().send().await {
                Ok(Reply { disclosure, body: ReplyBody::Stream(events), .. }) => {
                    let events: Vec<Bytes> = events.map(|Ok(event)| event).collect().await;
                    format!("{disclosure:?} {:?}", events.concat().escape_ascii().to_string())
                }
                Ok(_) => panic!("a stream was asked for"),
                Err(error) => format!("{error:?} {:?} {:?}", error.disclosure(), error.error_type()),
            }
        });
        assert!(!said.contains("a-key") && said.contains("***"), "{said}");
    }
}

#[test]
fn html_with_status_200_is_an_upstream_error() {
    for body in [HELLO, STREAM] {
        let world = World::new()
            .with_key(ConnectionState::Active, "sk-good-key")
            .with_client(MockProviderClient::replying(Provider::OPENAI, 200, b"<html>Welcome</html>"));
        let error = chat(&world.relay(), body).unwrap_err();
        assert_eq!((error.class(), error.provider()), (Class::BadGateway, Some(Provider::OPENAI)), "{error:?}");
    }
}

#[test]
fn a_provider_without_embeddings_is_told_before_anything_is_looked_up() {
    let body = Bytes::from_static(br#"{"model":"claude-haiku-4-5","input":"x"}"#);
    let error = block_on(World::new().relay().prepare_embeddings(&caller(), body)).unwrap_err();
    assert_eq!((error.class(), error.code(), error.param()), (Class::NotFound, "model_not_found", Some("model")));
}

/// What a prepared call dropped and adjusted, or the error, for a project that is strict or is not.
fn prepared(path: &str, body: &str, strict: bool) -> Result<[String; 2], relay_core::RelayError> {
    let mut world = World::new().with_key(ConnectionState::Active, "a-good-key");
    for provider in Provider::ALL {
        world = world.with_client(MockProviderClient::replying(*provider, 200, b"{}"));
    }
    let relay = world.relay();
    let mut caller = caller();
    caller.project.policy.strict_params = strict;
    let body = Bytes::from(body.to_owned());
    let prepared = match path {
        "chat" => block_on(relay.prepare_chat(&caller, body)),
        _ => block_on(relay.prepare_embeddings(&caller, body)),
    }?;
    Ok([prepared.disclosure.dropped_params.join(","), prepared.disclosure.adjusted_params.join(",")])
}

const CHATS_THAT_LOSE_SOMETHING: [(&str, [&str; 2], &str); 3] = [
    (
        r#""model":"claude-opus-5-5","seed":7,"top_k":5,"reasoning_effort":"none""#,
        ["seed,top_k", "reasoning_effort"],
        "seed",
    ),
    (
        r#""model":"gemini-3.8-flash","user":"u","frobnicate":1,"reasoning_effort":"none""#,
        ["frobnicate,user", "reasoning_effort"],
        "frobnicate",
    ),
    (r#""model":"claude-opus-5-5","max_tokens":999999"#, ["", "max_tokens"], "max_tokens"),
];

#[test]
fn what_is_dropped_or_adjusted_is_disclosed_whole_and_streamed() {
    for (members, want, _) in CHATS_THAT_LOSE_SOMETHING {
        for stream in [false, true] {
            let body = format!(r#"{{{members},"stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#);
            assert_eq!(prepared("chat", &body, false).unwrap(), want, "{body}");
        }
    }
    let body = r#"{"model":"gemini-embedding-2","input":"x","user":"u","truncate":"END"}"#;
    assert_eq!(prepared("embeddings", body, false).unwrap(), ["truncate,user", ""]);
}

#[test]
fn a_strict_project_refuses_what_would_be_dropped_or_adjusted() {
    for (members, _, param) in CHATS_THAT_LOSE_SOMETHING {
        for stream in [false, true] {
            let body = format!(r#"{{{members},"stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#);
            let error = prepared("chat", &body, true).unwrap_err();
            let shown = (error.class(), error.code(), error.param());
            assert_eq!(shown, (Class::InvalidRequest, "unsupported_parameter", Some(param)), "{body}");
        }
    }
    let error = prepared("embeddings", r#"{"model":"gemini-embedding-2","input":"x","user":"u"}"#, true).unwrap_err();
    assert_eq!((error.code(), error.param()), ("unsupported_parameter", Some("user")));
}

#[test]
fn a_strict_project_takes_what_loses_nothing() {
    for model in ["claude-opus-5-5", "gemini-3.8-flash", "gpt-4o"] {
        let body = format!(
            r#"{{"model":"{model}","temperature":1,"n":1,"store":false,"stream_options":null,
                "messages":[{{"role":"user","content":"hi"}}]}}"#
        );
        assert_eq!(prepared("chat", &body, true).unwrap(), ["", ""], "{model}");
    }
    let body = r#"{"model":"gemini-embedding-2","input":"x","encoding_format":"base64"}"#;
    assert_eq!(prepared("embeddings", body, true).unwrap(), ["", ""]);
}
