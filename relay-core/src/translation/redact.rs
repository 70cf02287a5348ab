//! A provider's text, cut to length and without what looks like a key.

use crate::domain::beginnings;

/// The longest text, in characters.
const MAX_TEXT: usize = 500;

/// A provider's text for a caller: at most 500 characters, with anything that looks like a key masked.
pub(crate) fn redact(text: &str) -> String {
    let (mut words, mut left) = (String::new(), MAX_TEXT);
    for word in text.split_inclusive(|c: char| c.is_whitespace() || "\"',()<>`".contains(c)).take(MAX_TEXT) {
        let word = masked(word);
        let length = word.chars().count();
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            // Half of a word could be half of a key, which nobody would find any more.
            None if word.is_ascii() => {
                if words.is_empty() {
                    words.push_str("***");
                }
                break;
            }
            None => {
                words.extend(word.chars().take(left));
                break;
            }
        }
        words.push_str(&word);
    }
    words
}

/// Masks what begins like a secret within a word, up to the word's end. Punctuation behind it stays.
fn masked(word: &str) -> std::borrow::Cow<'_, str> {
    let begins =
        |at: usize| word.get(..at).is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()));
    let secret =
        beginnings().filter_map(|start| word.find(start)).filter(|at| begins(*at) && word.len() - at > 8).min();
    let Some((before, rest)) =
        secret.or_else(|| word.find("key=").map(|at| at + 4)).and_then(|at| word.split_at_checked(at))
    else {
        return word.into();
    };
    let end = rest.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && !"*-_".contains(c)).len();
    format!("{before}***{}", rest.get(end..).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_a_providers_words_are_masked() {
        for (text, want) in [
            ("Incorrect API key provided: sk-proj-abc123def456. You can", "Incorrect API key provided: ***. You can"),
            ("invalid 'sk-ant-api03-xyz_123'", "invalid '***'"),
            ("see https://x/?key=AIzaSyA1234567890 now", "see https://x/?key=*** now"),
            ("task-based risk-free desk-top", "task-based risk-free desk-top"),
        ] {
            assert_eq!(redact(text), want);
        }
    }

    #[test]
    fn long_words_of_a_provider_are_cut() {
        assert_eq!(redact(&"é".repeat(600)).chars().count(), 500);
        let words = "word ".repeat(99);
        assert_eq!(redact(&format!("{words}0123456789 more")), words, "half a word could be half a key");
    }
}
