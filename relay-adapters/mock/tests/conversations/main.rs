//! Random valid conversations in OpenAI's format, through the translation for each provider and into the strict mock: it accepts
//! all of them, and what does not arrive is named.
//!
//! A few hundred run with the other tests. `make conversations` runs 10,000 for each provider; `RELAY_CONVERSATIONS` sets another
//! number and `RELAY_CONVERSATIONS_SEED` other random numbers.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests and their helpers")]

mod expected;
mod messages;
mod request;
mod schemas;
mod tape;

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::StreamExt;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use relay_core::Provider;
use relay_core::domain::ids::{RequestId, Timestamp};
use relay_core::domain::secret::ProviderKey;
use relay_core::translation::{ChatCall, ChatOptions, chat};
use relay_mock::{Mock, sample_key};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use expected::Conversation;
use tape::Tape;

/// How many conversations of each provider the ordinary tests try.
const FEW: u32 = 256;

/// How often a conversation with a fault is made smaller.
const SHRINKS: usize = 500;

/// What the mock is known to refuse, or the translation to lose, while it is being mended. Must be empty.
const KNOWN_GAPS: &[&str] = &[];

fn translated(provider: Provider, body: String) -> Result<ChatCall, String> {
    let now = Timestamp(1_795_435_230_000);
    let options = ChatOptions::new(RequestId::new(now.0, [7; 10]), now);
    chat(provider, &Bytes::from(body), options).map_err(|error| String::from_utf8_lossy(&error.to_body()).into_owned())
}

/// Sends a translated request to the mock, and returns status and body of its answer.
fn sent(runtime: &Runtime, provider: Provider, call: &ChatCall) -> (u16, Vec<u8>) {
    let key = ProviderKey::parse(sample_key(provider, "good", "ana1")).unwrap();
    let client = Mock::new().recording(false).client(provider);
    runtime.block_on(async {
        let mut answer = client.send(call.wire().clone(), &key).await.unwrap();
        let mut body = Vec::new();
        while let Some(piece) = answer.body.next().await {
            body.extend_from_slice(&piece.unwrap());
        }
        (answer.status, body)
    })
}

/// Answers of models as their clients keep them: with thinking and signatures.
fn answers(runtime: &Runtime) -> Vec<Value> {
    let mut found = Vec::new();
    for (provider, model) in [
        (Provider::ANTHROPIC, "claude-opus-5"),
        (Provider::ANTHROPIC, "claude-haiku-4-5"),
        (Provider::GOOGLE, "gemini-3.8-flash"),
        (Provider::OPENAI, "gpt-5.4-mini"),
    ] {
        for text in ["hi", "call weather"] {
            let body = json!({"model": model, "reasoning_effort": "low", "messages": [{"role": "user", "content": text}],
                "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}]});
            let call = translated(provider, body.to_string()).unwrap();
            let (status, answer) = sent(runtime, provider, &call);
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
            let whole: Value = serde_json::from_slice(&call.whole(answer.into()).unwrap()).unwrap();
            found.push(whole["choices"][0]["message"].clone());
        }
    }
    found
}

/// What is wrong with the translation of a conversation.
fn fault(runtime: &Runtime, provider: Provider, conversation: &Conversation) -> Option<String> {
    let call = match translated(provider, conversation.wire()) {
        Ok(call) => call,
        Err(error) => return Some(format!("the translation refuses it: {error}")),
    };
    let body = &call.wire().body;
    let (status, answer) = sent(runtime, provider, &call);
    if status != 200 {
        return Some(format!("the mock refuses it: {status} {}", String::from_utf8_lossy(&answer)));
    }
    let named = [&call.notes().dropped[..], &call.notes().adjusted[..]].concat();
    let lost = expected::lost(conversation, body, &named);
    if !lost.is_empty() {
        return Some(format!("lost, and not named in {named:?}: {}", lost.join(", ")));
    }
    mixed_up(conversation, body)
}

/// A call without its own result.
fn mixed_up(conversation: &Conversation, body: &[u8]) -> Option<String> {
    let found = expected::exchanges(body);
    if found.len() != conversation.exchanges.len() {
        return Some(format!("{} calls became {}", conversation.exchanges.len(), found.len()));
    }
    for (at, (wanted, (arguments, result))) in conversation.exchanges.iter().zip(&found).enumerate() {
        let Some(result) = result else { return Some(format!("call {at} has no result")) };
        let gone = wanted.arguments.iter().find(|mark| !arguments.contains(*mark));
        let gone = gone.or_else(|| wanted.result.iter().find(|mark| !result.contains(*mark)));
        if let Some(mark) = gone {
            return Some(format!("call {at} has other arguments or another result: {mark} is not with it"));
        }
    }
    None
}

fn seed() -> [u8; 32] {
    let number: u64 = std::env::var("RELAY_CONVERSATIONS_SEED").ok().map_or(0, |seed| seed.parse().unwrap());
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    seed
}

fn check(provider: Provider) {
    let cases = std::env::var("RELAY_CONVERSATIONS").ok().map_or(FEW, |count| count.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answers = answers(&runtime);
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed()));
    let strategy = vec(any::<u32>(), 0..400);
    let fault_of = |values: Vec<u32>| {
        let conversation = request::conversation(provider, &Tape::new(values), &answers);
        let fault = fault(&runtime, provider, &conversation)?;
        let kind = kind(&fault);
        let known = KNOWN_GAPS.iter().any(|gap| kind.contains(&gap.replace(' ', "")));
        (!known).then(|| (kind, format!("{fault}\n{}", conversation.wire())))
    };
    let mut found: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for _ in 0..cases {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        let Some((kind, fault)) = fault_of(tree.current()) else { continue };
        let (count, _) = found.entry(kind.clone()).or_insert_with(|| (0, shrunk(&mut tree, &kind, fault, fault_of)));
        *count += 1;
    }
    let list = found.values().map(|(count, fault)| format!("{count} times: {fault}")).collect::<Vec<_>>();
    assert!(list.is_empty(), "of {cases} conversations for {provider}:\n\n{}\n", list.join("\n\n"));
}

/// The smallest conversation found with the same kind of fault.
fn shrunk(
    tree: &mut impl ValueTree<Value = Vec<u32>>,
    kind: &str,
    first: String,
    fault_of: impl Fn(Vec<u32>) -> Option<(String, String)>,
) -> String {
    let mut smallest = first;
    for _ in 0..SHRINKS {
        match fault_of(tree.current()) {
            Some((found, fault)) if found == kind => {
                smallest = fault;
                if !tree.simplify() {
                    break;
                }
            }
            _ if !tree.complicate() => break,
            _ => {}
        }
    }
    smallest
}

/// A fault without what differs from conversation to conversation.
fn kind(fault: &str) -> String {
    // Of what is lost, the kind of mark and the parameter.
    let lost = fault
        .strip_prefix("lost")
        .and_then(|rest| rest.split_once("]: "))
        .and_then(|(_, list)| list.split(", ").next());
    if let Some((mark, param)) = lost.and_then(|first| first.rsplit_once(' ')) {
        return [&mark[..1], param].concat();
    }
    let place = |word: &&str| !word.contains("json_schema") && !word.contains("messages") && !word.contains("req_");
    let words = fault.split_whitespace().filter(place).collect::<String>();
    let words = words.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    words.chars().take(160).collect()
}

#[test]
fn openai_accepts_every_conversation() {
    check(Provider::OPENAI);
}

#[test]
fn anthropic_accepts_every_conversation() {
    check(Provider::ANTHROPIC);
}

#[test]
fn google_accepts_every_conversation() {
    check(Provider::GOOGLE);
}
