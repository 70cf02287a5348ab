//! Webhooks: where a project's events are delivered, and what became of each delivery.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::domain::connection::SealedKey;
use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::trail::EventKind;

/// When a delivery is attempted, in seconds after the attempt before it: 0 s, 5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 8 h, 12 h.
const PAUSES: [u64; 9] = [0, 5, 30, 120, 600, 3600, 10_800, 28_800, 43_200];
/// How long a webhook may fail before it is disabled, in milliseconds: 5 days.
pub const DISABLE_AFTER_MS: u64 = 5 * 86_400_000;
/// The most bytes of an endpoint's answer that are kept.
pub const MAX_KEPT_ANSWER: usize = 1024;
/// How long events and their deliveries are kept, in milliseconds: 30 days.
pub const KEEP_EVENTS_MS: u64 = 30 * 86_400_000;
/// The most webhooks of a project.
pub const MAX_WEBHOOKS: usize = 20;

/// A place where a project's events are delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Webhook {
    /// Its id: `whk_` and 22 base-62 digits.
    pub id: String,
    /// The project.
    pub project: ProjectId,
    /// The address.
    pub url: String,
    /// The events that it gets, by name; empty: all.
    pub events: Vec<EventKind>,
    /// A note for people.
    pub description: String,
    /// Whether events are delivered.
    pub enabled: bool,
    /// Why Relay disabled it, if it did.
    pub disabled_reason: Option<String>,
    /// Since when every attempt failed.
    pub failing_since: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// The sealed secret that signs.
    pub secret: SealedKey,
    /// The secret before it, which signs too until this time.
    pub previous: Option<(SealedKey, Timestamp)>,
}

impl Webhook {
    /// An enabled webhook for all events.
    pub fn new(id: String, project: ProjectId, url: String, secret: SealedKey, created_at: Timestamp) -> Self {
        Self {
            id,
            project,
            url,
            events: Vec::new(),
            description: String::new(),
            enabled: true,
            disabled_reason: None,
            failing_since: None,
            created_at,
            secret,
            previous: None,
        }
    }

    /// Whether an event of this kind is delivered to it.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.enabled && (self.events.is_empty() || self.events.contains(&kind))
    }
}

/// The secret of a webhook: `whsec_` and the base64 of 32 bytes. Shown once, stored sealed.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<String>);

impl WebhookSecret {
    /// The secret of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(format!("whsec_{}", STANDARD.encode(bytes))))
    }

    /// The secret with this text; `None` if it is not one.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let secret = Self(Zeroizing::new(std::str::from_utf8(text).ok()?.to_owned()));
        (secret.key().len() == 32).then_some(secret)
    }

    /// Its text, for its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The bytes that sign.
    pub fn key(&self) -> Zeroizing<Vec<u8>> {
        let digits = self.0.strip_prefix("whsec_").unwrap_or_default();
        Zeroizing::new(STANDARD.decode(digits).unwrap_or_default())
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// What became of a delivery so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// It will be attempted, for the first time or again.
    Pending,
    /// The endpoint accepted it.
    Delivered,
    /// The last attempt failed.
    Failed,
}

impl DeliveryState {
    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed].into_iter().find(|state| state.as_str() == name)
    }
}

/// An event on its way to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Its number, in the order of the events.
    pub seq: u64,
    /// The webhook's id.
    pub webhook: String,
    /// The event's id: `evt_` and 32 hex digits. The same in every attempt and every replay.
    pub event: String,
    /// The event's name.
    pub kind: String,
    /// The body; empty once its user was erased and told.
    pub body: String,
    /// When the event happened.
    pub created_at: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was attempted.
    pub attempts: u32,
    /// When it is attempted next.
    pub next_at: Timestamp,
    /// The last attempt.
    pub last: Option<Attempt>,
}

impl Delivery {
    /// A delivery that was not attempted yet.
    pub fn new(seq: u64, webhook: String, event: String, kind: String, body: String, created_at: Timestamp) -> Self {
        let (state, next_at) = (DeliveryState::Pending, created_at);
        Self { seq, webhook, event, kind, body, created_at, state, attempts: 0, next_at, last: None }
    }
}

/// One attempt to deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why there was none, in a word.
    pub error: Option<String>,
    /// The first bytes of the answer, at most [`MAX_KEPT_ANSWER`].
    pub answer: String,
}

impl Attempt {
    /// An attempt that began at `at`.
    pub fn new(at: Timestamp) -> Self {
        Self { at, ..Self::default() }
    }

    /// Whether the endpoint accepted the event: any 2xx. A redirect is a failure.
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// When to try again after this many attempts, with up to a tenth of jitter that depends on the delivery; `None` after
/// the last one.
pub fn next_attempt(attempts: u32, seq: u64, now: Timestamp) -> Option<Timestamp> {
    let pause = PAUSES.get(usize::try_from(attempts).ok()?)? * 1000;
    let mixed = (seq ^ u64::from(attempts) << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    Some(Timestamp(now.0 + pause + mixed % (pause / 10 + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_follow_the_schedule_with_at_most_a_tenth_of_jitter() {
        let now = Timestamp(1_000_000);
        let pauses = [5, 30, 120, 600, 3600, 10_800, 28_800, 43_200];
        for (attempts, pause) in (1..).zip(pauses) {
            for seq in 0..100 {
                let waited = next_attempt(attempts, seq, now).unwrap().0 - now.0;
                assert!((pause * 1000..=pause * 1100).contains(&waited), "{attempts}: {waited}");
            }
        }
        assert_eq!(next_attempt(9, 1, now), None);
    }
}
