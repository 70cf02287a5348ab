//! Every error code of Relay, once: its text on the wire, its class, and when it is used.

use std::fmt;

use crate::error::Class;

/// Makes the enum and its tables out of one list: `Name = "text", Class`, and further classes of the same code behind `|`.
macro_rules! codes {
    ($($(#[doc = $when:literal])+ $name:ident = $text:literal, $class:ident $(| $other:ident)*;)+) => {
        /// A stable error code of Relay: `error.code` in the body of an error.
        ///
        /// `docs/errors.md` is the same list for people; a test compares the two. What a provider refuses for a reason that
        /// Relay does not know keeps the provider's own code, which is not one of these: see
        /// [`RelayError::code`](crate::RelayError::code).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $when])+ $name,)+
        }

        impl Code {
            /// All codes, in the order of their statuses.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code as it stands in `error.code`.
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

            /// The usual class of an error with this code. A few codes have another one in some situations: see
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
    /// The prompt and the answer do not fit into the model's window.
    ContextLengthExceeded = "context_length_exceeded", InvalidRequest;
    /// The `Idempotency-Key` was used with another body.
    IdempotencyKeyReused = "idempotency_key_reused", InvalidRequest;
    /// The body ended early, or its framing is broken.
    IncompleteBody = "incomplete_body", InvalidRequest;
    /// The body is not a JSON object, not UTF-8, or nested too deeply.
    InvalidJson = "invalid_json", InvalidRequest;
    /// The end user's label is not 1 to 128 visible ASCII characters, or `X-Relay-User` was sent twice.
    InvalidUser = "invalid_user", InvalidRequest;
    /// The value of `param` cannot be used. 413 where the request is larger than Gemini accepts.
    InvalidValue = "invalid_value", InvalidRequest | TooLarge;
    /// Gemini wants the signature that came with an earlier tool call.
    MissingThoughtSignature = "missing_thought_signature", InvalidRequest;
    /// The request does not name the end user.
    MissingUser = "missing_user", InvalidRequest;
    /// One of Relay's own routes does not know `param`.
    UnknownParameter = "unknown_parameter", InvalidRequest;
    /// The provider has no counterpart for `param`.
    UnsupportedParameter = "unsupported_parameter", InvalidRequest;
    /// The provider has no counterpart for this value of `param`.
    UnsupportedValue = "unsupported_value", InvalidRequest;
    /// The registration token is missing, malformed or unknown.
    InvalidRegistrationToken = "invalid_registration_token", Unauthenticated;
    /// The Relay key is missing, malformed, unknown, revoked or expired: all alike.
    InvalidRelayKey = "invalid_relay_key", Unauthenticated;
    /// A web page asked whether it may call a route that takes a Relay key.
    CorsNotAllowed = "cors_not_allowed", Forbidden;
    /// The project takes keys from Relay's own frame only, and a page's script sent this one.
    FrameRequired = "frame_required", Forbidden;
    /// This page may not use the registration token.
    OriginNotAllowed = "origin_not_allowed", Forbidden;
    /// The provider has disabled the user's account.
    ProviderAccountDisabled = "provider_account_disabled", Forbidden;
    /// The provider refuses this user's key.
    ProviderKeyInvalid = "provider_key_invalid", Forbidden;
    /// The user has not connected a key for this provider.
    ProviderKeyMissing = "provider_key_missing", Forbidden;
    /// The user's key needs a workspace id. 422 at registration, where one can be sent.
    ProviderKeyNeedsWorkspace = "provider_key_needs_workspace", Forbidden | Unprocessable;
    /// The provider withdrew the user's key.
    ProviderKeyRevoked = "provider_key_revoked", Forbidden;
    /// The user's key may not do this.
    ProviderPermissionDenied = "provider_permission_denied", Forbidden;
    /// The registration token may not replace or remove a key that is connected.
    ReplaceNotAllowed = "replace_not_allowed", Forbidden;
    /// The Relay key lacks the scope for this route.
    ScopeMissing = "scope_missing", Forbidden;
    /// The provider does not serve the region where Relay runs.
    UnsupportedRegion = "unsupported_country_region_territory", Forbidden;
    /// No provider, or not this one, serves the model.
    ModelNotFound = "model_not_found", NotFound;
    /// The provider does not have what was asked for.
    NotFound = "not_found", NotFound;
    /// No project with this id is stored.
    ProjectNotFound = "project_not_found", NotFound;
    /// There is no such path, or no such version of the widget.
    UnknownEndpoint = "unknown_endpoint", NotFound;
    /// The project has no user with this label.
    UserNotFound = "user_not_found", NotFound;
    /// The path does not have this method.
    MethodNotAllowed = "method_not_allowed", MethodNotAllowed;
    /// The body took too long to arrive.
    RequestTimeout = "request_timeout", RequestTimeout;
    /// The registration token's time, or its tries, are used up.
    RegistrationTokenExpired = "registration_token_expired", Gone;
    /// The registration token has stored a key already.
    RegistrationTokenUsed = "registration_token_used", Gone;
    /// The body is longer than this route, or the provider, accepts.
    RequestTooLarge = "request_too_large", TooLarge;
    /// The body is not `application/json`, or has a content coding.
    UnsupportedMediaType = "unsupported_media_type", UnsupportedMediaType;
    /// At registration: the provider refused the key.
    KeyRefusedByProvider = "key_refused_by_provider", Unprocessable;
    /// The user's account has no credit or quota left.
    InsufficientQuota = "insufficient_quota", RateLimited;
    /// The provider limits this user's key.
    RateLimitExceeded = "rate_limit_exceeded", RateLimited;
    /// Too many requests with a wrong credential came from one address.
    TooManyRefusals = "too_many_refusals", RateLimited;
    /// The request headers are too long.
    RequestHeadersTooLarge = "request_headers_too_large", HeadersTooLarge;
    /// The path and query are too long.
    UrlTooLong = "url_too_long", HeadersTooLarge;
    /// The provider reports that the call was cancelled.
    UpstreamCancelled = "upstream_cancelled", Cancelled;
    /// A fault of Relay.
    InternalError = "internal_error", Internal;
    /// The stored provider key cannot be opened with the configured master keys.
    ProviderKeyUnreadable = "provider_key_unreadable", Internal;
    /// The provider returned more or fewer vectors than inputs.
    EmbeddingCountMismatch = "embedding_count_mismatch", BadGateway;
    /// The provider returned no answer at all.
    EmptyResponse = "empty_response", BadGateway;
    /// The model wrote a tool call that cannot be read.
    MalformedFunctionCall = "malformed_function_call", BadGateway;
    /// The model's answer broke off.
    MalformedResponse = "malformed_response", BadGateway;
    /// The model called more tools than its provider allows.
    TooManyToolCalls = "too_many_tool_calls", BadGateway;
    /// The model called a tool that was not offered.
    UnexpectedToolCall = "unexpected_tool_call", BadGateway;
    /// The answer has a part that Chat Completions cannot express.
    UnsupportedUpstreamFeature = "unsupported_upstream_feature", BadGateway;
    /// The provider's answer could not be read. 500 where the provider itself answered 500.
    UpstreamError = "upstream_error", BadGateway | Internal;
    /// The provider ended a stream before its answer was complete.
    UpstreamStreamInterrupted = "upstream_stream_interrupted", BadGateway;
    /// The provider could not be reached.
    UpstreamUnreachable = "upstream_unreachable", BadGateway;
    /// This Relay is shutting down.
    Draining = "draining", Unavailable;
    /// `/api/health/ready`: the master key no longer opens what it sealed.
    MasterKeyUnusable = "master_key_unusable", Unavailable;
    /// Too many large requests at once.
    Overloaded = "overloaded", Unavailable;
    /// The key store did not answer.
    StorageUnavailable = "storage_unavailable", Unavailable;
    /// The provider is overloaded.
    UpstreamOverloaded = "upstream_overloaded", Unavailable;
    /// The provider did not answer in time. It may have done, and billed, the work.
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
