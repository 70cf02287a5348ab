//! The key decides the mood: a word between dashes in it says how the provider feels about it.

use relay_core::Provider;

/// How a provider answers to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Works.
    Good,
    /// Works, with pauses between pieces.
    Slow,
    /// Works, and takes its time over everything but chats: a check of the key lasts.
    Late,
    /// Every other call is answered as by [`Self::Overloaded`].
    Flaky,
    /// Wrong, deleted or expired. Also every key that has no word.
    Refused,
    /// Was good once: reported as leaked, or its account is gone.
    Revoked,
    /// Lists models and may do nothing else.
    Restricted,
    /// Genuine, without money.
    NoCredit,
    /// Anthropic wants `anthropic-workspace-id` beside it. Works with the others.
    Workspace,
    /// Genuine, too fast.
    RateLimited,
    /// The provider has a bad day.
    Overloaded,
    /// There is no connection at all.
    Unreachable,
}

const WORDS: [(&str, Mood); 12] = [
    ("good", Mood::Good),
    ("slow", Mood::Slow),
    ("late", Mood::Late),
    ("flaky", Mood::Flaky),
    ("refused", Mood::Refused),
    ("revoked", Mood::Revoked),
    ("restricted", Mood::Restricted),
    ("nocredit", Mood::NoCredit),
    ("workspace", Mood::Workspace),
    ("ratelimited", Mood::RateLimited),
    ("overloaded", Mood::Overloaded),
    ("unreachable", Mood::Unreachable),
];

impl Mood {
    /// The mood of a key. A key without a known word, or of another provider, is refused: no test passes by accident.
    pub(super) fn of(provider: Provider, key: &str) -> Self {
        let anthropic = key.starts_with("sk-ant-");
        let own = match provider.name() {
            "anthropic" => anthropic,
            "google" => key.starts_with("AQ.") || key.starts_with("AIza"),
            _ => key.starts_with("sk-") && !anthropic,
        };
        let inner = key.split_once('-').and_then(|(_, rest)| rest.rsplit_once('-')).map_or("", |(inner, _)| inner);
        let word = inner.split('-').find_map(|part| WORDS.iter().find(|(word, _)| *word == part));
        word.filter(|_| own).map_or(Self::Refused, |(_, mood)| *mood)
    }
}

/// A key that the mock knows, in the provider's own form: `sk-ant-mock-good-ana0000`.
///
/// `mood` is one of the words of `docs/mock.md`; `tag` tells the keys of several users apart and is the key's end.
///
/// ```
/// # use relay_core::Provider;
/// assert_eq!(relay_mock::sample_key(Provider::OPENAI, "good", "ana1"), "sk-mock-good-00000000ana1");
/// ```
pub fn sample_key(provider: Provider, mood: &str, tag: &str) -> String {
    let prefix = match provider.name() {
        "anthropic" => "sk-ant-",
        "google" => "AQ.",
        _ => "sk-",
    };
    format!("{prefix}mock-{mood}-{tag:0>12}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_between_dashes_decides() {
        for (word, mood) in WORDS {
            for provider in Provider::ALL {
                assert_eq!(Mood::of(*provider, &sample_key(*provider, word, "1")), mood);
            }
        }
        assert_eq!(Mood::of(Provider::GOOGLE, "AIza-good-key"), Mood::Good);
    }

    #[test]
    fn every_word_is_documented() {
        let docs = include_str!("../../../docs/mock.md");
        let rows: Vec<_> = docs.lines().filter_map(|line| line.strip_prefix("| `-")?.split_once("-`")).collect();
        assert_eq!(rows.iter().map(|(word, _)| *word).collect::<Vec<_>>(), WORDS.map(|(word, _)| word));
    }

    #[test]
    fn any_other_key_is_refused() {
        for key in [
            "sk-proj-abcdefgh",
            "sk-mock-goods-1",
            "sk-mock-good",
            "good",
            "-good-",
            "AQ.mock-good-1",
            "sk-ant-mock-good-1",
        ] {
            assert_eq!(Mood::of(Provider::OPENAI, key), Mood::Refused, "{key}");
        }
        assert_eq!(Mood::of(Provider::ANTHROPIC, "sk-mock-good-1"), Mood::Refused);
        assert_eq!(Mood::of(Provider::GOOGLE, "sk-mock-good-1"), Mood::Refused);
    }
}
