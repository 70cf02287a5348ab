//! Ids of projects, end users, requests and records; tiers and timestamps.
//!
//! Each type holds only valid values, so code that receives one does not check again.

use std::fmt;

/// Digits of base 62, in ASCII order: `0-9`, `A-Z`, `a-z`.
pub const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why a string is not a valid id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(pub &'static str);

/// A project: the tenant that everything else belongs to. `prj_` and 22 base-62 digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectId(Box<str>);

impl ProjectId {
    /// Parses `prj_` + 22 base-62 digits.
    ///
    /// # Errors
    /// For a wrong prefix, length or character.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let wrong = InvalidId("a project id is `prj_` and 22 letters or digits");
        let digits = text.strip_prefix("prj_").ok_or(wrong)?;
        if digits.len() == 22 && digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(text.into()))
        } else {
            Err(wrong)
        }
    }

    /// A new id from 22 random base-62 digits of [`crate::ports::TokenIssuer`].
    ///
    /// # Errors
    /// Unless `digits` are 22 base-62 digits.
    pub fn from_digits(digits: &str) -> Result<Self, InvalidId> {
        Self::parse(&format!("prj_{digits}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The developer's own id of an end user: 1 to 128 visible ASCII characters, compared byte by byte.
///
/// The same rules hold in JSON, in `X-Relay-User` and in paths, so the three can never disagree. `.` and `..` are not
/// valid: URL parsers resolve them, also when percent-encoded, so a path could not contain them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndUser(Box<str>);

impl EndUser {
    /// The longest label, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Parses a label.
    ///
    /// # Errors
    /// For a label that is empty, longer than [`Self::MAX_LEN`], `.` or `..`, or has a byte outside 0x21..=0x7E.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if !(1..=Self::MAX_LEN).contains(&text.len()) {
            return Err(InvalidId("an end user label must have 1 to 128 characters"));
        }
        if matches!(text, "." | "..") {
            return Err(InvalidId("an end user label must not be `.` or `..`, which a URL path cannot contain"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(InvalidId(
                "an end user label may only have visible ASCII characters (0x21 to 0x7E, no spaces)",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request's id: `req_` and 26 base-32 digits (Crockford), time-ordered like a ULID.
///
/// It is also the seed for ids that Relay generates if a provider sends none ([`Self::unique`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u128);

impl RequestId {
    /// An id from the time in milliseconds since 1970 and 80 random bits.
    pub fn new(unix_millis: u64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[6..].copy_from_slice(&random);
        Self((u128::from(unix_millis & 0xFFFF_FFFF_FFFF) << 80) | u128::from_be_bytes(bytes))
    }

    /// `length` base-62 digits that are always the same for this request and `n`, and differ between requests.
    ///
    /// Not a secret: use it for ids such as `call_…`, never for tokens.
    pub fn unique(&self, n: u64, length: usize) -> String {
        let mut state = (self.0 as u64) ^ (self.0 >> 64) as u64 ^ n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..length)
            .map(|_| {
                // splitmix64, https://prng.di.unimi.it/splitmix64.c
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                char::from(*BASE62.get(((z ^ (z >> 31)) % 62) as usize).unwrap_or(&b'0'))
            })
            .collect()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut text = *b"req_00000000000000000000000000";
        for (place, digit) in text.iter_mut().skip(4).rev().enumerate() {
            *digit = *CROCKFORD.get(((self.0 >> (5 * place)) & 31) as usize).unwrap_or(&b'0');
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or("req_"))
    }
}

/// The id of a sealed record: 16 random bytes that the seal is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordId(pub [u8; 16]);

/// The tier that a call is metered under: the value of `X-Relay-Paid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// `X-Relay-Paid` absent or `true`.
    Paid,
    /// `X-Relay-Paid: false`.
    Free,
}

impl Tier {
    /// `paid` or `free`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Free => "free",
        }
    }
}

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Parses RFC 3339; `None` for anything else, and for times before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(time.as_millisecond()).ok().map(Self)
    }

    /// Whole seconds since 1970, as in OpenAI's `created`.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// Days since 1970-01-01 in UTC: the day that a call is metered under.
    pub fn day(self) -> u32 {
        u32::try_from(self.0 / 86_400_000).unwrap_or(u32::MAX)
    }

    /// This time plus a number of seconds.
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-23T08:47:24.000Z`. Times after the year 9999 are shown as its last
/// moment.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

macro_rules! text_id {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
text_id!(ProjectId, EndUser);

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_visible_ascii_of_bounded_length() {
        for good in ["a", "jieun_123", "user@example.com", "!~", &"x".repeat(128)] {
            assert_eq!(EndUser::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", ".", "..", "a b", "a\n", "é", "\u{7f}", &"x".repeat(129)] {
            assert!(EndUser::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_project_id_has_its_prefix_and_22_digits() {
        assert!(ProjectId::parse("prj_0123456789ABCDEFGHIJkl").is_ok());
        for bad in ["prj_", "0123456789ABCDEFGHIJkl", "prj_0123456789ABCDEFGHIJk-", "prj_0123456789ABCDEFGHIJklm"] {
            assert!(ProjectId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn request_ids_sort_by_time() {
        let early = RequestId::new(1_000, [255; 10]).to_string();
        let late = RequestId::new(1_001, [0; 10]).to_string();
        assert!(early < late);
        assert_eq!((early.len(), &early[..4]), (30, "req_"));
    }

    #[test]
    fn generated_ids_differ_by_request_and_number() {
        let (a, b) = (RequestId::new(1, [1; 10]), RequestId::new(1, [2; 10]));
        assert_eq!(a.unique(0, 24), a.unique(0, 24));
        assert_ne!(a.unique(0, 24), a.unique(1, 24));
        assert_ne!(a.unique(0, 24), b.unique(0, 24));
    }

    #[test]
    fn times_print_as_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Timestamp(1_795_423_644_007).to_string(), "2026-11-23T08:47:24.007Z");
        assert_eq!(Timestamp(u64::MAX).to_string(), "9999-12-30T22:00:00.999Z");
    }
}
