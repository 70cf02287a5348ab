//! Embeddings of more inputs than the provider takes at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use futures::executor::block_on;
use relay_core::domain::secret::ProviderKey;
use relay_core::domain::*;
use relay_core::ports::*;
use relay_core::{Class, Provider, RelayError, Reply, ReplyBody};
use serde_json::{Value, json};

use super::calls::{World, caller};

/// Answers each input with a vector of its own (see [`vector`]), later batches sooner, and notes how many calls are
/// under way.
#[derive(Default)]
struct Batches {
    now: AtomicUsize,
    most: AtomicUsize,
    sizes: Mutex<Vec<usize>>,
    /// The batch that is refused, by its first input.
    refused: Option<usize>,
    counted: bool,
}

#[async_trait]
impl ProviderClient for Batches {
    fn provider(&self) -> Provider {
        Provider::GOOGLE
    }

    async fn send(&self, wire: WireRequest, _: &ProviderKey) -> Result<WireResponse, TransportError> {
        let body: Value = serde_json::from_slice(&wire.body).unwrap();
        let inputs: Vec<usize> = body["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["content"]["parts"][0]["text"].as_str().unwrap().parse().unwrap())
            .collect();
        self.sizes.lock().unwrap().push(inputs.len());
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        for _ in 0..(3000_usize.saturating_sub(inputs[0])) / 100 {
            a_while().await;
        }
        self.now.fetch_sub(1, Ordering::SeqCst);
        if self.refused == Some(inputs[0]) {
            return Ok(WireResponse::whole(429, "{\"error\":{\"message\":\"slow down\"}}"));
        }
        let vectors: Vec<Value> = inputs.iter().map(|n| json!({"values": vector(*n)})).collect();
        let usage = if self.counted { json!({"promptTokenCount": inputs.len()}) } else { Value::Null };
        Ok(WireResponse::whole(200, json!({"embeddings": vectors, "usageMetadata": usage}).to_string()))
    }
}

/// A vector of length 1 that identifies its input.
fn vector(n: usize) -> [f64; 2] {
    let share = f64::from(u32::try_from(n).unwrap()) / 4096.0;
    [share, (1.0 - share * share).sqrt()]
}

/// Gives the turn to the others, once.
async fn a_while() {
    let mut is_first = true;
    futures::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

/// Embeds the numbers 1 to `count`.
fn embed(client: &Arc<Batches>, count: usize) -> Result<Reply, RelayError> {
    let world = World::new().with_key(ConnectionState::Active, "AIza-of-this-user");
    let relay = world.with_shared(Arc::clone(client) as Arc<dyn ProviderClient>).relay();
    let input: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
    let body = Bytes::from(json!({"model": "gemini-embedding-001", "input": input}).to_string());
    block_on(async { relay.prepare_embeddings(&caller(), body).await?.send().await })
}

fn body_of(reply: &Reply) -> Value {
    let ReplyBody::Whole(body) = &reply.body else { panic!("embeddings are no stream") };
    serde_json::from_slice(body).unwrap()
}

#[test]
fn batches_of_a_hundred_run_four_at_a_time_and_come_back_in_order() {
    let client = Arc::new(Batches { counted: true, ..Batches::default() });
    let reply = embed(&client, 1234).unwrap();
    let body = body_of(&reply);
    let data = body["data"].as_array().unwrap();
    assert_eq!(data.len(), 1234);
    for (index, one) in data.iter().enumerate() {
        assert_eq!((&one["index"], &one["embedding"]), (&json!(index), &json!(vector(index + 1))));
    }
    let mut sizes = client.sizes.lock().unwrap().clone();
    sizes.sort_unstable();
    assert_eq!(sizes, [[34].as_slice(), &[100; 12]].concat());
    assert_eq!(client.most.load(Ordering::SeqCst), 4);
    assert_eq!(body["usage"], json!({"prompt_tokens": 1234, "total_tokens": 1234}));
    assert!(!reply.disclosure.usage_estimated);
}

#[test]
fn all_fail_if_one_batch_fails() {
    for refused in [1, 201, 501] {
        let error = embed(&Arc::new(Batches { refused: Some(refused), ..Batches::default() }), 600).unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::RateLimited, "rate_limit_exceeded"));
    }
}

#[test]
fn tokens_that_nobody_counted_are_estimated_and_named_so() {
    let reply = embed(&Arc::new(Batches::default()), 120).unwrap();
    assert!(reply.disclosure.usage_estimated);
    assert_eq!(body_of(&reply)["usage"]["prompt_tokens"], 120);
}
