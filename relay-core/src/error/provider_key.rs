//! Why a stored provider key could not be used.

use std::error::Error;

use crate::domain::Provider;
use crate::error::{Code, RelayError};

impl RelayError {
    /// The user has not connected a key for this provider. 403 `provider_key_missing`.
    pub(crate) fn provider_key_missing(provider: Provider) -> Self {
        let message =
            format!("this user has not connected a key for {} yet; open the widget for them", provider.label());
        Self::coded(Code::ProviderKeyMissing, message).with_provider(provider)
    }

    /// The user has not connected a key for any provider. 403 `provider_key_missing`.
    pub(crate) fn no_provider_key() -> Self {
        Self::coded(
            Code::ProviderKeyMissing,
            "this user has not connected any provider key yet; open the widget for them",
        )
    }

    /// The provider refused this user's key before, so that it was not asked again. 403 `provider_key_invalid`.
    pub(crate) fn provider_key_invalid(provider: Provider) -> Self {
        let message = format!("{} refuses this user's key; ask the user to connect a new one", provider.label());
        Self::coded(Code::ProviderKeyInvalid, message).with_provider(provider)
    }

    /// The provider withdrew this user's key before, so that it was not asked again. 403 `provider_key_revoked`.
    pub(crate) fn provider_key_revoked(provider: Provider) -> Self {
        let message = format!("{} withdrew this user's key; ask the user to connect a new one", provider.label());
        Self::coded(Code::ProviderKeyRevoked, message).with_provider(provider)
    }

    /// The provider could not say whether a stored key is good. 502 `upstream_unreachable`.
    pub(crate) fn provider_key_unchecked(provider: Provider) -> Self {
        let message = format!("{} could not be asked about this key; its state stays as it was", provider.label());
        Self::coded(Code::UpstreamUnreachable, message).with_provider(provider)
    }

    /// The stored key cannot be opened with the configured master keys. 500 `provider_key_unreadable`, not to be retried.
    pub(crate) fn provider_key_unreadable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(
            Code::ProviderKeyUnreadable,
            "the stored provider key can't be opened; ask the operator to run `relay doctor`",
        )
        .with_retry(false)
        .with_source(source)
    }

    /// The key could not be sealed for the store. 500 `internal_error`.
    pub(crate) fn provider_key_unsealable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::InternalError, "the key could not be sealed; nothing was stored").with_source(source)
    }
}
