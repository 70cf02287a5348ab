//! Parses headers, paths and queries into checked types.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use percent_encoding::percent_decode_str;
use relay_core::domain::ids::{EndUser, Tier};
use relay_core::domain::secret::{RegistrationToken, RelayKey};
use relay_core::domain::{KeyedProject, Scope, TraceParent};
use relay_core::relay::page::Page;
use relay_core::relay::token_access::TokenAccess;
use relay_core::{Caller, Class, Provider, RelayError};

use crate::http::context::RequestContext;
use crate::http::cors::Readers;
use crate::http::headers;
use crate::http::request::address::client_address;

/// Authenticates the Relay key, and checks that it has this scope.
///
/// # Errors
/// `invalid_relay_key`, `scope_missing`, `too_many_refusals`.
pub(crate) async fn access(
    request: &HttpRequest,
    context: &RequestContext,
    scope: Scope,
) -> Result<KeyedProject, RelayError> {
    let state = context.state();
    // A request without a valid header gets exactly the same response as one with a wrong key.
    let key = RelayKey::new(bearer(request.headers()).unwrap_or_default().to_owned());
    match state.relay.authenticate(&key, scope).await {
        Ok(access) => {
            context.set_project(&access.project.id);
            Ok(access)
        }
        Err(error) if state.relay.ports().tokens.hash_relay_key(&key).is_none() => {
            Err(malformed_credential(request, context, error))
        }
        Err(error) => Err(error),
    }
}

/// Counts a malformed credential against the client's address.
fn malformed_credential(request: &HttpRequest, context: &RequestContext, error: RelayError) -> RelayError {
    if error.class() != Class::Unauthenticated {
        return error;
    }
    let state = context.state();
    match client_address(request, &state.trusted_proxies).and_then(|address| state.throttle.refuse(address)) {
        Some(limited) => limited,
        None => error,
    }
}

/// The caller of an inference route: project, Relay key, user and tier.
///
/// # Errors
/// Those of [`access`]; `missing_user`, `invalid_user`, `invalid_value` for `X-Relay-Paid`.
pub(crate) async fn caller(request: &HttpRequest, context: &RequestContext) -> Result<Caller, RelayError> {
    let KeyedProject { project, key, .. } = access(request, context, Scope::Inference).await?;
    let user = user(request.headers())?;
    let tier = tier(request.headers())?;
    let mut caller = Caller::new(project, user, context.id());
    (caller.relay_key, caller.tier) = (Some(key.hash), tier);
    caller.trace = trace_parent(request.headers());
    let now = context.state().relay.ports().clock.micros();
    (caller.arrived, caller.authenticated) = (Some(now.saturating_sub(context.age_micros())), Some(now));
    Ok(caller)
}

/// The registration token of a request from the widget, which Relay knows: form and checksum first, then its grant.
/// From then on the token's project decides which pages may read the response.
///
/// # Errors
/// `invalid_registration_token`, `too_many_refusals`.
pub(crate) async fn registration_token(
    request: &HttpRequest,
    context: &RequestContext,
) -> Result<(RegistrationToken, TokenAccess), RelayError> {
    let relay = &context.state().relay;
    let token = RegistrationToken::new(bearer(request.headers()).unwrap_or_default().to_owned());
    match relay.token_access(&token).await {
        Ok(access) => {
            context.set_project(access.project());
            context.set_readers(Readers::of(&access.origins(), request.headers()));
            Ok((token, access))
        }
        Err(error) if relay.ports().tokens.hash_registration_token(&token).is_none() => {
            Err(malformed_credential(request, context, error))
        }
        Err(error) => Err(error),
    }
}

/// The page that a request with a registration token comes from.
pub(crate) struct CallingPage<'a> {
    origin: Cow<'a, str>,
    framed: bool,
}

impl CallingPage<'_> {
    pub(crate) fn as_page(&self) -> Page<'_> {
        Page { origin: &self.origin, framed: self.framed }
    }
}

/// The page that a call comes from, which the browser names in `Origin`. Relay's own pages name the page that embeds
/// them in `X-Relay-Page-Origin`. Relay ignores that header from other pages.
pub(crate) fn page<'a>(request: &'a HttpRequest, context: &RequestContext) -> Option<CallingPage<'a>> {
    let (headers, public) = (request.headers(), context.state().public.origin());
    let text = |value: &'a HeaderValue| String::from_utf8_lossy(value.as_bytes());
    // Compared with the request's own host, because Relay may be reachable under several names.
    let same_origin = headers.get(&headers::FETCH_SITE).is_some_and(|site| site == "same-origin");
    let origin = headers.get(ORIGIN).map(text);
    if let Some(origin) = &origin
        && !same_origin
        && origin != public
    {
        return Some(CallingPage { origin: origin.clone(), framed: false });
    }
    let named = match only(headers, &headers::PAGE_ORIGIN) {
        Ok(named) => text(named?),
        // Two values match no list.
        Err(()) => Cow::Borrowed(""),
    };
    let own = named == public || (same_origin && (origin.as_ref() == Some(&named) || is_host(headers, &named)));
    (!own).then_some(CallingPage { origin: named, framed: true })
}

/// Whether an origin has the host, and the port, that the request was sent to.
fn is_host(headers: &HeaderMap, origin: &str) -> bool {
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    host.is_some_and(|host| headers.get(HOST).is_some_and(|asked| asked == host))
}

/// The credential of the only `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = only(headers, &AUTHORIZATION).ok()??;
    let (scheme, credential) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(credential)
}

fn user(headers: &HeaderMap) -> Result<EndUser, RelayError> {
    let invalid = |why: String| RelayError::invalid_user("X-Relay-User", why);
    let value = only(headers, &headers::USER).map_err(|()| invalid("send `X-Relay-User` only once".to_owned()))?;
    let missing =
        || RelayError::missing_user("X-Relay-User", "name the user that this call is for in the header `X-Relay-User`");
    let value = value.ok_or_else(missing)?;
    let text = value.to_str().map_err(|_| invalid("`X-Relay-User` has characters outside ASCII".to_owned()))?;
    EndUser::parse(text).map_err(|error| invalid(error.to_string()))
}

fn tier(headers: &HeaderMap) -> Result<Tier, RelayError> {
    let invalid = || RelayError::invalid_value("X-Relay-Paid", "`X-Relay-Paid` must be `true` or `false`, once");
    match only(headers, &headers::PAID).map_err(|()| invalid())?.map(HeaderValue::as_bytes) {
        None | Some(b"true") => Ok(Tier::Paid),
        Some(b"false") => Ok(Tier::Free),
        Some(_) => Err(invalid()),
    }
}

/// The caller's trace. An invalid header, or two of them, count as none.
fn trace_parent(headers: &HeaderMap) -> Option<TraceParent> {
    only(headers, &headers::TRACE_PARENT).ok()??.to_str().ok().and_then(TraceParent::parse)
}

/// The value of a header that may appear only once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(()),
    }
}

/// The user in `/v1/users/{label}/…`.
///
/// # Errors
/// `invalid_user`.
pub(crate) fn path_user(request: &HttpRequest) -> Result<EndUser, RelayError> {
    let invalid = |why: &str| RelayError::invalid_user("label", why.to_owned());
    let text =
        path_segment(request, 2).ok_or_else(|| invalid("the user in the path is not valid percent-encoded UTF-8"))?;
    EndUser::parse(&text).map_err(|error| invalid(error.0))
}

/// The provider in `…/connections/{provider}`, which is the path's segment at `place`.
///
/// # Errors
/// `invalid_value`.
pub(crate) fn path_provider(request: &HttpRequest, place: usize) -> Result<Provider, RelayError> {
    path_segment(request, place).as_deref().and_then(Provider::from_name).ok_or_else(|| unknown_provider("provider"))
}

/// The error for a provider that does not exist.
pub(crate) fn unknown_provider(param: &'static str) -> RelayError {
    let names: Vec<_> = Provider::ALL.iter().map(|provider| provider.name()).collect();
    RelayError::invalid_value(param, format!("`{param}` must be one of: {}", names.join(", ")))
}

/// A segment of the path, decoded.
pub(crate) fn path_segment(request: &HttpRequest, place: usize) -> Option<String> {
    // Not actix's parameters: those accept invalid percent signs, and two different paths must not name the same user.
    let segment = request.uri().path().split('/').skip(1).nth(place)?;
    percent_decoded(segment)
}

/// The rest of the path after `prefix`, without a trailing slash.
pub(crate) fn path_rest(request: &HttpRequest, prefix: &str) -> Option<String> {
    let rest = request.uri().path().strip_prefix(prefix)?;
    percent_decoded(rest.strip_suffix('/').unwrap_or(rest))
}

/// A parameter of the query; `None` if it is absent.
///
/// # Errors
/// `invalid_value` if it appears twice, or is not valid percent-encoded UTF-8.
pub(crate) fn query(request: &HttpRequest, name: &'static str) -> Result<Option<String>, RelayError> {
    let pairs = request.query_string().split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => percent_decoded(&value.replace('+', " "))
            .map(Some)
            .ok_or_else(|| RelayError::invalid_value(name, format!("`{name}` is not valid percent-encoded UTF-8"))),
        (Some(_), Some(_)) => Err(RelayError::invalid_value(name, format!("`{name}` appears twice; send it once"))),
    }
}

/// Decodes `%41`; `None` for a percent sign without two hex digits, or for invalid UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let is_hex = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let is_encoded = text.split('%').skip(1).all(is_hex);
    is_encoded.then(|| percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)).flatten()
}
