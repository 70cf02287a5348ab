//! What an entry of the audit log says was done.

/// Declares the actions and their names.
macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// What an entry says was done. The names stay the same for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuditAction { $($(#[$doc])* $variant),+ }

        impl AuditAction {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the API and in the audit log.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

actions! {
    /// A project was created.
    ProjectCreated = "project.created",
    /// A project's name or policy was changed.
    ProjectUpdated = "project.updated",
    /// The deletion of a project began: its Relay keys are gone.
    ProjectDeletionBegan = "project.deletion_began",
    /// A project was deleted, with all of its users.
    ProjectDeleted = "project.deleted",
    /// A Relay key was created.
    RelayKeyCreated = "relay_key.created",
    /// A Relay key was rolled: a new one replaces it after an overlap.
    RelayKeyRolled = "relay_key.rolled",
    /// A Relay key was revoked.
    RelayKeyRevoked = "relay_key.revoked",
    /// A user's key was connected where none was.
    ConnectionCreated = "connection.created",
    /// A user's key was replaced by another one.
    ConnectionReplaced = "connection.replaced",
    /// An answer of the provider changed the state of a connection.
    ConnectionStateChanged = "connection.state_changed",
    /// The region of a key was found out.
    ConnectionRegionChanged = "connection.region_changed",
    /// A user's key was disconnected.
    ConnectionDeleted = "connection.deleted",
    /// A user was erased.
    UserDeleted = "user.deleted",
    /// The project's limits were changed.
    PolicyUpdated = "policy.updated",
    /// A user's limits were changed.
    UserPolicyUpdated = "user_policy.updated",
    /// The project's spending caps were changed.
    CapsUpdated = "caps.updated",
    /// A user's spending caps were changed.
    UserCapsUpdated = "user_caps.updated",
    /// A webhook was created.
    WebhookCreated = "webhook.created",
    /// A webhook's address, filter, description or state was changed.
    WebhookUpdated = "webhook.updated",
    /// A webhook got a new secret.
    WebhookSecretRolled = "webhook.secret_rolled",
    /// Relay disabled a webhook that failed for days.
    WebhookDisabled = "webhook.disabled",
    /// Deliveries of a webhook were ordered again.
    WebhookReplayed = "webhook.replayed",
    /// A webhook was deleted.
    WebhookDeleted = "webhook.deleted",
    /// The audit log was exported.
    AuditExported = "audit.exported",
}
