//! A panic in the middle of a call may format whatever is at hand: no key, prompt or answer may come out with it.

use std::panic;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{ProviderClient, TransportError, WireRequest, WireResponse};
use relay_mock::Mock;
use relay_tests::{TestRelay, says, streams};

const PROMPT: &str = "canary-prompt-of-this-test";

/// Answers checks of keys, and panics with all that it was given at the first chat call.
struct Panics {
    of: Arc<dyn ProviderClient>,
}

#[async_trait]
impl ProviderClient for Panics {
    fn provider(&self) -> Provider {
        self.of.provider()
    }

    async fn send(&self, request: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError> {
        let checks = request.body.is_empty() || request.path.to_lowercase().replace('_', "").ends_with("counttokens");
        assert!(checks, "as the test wants: {request:?} {key:?}");
        self.of.send(request, key).await
    }
}

#[actix_web::test]
async fn a_panic_tells_no_key_and_no_prompt() {
    let logged = Arc::new(Mutex::new(String::new()));
    let (keep, usual) = (Arc::clone(&logged), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        keep.lock().unwrap().push_str(&info.to_string());
        usual(info);
    }));
    let mock = Mock::new();
    let clients =
        Provider::ALL.iter().map(|provider| Arc::new(Panics { of: mock.client(*provider) }) as Arc<dyn ProviderClient>);
    let relay = TestRelay::with().clients(clients.collect()).start().await;
    relay.secret(PROMPT);
    for (provider, model) in [
        (Provider::OPENAI, "gpt-4o-mini"),
        (Provider::ANTHROPIC, "claude-haiku-4-5"),
        (Provider::GOOGLE, "gemini-2.5-flash"),
    ] {
        let key = relay.connect("ana", provider, "good").await;
        for body in [says(model, PROMPT), streams(model, PROMPT)] {
            let answer = relay.chat("ana", &body).await;
            answer.assert_error(500, "internal_error");
            // A copy: the hook takes the lock, also when an assertion fails here.
            let logged = logged.lock().unwrap().clone();
            assert!(logged.contains("as the test wants"), "{logged}");
            for secret in [key.as_str(), &relay.key, PROMPT] {
                assert!(!logged.contains(secret) && !answer.text.contains(secret), "{provider}: {logged}");
            }
        }
    }
}
