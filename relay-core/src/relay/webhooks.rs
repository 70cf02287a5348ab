//! The use cases of webhooks: manage them, read and replay their deliveries, and deliver what is due.

use futures::future::join_all;
use zeroize::Zeroizing;

use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::trail::{Actor, By, Event, EventKind};
use crate::domain::{Attempt, Delivery, MAX_WEBHOOKS, SealedKey, Webhook, WebhookSecret, next_attempt};
use crate::error::RelayError;
use crate::ports::{DueDelivery, Replay, StoreError, WebhookClient};
use crate::relay::handle::Relay;

/// The longest URL of a webhook, in characters.
const MAX_URL: usize = 2048;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 200;
/// How long the old secret signs too after a roll, in seconds, by default: a day.
pub const DEFAULT_OVERLAP_SECONDS: u64 = 86_400;
/// The longest such time: 7 days.
pub const MAX_OVERLAP_SECONDS: u64 = 7 * 86_400;
/// How long a delivery is leased, in milliseconds: longer than an attempt can take.
const LEASE_MS: u64 = 30_000;
/// How many deliveries one round makes at a time.
const AT_A_TIME: u32 = 32;
/// How many of them go to one webhook, so that a slow one holds up nobody else.
const EACH: u32 = 4;

/// The settings of a new webhook, or the changes to an existing one.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebhookChange {
    /// The address.
    pub url: Option<String>,
    /// The events, by name; empty: all.
    pub events: Option<Vec<String>>,
    /// A note for people.
    pub description: Option<String>,
    /// Whether events are delivered.
    pub enabled: Option<bool>,
}

/// A webhook with its secret, which is shown once.
#[derive(Debug)]
#[non_exhaustive]
pub struct IssuedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Its secret.
    pub secret: WebhookSecret,
}

impl Relay {
    /// A project's webhooks, oldest first.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn webhooks(&self, project: &ProjectId) -> Result<Vec<Webhook>, RelayError> {
        Ok(self.ports.outbox.webhooks(project).await?)
    }

    /// One webhook.
    ///
    /// # Errors
    /// `webhook_not_found`; `storage_unavailable`.
    pub async fn webhook(&self, project: &ProjectId, id: &str) -> Result<Webhook, RelayError> {
        let all = self.ports.outbox.webhooks(project).await?;
        all.into_iter().find(|webhook| webhook.id == id).ok_or_else(RelayError::webhook_not_found)
    }

    /// Creates a webhook.
    ///
    /// # Errors
    /// `invalid_value` for an address that events may not be sent to, an unknown event, or too many webhooks.
    pub async fn create_webhook(&self, project: &ProjectId, new: WebhookChange) -> Result<IssuedWebhook, RelayError> {
        if new.url.is_none() {
            return Err(RelayError::invalid_value("url", "`url` is missing"));
        }
        if self.ports.outbox.webhooks(project).await?.len() >= MAX_WEBHOOKS {
            return Err(RelayError::invalid_value("url", format!("a project has at most {MAX_WEBHOOKS} webhooks")));
        }
        let id = self.ports.tokens.project_id().map_err(RelayError::no_randomness)?;
        let id = id.as_str().replacen("prj_", "whk_", 1);
        let secret = self.new_secret()?;
        let sealed = self.sealed(&id, &secret)?;
        let by = self.acting();
        let webhook = Webhook::new(id, project.clone(), String::new(), sealed, by.at);
        let webhook = self.changed(webhook, new)?;
        self.ports.outbox.create_webhook(webhook.clone(), &by).await?;
        Ok(IssuedWebhook { webhook, secret })
    }

    /// Changes a webhook. One that Relay disabled is enabled again with `enabled`.
    ///
    /// # Errors
    /// Those of [`Self::create_webhook`]; `webhook_not_found`.
    pub async fn update_webhook(
        &self,
        project: &ProjectId,
        id: &str,
        change: WebhookChange,
    ) -> Result<Webhook, RelayError> {
        let webhook = self.changed(self.webhook(project, id).await?, change)?;
        self.store_webhook(webhook).await
    }

    /// Gives a webhook a new secret. The old one signs too for `overlap` seconds.
    ///
    /// # Errors
    /// `invalid_value` for an overlap above [`MAX_OVERLAP_SECONDS`]; `webhook_not_found`.
    pub async fn roll_webhook_secret(
        &self,
        project: &ProjectId,
        id: &str,
        overlap: Option<u64>,
    ) -> Result<IssuedWebhook, RelayError> {
        let overlap = overlap.unwrap_or(DEFAULT_OVERLAP_SECONDS);
        if overlap > MAX_OVERLAP_SECONDS {
            let message = format!("`overlapSeconds` must be 0 to {MAX_OVERLAP_SECONDS}");
            return Err(RelayError::invalid_value("overlapSeconds", message));
        }
        let mut webhook = self.webhook(project, id).await?;
        let secret = self.new_secret()?;
        let old = std::mem::replace(&mut webhook.secret, self.sealed(id, &secret)?);
        webhook.previous = (overlap > 0).then(|| (old, self.ports.clock.now().plus_seconds(overlap)));
        Ok(IssuedWebhook { webhook: self.store_webhook(webhook).await?, secret })
    }

    /// Deletes a webhook with its deliveries.
    ///
    /// # Errors
    /// `webhook_not_found`; `storage_unavailable`.
    pub async fn delete_webhook(&self, project: &ProjectId, id: &str) -> Result<(), RelayError> {
        let found = self.ports.outbox.delete_webhook(project, id, &self.acting()).await?;
        if found { Ok(()) } else { Err(RelayError::webhook_not_found()) }
    }

    /// Sends a test event to a webhook, whatever it is for. Returns the delivery's number.
    ///
    /// # Errors
    /// `webhook_not_found`; `storage_unavailable`.
    pub async fn test_webhook(&self, project: &ProjectId, id: &str) -> Result<u64, RelayError> {
        let event = Event::new(EventKind::WebhookTest).with("webhookId", id);
        let sent = self.ports.outbox.send_to(project, id, event, &self.acting()).await?;
        sent.ok_or_else(RelayError::webhook_not_found)
    }

    /// A webhook's deliveries, newest first: at most `limit`, with numbers below `before`.
    ///
    /// # Errors
    /// `webhook_not_found`; `storage_unavailable`.
    pub async fn deliveries(
        &self,
        project: &ProjectId,
        id: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, RelayError> {
        self.webhook(project, id).await?;
        Ok(self.ports.outbox.deliveries(project, id, before, limit).await?)
    }

    /// Orders deliveries again, at once. Returns how many.
    ///
    /// # Errors
    /// `webhook_not_found`; `storage_unavailable`.
    pub async fn replay(&self, project: &ProjectId, id: &str, which: Replay) -> Result<u64, RelayError> {
        self.webhook(project, id).await?;
        Ok(self.ports.outbox.replay(project, id, which, &self.acting()).await?)
    }

    /// Delivers what is due, one round. Returns how many attempts were made: if there were any, there may be more. A
    /// server calls it whenever [`Outbox::event_stored`](crate::ports::Outbox::event_stored) says so, and every second.
    ///
    /// # Errors
    /// The store failed; what was delivered meanwhile is delivered again when its lease ends.
    pub async fn deliver(&self) -> Result<usize, StoreError> {
        let Some(client) = &self.ports.webhooks else { return Ok(0) };
        let now = self.ports.clock.now();
        let due = self.ports.outbox.due(now, Timestamp(now.0 + LEASE_MS), AT_A_TIME, EACH).await?;
        let attempts = due.len();
        let results = join_all(due.into_iter().map(|due| self.attempt(client.as_ref(), due))).await;
        results.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(attempts)
    }

    async fn attempt(&self, client: &dyn WebhookClient, due: DueDelivery) -> Result<(), StoreError> {
        let mut attempt = Attempt::new(self.ports.clock.now());
        let began = self.ports.clock.micros();
        match self.headers(&due, attempt.at) {
            Err(_) => attempt.error = Some("secret_unreadable".to_owned()),
            Ok(headers) => match client.post(&due.webhook.url, &headers, due.delivery.body.clone()).await {
                Ok(answer) => {
                    attempt.status = Some(answer.status);
                    attempt.answer = String::from_utf8_lossy(&answer.body).into_owned();
                }
                Err(failure) => attempt.error = Some(failure.0.to_owned()),
            },
        }
        attempt.millis = self.ports.clock.micros().saturating_sub(began) / 1000;
        let by = By::new(Actor::Relay).at(self.ports.clock.now());
        let next = next_attempt(due.delivery.attempts + 1, due.delivery.seq, by.at);
        let next = next.filter(|_| !attempt.is_success());
        self.ports.outbox.settle(&due, attempt, next, &by).await
    }

    /// The headers of an attempt, signed as Standard Webhooks says, with each live secret.
    fn headers(&self, due: &DueDelivery, at: Timestamp) -> Result<Vec<(&'static str, String)>, RelayError> {
        let (webhook, delivery) = (&due.webhook, &due.delivery);
        let old = webhook.previous.as_ref().filter(|(_, until)| at < *until).map(|(secret, _)| secret);
        let mut signatures = Vec::new();
        for sealed in std::iter::once(&webhook.secret).chain(old) {
            let secret = self.opened(&webhook.id, sealed)?;
            signatures.push(self.ports.cipher.sign_webhook(&secret, &delivery.event, at.seconds(), &delivery.body));
        }
        Ok(vec![
            ("webhook-id", delivery.event.clone()),
            ("webhook-timestamp", at.seconds().to_string()),
            ("webhook-signature", signatures.join(" ")),
        ])
    }

    fn new_secret(&self) -> Result<WebhookSecret, RelayError> {
        let mut bytes = Zeroizing::new([0; 32]);
        for half in bytes.chunks_mut(16) {
            half.copy_from_slice(&self.ports.tokens.record_id().map_err(RelayError::no_randomness)?.0);
        }
        Ok(WebhookSecret::new(&bytes))
    }

    fn sealed(&self, id: &str, secret: &WebhookSecret) -> Result<SealedKey, RelayError> {
        self.ports.cipher.seal_secret(id, secret.expose().as_bytes()).map_err(RelayError::provider_key_unsealable)
    }

    fn opened(&self, id: &str, sealed: &SealedKey) -> Result<WebhookSecret, RelayError> {
        let opened = self.ports.cipher.open_secret(id, sealed).map_err(RelayError::provider_key_unreadable)?;
        WebhookSecret::parse(&opened).ok_or_else(RelayError::internal)
    }

    async fn store_webhook(&self, webhook: Webhook) -> Result<Webhook, RelayError> {
        let found = self.ports.outbox.update_webhook(webhook.clone(), &self.acting()).await?;
        if found { Ok(webhook) } else { Err(RelayError::webhook_not_found()) }
    }

    /// Applies a change that was checked.
    fn changed(&self, mut webhook: Webhook, change: WebhookChange) -> Result<Webhook, RelayError> {
        if let Some(url) = change.url {
            let checked = self.ports.webhook_targets.check(&url);
            checked.map_err(|why| RelayError::invalid_value("url", format!("`url` {why}")))?;
            if url.chars().count() > MAX_URL {
                return Err(RelayError::invalid_value("url", format!("`url` may have {MAX_URL} characters")));
            }
            webhook.url = url;
        }
        if let Some(names) = change.events {
            webhook.events = names.iter().map(|name| known_event(name)).collect::<Result<_, _>>()?;
        }
        if let Some(text) = change.description {
            if text.chars().count() > MAX_DESCRIPTION || text.chars().any(char::is_control) {
                let message = format!("`description` may have {MAX_DESCRIPTION} characters, on one line");
                return Err(RelayError::invalid_value("description", message));
            }
            webhook.description = text;
        }
        if let Some(enabled) = change.enabled {
            (webhook.enabled, webhook.disabled_reason, webhook.failing_since) = (enabled, None, None);
        }
        Ok(webhook)
    }
}

fn known_event(name: &str) -> Result<EventKind, RelayError> {
    EventKind::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        RelayError::invalid_value("events", format!("an event must be one of: {}", known.join(", ")))
    })
}
