//! `/v1/registration` and the routes below it, which the widget's frame calls.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use data_encoding::HEXLOWER;
use relay_core::domain::secret::{ProviderKey, RegistrationToken};
use relay_core::domain::trail::Actor;
use relay_core::domain::{AccountIds, Allowed, EndUserName, Grant, NotAKey, SecretHash};
use relay_core::relay::registration::{Registration, TokenStatus};
use relay_core::translation::json::Object;
use relay_core::{Provider, RelayError};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::http::context::RequestContext;
use crate::http::error::{ApiResult, cause_of};
use crate::http::request::body;
use crate::http::request::extract::{self, CallingPage};
use crate::http::request::members::known_members_only;
use crate::http::response::json::json;
use crate::routes::connection::ShownConnection;

/// The index of the provider in `/v1/registration/connections/{provider}`.
const PROVIDER: usize = 3;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    account: String,
    project_name: &'a str,
    end_user_label: &'a str,
    end_user_name: Option<&'a str>,
    logo_url: Option<String>,
    status: &'static str,
    stored: Option<ShownConnection>,
    provider: Option<&'static str>,
    replace: bool,
    expires_at: String,
    frame_only: bool,
    allowed_origins: &'a [String],
    return_url: Option<&'a str>,
    providers: Vec<ShownProvider>,
    known_providers: Vec<KnownProvider>,
    connections: Vec<ShownConnection>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownProvider {
    name: &'static str,
    label: &'static str,
    mark: &'static str,
    subscription: &'static str,
    key_placeholder: &'static str,
    key_url: &'static str,
    billing_url: &'static str,
    key_prefixes: &'static [&'static str],
}

/// A provider's name and the prefixes of its keys.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KnownProvider {
    name: &'static str,
    label: &'static str,
    mark: &'static str,
    key_prefixes: &'static [&'static str],
}

/// What the widget needs to draw itself.
pub(crate) async fn show(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let (token, access) = extract::registration_token(&request, &context).await?;
    let return_url = extract::query(&request, "returnUrl")?;
    let resume = match extract::query(&request, "resume")?.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(RelayError::invalid_value("resume", "`resume` must be `true` or `false`").into()),
    };
    let page = extract::page(&request, &context);
    let (relay, page) = (&context.state().relay, page.as_ref().map(CallingPage::as_page));
    let registration =
        if resume { relay.resume_registration(&token, page).await? } else { relay.registration(&token, page).await? };
    Ok(json(200, &shown(&registration, access.hash(), return_url.as_deref())))
}

fn shown<'a>(registration: &'a Registration, token: SecretHash, return_url: Option<&'a str>) -> Shown<'a> {
    let Registration { project, grant, providers, connections, status } = registration;
    let (status, stored) = match status {
        TokenStatus::Open => ("open", None),
        TokenStatus::Used(stored) => ("used", stored.clone()),
        _ => ("expired", None),
    };
    Shown {
        end_user_name: grant.user_name.as_ref().map(EndUserName::as_str),
        // By the token's hash, as in the frame's own address: a page does not learn the project's id.
        logo_url: project.policy.logo.as_ref().map(|_| format!("/logo?grant={}", token.to_hex())),
        status,
        stored: stored.map(ShownConnection::from),
        account: account_of(grant),
        project_name: &project.name,
        end_user_label: grant.user.as_str(),
        provider: match grant.allowed {
            Allowed::Any => None,
            Allowed::Only(provider) => Some(provider.name()),
        },
        replace: grant.replace,
        expires_at: grant.expires_at.to_string(),
        frame_only: project.policy.frame_only,
        allowed_origins: &project.policy.allowed_origins,
        return_url: return_url.filter(|url| project.returns_to(url)),
        providers: providers.iter().copied().map(shown_provider).collect(),
        known_providers: Provider::ALL.iter().copied().map(known_provider).collect(),
        connections: connections.iter().map(ShownConnection::from).collect(),
    }
}

/// The id of the account that a key is for: two projects may have the same name, and the same label means another user in
/// each. A hash, so that a page does not learn the project's id; a project's ids have one length, so no two accounts
/// have the same text.
fn account_of(grant: &Grant) -> String {
    let digest = Sha256::new().chain_update("relay.account.v1").chain_update(grant.project.as_str());
    HEXLOWER.encode(&digest.chain_update(grant.user.as_str()).finalize())
}

fn shown_provider(provider: Provider) -> ShownProvider {
    ShownProvider {
        name: provider.name(),
        label: provider.label(),
        mark: provider.mark(),
        subscription: provider.subscription(),
        key_placeholder: provider.key_placeholder(),
        key_url: provider.key_url(),
        billing_url: provider.billing_url(),
        key_prefixes: provider.key_prefixes(),
    }
}

fn known_provider(provider: Provider) -> KnownProvider {
    KnownProvider {
        name: provider.name(),
        label: provider.label(),
        mark: provider.mark(),
        key_prefixes: provider.key_prefixes(),
    }
}

/// Checks a key with its provider, stores it and spends the token.
pub(crate) async fn register(request: HttpRequest, payload: Payload) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let (token, access) = extract::registration_token(&request, &context).await?;
    let page = extract::page(&request, &context);
    let page = page.as_ref().map(CallingPage::as_page);
    let state = context.state();
    state.relay.may_register(&access, page)?;
    let reserved = state.budget.reserve(access.project(), Some(access.hash()));
    let body = body::json(&request, payload, state.limits.registration_body, &context, reserved).await?;
    let (provider, key, ids) = parse(&body.bytes)?;
    // The core says which token it was.
    let registered = context.relay_by(Actor::EndUser).register(&token, page, provider, key, ids).await?;
    if let Some((cause, cause_word)) = registered.unchecked.as_deref().and_then(cause_of) {
        tracing::warn!(provider = provider.name(), cause_word, cause, "a key was stored unchecked");
    }
    Ok(json(201, &ShownConnection::from(registered)))
}

/// Moves what the token allows to one that the caller has made.
pub(crate) async fn exchange(request: HttpRequest, payload: Payload) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let (token, access) = extract::registration_token(&request, &context).await?;
    let page = extract::page(&request, &context);
    let state = context.state();
    let reserved = state.budget.reserve(access.project(), Some(access.hash()));
    let body = body::json(&request, payload, state.limits.registration_body, &context, reserved).await?;
    let successor = parse_successor(&body.bytes)?;
    state.relay.exchange_token(&token, page.as_ref().map(CallingPage::as_page), &successor).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn parse_successor(body: &[u8]) -> Result<RegistrationToken, RelayError> {
    let object = Object::parse(body)?;
    known_members_only(&object, &["successor"])?;
    let text =
        object.text("successor")?.ok_or_else(|| RelayError::invalid_value("successor", "`successor` is missing"))?;
    Ok(RegistrationToken::new(text.into_owned()))
}

/// Deletes the user's key at the user's request. The token stays usable.
pub(crate) async fn disconnect(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let (token, _) = extract::registration_token(&request, &context).await?;
    let provider = extract::path_provider(&request, PROVIDER)?;
    let page = extract::page(&request, &context);
    let page = page.as_ref().map(CallingPage::as_page);
    context.relay_by(Actor::EndUser).disconnect_with_token(&token, page, provider).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn parse(body: &[u8]) -> Result<(Provider, ProviderKey, AccountIds), RelayError> {
    let object = Object::parse(body)?;
    known_members_only(&object, &["provider", "apiKey", "workspaceId", "organizationId", "projectId"])?;
    let missing = |name: &'static str| RelayError::invalid_value(name, format!("`{name}` is missing"));
    let provider = object.text("provider")?.ok_or_else(|| missing("provider"))?;
    let provider = Provider::from_name(&provider).ok_or_else(|| extract::unknown_provider("provider"))?;
    let key: Zeroizing<String> = Zeroizing::new(object.text("apiKey")?.ok_or_else(|| missing("apiKey"))?.into_owned());
    let key = ProviderKey::parse(key.as_str().to_owned()).map_err(|error| match NotAKey::find(&key) {
        Some(other) => RelayError::not_a_key(provider, other),
        None => RelayError::invalid_value("apiKey", error.to_string()).with_provider(provider),
    })?;
    let id = |name: &'static str| -> Result<Option<String>, RelayError> {
        Ok(object.text(name)?.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()))
    };
    let mut ids = AccountIds::default();
    ids.workspace = id("workspaceId")?;
    ids.organization = id("organizationId")?;
    ids.project = id("projectId")?;
    Ok((provider, key, ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_in_the_error_about_it() {
        for bad in [
            r#"{"provider":"openai","apiKey":"sk-secret secret"}"#,
            r#"{"provider":"openai","apiKey":["sk-secret"]}"#,
            r#"{"provider":"sk-secret","apiKey":"x"}"#,
            r#"{"provider":"openai","apiKey":"sk-secret","apiKey":"sk-secret"}"#,
            r#"{"provider":"openai","apiKey":"sk-secret""#,
            r#"{"provider":"openai","sk-secret":"x"}"#,
            r#"{"provider":"openai","sk-secret":"x","sk-secret":"x"}"#,
            r#"{"provider":"openai"}"#,
        ] {
            let error = parse(bad.as_bytes()).unwrap_err();
            assert!(!format!("{error:?}").contains("secret"), "{bad}: {error:?}");
        }
    }
}
