//! Whose fault an error is.

use crate::domain::Blame;
use crate::error::{Class, Code, RelayError};

impl RelayError {
    /// Who can do something about this error, for logs, metrics and alerts.
    ///
    /// A call's error names its provider: only then is a refusal the user's.
    pub fn blame(&self) -> Blame {
        self.relay_code().and_then(blame_of_code).unwrap_or_else(|| self.blame_of_class())
    }

    fn blame_of_class(&self) -> Blame {
        let of_a_call = self.provider().is_some();
        match self.class() {
            Class::Forbidden | Class::Unprocessable | Class::RateLimited | Class::Provider(402) if of_a_call => {
                Blame::User
            }
            Class::Cancelled | Class::BadGateway | Class::GatewayTimeout => Blame::Provider,
            Class::Internal | Class::Unavailable if self.relay_code().is_none() => Blame::Provider,
            Class::Internal | Class::Unavailable => Blame::Relay,
            Class::Provider(status) if !(400..500).contains(&status) => Blame::Provider,
            _ => Blame::Caller,
        }
    }
}

/// The codes that their class says too little about.
fn blame_of_code(code: Code) -> Option<Blame> {
    match code {
        Code::InsufficientQuota | Code::ProviderKeyMissing => Some(Blame::User),
        Code::UpstreamError | Code::UpstreamOverloaded => Some(Blame::Provider),
        // The provider does not serve the region where Relay runs.
        Code::UnsupportedRegion => Some(Blame::Relay),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Provider;

    #[test]
    fn an_error_is_the_fault_of_who_can_mend_it() {
        let openai = |error: RelayError| error.with_provider(Provider::OPENAI);
        let passed_on = |class| openai(RelayError::passed_on(class, "odd", "", "no"));
        for (error, want) in [
            (RelayError::provider_key_missing(Provider::GOOGLE), Blame::User),
            (openai(RelayError::coded(Code::ProviderKeyInvalid, "no")), Blame::User),
            (openai(RelayError::coded(Code::InsufficientQuota, "no")), Blame::User),
            (openai(RelayError::coded(Code::RateLimitExceeded, "no")), Blame::User),
            (openai(RelayError::coded(Code::KeyRefusedByProvider, "no")), Blame::User),
            (passed_on(Class::Provider(402)), Blame::User),
            (passed_on(Class::Forbidden), Blame::User),
            // Relay's own limit.
            (RelayError::too_many_bodies("project"), Blame::Caller),
            (RelayError::coded(Code::ScopeMissing, "no"), Blame::Caller),
            (RelayError::coded(Code::InvalidRelayKey, "no"), Blame::Caller),
            (openai(RelayError::invalid_value("n", "no")), Blame::Caller),
            (passed_on(Class::Provider(418)), Blame::Caller),
            (openai(RelayError::interrupted()), Blame::Provider),
            (openai(RelayError::upstream_timeout("late")), Blame::Provider),
            (openai(RelayError::coded(Code::UpstreamError, "no").with_class(Class::Internal)), Blame::Provider),
            (openai(RelayError::coded(Code::UpstreamOverloaded, "no")), Blame::Provider),
            (passed_on(Class::Internal), Blame::Provider),
            (passed_on(Class::Unavailable), Blame::Provider),
            (RelayError::internal(), Blame::Relay),
            (RelayError::draining(), Blame::Relay),
            (RelayError::overloaded(), Blame::Relay),
            (RelayError::storage_unavailable("disk full"), Blame::Relay),
            (openai(RelayError::coded(Code::UnsupportedRegion, "no")), Blame::Relay),
            (openai(RelayError::coded(Code::ProviderKeyUnreadable, "no")), Blame::Relay),
        ] {
            assert_eq!(error.blame(), want, "{error:?}");
        }
    }
}
