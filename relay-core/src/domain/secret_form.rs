//! What secrets look like, so that a text that may be one is not repeated.

use super::provider::Provider;

/// How Relay's own secrets begin.
const OWN: [&str; 3] = ["rly-", "rrt-", "whsec_"];
/// The shortest text that is taken for a secret, with its beginning.
const SHORTEST: usize = 9;

/// How secrets begin: Relay's own and the providers' keys.
pub(crate) fn beginnings() -> impl Iterator<Item = &'static str> {
    Provider::ALL.iter().flat_map(|provider| provider.key_prefixes()).copied().chain(OWN)
}

/// Where in `text` something begins that looks like a secret: a known beginning, in upper or lower case, that no letter
/// or digit precedes, and at least a few more characters.
///
/// ```
/// use relay_core::domain::secret_at;
///
/// assert_eq!(secret_at("sk-ant-api03-x"), Some(0));
/// assert_eq!(secret_at("job 7: SK-proj-0123"), Some(7));
/// assert_eq!(secret_at("task-0123456789"), None);
/// ```
pub fn secret_at(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins = |at: usize, beginning: &str| {
        let rest = bytes.get(at..).unwrap_or_default();
        rest.len() >= SHORTEST
            && rest.get(..beginning.len()).is_some_and(|first| first.eq_ignore_ascii_case(beginning.as_bytes()))
    };
    let is_edge = |at: usize| at.checked_sub(1).and_then(|at| bytes.get(at)).is_none_or(|b| !b.is_ascii_alphanumeric());
    (0..bytes.len()).find(|&at| is_edge(at) && beginnings().any(|beginning| begins(at, beginning)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_beginning_is_found_wherever_it_stands() {
        for beginning in beginnings() {
            for (before, at) in [("", 0), ("-", 1), ("a_", 2), ("é:", 3)] {
                for beginning in [beginning.to_owned(), beginning.to_uppercase(), beginning.to_lowercase()] {
                    let text = format!("{before}{beginning}01234567");
                    assert_eq!(secret_at(&text), Some(at), "{text}");
                }
            }
            assert_eq!(secret_at(&format!("x{beginning}01234567")), None);
            assert_eq!(secret_at(beginning), None);
        }
        assert!(beginnings().any(|beginning| beginning == "sk-") && beginnings().any(|beginning| beginning == "AIza"));
    }

    #[test]
    fn ordinary_ids_are_no_secrets() {
        for id in [
            "",
            "req-123",
            "5f0c1f5e-1b7e-4d7a-9a37-4c5f7a0c2b11",
            "task-based-0001",
            "order_998877",
            "disk-0123456789",
        ] {
            assert_eq!(secret_at(id), None, "{id}");
        }
    }
}
