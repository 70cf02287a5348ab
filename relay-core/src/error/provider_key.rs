//! Errors about a stored provider key.

use std::error::Error;

use crate::domain::Provider;
use crate::error::{Code, RelayError};

impl RelayError {
    /// The user has not connected a key for this provider. 403 `provider_key_missing`.
    pub(crate) fn provider_key_missing(provider: Provider) -> Self {
        let message =
            format!("this user has not connected a key for {}; open the widget so they can", provider.label());
        Self::coded(Code::ProviderKeyMissing, message).with_provider(provider)
    }

    /// The user has not connected a key for any provider. 403 `provider_key_missing`.
    pub(crate) fn no_provider_key() -> Self {
        Self::coded(Code::ProviderKeyMissing, "this user has not connected a provider key; open the widget so they can")
    }

    /// The provider refused this user's key before, so Relay did not ask it again. 403 `provider_key_invalid`.
    pub(crate) fn provider_key_invalid(provider: Provider) -> Self {
        let message = format!("{} refuses this user's key; ask the user to connect a new one", provider.label());
        Self::coded(Code::ProviderKeyInvalid, message).with_provider(provider)
    }

    /// The provider reported this user's key as revoked before, so Relay did not ask it again. 403
    /// `provider_key_revoked`.
    pub(crate) fn provider_key_revoked(provider: Provider) -> Self {
        let message = format!("this user's key was revoked at {}; ask the user to connect a new one", provider.label());
        Self::coded(Code::ProviderKeyRevoked, message).with_provider(provider)
    }

    /// A check of a stored key gave no result, because the provider did not answer. 502 `upstream_unreachable`.
    pub(crate) fn provider_key_unchecked(provider: Provider, why: Self) -> Self {
        let message =
            format!("{} could not be reached, so this key was not checked; try again later", provider.label());
        let error = Self::coded(Code::UpstreamUnreachable, message).with_provider(provider);
        match why.cause() {
            Some(cause) => error.with_cause(cause),
            None => error,
        }
        .with_source(why)
    }

    /// None of the configured master keys opens the stored key. 500 `provider_key_unreadable`, not to be retried.
    pub(crate) fn provider_key_unreadable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(
            Code::ProviderKeyUnreadable,
            "none of the configured master keys opens the stored provider key; ask the operator to run `relay doctor`",
        )
        .with_retry(false)
        .with_source(source)
    }

    /// The key could not be sealed for the store. 500 `internal_error`.
    pub(crate) fn provider_key_unsealable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(
            Code::InternalError,
            "the key could not be encrypted, so nothing was stored; report the request id to the operator",
        )
        .with_source(source)
    }
}
