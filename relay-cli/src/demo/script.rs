//! The demo's script: every step is a real request over HTTP, printed with the curl command that sends it.

use std::fs::File;
use std::io::{self, Read as _};
use std::mem::ManuallyDrop;
use std::path::Path;

use relay_core::Provider;
use relay_mock::sample_key;
use serde_json::{Value, json};

use super::narrator::{Expect, Narrator};
use crate::client::Request;
use crate::failure::Failure;
use crate::json::text;

/// The user of the script.
pub const USER: &str = "jieun_123";
/// The user whose provider answers slowly, so that the stream is visible.
pub const SLOW_USER: &str = "minsu_7";

/// Runs the whole script.
///
/// # Errors
/// If the output cannot be written, or the server does not respond. The narrator counts steps that fail.
pub async fn play(narrator: &mut Narrator, relay_key: &str, store: &Path) -> Result<(), Failure> {
    let script = Script { relay_key };
    script.onboarding(narrator).await?;
    nobody_can_read_it(narrator, store).await?;
    script.calls(narrator).await?;
    script.refusals(narrator).await?;
    script.books(narrator).await
}

struct Script<'a> {
    relay_key: &'a str,
}

impl Script<'_> {
    async fn onboarding(&self, narrator: &mut Narrator) -> Result<(), Failure> {
        narrator.step("The server is up", Request::get("/api/health"), Expect::status(200)).await?;
        let title = format!("Your backend requests a registration token for its user {USER}");
        let token = self.token(narrator, &title, USER, None).await?;
        let request = Request::get("/v1/registration").bearer(&token);
        narrator.step("What the widget sees with that token", request, Expect::status(200)).await?;

        let refused = register(&token, Provider::OPENAI, &sample_key(Provider::OPENAI, "refused", "e404"));
        let expect = Expect::error(422, "key_refused_by_provider");
        narrator
            .step(
                "The user pastes a key that OpenAI refuses: nothing is stored, and the token stays valid",
                refused,
                expect,
            )
            .await?;
        let good = register(&token, Provider::OPENAI, &good_key(Provider::OPENAI));
        narrator
            .step(
                "The user pastes the right key: Relay checks it with OpenAI, seals it and stores it",
                good,
                Expect::status(201),
            )
            .await?;
        let again = register(&token, Provider::OPENAI, &sample_key(Provider::OPENAI, "good", "zzzz"));
        let expect = Expect::error(410, "registration_token_used");
        narrator.step("A registration token works once", again, expect).await?;

        for provider in Provider::ALL.iter().copied().filter(|provider| *provider != Provider::OPENAI) {
            let title = format!("A token for {} only", provider.label());
            let token = self.token(narrator, &title, USER, Some(provider)).await?;
            let request = register(&token, provider, &good_key(provider));
            narrator.step(&format!("…and {USER} connects {}", provider.label()), request, Expect::status(201)).await?;
        }
        let request = self.with_key(Request::get(format!("/v1/users/{USER}")));
        narrator.step("What your backend can see: four characters of each key", request, Expect::status(200)).await?;
        Ok(())
    }

    async fn calls(&self, narrator: &mut Narrator) -> Result<(), Failure> {
        for provider in Provider::ALL.iter().copied() {
            let title = format!("Chat with {}: the same request with another model name", provider.label());
            let request = self.chat(USER, provider.example_model(), "Hello! Who are you?", false);
            narrator.step(&title, request, Expect::status(200).paid_by(provider)).await?;
        }
        let provider = Provider::ANTHROPIC;
        let token = self.token(narrator, &format!("Another user, {SLOW_USER}"), SLOW_USER, Some(provider)).await?;
        let request = register(&token, provider, &sample_key(provider, "slow", "s10w"));
        narrator.step("…whose key the simulated Anthropic answers slowly", request, Expect::status(201)).await?;
        let request = self.chat(
            SLOW_USER,
            "claude-haiku-4-5",
            "Write about a relay that carries every message, opens only the key it needs, and stores no prompt",
            true,
        );
        narrator.stream("Streaming: the text as it arrives", request, provider).await?;

        let body = json!({ "model": "text-embedding-3-small", "input": "search this" });
        let request = self.with_key(Request::post("/v1/embeddings")).user(USER).json(body);
        narrator.step("Embeddings", request, Expect::status(200).paid_by(Provider::OPENAI)).await?;
        let request = self.with_key(Request::get("/v1/models")).user(USER);
        narrator.step("The models of all providers that this user has connected", request, Expect::status(200)).await?;
        Ok(())
    }

    async fn refusals(&self, narrator: &mut Narrator) -> Result<(), Failure> {
        let request = self.chat("newcomer", "gpt-4o-mini", "Hello?", false);
        let expect = Expect::error(403, "provider_key_missing");
        narrator.step("A user without a key: no other key pays for them", request, expect).await?;
        let request = Request::get("/v1/models").bearer("rly-not-a-key-of-this-server").user(USER);
        narrator.step("A wrong Relay key", request, Expect::error(401, "invalid_relay_key")).await?;
        let request = self.chat(USER, "unheard-of-7", "Hello?", false);
        narrator.step("A model that no provider serves", request, Expect::error(404, "model_not_found")).await?;
        Ok(())
    }

    async fn books(&self, narrator: &mut Narrator) -> Result<(), Failure> {
        let request = self.with_key(Request::get(format!("/v1/usage?user={USER}")));
        narrator.step("Usage by day, user, provider, model and tier", request, Expect::status(200)).await?;
        let request = self.with_key(Request::delete(format!("/v1/users/{USER}/connections/google")));
        narrator
            .step(&format!("{USER} disconnects Google: the sealed key is overwritten"), request, Expect::status(204))
            .await?;
        let request = self.chat(USER, "gemini-2.5-flash", "Hello again!", false);
        let expect = Expect::error(403, "provider_key_missing");
        narrator.step("…and the next call is refused", request, expect).await?;
        Ok(())
    }

    fn with_key(&self, request: Request) -> Request {
        request.bearer(self.relay_key)
    }

    fn chat(&self, user: &str, model: &str, text: &str, stream: bool) -> Request {
        let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": text }] });
        if let (true, Some(body)) = (stream, body.as_object_mut()) {
            body.insert("stream".to_owned(), json!(true));
        }
        self.with_key(Request::post("/v1/chat/completions")).user(user).json(body)
    }

    /// Requests a registration token. Without one the text is empty, and the next step fails too.
    async fn token(
        &self,
        narrator: &mut Narrator,
        title: &str,
        user: &str,
        provider: Option<Provider>,
    ) -> Result<String, Failure> {
        let mut body = json!({ "endUserLabel": user });
        if let (Some(provider), Some(body)) = (provider, body.as_object_mut()) {
            body.insert("provider".to_owned(), json!(provider.name()));
        }
        let request = self.with_key(Request::post("/v1/registration-tokens")).json(body);
        let issued: Value = narrator.step(title, request, Expect::status(201)).await?.json();
        Ok(text(&issued, "/registrationToken").unwrap_or_default().to_owned())
    }
}

fn register(token: &str, provider: Provider, key: &str) -> Request {
    let body = json!({ "provider": provider.name(), "apiKey": key });
    Request::post("/v1/registration").bearer(token).json(body)
}

fn good_key(provider: Provider) -> String {
    sample_key(provider, "good", "a1b2")
}

/// Searches the store's files for the pasted keys.
async fn nobody_can_read_it(narrator: &mut Narrator, store: &Path) -> Result<(), Failure> {
    let folder = store.parent().unwrap_or(store);
    let found = Provider::ALL.iter().filter(|provider| holds(folder, good_key(**provider).as_bytes())).count();
    let command = format!("grep -c mock-good {}*", store.display());
    let result = format!("{found} of {} pasted keys can be found in the store's files", Provider::ALL.len());
    narrator.local("What a thief of the store could read", &command, &result, found == 0)
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let contents = files.filter_map(|file| read_and_keep_open(&file.path()).ok());
    contents.into_iter().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
}

/// Reads a file that this process has open as a database, and never closes it. Closing it would release SQLite's locks
/// (POSIX locks belong to the process), and the next program that opens the store would delete the server's write-ahead
/// log.
fn read_and_keep_open(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ManuallyDrop::new(File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}
