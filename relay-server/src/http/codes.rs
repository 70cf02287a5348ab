//! Every error code that this server answers with of its own. Tests compare them with `docs/errors.md` and the sources.
//!
//! What a provider refuses for reasons that Relay does not know keeps the provider's own code and is not listed.

use relay_core::Class;

/// A code and what kind of failure it is, which gives the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `error.code`.
    pub code: &'static str,
    /// What kind of failure it is, which gives the status.
    pub class: Class,
}

const fn code(class: Class, code: &'static str) -> Code {
    Code { code, class }
}

/// All of them, by status.
pub const CODES: &[Code] = &[
    code(Class::InvalidRequest, "context_length_exceeded"),
    code(Class::InvalidRequest, "idempotency_key_reused"),
    code(Class::InvalidRequest, "incomplete_body"),
    code(Class::InvalidRequest, "invalid_json"),
    code(Class::InvalidRequest, "invalid_user"),
    code(Class::InvalidRequest, "invalid_value"),
    code(Class::InvalidRequest, "missing_thought_signature"),
    code(Class::InvalidRequest, "missing_user"),
    code(Class::InvalidRequest, "unknown_parameter"),
    code(Class::InvalidRequest, "unsupported_parameter"),
    code(Class::InvalidRequest, "unsupported_value"),
    code(Class::Unauthenticated, "invalid_registration_token"),
    code(Class::Unauthenticated, "invalid_relay_key"),
    code(Class::Forbidden, "cors_not_allowed"),
    code(Class::Forbidden, "frame_required"),
    code(Class::Forbidden, "origin_not_allowed"),
    code(Class::Forbidden, "provider_account_disabled"),
    code(Class::Forbidden, "provider_key_invalid"),
    code(Class::Forbidden, "provider_key_missing"),
    code(Class::Forbidden, "provider_key_needs_workspace"),
    code(Class::Forbidden, "provider_key_revoked"),
    code(Class::Forbidden, "provider_permission_denied"),
    code(Class::Forbidden, "replace_not_allowed"),
    code(Class::Forbidden, "scope_missing"),
    code(Class::Forbidden, "unsupported_country_region_territory"),
    code(Class::NotFound, "model_not_found"),
    code(Class::NotFound, "not_found"),
    code(Class::NotFound, "unknown_endpoint"),
    code(Class::NotFound, "user_not_found"),
    code(Class::MethodNotAllowed, "method_not_allowed"),
    code(Class::RequestTimeout, "request_timeout"),
    code(Class::Gone, "registration_token_expired"),
    code(Class::Gone, "registration_token_used"),
    code(Class::TooLarge, "invalid_value"),
    code(Class::TooLarge, "request_too_large"),
    code(Class::UnsupportedMediaType, "unsupported_media_type"),
    code(Class::Unprocessable, "key_refused_by_provider"),
    code(Class::Unprocessable, "provider_key_needs_workspace"),
    code(Class::RateLimited, "insufficient_quota"),
    code(Class::RateLimited, "rate_limit_exceeded"),
    code(Class::RateLimited, "too_many_refusals"),
    code(Class::HeadersTooLarge, "request_headers_too_large"),
    code(Class::HeadersTooLarge, "url_too_long"),
    code(Class::Cancelled, "upstream_cancelled"),
    code(Class::Internal, "internal_error"),
    code(Class::Internal, "provider_key_unreadable"),
    code(Class::Internal, "upstream_error"),
    code(Class::BadGateway, "embedding_count_mismatch"),
    code(Class::BadGateway, "empty_response"),
    code(Class::BadGateway, "malformed_function_call"),
    code(Class::BadGateway, "malformed_response"),
    code(Class::BadGateway, "too_many_tool_calls"),
    code(Class::BadGateway, "unexpected_tool_call"),
    code(Class::BadGateway, "unsupported_upstream_feature"),
    code(Class::BadGateway, "upstream_error"),
    code(Class::BadGateway, "upstream_stream_interrupted"),
    code(Class::BadGateway, "upstream_unreachable"),
    code(Class::Unavailable, "draining"),
    code(Class::Unavailable, "master_key_unusable"),
    code(Class::Unavailable, "overloaded"),
    code(Class::Unavailable, "storage_unavailable"),
    code(Class::Unavailable, "upstream_overloaded"),
    code(Class::GatewayTimeout, "upstream_timeout"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    type Rows = BTreeSet<(u16, String)>;

    fn listed() -> Rows {
        CODES.iter().map(|code| (code.class.status(), code.code.to_owned())).collect()
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let page = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
        let row = |line: &str| {
            let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
            Some((cells.first()?.parse().ok()?, cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?.to_owned()))
        };
        let documented: Rows = page.lines().filter_map(row).collect();
        assert_eq!(
            documented.difference(&listed()).collect::<Vec<_>>(),
            Vec::<&(u16, String)>::new(),
            "only on the page"
        );
        assert_eq!(
            listed().difference(&documented).collect::<Vec<_>>(),
            Vec::<&(u16, String)>::new(),
            "only in the code"
        );
    }

    /// Looks for `Class::X, "code"` (and `Class::X, kind::Y, "code"`) in the sources.
    #[test]
    fn every_code_in_the_sources_is_listed() {
        let mut text = String::new();
        for folder in ["relay-core/src", "relay-server/src"] {
            read_sources(&root().join(folder), &mut text);
        }
        let known = listed();
        for (at, _) in text.match_indices("Class::") {
            let Some((class, code)) = class_and_code(&text[at + 7..]) else { continue };
            assert!(known.contains(&(class.status(), code.to_owned())), "{class:?} `{code}` is not listed");
        }
        for Code { code, .. } in CODES {
            assert!(text.contains(&format!("\"{code}\"")), "`{code}` is nowhere in the sources");
        }
    }

    fn class_and_code(text: &str) -> Option<(Class, &str)> {
        let (class, rest) = text.split_once(',')?;
        let class = CODES.iter().map(|code| code.class).find(|known| format!("{known:?}") == class)?;
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("kind::").map_or(rest, |rest| rest.split_once(',').map_or(rest, |(_, rest)| rest));
        let code = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        (!code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).then_some((class, code))
    }

    fn read_sources(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_sources(&path, text);
            } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("codes.rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                text.push_str(source.split("#[cfg(test)]").next().unwrap());
            }
        }
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
    }
}
