//! Errors in a request itself.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::domain::Provider;
use crate::error::{Code, Disclosure, RelayError};

/// The longest part of a model's name that a message repeats, in characters.
const MAX_SHOWN_MODEL: usize = 100;

/// Members of the body, headers and parameters.
impl RelayError {
    /// The value of `param` cannot be used. 400 `invalid_value`.
    pub fn invalid_value(param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_member(Code::InvalidValue, param, message)
    }

    /// The provider has no equivalent of this value of `param`. 400 `unsupported_value`.
    pub(crate) fn unsupported_value(
        param: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::bad_member(Code::UnsupportedValue, param, message)
    }

    /// The provider has no equivalent of `param`. 400 `unsupported_parameter`.
    pub(crate) fn unsupported_parameter(
        param: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::bad_member(Code::UnsupportedParameter, param, message)
    }

    /// The member of the request at the path `param` is invalid. 400, with one of the codes for invalid members.
    pub(crate) fn bad_member(
        code: Code,
        param: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::coded(code, message).with_param(param)
    }

    /// The schema of `owner`, at the path `param`, can't be translated within Relay's limits; `why` names the limit. 400
    /// `schema_too_complex`.
    pub(crate) fn schema_too_complex(param: String, owner: &str, why: &str) -> Self {
        let message = format!(
            "the schema of {owner} is too complex: {why}; use fewer or smaller schemas, with less nesting and fewer `$ref`s"
        );
        Self::bad_member(Code::SchemaTooComplex, param, message)
    }

    /// One of Relay's own routes does not accept the member `name` of the body. 400 `unknown_parameter`.
    ///
    /// The message repeats `name`, so the caller must make sure that it may be shown.
    pub fn unknown_parameter(name: &str, known: &[&str]) -> Self {
        let message =
            format!("`{name}` is not a parameter of this route; leave it out or use one of: {}", known.join(", "));
        Self::bad_member(Code::UnknownParameter, name.to_owned(), message)
    }

    /// The request does not name the end user. `param` is the header or member that must name it. 400 `missing_user`.
    pub fn missing_user(param: &'static str, message: &'static str) -> Self {
        Self::bad_member(Code::MissingUser, param, message)
    }

    /// `param` holds an invalid end user label. 400 `invalid_user`.
    pub fn invalid_user(param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::bad_member(Code::InvalidUser, param, message)
    }

    /// The `Idempotency-Key` was already used with a different body. 400 `idempotency_key_reused`.
    pub(crate) fn idempotency_key_reused() -> Self {
        Self::coded(
            Code::IdempotencyKeyReused,
            "this Idempotency-Key was already used with a different request body; use a new key for each new request",
        )
    }
}

/// The body as a whole.
impl RelayError {
    /// The body is not JSON that Relay can use. 400 `invalid_json`.
    pub(crate) fn invalid_json(why: impl fmt::Display) -> Self {
        Self::coded(Code::InvalidJson, format!("the request body could not be read as JSON: {why}"))
    }

    /// The body ended early, or its framing is broken. 400 `incomplete_body`.
    pub fn incomplete_body(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::IncompleteBody, "the request body ended early, or its framing is broken; send it again")
            .with_source(source)
    }

    /// The body took too long to arrive. 408 `request_timeout`.
    pub fn request_timeout() -> Self {
        Self::coded(Code::RequestTimeout, "the request body took too long to arrive; send it faster")
    }

    /// The body is larger than the `limit` of the route, in bytes. 413 `request_too_large`.
    pub fn request_too_large(limit: usize) -> Self {
        let message = format!("the request body is larger than the {limit} bytes that this route accepts; send less");
        Self::coded(Code::RequestTooLarge, message)
    }

    /// The translated request is larger than the provider accepts. `limit` is the provider's limit as text: `32 MiB`.
    /// 413 `request_too_large`.
    pub(crate) fn too_large_for(provider: Provider, limit: &'static str) -> Self {
        let message = format!("the request is larger than the {limit} that {} accepts; send less", provider.label());
        Self::coded(Code::RequestTooLarge, message)
    }

    /// The body is not `application/json`, or it is compressed. `message` says which. 415 `unsupported_media_type`.
    pub fn unsupported_media_type(message: &'static str) -> Self {
        Self::coded(Code::UnsupportedMediaType, message)
    }
}

/// The head of the request: its path, its method, its headers.
impl RelayError {
    /// The path does not exist. `message` names it. 404 `unknown_endpoint`.
    pub fn unknown_endpoint(message: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(Code::UnknownEndpoint, message)
    }

    /// The path does not support this method; `other` is any that no path supports. `allowed` lists the methods it supports, in the form of the `allow`
    /// header: `GET, POST`. 405 `method_not_allowed`.
    pub fn method_not_allowed(method: &str, allowed: &'static str) -> Self {
        let method = if method == "other" { "this method" } else { method };
        let message = format!("this path does not support {method}; use {allowed}");
        let disclosure = Disclosure { allowed_methods: Some(allowed), ..Disclosure::default() };
        Self::coded(Code::MethodNotAllowed, message).with_disclosure(disclosure)
    }

    /// The request breaks a rule of HTTP/1.1, which `rule` states. 400 `malformed_request`.
    pub fn malformed_request(rule: &'static str) -> Self {
        Self::coded(Code::MalformedRequest, format!("the request is not valid HTTP/1.1: {rule}"))
    }

    /// No path supports the method. 501 `method_not_implemented`.
    pub fn method_not_implemented() -> Self {
        Self::coded(
            Code::MethodNotImplemented,
            "no path supports this method; methods are written in capitals, such as GET and POST",
        )
    }

    /// The head of the request took too long to arrive. 408 `request_timeout`.
    pub fn head_timeout() -> Self {
        Self::coded(Code::RequestTimeout, "the head of the request took too long to arrive; send it faster")
    }

    /// The path and query are longer than `limit` bytes. 414 `url_too_long`.
    pub fn url_too_long(limit: usize) -> Self {
        Self::coded(Code::UrlTooLong, format!("the path and query are longer than {limit} bytes; send a shorter URL"))
    }

    /// The headers are longer than `limit` bytes. 431 `request_headers_too_large`.
    pub fn request_headers_too_large(limit: usize) -> Self {
        Self::coded(
            Code::RequestHeadersTooLarge,
            format!("the request headers are longer than {limit} bytes; send fewer or shorter headers"),
        )
    }

    /// A web page tried to call a route that is not for pages. 403 `cors_not_allowed`.
    pub fn not_for_pages(message: &'static str) -> Self {
        Self::coded(Code::CorsNotAllowed, message)
    }

    /// A web page tried to call a route that takes a Relay key. 403 `cors_not_allowed`.
    pub fn cors_not_allowed() -> Self {
        Self::coded(
            Code::CorsNotAllowed,
            "this route cannot be called from a web page, because a Relay key (rly-…) must stay on your server; \
             call your own backend, and let it call Relay",
        )
    }
}

/// The model.
impl RelayError {
    /// No provider serves this model. 404 `model_not_found`.
    pub fn model_not_found(model: &str) -> Self {
        let shown: String = model.chars().take(MAX_SHOWN_MODEL).collect();
        let message = format!(
            "no provider serves the model `{shown}`; use a name that matches {}, or prefix the name with {}",
            one_of(|provider| provider.model_prefixes().first().map(|prefix| format!("{prefix}*"))),
            one_of(|provider| Some(format!("`{}/`", provider.name()))),
        );
        Self::no_model(message)
    }

    /// This Relay was built or configured without the model's provider. 404 `model_not_found`.
    pub(crate) fn provider_not_served(provider: Provider) -> Self {
        Self::no_model(format!(
            "this Relay does not serve {} models; use a model of another provider",
            provider.label()
        ))
    }

    /// The model's provider has no embeddings. 404 `model_not_found`.
    pub(crate) fn no_embeddings(provider: Provider) -> Self {
        let others = one_of(|other| other.embeds().then(|| other.label().to_owned()));
        Self::no_model(format!("{} has no embedding models; use one from {others}", provider.label()))
    }

    fn no_model(message: String) -> Self {
        Self::coded(Code::ModelNotFound, message).with_param("model")
    }
}

/// The values that `of` gives for the providers, as a choice: `a, b or c`.
fn one_of(of: impl Fn(Provider) -> Option<String>) -> String {
    let mut all: Vec<_> = Provider::ALL.iter().copied().filter_map(of).collect();
    let last = all.pop().unwrap_or_default();
    if all.is_empty() { last } else { format!("{} or {last}", all.join(", ")) }
}
