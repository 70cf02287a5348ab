//! Response headers.

use super::wire;

/// The tier that served the call, in OpenAI's words, where a header names it.
pub(super) fn service_tier(headers: &[(String, String)]) -> Option<&'static str> {
    let tier = headers.iter().find(|(name, _)| name == "x-gemini-service-tier");
    tier.and_then(|(_, value)| wire::tier(value))
}
