//! A rule by which a simulated provider refuses a chat request.

/// How much is known of a rule's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// The source quotes the provider's message.
    Quoted,
    /// The source states the rule; the message is the likely one.
    Assumed,
}

/// A rule by which a provider refuses a chat request. [`rules`](crate::rules) lists those of a provider.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rule {
    name: &'static str,
    /// The provider's message. `{}` stands for what depends on the request.
    pub words: &'static str,
    /// Whether the source quotes the words.
    pub evidence: Evidence,
    /// A page of the provider's documentation, or an issue that reports the refusal.
    pub source: &'static str,
    /// The date of the source: year and month, or the day of a report.
    pub date: &'static str,
}

impl Rule {
    pub(crate) const fn new(
        name: &'static str,
        words: &'static str,
        evidence: Evidence,
        source: &'static str,
        date: &'static str,
    ) -> Self {
        Self { name, words, evidence, source, date }
    }

    /// Its name, unique within the provider: `unique_tool_ids`.
    pub fn name(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// Whether a message is a refusal by this rule.
    pub fn matches(&self, message: &str) -> bool {
        let mut pieces = self.words.split("{}");
        let Some(mut rest) = pieces.next().and_then(|first| message.strip_prefix(first)) else { return false };
        let mut pieces = pieces.peekable();
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            let Some((_, behind)) = rest.split_once(piece) else { return false };
            rest = behind;
        }
        rest.is_empty()
    }

    /// The refusal, with these values in the places of `{}`.
    pub(crate) fn say(&self, values: &[&str]) -> String {
        let mut values = values.iter();
        let mut pieces = self.words.split("{}");
        let mut out = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            out.push_str(values.next().copied().unwrap_or_default());
            out.push_str(piece);
        }
        out
    }
}

/// Defines a provider's rules: a static for each row, and `ALL` with all of them.
macro_rules! table {
    ($($evidence:ident $name:ident $words:literal, $source:literal, $date:literal;)*) => {
        $(pub(crate) static $name: $crate::rule::Rule =
            $crate::rule::Rule::new(stringify!($name), $words, $crate::rule::Evidence::$evidence, $source, $date);)*
        /// Every rule.
        pub(crate) static ALL: &[&$crate::rule::Rule] = &[$(&$name),*];
    };
}
pub(crate) use table;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_words_of_its_rule() {
        let rule = Rule::new("UNIQUE", "{}: `{}` ids must be unique", Evidence::Quoted, "", "");
        let said = rule.say(&["messages.1", "tool_use"]);
        assert_eq!(said, "messages.1: `tool_use` ids must be unique");
        assert!(rule.matches(&said) && !rule.matches("messages.1: ids must be unique") && !rule.matches(""));
        assert_eq!(rule.name(), "unique");
        let plain = Rule::new("PLAIN", "No.", Evidence::Assumed, "", "");
        assert!(plain.matches("No.") && !plain.matches("No. 1") && !plain.matches("A No."));
    }
}
