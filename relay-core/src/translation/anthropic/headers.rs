//! Response headers: Anthropic's rate limits under OpenAI's names.

use crate::domain::ids::Timestamp;
use crate::error::Disclosure;

/// Headers with the same meaning in both schemas.
const RENAMED: &[(&str, &str)] = &[
    ("anthropic-ratelimit-requests-limit", "x-ratelimit-limit-requests"),
    ("anthropic-ratelimit-requests-remaining", "x-ratelimit-remaining-requests"),
    ("anthropic-ratelimit-tokens-limit", "x-ratelimit-limit-tokens"),
    ("anthropic-ratelimit-tokens-remaining", "x-ratelimit-remaining-tokens"),
];

/// Points in time that become durations.
const RESETS: &[(&str, &str)] = &[
    ("anthropic-ratelimit-requests-reset", "x-ratelimit-reset-requests"),
    ("anthropic-ratelimit-tokens-reset", "x-ratelimit-reset-tokens"),
];

/// Notes what is passed on, of good answers and errors alike. The rest is tenant data or has no counterpart.
pub(super) fn disclose(headers: &[(String, String)], now: Timestamp, disclosure: &mut Disclosure) {
    let named = |names: &[(&str, &'static str)], known: &str| {
        names.iter().find(|(theirs, _)| *theirs == known).map(|(_, ours)| *ours)
    };
    for (name, value) in headers {
        if name == "request-id" {
            disclosure.note_request_id(value);
        } else if let Some(ours) = named(RENAMED, name) {
            disclosure.note_header(ours, value);
        } else if let (Some(ours), Some(at)) = (named(RESETS, name), instant(value)) {
            let left = at.0.saturating_sub(now.0).div_ceil(1000);
            disclosure.note_header(ours, &duration(left));
        }
    }
}

/// Seconds in OpenAI's spelling: `17s`, `6m0s`, `1h0m0s`.
fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

/// Reads an RFC 3339 time: `2026-11-23T12:00:30Z`, with or without a fraction or an offset.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok().map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_spelling() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-23T12:00:30Z", Some(1_795_435_230_000)),
            ("2026-11-23T12:00:30.1234Z", Some(1_795_435_230_123)),
            ("2026-11-23T14:00:30+02:00", Some(1_795_435_230_000)),
            ("2024-02-29T00:00:00-00:30", Some(1_709_166_600_000)),
            ("2026-11-23", None),
            ("2026-13-23T12:00:30Z", None),
            ("2026-11-23T12:00:30é02:00", None),
            ("2026-11-23T12:00:30+0é:00", None),
            ("", None),
        ] {
            assert_eq!(instant(text).map(|at| at.0), millis, "{text}");
        }
    }

    #[test]
    fn durations_are_spelled_as_openai_does() {
        let spelled = [0, 17, 60, 360, 3600, 90_061].map(duration);
        assert_eq!(spelled, ["0s", "17s", "1m0s", "6m0s", "1h0m0s", "25h1m1s"]);
    }
}
