//! Response headers: Anthropic's rate limits under OpenAI's names.

use crate::domain::ids::{Timestamp, days_from_civil};

/// Headers with the same meaning in both schemas.
const RENAMED: &[(&str, &str)] = &[
    ("anthropic-ratelimit-requests-limit", "x-ratelimit-limit-requests"),
    ("anthropic-ratelimit-requests-remaining", "x-ratelimit-remaining-requests"),
    ("anthropic-ratelimit-tokens-limit", "x-ratelimit-limit-tokens"),
    ("anthropic-ratelimit-tokens-remaining", "x-ratelimit-remaining-tokens"),
    ("request-id", "x-relay-provider-request-id"),
];

/// Points in time that become durations.
const RESETS: &[(&str, &str)] = &[
    ("anthropic-ratelimit-requests-reset", "x-ratelimit-reset-requests"),
    ("anthropic-ratelimit-tokens-reset", "x-ratelimit-reset-tokens"),
];

/// What is passed on, of good answers and errors alike. The rest is tenant data or has no counterpart.
pub(super) fn passed(headers: &[(String, String)], now: Timestamp) -> Vec<(&'static str, String)> {
    let named = |names: &[(&str, &'static str)], known: &str| {
        names.iter().find(|(theirs, _)| *theirs == known).map(|(_, ours)| *ours)
    };
    let mut passed = Vec::new();
    for (name, value) in headers {
        if let Some(ours) = named(RENAMED, name) {
            passed.push((ours, value.clone()));
        } else if let (Some(ours), Some(at)) = (named(RESETS, name), instant(value)) {
            passed.push((ours, duration(at.0.saturating_sub(now.0).div_ceil(1000))));
        }
    }
    passed
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
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is_at = |at: usize, marks: &[u8]| text.as_bytes().get(at).is_some_and(|b| marks.contains(b));
    if !(is_at(4, b"-") && is_at(7, b"-") && is_at(10, b"Tt ") && is_at(13, b":") && is_at(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, u32::try_from(number(5, 7)?).ok()?, u32::try_from(number(8, 10)?).ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let rest = text.get(19..)?;
    let fraction = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count() + 1);
    let digits = rest.get(1..fraction).unwrap_or_default();
    let millis: i64 = format!("{digits:0<3}").get(..3)?.parse().ok()?;
    let offset = match rest.get(fraction..)? {
        "Z" | "z" => 0,
        zone => {
            let at = text.len() - zone.len();
            let minutes = number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?;
            match zone.as_bytes().first()? {
                b'+' => minutes,
                b'-' => -minutes,
                _ => return None,
            }
        }
    };
    u64::try_from((days * 86_400 + seconds - offset * 60) * 1000 + millis).ok().map(Timestamp)
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
