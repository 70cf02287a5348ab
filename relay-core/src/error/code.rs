//! The one list of Relay's error codes: for each its text on the wire, its classes, and when it is used.

use std::fmt;

use crate::error::Class;

/// Makes the enum and its tables from one list: `Name = "text", Class`, with further classes of the same code after
/// `|`.
macro_rules! codes {
    ($($(#[doc = $when:literal])+ $name:ident = $text:literal, $class:ident $(| $other:ident)*;)+) => {
        /// A stable error code of Relay: `error.code` in the body of an error.
        ///
        /// `docs/errors.md` documents the same list; a test compares the two. When a provider refuses a request for a
        /// reason that Relay does not know, the error keeps the provider's own code, which is not in this list: see
        /// [`RelayError::code`](crate::RelayError::code).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $when])+ $name,)+
        }

        impl Code {
            /// All codes, in the order of their statuses.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The text of the code, as sent in `error.code`.
            ///
            /// ```
            /// use relay_core::Code;
            ///
            /// assert_eq!(Code::ProviderKeyMissing.as_str(), "provider_key_missing");
            /// ```
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// All classes that an error with this code can have. The first one is the usual one.
            pub const fn classes(self) -> &'static [Class] {
                match self {
                    $(Self::$name => &[Class::$class $(, Class::$other)*],)+
                }
            }

            /// The usual class of an error with this code. A few codes have a different class in some situations: see
            /// [`Code::classes`] and [`RelayError::class`](crate::RelayError::class).
            pub const fn class(self) -> Class {
                match self {
                    $(Self::$name => Class::$class,)+
                }
            }
        }
    };
}

codes! {
    /// The prompt and the answer do not fit into the model's context window.
    ContextLengthExceeded = "context_length_exceeded", InvalidRequest;
    /// The `Idempotency-Key` was already used with a different body.
    IdempotencyKeyReused = "idempotency_key_reused", InvalidRequest;
    /// The body ended early, or its framing is broken.
    IncompleteBody = "incomplete_body", InvalidRequest;
    /// The body is not a JSON object, not UTF-8, or nested too deeply.
    InvalidJson = "invalid_json", InvalidRequest;
    /// The end user's label is not 1 to 128 visible ASCII characters, or `X-Relay-User` was sent twice.
    InvalidUser = "invalid_user", InvalidRequest;
    /// The value of `param` is not valid. 413 when the request is larger than Gemini accepts.
    InvalidValue = "invalid_value", InvalidRequest | TooLarge;
    /// The request breaks a rule of HTTP/1.1.
    MalformedRequest = "malformed_request", InvalidRequest;
    /// Gemini needs the signature that came with an earlier tool call.
    MissingThoughtSignature = "missing_thought_signature", InvalidRequest;
    /// The request does not name the end user.
    MissingUser = "missing_user", InvalidRequest;
    /// The schemas of a request take too much work to translate, or one nests too deeply, is too large or has too many references.
    SchemaTooComplex = "schema_too_complex", InvalidRequest;
    /// One of Relay's own routes does not accept `param`.
    UnknownParameter = "unknown_parameter", InvalidRequest;
    /// The provider has no equivalent of `param`.
    UnsupportedParameter = "unsupported_parameter", InvalidRequest;
    /// The provider has no equivalent of this value of `param`.
    UnsupportedValue = "unsupported_value", InvalidRequest;
    /// The registration token is missing, malformed or unknown.
    InvalidRegistrationToken = "invalid_registration_token", Unauthenticated;
    /// The Relay key is missing, malformed, unknown, revoked or expired. The error does not reveal which.
    InvalidRelayKey = "invalid_relay_key", Unauthenticated;
    /// A web page tried to call a route that takes a Relay key.
    CorsNotAllowed = "cors_not_allowed", Forbidden;
    /// The project accepts keys only from Relay's own frame, and a script of the page sent this one.
    FrameRequired = "frame_required", Forbidden;
    /// The registration token may not be used on this page.
    OriginNotAllowed = "origin_not_allowed", Forbidden;
    /// The provider has disabled the user's account.
    ProviderAccountDisabled = "provider_account_disabled", Forbidden;
    /// The provider refuses this user's key.
    ProviderKeyInvalid = "provider_key_invalid", Forbidden;
    /// The owner of the user's key allows it other IP addresses than Relay's. 422 at registration.
    ProviderIpNotAllowed = "provider_ip_not_allowed", Forbidden | Unprocessable;
    /// The user has not connected a key for this provider.
    ProviderKeyMissing = "provider_key_missing", Forbidden;
    /// The user's key needs an organization id, or another one. 422 at registration, where one can be sent.
    ProviderKeyNeedsOrganization = "provider_key_needs_organization", Forbidden | Unprocessable;
    /// The user's key needs a project id, or another one. 422 at registration, where one can be sent.
    ProviderKeyNeedsProject = "provider_key_needs_project", Forbidden | Unprocessable;
    /// The user's key needs a workspace id. 422 at registration, where one can be sent.
    ProviderKeyNeedsWorkspace = "provider_key_needs_workspace", Forbidden | Unprocessable;
    /// The user's key was revoked at the provider.
    ProviderKeyRevoked = "provider_key_revoked", Forbidden;
    /// The user's key works at one of the provider's regional hosts only, and this Relay may not send it there. 422 at
    /// registration.
    ProviderKeyWrongRegion = "provider_key_wrong_region", Forbidden | Unprocessable;
    /// The user's key lacks a permission that the request needs.
    ProviderPermissionDenied = "provider_permission_denied", Forbidden;
    /// The registration token may not replace or remove a connected key.
    ReplaceNotAllowed = "replace_not_allowed", Forbidden;
    /// The Relay key lacks the scope for this route.
    ScopeMissing = "scope_missing", Forbidden;
    /// The provider does not serve the region where Relay runs.
    UnsupportedRegion = "unsupported_country_region_territory", Forbidden;
    /// No provider serves the model, or its provider does not offer it to this key.
    ModelNotFound = "model_not_found", NotFound;
    /// The provider has no such resource.
    NotFound = "not_found", NotFound;
    /// No project with this id is stored.
    ProjectNotFound = "project_not_found", NotFound;
    /// The project has no active Relay key with this id.
    RelayKeyNotFound = "relay_key_not_found", NotFound;
    /// The project has no webhook with this id.
    WebhookNotFound = "webhook_not_found", NotFound;
    /// The path does not exist, or this version of the widget does not.
    UnknownEndpoint = "unknown_endpoint", NotFound;
    /// The project has no user with this label.
    UserNotFound = "user_not_found", NotFound;
    /// The path does not support this method.
    MethodNotAllowed = "method_not_allowed", MethodNotAllowed;
    /// The head of the request, or its body, took too long to arrive.
    RequestTimeout = "request_timeout", RequestTimeout;
    /// The registration token has expired, or the provider refused too many keys that came with it.
    RegistrationTokenExpired = "registration_token_expired", Gone;
    /// The registration token has already stored a key.
    RegistrationTokenUsed = "registration_token_used", Gone;
    /// The body is larger than this route, or the provider, accepts.
    RequestTooLarge = "request_too_large", TooLarge;
    /// The path and query are too long.
    UrlTooLong = "url_too_long", UriTooLong;
    /// The body is not `application/json`, or it is compressed.
    UnsupportedMediaType = "unsupported_media_type", UnsupportedMediaType;
    /// At registration: the provider refused the key.
    KeyRefusedByProvider = "key_refused_by_provider", Unprocessable;
    /// At registration: the key is shortened, as a provider's list shows it.
    ProviderKeyMasked = "provider_key_masked", Unprocessable;
    /// At registration: the text is a sign-in token or a subscription's, not an API key.
    SubscriptionToken = "subscription_token", Unprocessable;
    /// The user's account has no credit or quota left.
    InsufficientQuota = "insufficient_quota", RateLimited;
    /// The provider's rate limit for this user's key is reached.
    RateLimitExceeded = "rate_limit_exceeded", RateLimited;
    /// One address sent too many requests with an invalid credential.
    TooManyRefusals = "too_many_refusals", RateLimited;
    /// The request headers are too long.
    RequestHeadersTooLarge = "request_headers_too_large", HeadersTooLarge;
    /// The provider reports that the call was cancelled.
    UpstreamCancelled = "upstream_cancelled", Cancelled;
    /// An error in Relay itself.
    InternalError = "internal_error", Internal;
    /// The server listens on all interfaces and doesn't know the address under which it is reached, so it can't make a link.
    PublicUrlMissing = "public_url_missing", Internal;
    /// None of the configured master keys opens the stored provider key.
    ProviderKeyUnreadable = "provider_key_unreadable", Internal;
    /// No path supports the method.
    MethodNotImplemented = "method_not_implemented", NotImplemented;
    /// The provider returned more or fewer vectors than inputs.
    EmbeddingCountMismatch = "embedding_count_mismatch", BadGateway;
    /// The provider returned an empty answer.
    EmptyResponse = "empty_response", BadGateway;
    /// The model wrote a tool call that could not be read.
    MalformedFunctionCall = "malformed_function_call", BadGateway;
    /// The model's answer was cut off or malformed.
    MalformedResponse = "malformed_response", BadGateway;
    /// The model called more tools than its provider allows.
    TooManyToolCalls = "too_many_tool_calls", BadGateway;
    /// The model called a tool that the request did not offer.
    UnexpectedToolCall = "unexpected_tool_call", BadGateway;
    /// The answer has a part that Chat Completions cannot express.
    UnsupportedUpstreamFeature = "unsupported_upstream_feature", BadGateway;
    /// The provider returned an answer that could not be read. 500 when the provider itself returned a 500.
    UpstreamError = "upstream_error", BadGateway | Internal;
    /// The provider's stream ended before its answer was complete.
    UpstreamStreamInterrupted = "upstream_stream_interrupted", BadGateway;
    /// Relay could not reach the provider.
    UpstreamUnreachable = "upstream_unreachable", BadGateway;
    /// This Relay is shutting down.
    Draining = "draining", Unavailable;
    /// `/api/health/ready`: the master key no longer opens what it sealed.
    MasterKeyUnusable = "master_key_unusable", Unavailable;
    /// Relay is holding too many large requests, or too many connections, at once.
    Overloaded = "overloaded", Unavailable;
    /// The key store did not answer, or cannot be written to.
    StorageUnavailable = "storage_unavailable", Unavailable;
    /// The provider is overloaded.
    UpstreamOverloaded = "upstream_overloaded", Unavailable;
    /// The provider could not be reached, or did not answer, in time. It may have done the work and billed it.
    UpstreamTimeout = "upstream_timeout", GatewayTimeout;
}

impl Code {
    /// The code with this text; `None` for text that is not a code of Relay.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    type Rows = BTreeSet<(u16, String)>;

    #[test]
    fn the_documented_table_has_the_same_codes() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
        let page = std::fs::read_to_string(page).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
            Some((cells.first()?.parse().ok()?, cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?.to_owned()))
        };
        let documented: Rows = page.lines().filter_map(row).collect();
        let statuses = |code: &Code| code.classes().iter().map(|class| class.status()).collect::<Vec<_>>();
        let known: Rows = Code::ALL
            .iter()
            .flat_map(|code| statuses(code).into_iter().map(|status| (status, code.as_str().to_owned())))
            .collect();
        let none = Vec::<&(u16, String)>::new();
        assert_eq!(documented.difference(&known).collect::<Vec<_>>(), none, "only on the page");
        assert_eq!(known.difference(&documented).collect::<Vec<_>>(), none, "only in the code");
    }

    #[test]
    fn each_code_has_a_text_of_its_own() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.as_str()), Some(*code));
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
        }
    }
}
