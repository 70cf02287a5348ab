//! Tests of an app that calls AI, without a provider, a network or a clock.
//!
//! The mock adapter stands where the providers were: it plays their own wire formats in process, so that everything
//! between your code and the network is the real thing. Run it with `cargo run -p relay-examples --bin deterministic_ci`;
//! in your project these functions would be `#[test]`s.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]
#![expect(clippy::indexing_slicing, reason = "a member that a JSON value does not have is null")]

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use relay_adapters::memory::Memory;
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_core::domain::ids::{EndUser, Timestamp};
use relay_core::domain::secret::ProviderKey;
use relay_core::domain::{AccountIds, Project, UsageQuery};
use relay_core::ports::{FixedClock, TransportErrorKind};
use relay_core::relay::registration_tokens::TokenRequest;
use relay_core::{Ports, Provider, Relay, RelayError, ReplyBody};
use relay_examples::embedded;
use relay_mock::{Mock, Scripted, sample_key};
use serde_json::{Value, json};

type Tested = Result<(), Box<dyn Error>>;

/// The code under test: your app's own. It titles a note with a small model, and must cope when that fails.
async fn title_of(note: &str, relay: &Relay, project: &Project, user: EndUser) -> String {
    let body = json!({
        "model": "claude-haiku-4-5",
        "max_tokens": 20,
        "messages": [{ "role": "system", "content": "Title this note." }, { "role": "user", "content": note }],
    });
    let caller = embedded::caller(relay, project, user);
    match answer(relay, &caller, body).await {
        Ok(title) => title,
        Err(error) if error.code() == "provider_key_missing" => "(connect a key to get titles)".to_owned(),
        Err(_) => note.split(' ').take(3).collect::<Vec<_>>().join(" "),
    }
}

async fn answer(relay: &Relay, caller: &relay_core::Caller, body: Value) -> Result<String, RelayError> {
    let reply = relay.prepare_chat(caller, Bytes::from(body.to_string())).await?.send().await?;
    let ReplyBody::Whole(body) = reply.body else { return Ok(String::new()) };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(body.pointer("/choices/0/message/content").and_then(Value::as_str).unwrap_or_default().to_owned())
}

#[tokio::main]
async fn main() -> Tested {
    the_same_request_gets_the_same_answer().await?;
    a_scripted_answer_comes_as_it_is().await?;
    a_busy_provider_does_not_stop_the_app().await?;
    a_user_without_a_key_is_asked_for_one().await?;
    the_provider_is_asked_what_was_meant().await?;
    time_passes_when_the_test_says_so().await
}

async fn the_same_request_gets_the_same_answer() -> Tested {
    let world = World::new().await?;
    world.connect("good").await?;
    let first = world.title("Bread, milk, and a present").await?;
    assert_eq!(first, world.title("Bread, milk, and a present").await?);
    passed("the same request gets the same answer", &first)
}

async fn a_scripted_answer_comes_as_it_is() -> Tested {
    let world = World::new().await?;
    world.connect("good").await?;
    world.mock.script(Provider::ANTHROPIC, Scripted::whole(200, anthropic_says("Groceries")));
    let title = world.title("Bread, milk, and a present").await?;
    assert_eq!(title, "Groceries");
    assert_eq!(world.mock.scripts_left(), 0);
    passed("a scripted answer comes as it is", &title)
}

async fn a_busy_provider_does_not_stop_the_app() -> Tested {
    let world = World::new().await?;
    world.connect("good").await?;
    for trouble in [
        Scripted::whole(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
        Scripted::whole(200, "<html>not what you expect</html>").header("content-type", "text/html"),
        Scripted::failure(TransportErrorKind::Timeout),
    ] {
        world.mock.script(Provider::ANTHROPIC, trouble);
        assert_eq!(world.title("Bread, milk, and a present").await?, "Bread, milk, and");
    }
    passed("a busy provider does not stop the app", "overloaded, not JSON, timed out")
}

async fn a_user_without_a_key_is_asked_for_one() -> Tested {
    let world = World::new().await?;
    let title = world.title("Bread, milk, and a present").await?;
    assert_eq!(title, "(connect a key to get titles)");
    assert_eq!(world.mock.total_calls(), 0, "no other key pays for it");
    passed("a user without a key is asked for one", &title)
}

async fn the_provider_is_asked_what_was_meant() -> Tested {
    let world = World::new().await?;
    world.connect("good").await?;
    world.title("Bread, milk, and a present").await?;
    let requests = world.mock.requests();
    let asked = requests.last().ok_or("nothing was asked")?;
    assert_eq!((asked.provider, asked.path.as_str()), (Provider::ANTHROPIC, "/v1/messages"));
    assert_eq!(asked.key.as_ref().map(ProviderKey::last4).as_deref(), Some("ana1"));
    // The request is Anthropic's own: Relay's translation is part of the test.
    let sent = asked.json();
    assert_eq!((&sent["max_tokens"], &sent["system"][0]["text"]), (&json!(20), &json!("Title this note.")));
    passed("the provider is asked what was meant", &sent["messages"].to_string())
}

async fn time_passes_when_the_test_says_so() -> Tested {
    let world = World::new().await?;
    let request = TokenRequest::new(ana()?);
    let issued = world.relay.issue_token(&world.project, request, None).await?;
    world.clock.advance_seconds(601);
    let key = ProviderKey::parse(sample_key(Provider::ANTHROPIC, "good", "ana1"))?;
    let late = world.relay.register(&issued.token, None, Provider::ANTHROPIC, key, AccountIds::default()).await;
    let code = late.err().map(|error| error.code().to_owned()).unwrap_or_default();
    assert_eq!(code, "registration_token_expired");

    world.connect("good").await?;
    world.title("Bread, milk, and a present").await?;
    let day = NOW.day();
    let query = UsageQuery::new(world.project.id.clone(), day..=day, 10);
    let rows = world.relay.ports().usage_report.usage(&query).await?;
    let [row] = rows.as_slice() else { return Err("one row a model".into()) };
    assert_eq!((row.requests, row.errors), (1, 0));
    passed("time passes when the test says so", &code)
}

/// When all tests take place.
const NOW: Timestamp = Timestamp(1_795_423_644_000);

/// A fresh Relay for each test.
struct World {
    relay: Relay,
    project: Project,
    mock: Mock,
    clock: Arc<FixedClock>,
}

impl World {
    async fn new() -> Result<Self, Box<dyn Error>> {
        let (mock, clock) = (Mock::new(), Arc::new(FixedClock::at(NOW)));
        let master_keys = MasterKeys::new(vec![MasterKey::generate()?])?;
        let store = Arc::new(Memory::default());
        let cipher = Arc::new(RingCipher::new(&master_keys)?);
        let tokens = Arc::new(RingIssuer::new(&master_keys)?);
        let providers = vec![mock.client(Provider::ANTHROPIC)];
        let relay = Relay::new(Ports::with_store(store, cipher, tokens, clock.clone(), providers));
        let project = embedded::project(&relay, "Notes").await?;
        Ok(Self { relay, project, mock, clock })
    }

    /// Connects a key for ana. The word in it picks how the provider treats it; `docs/mock.md` lists them.
    async fn connect(&self, behaviour: &str) -> Tested {
        let key = ProviderKey::parse(sample_key(Provider::ANTHROPIC, behaviour, "ana1"))?;
        self.relay.connect(&self.project, ana()?, Provider::ANTHROPIC, key, AccountIds::default()).await?;
        Ok(())
    }

    async fn title(&self, note: &str) -> Result<String, Box<dyn Error>> {
        Ok(title_of(note, &self.relay, &self.project, ana()?).await)
    }
}

fn ana() -> Result<EndUser, relay_core::domain::ids::InvalidId> {
    EndUser::parse("ana")
}

/// An answer in Anthropic's own format.
fn anthropic_says(text: &str) -> String {
    json!({
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{ "type": "text", "text": text }],
        "stop_reason": "end_turn",
        "stop_sequence": null,
        "usage": { "input_tokens": 12, "output_tokens": 3 },
    })
    .to_string()
}

fn passed(what: &str, detail: &str) -> Tested {
    println!("ok  {what}: {detail}");
    Ok(())
}
