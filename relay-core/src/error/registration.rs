//! Errors about a registration token, or the key sent with it.

use crate::domain::secret::Lookalike;
use crate::domain::{NotAKey, Provider, Region};
use crate::error::{Class, Code, RelayError};

/// The token.
impl RelayError {
    /// The registration token is missing, malformed or unknown. 401 `invalid_registration_token`.
    pub(crate) fn invalid_registration_token() -> Self {
        Self::coded(Code::InvalidRegistrationToken, "the registration token is not valid; ask the app for a new one")
    }

    /// The same for a token that may be something else, by its beginning: a Relay key has nothing to do in a page.
    pub(crate) fn not_a_registration_token(looks_like: Option<Lookalike>) -> Self {
        match looks_like {
            Some(Lookalike::RelayKey | Lookalike::WrappedRelayKey) => Self::coded(
                Code::InvalidRegistrationToken,
                "this is a Relay key (`rly-…`), which must never leave your server: let your backend issue a registration \
                 token (`rrt-…`), and revoke the key if it was in a page",
            ),
            _ => Self::invalid_registration_token(),
        }
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
    /// The provider refused the key. `reason` as in [`RelayError::reason`]; `tries_left` is the number of further refusals
    /// before the registration token expires, `None` without a token. 422 `key_refused_by_provider`.
    pub(crate) fn key_refused_by_provider(
        provider: Provider,
        reason: Option<&'static str>,
        tries_left: Option<u32>,
    ) -> Self {
        let label = provider.label();
        let (says, advice) = match reason {
            Some("expired") => (format!("{label} says that this key has expired"), "create a new one"),
            Some("project_archived") => {
                (format!("{label} says that this key's project is archived"), "create a key in another project")
            }
            Some("leaked") => (format!("{label} withdrew this key, because it was public"), "create a new one"),
            Some("account_disabled") => {
                (format!("{label} says that this key's account is disabled"), "ask its support, or use another account")
            }
            _ => (format!("{label} refuses this key"), "copy it again or create a new one"),
        };
        let advice = match tries_left {
            None => advice.to_owned(),
            Some(0) => "that was the last try; ask the app for a new registration token".to_owned(),
            Some(1) => format!("{advice} (1 try left)"),
            Some(more) => format!("{advice} ({more} tries left)"),
        };
        Self::coded(Code::KeyRefusedByProvider, format!("{says}; {advice}"))
            .with_param("apiKey")
            .with_provider(provider)
            .with_reason(reason)
            .with_tries_left(tries_left)
    }

    /// The text is certainly not an API key, so no provider was asked. 422 `provider_key_masked` or
    /// `subscription_token`, 400 `invalid_value` for a token of Relay.
    pub fn not_a_key(provider: Provider, what: NotAKey) -> Self {
        let (label, url) = (provider.label(), provider.key_url());
        let (code, message) = match what {
            NotAKey::Subscription => (
                Code::SubscriptionToken,
                format!(
                    "this is a sign-in token, not an API key; {label}'s terms do not allow apps to use a sign-in or a \
                     subscription, so create an API key at {url}"
                ),
            ),
            NotAKey::Relays => (
                Code::InvalidValue,
                format!("this is a Relay key or a registration token, not an API key of {label}; create one at {url}"),
            ),
            NotAKey::Masked => (
                Code::ProviderKeyMasked,
                format!(
                    "this key is shortened, as a list of keys shows it, and can't be used; copy the whole key, or create a new \
                     one at {url}"
                ),
            ),
        };
        Self::coded(code, message).with_param("apiKey").with_provider(provider)
    }

    /// The key's owner allows it other IP addresses than Relay's. 422 `provider_ip_not_allowed`.
    pub(crate) fn ip_not_allowed(provider: Provider) -> Self {
        let message = format!(
            "{} allows this key only from certain IP addresses, and this Relay's is not one of them; add it to the allowlist \
             there, or use another key",
            provider.label()
        );
        Self::coded(Code::ProviderIpNotAllowed, message)
            .with_class(Class::Unprocessable)
            .with_param("apiKey")
            .with_provider(provider)
    }

    /// The key works at a regional host that this Relay does not send keys to. 422 `provider_key_wrong_region`.
    pub(crate) fn wrong_region(provider: Provider, named: Option<Region>) -> Self {
        let host = named.map_or("one of its regional hosts", Region::host);
        let message = format!(
            "{} accepts this key only at {host}, and this Relay is set up to use another address; ask its operator, or use \
             another key",
            provider.label()
        );
        Self::coded(Code::ProviderKeyWrongRegion, message)
            .with_class(Class::Unprocessable)
            .with_param("apiKey")
            .with_provider(provider)
    }

    /// The provider needs a workspace id with this key. `tries_left` as in [`Self::key_refused_by_provider`]. 422
    /// `provider_key_needs_workspace`.
    pub(crate) fn workspace_required(provider: Provider, tries_left: Option<u32>) -> Self {
        Self::id_required(Code::ProviderKeyNeedsWorkspace, "a workspace id", "workspaceId", provider, tries_left)
    }

    /// The provider needs an organization id with this key, or another one. 422 `provider_key_needs_organization`.
    pub(crate) fn organization_required(provider: Provider, tries_left: Option<u32>) -> Self {
        let what = "the id of the key's organization";
        Self::id_required(Code::ProviderKeyNeedsOrganization, what, "organizationId", provider, tries_left)
    }

    /// The provider needs a project id with this key, or another one. 422 `provider_key_needs_project`.
    pub(crate) fn project_required(provider: Provider, tries_left: Option<u32>) -> Self {
        let what = "the id of the key's project";
        Self::id_required(Code::ProviderKeyNeedsProject, what, "projectId", provider, tries_left)
    }

    fn id_required(code: Code, what: &str, param: &'static str, provider: Provider, tries_left: Option<u32>) -> Self {
        Self::coded(code, format!("{} needs {what} with this key; send it as `{param}`", provider.label()))
            .with_class(Class::Unprocessable)
            .with_param(param)
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
