//! Errors about a registration token, or the key sent with it.

use crate::domain::Provider;
use crate::error::{Class, Code, RelayError};

/// The token.
impl RelayError {
    /// The registration token is missing, malformed or unknown. 401 `invalid_registration_token`.
    pub(crate) fn invalid_registration_token() -> Self {
        Self::coded(Code::InvalidRegistrationToken, "the registration token is not valid; ask the app for a new one")
    }

    /// The registration token has already stored a key. 410 `registration_token_used`.
    pub(crate) fn registration_token_used() -> Self {
        Self::coded(Code::RegistrationTokenUsed, "the registration token was already used; ask the app for a new one")
    }

    /// The registration token has expired, or the provider refused too many keys that came with it. 410
    /// `registration_token_expired`.
    pub(crate) fn registration_token_expired() -> Self {
        Self::coded(Code::RegistrationTokenExpired, "the registration token has expired; ask the app for a new one")
    }

    /// The registration token may not be used on this page. 403 `origin_not_allowed`.
    pub(crate) fn origin_not_allowed() -> Self {
        Self::coded(
            Code::OriginNotAllowed,
            "the registration token may not be used on this page; add the page's origin to `allowedOrigins`",
        )
    }

    /// The project accepts keys only from Relay's own frame, and a script of the page sent this one. 403
    /// `frame_required`.
    pub(crate) fn frame_required() -> Self {
        Self::coded(
            Code::FrameRequired,
            "this project accepts keys only from Relay's own frame, not from a script of the page; \
             leave the widget's `isolation` at `frame`",
        )
    }

    /// The registration token may not replace the key that is connected for this provider. 403 `replace_not_allowed`.
    pub(crate) fn replace_not_allowed(provider: Provider) -> Self {
        let message = format!(
            "a key for {} is already connected, and this registration token may not replace it; \
             ask the app for a token that may",
            provider.label()
        );
        Self::coded(Code::ReplaceNotAllowed, message).with_provider(provider)
    }

    /// The registration token may not remove the key that is connected for this provider. 403 `replace_not_allowed`.
    pub(crate) fn remove_not_allowed(provider: Provider) -> Self {
        Self::coded(
            Code::ReplaceNotAllowed,
            "this registration token may not remove a connected key; ask the app for a token that may",
        )
        .with_provider(provider)
    }
}

/// The key.
impl RelayError {
    /// The provider refused the key. `tries_left` is the number of further refusals before the registration token
    /// expires; `None` without a token. 422 `key_refused_by_provider`.
    pub(crate) fn key_refused_by_provider(provider: Provider, tries_left: Option<u32>) -> Self {
        let advice = match tries_left {
            None => "copy it again or create a new one".to_owned(),
            Some(0) => "that was the last try; ask the app for a new registration token".to_owned(),
            Some(1) => "copy it again or create a new one (1 try left)".to_owned(),
            Some(more) => format!("copy it again or create a new one ({more} tries left)"),
        };
        Self::coded(Code::KeyRefusedByProvider, format!("{} refuses this key; {advice}", provider.label()))
            .with_param("apiKey")
            .with_provider(provider)
            .with_tries_left(tries_left)
    }

    /// The provider needs a workspace id with this key. `tries_left` as in [`Self::key_refused_by_provider`]. 422
    /// `provider_key_needs_workspace`.
    pub(crate) fn workspace_required(provider: Provider, tries_left: Option<u32>) -> Self {
        let message = format!("{} needs a workspace id with this key; send it as `workspaceId`", provider.label());
        Self::coded(Code::ProviderKeyNeedsWorkspace, message)
            .with_class(Class::Unprocessable)
            .with_param("workspaceId")
            .with_provider(provider)
            .with_tries_left(tries_left)
    }

    /// Each attempt to store the key found that the connection had changed meanwhile. 503 `storage_unavailable`.
    pub(crate) fn connection_keeps_changing() -> Self {
        Self::coded(Code::StorageUnavailable, "another request keeps changing this connection; try again")
    }

    /// Sets `error.triesLeft`: how many more keys the provider may refuse before the registration token expires.
    fn with_tries_left(mut self, tries: Option<u32>) -> Self {
        self.0.tries_left = tries;
        self
    }
}
