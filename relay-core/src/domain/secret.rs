//! Secrets. Each is a type whose text only `expose()` returns.
//!
//! None of them implements `Display`, `Serialize` or `PartialEq`; `Debug` hides the text; memory is wiped on drop. To
//! audit the use of secrets, search for `expose()`.

use std::fmt;

use zeroize::Zeroizing;

use crate::domain::{Provider, key_forms};

/// Why a pasted text is not a provider key. The error never contains the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProviderKey {
    /// Empty, or only white space.
    #[error("the key is empty")]
    Empty,
    /// Shorter than [`ProviderKey::MIN_LEN`] or longer than [`ProviderKey::MAX_LEN`].
    #[error("a key must have 8 to 512 characters")]
    Length,
    /// A space, a control character or a character outside ASCII.
    #[error("a key may only have printable ASCII characters; copy it again from the provider's page")]
    NotPrintable,
}

/// A user's own key for a provider.
///
/// Relay refuses no key because of its prefix: prefixes are hints, and the provider decides.
#[derive(Clone)]
pub struct ProviderKey(Zeroizing<String>);

impl ProviderKey {
    /// The shortest key, in characters.
    pub const MIN_LEN: usize = 8;
    /// The longest key, in characters.
    pub const MAX_LEN: usize = 512;

    /// Reads a pasted text, and trims white space around it.
    ///
    /// # Errors
    /// If nothing is left, or the text cannot be sent in an HTTP header. `raw` is wiped in any case.
    pub fn parse(raw: String) -> Result<Self, InvalidProviderKey> {
        let raw = Zeroizing::new(raw);
        let key = raw.trim();
        if key.is_empty() {
            return Err(InvalidProviderKey::Empty);
        }
        if !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidProviderKey::NotPrintable);
        }
        if !(Self::MIN_LEN..=Self::MAX_LEN).contains(&key.len()) {
            return Err(InvalidProviderKey::Length);
        }
        Ok(Self(Zeroizing::new(key.to_owned())))
    }

    /// Returns the text. Call this only where the header is built or the record is sealed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text, for rules of the domain that look at its form.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Replaces this key in a text by three stars. `None` if the text does not contain the key.
    ///
    /// Also finds pieces of at least 16 characters of a long key, and what JSON, `Debug`, base64, hexadecimal digits and
    /// URLs make of the key or of such a piece.
    pub(crate) fn taken_out_of(&self, words: &str) -> Option<String> {
        key_forms::taken_out(&self.0, words)
    }

    /// Whether a short text, such as the value of a header, shows this key, as [`Self::taken_out_of`] finds it.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        key_forms::is_in(&self.0, text)
    }

    /// The last four characters, which Relay shows so that a user can tell keys apart.
    pub fn last4(&self) -> String {
        last4(&self.0)
    }
}

/// A developer's key to Relay: `rly-`, 43 base-62 digits (256 bit), 6 base-62 digits of CRC-32.
#[derive(Clone)]
pub struct RelayKey(Zeroizing<String>);

/// A short-lived, single-use token that lets one end user store one key: `rrt-` and the same form.
#[derive(Clone)]
pub struct RegistrationToken(Zeroizing<String>);

macro_rules! opaque {
    ($($name:ident),*) => {$(
        impl $name {
            /// Wraps a text without a check. [`crate::ports::TokenIssuer`] checks form and checksum.
            pub fn new(text: String) -> Self {
                Self(Zeroizing::new(text))
            }

            /// Returns the text.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }
    )*};
}
opaque!(RelayKey, RegistrationToken);

/// What a credential seems to be, by its beginning alone: whether it is valid plays no part. Errors name it when it was
/// sent in place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookalike {
    /// A Relay key.
    RelayKey,
    /// A Relay key with something in front of it, such as a quotation mark or a second `Bearer`.
    WrappedRelayKey,
    /// A registration token.
    RegistrationToken,
    /// A user's key for a provider.
    ProviderKey(Provider),
}

impl Lookalike {
    fn of(text: &str) -> Option<Self> {
        if text.starts_with("rly-") {
            return Some(Self::RelayKey);
        }
        if text.starts_with("rrt-") {
            return Some(Self::RegistrationToken);
        }
        if text.contains("rly-") {
            return Some(Self::WrappedRelayKey);
        }
        // The longest prefix counts: one provider's may begin with another's.
        let prefixes =
            Provider::ALL.iter().flat_map(|of| of.key_prefixes().iter().map(move |prefix| (prefix.len(), *of, prefix)));
        let longest = prefixes.filter(|(_, _, prefix)| text.starts_with(**prefix)).max_by_key(|(len, ..)| *len);
        longest.map(|(_, provider, _)| Self::ProviderKey(provider))
    }
}

impl RegistrationToken {
    /// What the text seems to be, by its beginning.
    pub fn looks_like(&self) -> Option<Lookalike> {
        Lookalike::of(&self.0)
    }
}

impl RelayKey {
    /// What the text seems to be, by its beginning.
    pub fn looks_like(&self) -> Option<Lookalike> {
        Lookalike::of(&self.0)
    }

    /// The last four characters, which help a developer to tell keys apart.
    pub fn last4(&self) -> String {
        last4(&self.0)
    }
}

fn last4(text: &str) -> String {
    text.get(text.len().saturating_sub(4)..).unwrap_or_default().to_owned()
}

macro_rules! hidden {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
hidden!(ProviderKey, RelayKey, RegistrationToken);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_secret_shows_nothing() {
        assert_eq!(format!("{:?}", ProviderKey::parse("sk-test-123".into()).unwrap()), "ProviderKey(..)");
        assert_eq!(format!("{:?}", RelayKey::new("rly-x".into())), "RelayKey(..)");
        assert_eq!(format!("{:?}", RegistrationToken::new("rrt-x".into())), "RegistrationToken(..)");
    }

    #[test]
    fn a_pasted_key_loses_the_white_space_around_it() {
        assert_eq!(ProviderKey::parse("  sk-test-123\n".into()).unwrap().expose(), "sk-test-123");
    }

    #[test]
    fn a_text_that_a_header_cannot_carry_is_not_a_key() {
        for (bad, why) in [
            ("   ", InvalidProviderKey::Empty),
            ("sk test 123", InvalidProviderKey::NotPrintable),
            ("sk-tést-123", InvalidProviderKey::NotPrintable),
            ("sk-test\r\nx: y", InvalidProviderKey::NotPrintable),
            ("short", InvalidProviderKey::Length),
        ] {
            assert_eq!(ProviderKey::parse(bad.into()).unwrap_err(), why, "{bad:?}");
        }
        assert_eq!(ProviderKey::parse("k".repeat(513)).unwrap_err(), InvalidProviderKey::Length);
    }

    #[test]
    fn a_key_is_removed_from_a_text_wherever_it_is() {
        let key = ProviderKey::parse("any-key-at-all".into()).unwrap();
        assert_eq!(key.taken_out_of("no any-key-at-all; xany-key-at-allx").as_deref(), Some("no ***; x***x"));
        assert_eq!(key.taken_out_of("any-key-at-al"), None);
        let odd = ProviderKey::parse(r#"any"key\at-all"#.into()).unwrap();
        assert_eq!(odd.taken_out_of(r#"no any"key\at-all"#).as_deref(), Some("no ***"));
        assert_eq!(odd.taken_out_of(&format!("{:?}", r#"no any"key\at-all"#)).as_deref(), Some("\"no ***\""));
    }

    #[test]
    fn the_last_four_characters_are_shown() {
        assert_eq!(ProviderKey::parse("sk-test-a1b2".into()).unwrap().last4(), "a1b2");
    }
}
