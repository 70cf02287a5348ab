//! The last calls as the provider saw them, without their keys: for whoever controls the mock over HTTP.

use std::collections::{HashMap, VecDeque};

use relay_core::Provider;
use relay_core::ports::TransportErrorKind;

/// How many calls are remembered.
pub(super) const MAX_CALLS: usize = 1000;
/// The most bytes of all calls that are remembered together.
const MAX_BYTES: usize = 16 << 20;
/// The most bytes of one body that are remembered.
const MAX_BODY: usize = 256 << 10;

/// A request without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeenRequest {
    pub(super) provider: Provider,
    pub(super) method: String,
    /// Path and query.
    pub(super) path: String,
    /// Lower-case names. A credential's value reads `<key>`.
    pub(super) headers: Vec<(String, String)>,
    /// The beginning of the body. Bytes that are no text read `\u{fffd}`.
    pub(super) body: String,
    /// How long the body was.
    pub(super) body_bytes: usize,
    /// The end of the key.
    pub(super) last4: Option<String>,
}

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallState {
    /// Nothing has been answered.
    Waiting,
    /// The status was sent, the body not to its end.
    Streaming,
    /// The answer was sent, as far as it was to be sent.
    Complete,
    /// The call got no answer but this error.
    Failed(TransportErrorKind),
    /// The caller left.
    Aborted,
}

/// A call.
#[derive(Clone, Debug)]
pub(super) struct SeenCall {
    /// 1 for the first one since the last reset.
    pub(super) number: u64,
    pub(super) request: SeenRequest,
    /// Whether a script answered.
    pub(super) scripted: bool,
    pub(super) status: Option<u16>,
    pub(super) state: CallState,
}

impl SeenCall {
    fn bytes(&self) -> usize {
        let headers: usize = self.request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.request.path.len() + self.request.body.len() + headers
    }
}

/// Calls of one provider since the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) total: u64,
    /// Those that go on right now.
    pub(super) open: u64,
    pub(super) aborted: u64,
}

/// Which call this is: the number of resets before it, and its own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallId {
    reset: u64,
    number: u64,
}

/// The last calls.
#[derive(Debug, Default)]
pub(super) struct SeenLog {
    calls: VecDeque<SeenCall>,
    bytes: usize,
    counts: HashMap<Provider, Counts>,
    resets: u64,
    last: u64,
}

impl SeenLog {
    /// Adds a call that begins.
    pub(super) fn begin(&mut self, request: SeenRequest, scripted: bool) -> CallId {
        let counts = self.counts.entry(request.provider).or_default();
        counts.total += 1;
        counts.open += 1;
        self.last += 1;
        let call = SeenCall { number: self.last, request, scripted, status: None, state: CallState::Waiting };
        self.bytes += call.bytes();
        self.calls.push_back(call);
        while self.calls.len() > MAX_CALLS || (self.bytes > MAX_BYTES && self.calls.len() > 1) {
            let gone = self.calls.pop_front();
            self.bytes -= gone.map_or(0, |call| call.bytes());
        }
        CallId { reset: self.resets, number: self.last }
    }

    /// Notes how a call goes. The call may be forgotten already.
    pub(super) fn note(&mut self, id: CallId, provider: Provider, status: Option<u16>, state: CallState) {
        if id.reset != self.resets {
            return;
        }
        let ended = !matches!(state, CallState::Waiting | CallState::Streaming);
        if let (true, Some(counts)) = (ended, self.counts.get_mut(&provider)) {
            counts.open = counts.open.saturating_sub(1);
            counts.aborted += u64::from(state == CallState::Aborted);
        }
        let behind = usize::try_from(self.last - id.number).unwrap_or(usize::MAX);
        let place = self.calls.len().checked_sub(1).and_then(|last| last.checked_sub(behind));
        if let Some(call) = place.and_then(|place| self.calls.get_mut(place)) {
            call.state = state;
            call.status = status.or(call.status);
        }
    }

    /// Forgets all calls, those that still go on too.
    pub(super) fn reset(&mut self) {
        *self = Self { resets: self.resets + 1, ..Self::default() };
    }

    pub(super) fn calls(&self) -> impl DoubleEndedIterator<Item = &SeenCall> {
        self.calls.iter()
    }

    pub(super) fn counts(&self, provider: Provider) -> Counts {
        self.counts.get(&provider).copied().unwrap_or_default()
    }
}

/// The beginning of a body as text, without these secrets.
pub(super) fn beginning(body: &[u8], secrets: &[&str]) -> String {
    // No secret may be cut in two before it is looked for.
    let longest = secrets.iter().map(|secret| secret.len()).max().unwrap_or_default();
    let near = body.get(..MAX_BODY + longest).unwrap_or(body);
    let mut text = hidden(&String::from_utf8_lossy(near), secrets);
    let end = (0..=MAX_BODY.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

/// A text without these secrets.
pub(super) fn hidden(text: &str, secrets: &[&str]) -> String {
    secrets.iter().fold(
        text.to_owned(),
        |text, secret| {
            if text.contains(secret) { text.replace(secret, "<key>") } else { text }
        },
    )
}

/// The last four characters of a key that is long enough to have a middle.
pub(super) fn last4(key: &str) -> Option<&str> {
    if key.len() < 12 {
        return None;
    }
    key.get(key.len() - 4..).filter(|end| end.bytes().all(|byte| byte.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: usize) -> SeenRequest {
        SeenRequest {
            provider: Provider::OPENAI,
            method: "POST".into(),
            path: "/v1".into(),
            headers: vec![("a".into(), "b".into())],
            body: beginning(&vec![b'x'; body], &[]),
            body_bytes: body,
            last4: None,
        }
    }

    #[test]
    fn calls_are_bounded_in_number_and_bytes() {
        let mut log = SeenLog::default();
        let first = log.begin(request(1), false);
        for _ in 0..1500 {
            log.begin(request(1), false);
        }
        assert_eq!(log.calls.len(), MAX_CALLS);
        assert_eq!(log.calls.front().map(|call| call.number), Some(502));
        log.note(first, Provider::OPENAI, Some(200), CallState::Complete);
        assert_eq!(log.counts(Provider::OPENAI), Counts { total: 1501, open: 1500, aborted: 0 });
        for _ in 0..100 {
            log.begin(request(1 << 20), false);
        }
        let kept: usize = log.calls.iter().map(SeenCall::bytes).sum();
        assert!(kept == log.bytes && kept <= MAX_BYTES && kept > MAX_BYTES / 2, "{kept}");
        let last = log.calls.back().unwrap();
        assert_eq!((last.request.body.len(), last.request.body_bytes), (MAX_BODY, 1 << 20));
    }

    #[test]
    fn a_call_from_before_a_reset_changes_nothing_after_it() {
        let mut log = SeenLog::default();
        let old = log.begin(request(1), false);
        log.reset();
        let new = log.begin(request(1), true);
        log.note(old, Provider::OPENAI, None, CallState::Aborted);
        assert_eq!(log.counts(Provider::OPENAI), Counts { total: 1, open: 1, aborted: 0 });
        log.note(new, Provider::OPENAI, Some(429), CallState::Streaming);
        log.note(new, Provider::OPENAI, None, CallState::Aborted);
        assert_eq!(log.counts(Provider::OPENAI), Counts { total: 1, open: 0, aborted: 1 });
        let call = log.calls().next().unwrap();
        assert_eq!((call.number, call.status, call.state, call.scripted), (1, Some(429), CallState::Aborted, true));
    }

    #[test]
    fn no_secret_is_left_in_what_is_kept() {
        let body = format!("{}sk-mock-good-1234 and sk-mock-good-1234", "x".repeat(MAX_BODY - 5));
        let kept = beginning(body.as_bytes(), &["sk-mock-good-1234"]);
        assert!(kept.len() <= MAX_BODY && kept.ends_with("x<key>"), "{}", &kept[kept.len() - 20..]);
        assert_eq!(beginning(b"a\xffsk-mock-good-1234", &["sk-mock-good-1234"]), "a\u{fffd}<key>");
    }

    #[test]
    fn only_the_end_of_a_long_key_is_shown() {
        assert_eq!(last4("sk-mock-good-1234"), Some("1234"));
        assert_eq!(last4("sk-mock-1"), None);
        assert_eq!(last4("sk-mock-good-안녕"), None);
    }
}
