//! `POST /v1/registration-tokens`

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use actix_web::web::Payload;
use relay_core::domain::ids::EndUser;
use relay_core::domain::{Allowed, EndUserName, Scope};
use relay_core::relay::registration_tokens::{DEFAULT_TOKEN_SECONDS, Idempotency, TokenRequest};
use relay_core::translation::json::Object;
use relay_core::{Provider, RelayError};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::headers;
use crate::http::request::body;
use crate::http::request::extract;
use crate::http::request::members::known_members_only;
use crate::http::response::json::json;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issued<'a> {
    registration_token: &'a str,
    end_user_label: &'a str,
    end_user_name: Option<&'a str>,
    provider: Option<&'static str>,
    expires_at: String,
    connect_url: String,
}

/// Issues a token with which one end user can connect one key.
pub(crate) async fn issue(request: HttpRequest, payload: Payload) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let access = extract::access(&request, &context, Scope::Tokens).await?;
    let state = context.state();
    // Before a token is made that nobody could use.
    let public_url = state.public.url()?;
    let reserved = state.budget.reserve(&access.project.id, None);
    let body = body::json(&request, payload, state.limits.token_body, &context, reserved).await?;
    let asked = parse(&body.bytes)?;
    let idempotency = idempotency(request.headers(), &body.bytes)?;
    let issued = state.relay.issue_token(&access.project, asked, idempotency).await?;
    let token = issued.token.expose();
    Ok(json(
        201,
        &Issued {
            registration_token: token,
            end_user_label: issued.grant.user.as_str(),
            end_user_name: issued.grant.user_name.as_ref().map(EndUserName::as_str),
            provider: match issued.grant.allowed {
                Allowed::Any => None,
                Allowed::Only(provider) => Some(provider.name()),
            },
            expires_at: issued.grant.expires_at.to_string(),
            // The token is in the fragment, which no server and no log ever sees.
            connect_url: format!("{public_url}/connect?grant={}#{token}", issued.hash.to_hex()),
        },
    ))
}

fn parse(body: &[u8]) -> Result<TokenRequest, RelayError> {
    let object = Object::parse(body)?;
    known_members_only(
        &object,
        &["endUserLabel", "user", "endUserName", "provider", "expiresInSeconds", "allowedOrigins", "replace"],
    )?;
    let seconds = object.integer("expiresInSeconds")?.map_or(Some(DEFAULT_TOKEN_SECONDS), |n| u64::try_from(n).ok());
    let mut request = TokenRequest::new(user(&object)?);
    let name = object.text("endUserName")?.map(|name| EndUserName::parse(&name)).transpose();
    request.user_name = name.map_err(|error| RelayError::invalid_value("endUserName", error.0))?.flatten();
    if let Some(name) = object.text("provider")? {
        let provider = Provider::from_name(&name).ok_or_else(|| extract::unknown_provider("provider"))?;
        request.allowed = Allowed::Only(provider);
    }
    // A number out of range, which the core refuses.
    request.seconds = seconds.unwrap_or(0);
    request.allowed_origins = object.read("allowedOrigins", "an array of strings")?.unwrap_or_default();
    request.replace = object.flag("replace")?.unwrap_or(true);
    Ok(request)
}

/// `endUserLabel`, or `user`, which the SDK sends.
fn user(object: &Object<'_>) -> Result<EndUser, RelayError> {
    let (label, user) = (object.text("endUserLabel")?, object.text("user")?);
    if let (Some(label), Some(user)) = (&label, &user)
        && label != user
    {
        return Err(RelayError::invalid_value(
            "user",
            "`endUserLabel` and `user` name different users; send only one of them",
        ));
    }
    let param = if label.is_some() || user.is_none() { "endUserLabel" } else { "user" };
    let missing = || RelayError::missing_user(param, "`endUserLabel` is missing; send your id of the user");
    let text = label.or(user).ok_or_else(missing)?;
    EndUser::parse(&text).map_err(|error| RelayError::invalid_user(param, error.0))
}

/// `Idempotency-Key`, if there is one.
fn idempotency(headers: &HeaderMap, body: &[u8]) -> Result<Option<Idempotency>, RelayError> {
    let invalid =
        || RelayError::invalid_value("Idempotency-Key", "`Idempotency-Key` must be 1 to 255 visible ASCII characters");
    let mut values = headers.get_all(&headers::IDEMPOTENCY_KEY);
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().map_err(|_| invalid())?;
    let good = (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) && values.next().is_none();
    if !good {
        return Err(invalid());
    }
    Ok(Some(Idempotency { key: key.to_owned(), request: Sha256::digest(body).into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_may_be_sent_under_two_names_with_one_value() {
        for good in [r#"{"endUserLabel":"ana"}"#, r#"{"user":"ana"}"#, r#"{"user":"ana","endUserLabel":"ana"}"#] {
            assert_eq!(parse(good.as_bytes()).unwrap().user.as_str(), "ana", "{good}");
        }
        for (bad, code, param) in [
            ("{}", "missing_user", "endUserLabel"),
            (r#"{"user":null}"#, "missing_user", "endUserLabel"),
            (r#"{"user":"a","endUserLabel":"b"}"#, "invalid_value", "user"),
            (r#"{"user":"a b"}"#, "invalid_user", "user"),
            (r#"{"endUserLabel":""}"#, "invalid_user", "endUserLabel"),
            (r#"{"endUserLabel":7}"#, "invalid_value", "endUserLabel"),
        ] {
            let error = parse(bad.as_bytes()).unwrap_err();
            assert_eq!((error.code(), error.param()), (code, Some(param)), "{bad}");
        }
    }

    #[test]
    fn unknown_and_invalid_members_are_refused() {
        for (bad, param) in [
            (r#"{"user":"a","ttl":5}"#, "ttl"),
            (r#"{"user":"a","user":"b"}"#, "user"),
            (r#"{"user":"a","provider":"nobody"}"#, "provider"),
            (r#"{"user":"a","replace":"no"}"#, "replace"),
            (r#"{"user":"a","endUserName":["b"]}"#, "endUserName"),
            (&format!(r#"{{"user":"a","endUserName":"{}"}}"#, "b".repeat(81)), "endUserName"),
            (r#"{"user":"a","expiresInSeconds":1.5}"#, "expiresInSeconds"),
            (r#"{"user":"a","allowedOrigins":"https://a.example"}"#, "allowedOrigins"),
        ] {
            let error = parse(bad.as_bytes()).unwrap_err();
            assert_eq!(error.param(), Some(param), "{bad}");
        }
    }
}
