//! The causes of an error: how a log shows them, and how a key is removed from them.

use std::error::Error;
use std::fmt;

use crate::domain::secret::ProviderKey;

/// The stored cause of an error.
pub(super) type Source = Box<dyn Error + Send + Sync>;

/// The texts of an error and of all its causes, the outermost first, joined with `: `.
///
/// A cause is left out if the text before it already ends with it: some errors repeat their cause.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in causes(error).skip(1) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// The cause itself, or only its text without the key if it or one of its own causes would print the key.
pub(super) fn without(source: Source, key: &ProviderKey) -> Source {
    let prints = |cause: &(dyn Error + 'static)| {
        key.taken_out_of(&cause.to_string()).is_some() || key.taken_out_of(&format!("{cause:?}")).is_some()
    };
    if !causes(&*source).any(prints) {
        return source;
    }
    let text = chain(&*source);
    Box::new(Masked(key.taken_out_of(&text).unwrap_or(text)))
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The text of a cause whose key was removed.
#[derive(Debug)]
struct Masked(String);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Masked {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer {
        inner: Inner,
    }

    /// Shows its text only in `Debug`, as errors of HTTP clients do with a URL.
    #[derive(Debug)]
    struct Inner(#[expect(dead_code, reason = "for Debug")] String);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("it failed")
        }
    }

    impl fmt::Display for Inner {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("inside")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.inner)
        }
    }

    impl Error for Inner {}

    fn outer(text: &str) -> Source {
        Box::new(Outer { inner: Inner(text.to_owned()) })
    }

    #[test]
    fn a_chain_is_one_text() {
        assert_eq!(chain(&*outer("")), "it failed: inside");
        let repeats: Source = "alone".into();
        assert_eq!(chain(&*repeats), "alone");
    }

    #[test]
    fn a_cause_that_prints_the_key_is_reduced_to_its_text_without_it() {
        for text in ["sk-test-123", "a\"quote\\d-key"] {
            let key = ProviderKey::parse(text.into()).unwrap();
            let unchanged = without(outer("harmless"), &key);
            assert!(unchanged.is::<Outer>());
            let masked = without(outer(&format!("https://x/?key={text}")), &key);
            assert_eq!(format!("{masked} {masked:?}"), "it failed: inside Masked(\"it failed: inside\")");
            let masked = without(format!("refused {text}").into(), &key);
            assert_eq!(masked.to_string(), "refused ***");
            assert!(masked.source().is_none());
        }
    }
}
