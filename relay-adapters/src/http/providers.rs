//! What differs between providers over HTTP, as a table: where each is, and which header carries its key.

use relay_core::Provider;

use super::exchange::Credential;

/// What a client has to know of a provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    provider: Provider,
    /// Where it is, unless configured otherwise: an `https` origin.
    pub(super) base_url: &'static str,
    pub(super) credential: Credential,
}

const ROWS: &[Row] = &[
    Row { provider: Provider::OPENAI, base_url: "https://api.openai.com", credential: Credential::Bearer },
    // In this header alone: Anthropic prefers `x-api-key` if both are sent.
    Row { provider: Provider::ANTHROPIC, base_url: "https://api.anthropic.com", credential: Credential::Bearer },
    // The key goes in a header, never in the URL's `key`, which proxies log.
    Row {
        provider: Provider::GOOGLE,
        base_url: "https://generativelanguage.googleapis.com",
        credential: Credential::Header("x-goog-api-key"),
    },
];

/// For a provider without a row, so that its keys can't reach anybody: RFC 6761 keeps `.invalid` from ever resolving.
const NOWHERE: Row =
    Row { provider: Provider::OPENAI, base_url: "https://provider.invalid", credential: Credential::Bearer };

/// The row of a provider.
pub(super) fn row(provider: Provider) -> Row {
    ROWS.iter().find(|row| row.provider == provider).copied().unwrap_or(NOWHERE)
}

#[cfg(test)]
mod tests {
    use super::super::{BaseUrl, PlainHttp};
    use super::*;

    #[test]
    fn every_provider_has_a_row_with_an_https_origin() {
        for provider in Provider::ALL {
            let row = row(*provider);
            assert_ne!(row.base_url, NOWHERE.base_url, "{provider}");
            assert_eq!(BaseUrl::parse(row.base_url, PlainHttp::Refused).unwrap().to_string(), row.base_url);
        }
    }
}
