//! The place of a call in its caller's trace.

use std::fmt;

/// The header `traceparent` of [W3C Trace Context](https://www.w3.org/TR/trace-context/): which trace a call belongs to,
/// and which span of it made the call.
///
/// ```
/// use relay_core::domain::TraceParent;
///
/// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let parent = TraceParent::parse(text).expect("a valid header");
/// assert!(parent.sampled);
/// assert_eq!(parent.to_string(), text);
/// assert_eq!(TraceParent::parse("00-0-0-01"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    /// The trace; never 0.
    pub trace_id: u128,
    /// The span that made the call; never 0.
    pub span_id: u64,
    /// Whether the caller records this trace.
    pub sampled: bool,
}

impl TraceParent {
    /// Reads the header's value. `None` for an invalid one, which counts as no header (section 3.2.2 of the standard).
    ///
    /// A version above 00 is read by the form of 00, and may have more members behind it.
    pub fn parse(value: &str) -> Option<Self> {
        let mut members = value.splitn(5, '-');
        let version = hex(members.next()?, 2).filter(|version| *version != 0xff)?;
        let trace_id = hex(members.next()?, 32).filter(|id| *id != 0)?;
        let span_id = u64::try_from(hex(members.next()?, 16)?).ok().filter(|id| *id != 0)?;
        let flags = hex(members.next()?, 2)?;
        (version > 0 || members.next().is_none()).then_some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }
}

/// A number in exactly this many hex digits, in lower case.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (text.len() == digits && text.bytes().all(is_hex)).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_header_is_read_as_it_is_written() {
        for flags in ["00", "01"] {
            let text = format!("00-{TRACE}-{SPAN}-{flags}");
            assert_eq!(TraceParent::parse(&text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn unknown_flags_and_members_of_later_versions_are_ignored() {
        let parent = TraceParent::parse(&format!("00-{TRACE}-{SPAN}-01"));
        assert!(parent.is_some());
        for later in ["01-{T}-{S}-03", "cc-{T}-{S}-01-what-comes", "00-{T}-{S}-ff", "01-{T}-{S}-01-"] {
            assert_eq!(TraceParent::parse(&later.replace("{T}", TRACE).replace("{S}", SPAN)), parent, "{later}");
        }
    }

    #[test]
    fn an_invalid_header_counts_as_none() {
        let upper = TRACE.to_uppercase();
        for invalid in [
            String::new(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-0x"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{upper}-{SPAN}-01"),
            format!("00-{:032}-{SPAN}-01", 0),
            format!("00-{TRACE}-{:016}-01", 0),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01 "),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-é{}-{SPAN}-01", &TRACE[2..]),
        ] {
            assert_eq!(TraceParent::parse(&invalid), None, "{invalid:?}");
        }
    }
}
