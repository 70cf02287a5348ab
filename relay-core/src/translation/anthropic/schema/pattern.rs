//! Regular expressions that Anthropic's compiler takes.

/// The largest bound of a repetition that stays: the compiler writes each one out.
const MAX_REPEATS: u32 = 100;

/// Whether a `pattern` uses only what the compiler is known to take: characters, classes, groups, alternatives, anchors and
/// repetitions. It has no look-around, word boundaries, back references or named groups.
pub(super) fn is_compilable(pattern: &str) -> bool {
    let mut rest = pattern.chars();
    let mut in_class = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let Some(escaped) = rest.next() else { return false };
                let is_class = matches!(escaped, 'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'n' | 'r' | 't' | 'f' | 'v');
                if escaped.is_ascii_alphanumeric() && !is_class {
                    return false; // \b \B \A \Z \1 \k \p \u
                }
            }
            '[' if !in_class => in_class = true,
            ']' if in_class => in_class = false,
            // Look-around, named groups, flags.
            '(' if !in_class && rest.as_str().starts_with('?') && !rest.as_str().starts_with("?:") => return false,
            '{' if !in_class => {
                let bounds = rest.as_str().split_once('}').map_or("", |(bounds, _)| bounds);
                let is_small =
                    |bound: &str| bound.is_empty() || bound.parse::<u32>().is_ok_and(|bound| bound <= MAX_REPEATS);
                if bounds.is_empty() || !bounds.split(',').all(is_small) {
                    return false;
                }
            }
            _ => {}
        }
    }
    !in_class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_compile_stays() {
        for good in [
            "",
            "^[a-z]+$",
            r"^\d{3}-\d{4}$",
            "(a|b)*?",
            "(?:x)y",
            r"[(?=\]]{1,3}",
            r"\.\(\$",
            "^[^@]+@[^@]+$",
            "a{2,}",
        ] {
            assert!(is_compilable(good), "{good}");
        }
        for bad in [
            "(?=a)b",
            "(?!a)b",
            "(?<=a)b",
            "(?<!a)b",
            "(?<n>a)",
            "(?P<n>a)",
            "(?i)a",
            r"\bword\b",
            r"a\B",
            r"(a)\1",
            r"\k<n>",
            r"\p{L}",
            r"\u0041",
            r"\Aa\Z",
            "a{1,1000}",
            "a{x}",
            "[a",
            r"a\",
        ] {
            assert!(!is_compilable(bad), "{bad}");
        }
    }
}
