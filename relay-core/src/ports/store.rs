//! All durable state, as one trait object.

use crate::ports::audit_log::AuditLog;
use crate::ports::key_store::KeyStore;
use crate::ports::meta::Meta;
use crate::ports::outbox::Outbox;
use crate::ports::projects::Projects;
use crate::ports::upkeep::Upkeep;
use crate::ports::usage::{UsageReport, UsageSink};
use crate::ports::users::Users;

/// Declares [`Store`] as the sum of its narrow ports, and implements it for every type that implements all of them.
macro_rules! store {
    ($($port:ident),+ $(,)?) => {
        /// A store: any type that implements all of the narrow ports over one state.
        ///
        /// Each use case takes the narrow port that it needs; [`crate::Ports::with_store`] takes the whole store.
        /// The suite is `relay_core::conformance::store`.
        ///
        /// ```
        /// use std::sync::Arc;
        ///
        /// use relay_core::ports::{Cipher, Clock, ProviderClient, Store, TokenIssuer};
        /// use relay_core::{Ports, Relay};
        ///
        /// fn relay(
        ///     store: Arc<dyn Store>,
        ///     cipher: Arc<dyn Cipher>,
        ///     tokens: Arc<dyn TokenIssuer>,
        ///     clock: Arc<dyn Clock>,
        ///     providers: Vec<Arc<dyn ProviderClient>>,
        /// ) -> Relay {
        ///     Relay::new(Ports::with_store(store, cipher, tokens, clock, providers))
        /// }
        /// ```
        pub trait Store: $($port +)+ Send + Sync {}

        impl<S: $($port +)+ ?Sized> Store for S {}
    };
}

store!(KeyStore, Projects, Users, Upkeep, UsageSink, UsageReport, Meta, AuditLog, Outbox);
