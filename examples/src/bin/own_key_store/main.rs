//! A key store of your own, held to the suite that every key store must pass.
//!
//! [`store::JsonFile`] keeps everything in one JSON file: enough to see what a [`KeyStore`](relay_core::ports::KeyStore) owes, and fine for a few hundred
//! users. `rows` says how its rows look. Run it with `cargo run -p relay-examples --bin own_key_store`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod rows;
mod store;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use relay_adapters::memory::Memory;
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::ids::EndUser;
use relay_core::domain::secret::ProviderKey;
use relay_core::domain::{AccountIds, UsageEvent};
use relay_core::ports::UsageSink;
use relay_core::{Ports, Provider, Relay, ReplyBody, conformance};
use relay_examples::embedded;
use relay_mock::{Mock, sample_key};

use store::JsonFile;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new()?;

    conformance::key_store(&JsonFile::open(folder.path("suite.json"))?).await;
    println!("the store passes relay_core::conformance::key_store");

    let master_keys = MasterKeys::new(vec![MasterKey::generate()?])?;
    let path = folder.path("keys.json");
    let ana = EndUser::parse("ana")?;
    let key = sample_key(Provider::OPENAI, "good", "ana1");

    let (relay, _) = relay_on(JsonFile::open(path.clone())?, &master_keys)?;
    let project = embedded::project(&relay, "Notes").await?;
    relay
        .connect(&project, ana.clone(), Provider::OPENAI, ProviderKey::parse(key.clone())?, AccountIds::default())
        .await?;
    drop(relay);
    let written = std::fs::read_to_string(&path)?;
    println!("ana's key is in the file in the clear: {}", written.contains(&key));

    // Another process, later: the same file, the same master key.
    let (relay, metered) = relay_on(JsonFile::open(path)?, &master_keys)?;
    let project = embedded::project(&relay, "Notes").await?;
    println!("after a restart: {}", say_hello(&relay, embedded::caller(&relay, &project, ana.clone())).await?);
    println!("metered: {:?}", metered.0.lock().map_err(|_| "poisoned")?);

    relay.erase_user(&project, &ana).await?;
    let error = say_hello(&relay, embedded::caller(&relay, &project, ana)).await.err();
    println!("after ana was erased: {}", error.map(|error| error.to_string()).unwrap_or_default());
    Ok(())
}

/// Relay with our store for keys. Projects stay in memory: this program has one, and makes it at each start.
fn relay_on(store: JsonFile, master_keys: &MasterKeys) -> Result<(Relay, Arc<Metered>), Box<dyn Error>> {
    let (store, memory) = (Arc::new(store), Arc::new(Memory::default()));
    let metered = Arc::new(Metered::default());
    let mock = Mock::new();
    let providers = Provider::ALL.iter().map(|provider| mock.client(*provider)).collect();
    let (cipher, tokens) = (Arc::new(RingCipher::new(master_keys)?), Arc::new(RingIssuer::new(master_keys)?));
    let mut ports = Ports::with_store(memory, cipher, tokens, Arc::new(SystemClock), providers);
    ports.key_store = store.clone();
    ports.users = store;
    ports.usage = metered.clone();
    let relay = Relay::new(ports);
    Ok((relay, metered))
}

/// Usage for a metering of your own. It must not block: here it only remembers one line a call.
///
/// Who keeps usage apart from the keys must also erase it with the user: `Users::delete_user` can't reach it.
#[derive(Default)]
struct Metered(Mutex<Vec<String>>);

impl UsageSink for Metered {
    fn record(&self, event: UsageEvent) {
        let tokens = event.tokens.prompt() + event.tokens.output;
        if let Ok(mut lines) = self.0.lock() {
            lines.push(format!("{} {} {tokens} tokens", event.user, event.model().unwrap_or("no model")));
        }
    }

    fn dropped(&self) -> u64 {
        0
    }
}

async fn say_hello(relay: &Relay, caller: relay_core::Caller) -> Result<String, Box<dyn Error>> {
    let body = Bytes::from_static(br#"{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello!"}]}"#);
    let reply = relay.prepare_chat(&caller, body).await?.send().await?;
    let ReplyBody::Whole(body) = reply.body else { return Err("a stream, although nobody asked for one".into()) };
    let body: serde_json::Value = serde_json::from_slice(&body)?;
    Ok(body.pointer("/choices/0/message/content").and_then(|text| text.as_str()).unwrap_or_default().to_owned())
}

/// A folder of this run, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("relay-own-key-store-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::join(&self.0, name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
