//! The list of origins of a project or a registration token.

use std::fmt;

use super::error::{InvalidOrigin, Reason};
use super::pattern::OriginPattern;

/// The most entries of a list.
pub const MAX_ORIGINS: usize = 50;

/// Whether a list may have wildcards over a public suffix, such as `https://*.vercel.app`, or over every host
/// (`https://*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicSuffixes<'a> {
    /// No: such an entry is an error in a new list, and matches nothing in a stored one.
    Refused,
    /// Only those that an entry of this list covers, where someone allowed it explicitly.
    AllowedBy(&'a Origins),
    /// Yes: someone allowed it explicitly.
    Allowed,
}

impl PublicSuffixes<'_> {
    fn permit(self, pattern: &OriginPattern) -> bool {
        match self {
            Self::Refused => false,
            Self::AllowedBy(origins) => origins.covers(pattern),
            Self::Allowed => true,
        }
    }
}

/// The pages that a list allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every page: the meaning of an empty list.
    Any,
    /// The pages of these origins. Without entries: no page.
    Only(Vec<OriginPattern>),
}

impl Origins {
    /// Parses a requested list. Empty: any.
    ///
    /// # Errors
    /// For the first entry that is not an origin, or is a public suffix that is not allowed; for more than
    /// [`MAX_ORIGINS`] entries.
    pub fn parse(list: &[String], public_suffixes: PublicSuffixes<'_>) -> Result<Self, InvalidOriginList> {
        if list.len() > MAX_ORIGINS {
            return Err(InvalidOriginList::TooLong);
        }
        if list.is_empty() {
            return Ok(Self::Any);
        }
        let mut patterns = Vec::with_capacity(list.len());
        for (at, text) in list.iter().enumerate() {
            let pattern = OriginPattern::parse(text).map_err(|error| InvalidOriginList::Entry(at, error))?;
            if let Some(suffix) = pattern.public_suffix().filter(|_| !public_suffixes.permit(&pattern)) {
                let error = InvalidOrigin::new(text, Reason::PublicSuffix(suffix));
                return Err(InvalidOriginList::Entry(at, error));
            }
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        Ok(Self::Only(patterns))
    }

    /// Parses a stored list. An entry that is not in the form of `to_stored` matches nothing, and neither does
    /// a public suffix that is not allowed: older versions stored both, and compared them as text. Without such entries
    /// the list does not count as empty, which would mean any page.
    pub fn stored(list: &[String], public_suffixes: PublicSuffixes<'_>) -> Self {
        if list.is_empty() {
            return Self::Any;
        }
        let usable = list.iter().filter_map(|text| {
            let pattern = OriginPattern::parse(text).ok().filter(|pattern| pattern.to_string() == *text)?;
            let is_allowed = pattern.public_suffix().is_none() || public_suffixes.permit(&pattern);
            is_allowed.then_some(pattern)
        });
        Self::Only(usable.collect())
    }

    /// The list in its stored form: empty for any.
    pub(crate) fn to_stored(&self) -> Vec<String> {
        self.patterns().iter().map(ToString::to_string).collect()
    }

    /// The entries; empty if any page is allowed.
    pub fn patterns(&self) -> &[OriginPattern] {
        match self {
            Self::Any => &[],
            Self::Only(patterns) => patterns,
        }
    }

    /// The pages that both lists allow, in the order of this one. Neither can widen the other.
    #[must_use]
    pub(crate) fn narrowed_by(&self, other: &Self) -> Self {
        let (Self::Only(mine), Self::Only(theirs)) = (self, other) else {
            return if *self == Self::Any { other.clone() } else { self.clone() };
        };
        let mut both = Vec::new();
        for pattern in mine.iter().flat_map(|mine| theirs.iter().filter_map(|theirs| mine.narrowed_by(theirs))) {
            if !both.contains(&pattern) {
                both.push(pattern);
            }
        }
        Self::Only(both)
    }

    /// Whether a page of this origin, as browsers send it, is allowed.
    pub fn permits(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(patterns) => patterns.iter().any(|pattern| pattern.permits(origin)),
        }
    }

    /// Whether an entry of the list covers this pattern. A list that allows any page has no entries.
    pub fn covers(&self, pattern: &OriginPattern) -> bool {
        self.patterns().iter().any(|own| own.covers(pattern))
    }

    /// The sources of `frame-ancestors` (CSP Level 3, 6.4.2): these pages may embed one of Relay's own pages, and so
    /// may Relay itself, whose hosted page embeds the frame. In CSP an `http:` source also matches `https:`; Relay
    /// refuses calls of such a page.
    pub fn frame_ancestors(&self) -> String {
        match self {
            Self::Any => "*".to_owned(),
            Self::Only(patterns) => {
                patterns.iter().fold("'self'".to_owned(), |list, pattern| format!("{list} {pattern}"))
            }
        }
    }
}

/// Why a list of origins is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidOriginList {
    /// It has more than [`MAX_ORIGINS`] entries.
    TooLong,
    /// The entry at this index is not an origin, or has a public suffix.
    Entry(usize, InvalidOrigin),
}

impl fmt::Display for InvalidOriginList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a list may have at most {MAX_ORIGINS} origins"),
            Self::Entry(_, error) => error.fmt(f),
        }
    }
}

impl std::error::Error for InvalidOriginList {}
