//! Visitors in every situation that a token or a user can be in.

use relay_adapters::system_clock::SystemClock;
use relay_core::Provider;
use relay_core::domain::Grant;
use relay_core::domain::ids::EndUser;
use relay_core::ports::{Clock as _, TokenIssuer as _};
use relay_mock::sample_key;
use serde::Deserialize;
use serde_json::{Value, json};

use super::backend::App;
use crate::client::Request;
use crate::failure::Failure;
use crate::json::text;

/// The situation of a visitor.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Case {
    /// No key is connected.
    Fresh,
    /// Keys for OpenAI and Anthropic are connected.
    Connected,
    /// The same, and the token may not replace them.
    Kept,
    /// The token has expired.
    Expired,
    /// The token was used.
    Used,
    /// The token is for another page.
    Elsewhere,
}

/// The app's own id of a visitor.
pub(super) fn label(visitor: u64) -> String {
    format!("visitor_{visitor}")
}

impl App {
    /// Brings a new visitor into a situation, and returns the token for their page.
    pub(super) async fn prepare(&self, visitor: u64, case: Case, provider: Option<&str>) -> Result<Value, Failure> {
        match case {
            Case::Fresh | Case::Elsewhere => {}
            Case::Expired => return self.expired(visitor).await,
            Case::Connected | Case::Kept => {
                for provider in [Provider::OPENAI, Provider::ANTHROPIC] {
                    let token = self.token(visitor, Case::Fresh, None).await?;
                    self.connect(&token, provider).await?;
                }
            }
            Case::Used => {
                let token = self.token(visitor, case, None).await?;
                self.connect(&token, Provider::OPENAI).await?;
                return Ok(token);
            }
        }
        self.token(visitor, case, provider).await
    }

    /// Requests a registration token from Relay.
    pub(super) async fn token(&self, visitor: u64, case: Case, provider: Option<&str>) -> Result<Value, Failure> {
        let origin = if case == Case::Elsewhere { "https://another-app.example" } else { &self.origin };
        let body = json!({
            "endUserLabel": label(visitor),
            "provider": provider,
            "allowedOrigins": [origin],
            "replace": case != Case::Kept,
        });
        let request = Request::post("/v1/registration-tokens").bearer(&self.key).json(body);
        self.relay.call(&request).await?.ok()
    }

    /// Connects a good key in place of the widget, without a page.
    async fn connect(&self, token: &Value, provider: Provider) -> Result<(), Failure> {
        let token = text(token, "/registrationToken").unwrap_or_default();
        let body = json!({ "provider": provider.name(), "apiKey": sample_key(provider, "good", "a1b2") });
        let request = Request::post("/v1/registration").bearer(token).json(body);
        self.relay.call(&request).await?.ok().map(drop)
    }

    /// A ten-minute token that was issued eleven minutes ago. No API call can create one.
    async fn expired(&self, visitor: u64) -> Result<Value, Failure> {
        let token = self.issuer.registration_token().map_err(Failure::failed)?;
        let hash =
            self.issuer.hash_registration_token(&token).ok_or_else(|| Failure::failed("a token is malformed"))?;
        let now = SystemClock.now();
        let ago = |seconds: u64| relay_core::domain::ids::Timestamp(now.0.saturating_sub(seconds * 1000));
        let user = EndUser::parse(&label(visitor)).map_err(Failure::failed)?;
        let mut grant = Grant::new(self.project.clone(), user, ago(660), ago(60));
        grant.allowed_origins = vec![self.origin.clone()];
        self.store.put_grant(&hash, grant, None).await.map_err(Failure::failed)?;
        Ok(json!({ "registrationToken": token.expose() }))
    }
}
