//! A word between dashes in a provider key picks how the provider treats the key.

use relay_core::Provider;

/// How a provider treats a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyBehaviour {
    /// Works.
    Good,
    /// Works, with pauses between pieces.
    Slow,
    /// Works, but answers everything except chats after 4 seconds: checking the key takes that long.
    Late,
    /// Every other call is answered as by [`Self::Overloaded`].
    Flaky,
    /// Wrong, deleted or expired. So is every key without a known word.
    Refused,
    /// Was good once: reported as leaked, or its account is gone.
    Revoked,
    /// Lists models and may do nothing else.
    Restricted,
    /// Genuine, but without credit.
    NoCredit,
    /// Anthropic wants `anthropic-workspace-id` beside it. Works with the others.
    Workspace,
    /// Genuine, but over its rate limit.
    RateLimited,
    /// Was good once, and has expired.
    Expired,
    /// OpenAI knows it at its European host only. Works with the others.
    Region,
    /// OpenAI allows it other IP addresses only. Works with the others.
    Ip,
    /// OpenAI wants `openai-organization` beside it. Works with the others.
    Organization,
    /// A firewall before the provider answers with a page.
    Blocked,
    /// The network answers with its login page.
    Portal,
    /// Answers every call with a 5xx.
    Overloaded,
    /// The connection is refused.
    Unreachable,
}

const WORDS: [(&str, KeyBehaviour); 18] = [
    ("good", KeyBehaviour::Good),
    ("slow", KeyBehaviour::Slow),
    ("late", KeyBehaviour::Late),
    ("flaky", KeyBehaviour::Flaky),
    ("refused", KeyBehaviour::Refused),
    ("revoked", KeyBehaviour::Revoked),
    ("restricted", KeyBehaviour::Restricted),
    ("nocredit", KeyBehaviour::NoCredit),
    ("workspace", KeyBehaviour::Workspace),
    ("ratelimited", KeyBehaviour::RateLimited),
    ("expired", KeyBehaviour::Expired),
    ("region", KeyBehaviour::Region),
    ("ip", KeyBehaviour::Ip),
    ("organization", KeyBehaviour::Organization),
    ("blocked", KeyBehaviour::Blocked),
    ("portal", KeyBehaviour::Portal),
    ("overloaded", KeyBehaviour::Overloaded),
    ("unreachable", KeyBehaviour::Unreachable),
];

impl KeyBehaviour {
    /// The behaviour that a key asks for. A key without a known word, or of another provider, is refused: no test passes by accident.
    pub(super) fn parse(provider: Provider, key: &str) -> Self {
        let inner = key.split_once('-').and_then(|(_, rest)| rest.rsplit_once('-')).map_or("", |(inner, _)| inner);
        let word = inner.split('-').find_map(|part| WORDS.iter().find(|(word, _)| *word == part));
        word.filter(|_| is_of(provider, key)).map_or(Self::Refused, |(_, behaviour)| *behaviour)
    }
}

/// Whether a key looks like one of this provider: no other one has a longer prefix that fits.
fn is_of(provider: Provider, key: &str) -> bool {
    let fit = |provider: &Provider| {
        provider.key_prefixes().iter().filter(|prefix| key.starts_with(**prefix)).map(|prefix| prefix.len()).max()
    };
    let own = fit(&provider).or_else(|| provider.key_prefixes().is_empty().then_some(0));
    own.is_some() && Provider::ALL.iter().filter_map(fit).max() <= own
}

/// A key that the mock knows, in the provider's own form: `sk-ant-mock-good-ana0000`.
///
/// `behaviour` is one of the words of `docs/mock.md`; `tag` tells the keys of several users apart and is the key's end.
///
/// ```
/// # use relay_core::Provider;
/// assert_eq!(relay_mock::sample_key(Provider::OPENAI, "good", "ana1"), "sk-mock-good-00000000ana1");
/// ```
pub fn sample_key(provider: Provider, behaviour: &str, tag: &str) -> String {
    let prefix = provider.key_prefixes().first().unwrap_or(&"");
    format!("{prefix}mock-{behaviour}-{tag:0>12}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_between_dashes_decides() {
        for (word, behaviour) in WORDS {
            for provider in Provider::ALL {
                assert_eq!(KeyBehaviour::parse(*provider, &sample_key(*provider, word, "1")), behaviour);
            }
        }
        assert_eq!(KeyBehaviour::parse(Provider::GOOGLE, "AIza-good-key"), KeyBehaviour::Good);
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
            assert_eq!(KeyBehaviour::parse(Provider::OPENAI, key), KeyBehaviour::Refused, "{key}");
        }
        assert_eq!(KeyBehaviour::parse(Provider::ANTHROPIC, "sk-mock-good-1"), KeyBehaviour::Refused);
        assert_eq!(KeyBehaviour::parse(Provider::GOOGLE, "sk-mock-good-1"), KeyBehaviour::Refused);
    }
}
