//! The ports that a [`Relay`](crate::Relay) is built from.

use std::fmt;
use std::sync::Arc;

use crate::domain::WebhookTargets;
use crate::ports::{
    AuditLog, Cipher, Clock, Compute, Inline, KeyStore, Meta, Outbox, Projects, ProviderClient, Store, TokenIssuer,
    Upkeep, UsageReport, UsageSink, Users, WebhookClient,
};
use crate::relay::quotas::Quotas;

/// The ports that a [`Relay`](crate::Relay) is built from: those of a store, the cipher, the token issuer, the clock
/// and the providers.
///
/// [`Ports::with_store`] makes one. Each port can be replaced afterwards, for example [`Self::key_store`] by a cache
/// over it. Replace ports that share state ([`Self::key_store`] and [`Self::users`]) only together.
#[derive(Clone)]
#[non_exhaustive]
pub struct Ports {
    /// Stores sealed keys and registration grants.
    pub key_store: Arc<dyn KeyStore>,
    /// Stores projects and Relay keys.
    pub projects: Arc<dyn Projects>,
    /// Lists and erases end users.
    pub users: Arc<dyn Users>,
    /// Records usage.
    pub usage: Arc<dyn UsageSink>,
    /// Reports usage.
    pub usage_report: Arc<dyn UsageReport>,
    /// Stores small values beside the data, and reports whether the store can be written to.
    pub meta: Arc<dyn Meta>,
    /// Reads the audit log.
    pub audit_log: Arc<dyn AuditLog>,
    /// Stores webhooks, and what is to be delivered to them.
    pub outbox: Arc<dyn Outbox>,
    /// Sends events to webhooks. `None` at first: nothing is delivered.
    pub webhooks: Option<Arc<dyn WebhookClient>>,
    /// Which addresses webhooks may have.
    pub webhook_targets: WebhookTargets,
    /// Counts users without a key, and removes what nobody needs any more.
    pub upkeep: Arc<dyn Upkeep>,
    /// Seals and opens provider keys.
    pub cipher: Arc<dyn Cipher>,
    /// Creates and hashes tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Translates large bodies. [`Inline`] at first; a server needs one that leaves its threads free.
    pub compute: Arc<dyn Compute>,
    /// One client for each provider to be served.
    pub providers: Vec<Arc<dyn ProviderClient>>,
    /// Counts what projects do.
    pub quotas: Arc<Quotas>,
}

impl Ports {
    /// Ports that keep all state in `store`.
    pub fn with_store(
        store: Arc<dyn Store>,
        cipher: Arc<dyn Cipher>,
        tokens: Arc<dyn TokenIssuer>,
        clock: Arc<dyn Clock>,
        providers: Vec<Arc<dyn ProviderClient>>,
    ) -> Self {
        Self {
            key_store: Arc::<dyn Store>::clone(&store),
            projects: Arc::<dyn Store>::clone(&store),
            users: Arc::<dyn Store>::clone(&store),
            usage: Arc::<dyn Store>::clone(&store),
            usage_report: Arc::<dyn Store>::clone(&store),
            upkeep: Arc::<dyn Store>::clone(&store),
            audit_log: Arc::<dyn Store>::clone(&store),
            outbox: Arc::<dyn Store>::clone(&store),
            webhooks: None,
            webhook_targets: WebhookTargets::default(),
            meta: store,
            cipher,
            tokens,
            clock,
            compute: Arc::new(Inline),
            providers,
            quotas: Arc::default(),
        }
    }

    /// Mocks that expect no call, in place of a store. A test replaces the ports that it is about.
    #[cfg(feature = "mocks")]
    pub fn without_store(
        cipher: Arc<dyn Cipher>,
        tokens: Arc<dyn TokenIssuer>,
        clock: Arc<dyn Clock>,
        providers: Vec<Arc<dyn ProviderClient>>,
    ) -> Self {
        use crate::ports::{
            MockAuditLog, MockKeyStore, MockMeta, MockOutbox, MockProjects, MockUpkeep, MockUsageReport, MockUsageSink,
            MockUsers,
        };
        Self {
            key_store: Arc::new(MockKeyStore::new()),
            projects: Arc::new(MockProjects::new()),
            users: Arc::new(MockUsers::new()),
            usage: Arc::new(MockUsageSink::new()),
            usage_report: Arc::new(MockUsageReport::new()),
            meta: Arc::new(MockMeta::new()),
            upkeep: Arc::new(MockUpkeep::new()),
            audit_log: Arc::new(MockAuditLog::new()),
            outbox: Arc::new(MockOutbox::new()),
            webhooks: None,
            webhook_targets: WebhookTargets::default(),
            cipher,
            tokens,
            clock,
            compute: Arc::new(Inline),
            providers,
            quotas: Arc::default(),
        }
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
