//! The port that keeps projects and their Relay keys.

use async_trait::async_trait;

use crate::domain::ids::{ProjectId, Timestamp};
use crate::ports::{SecretHash, StoreError};

/// A project: a developer's app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name, shown in the widget.
    pub name: String,
    /// Origins of pages that may register keys; empty: any. A token can narrow them.
    pub allowed_origins: Vec<String>,
    /// Whether a parameter that would be dropped or adjusted is an error instead.
    pub strict_params: bool,
    /// Whether a forced tool choice becomes `auto`, and is named as adjusted, where a model can't force one. Otherwise it is an
    /// error.
    pub forced_tool_choice_auto: bool,
    /// Where the hosted page may send a user when they are done, each as a whole URL; empty: nowhere.
    pub return_urls: Vec<String>,
    /// Whether a key must be typed into Relay's own frame: what a page's own script sends is refused.
    pub frame_only: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Project {
    /// Whether the hosted page may send a user to `url`: only if it is on the list, letter by letter. What looks alike (a
    /// longer path, another case, an encoded letter) may lead elsewhere.
    pub fn returns_to(&self, url: &str) -> bool {
        self.return_urls.iter().any(|known| known == url)
    }
}

/// What a Relay key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Chat, embeddings, models.
    Inference,
    /// Read and delete users and connections; usage.
    Users,
    /// Issue registration tokens.
    Tokens,
}

impl Scope {
    /// Every scope, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Inference, Self::Users, Self::Tokens];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inference => "inference",
            Self::Users => "users",
            Self::Tokens => "tokens",
        }
    }

    /// The scope of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A Relay key as it is stored: all but the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayKeyRecord {
    /// SHA-256 of the key.
    pub hash: SecretHash,
    /// Short public id for lists and commands: the first 12 hex digits of the hash.
    pub id: String,
    /// The project.
    pub project: ProjectId,
    /// A name for people.
    pub name: String,
    /// The key's last four characters.
    pub last4: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used. Written in batches, so it may lag some seconds.
    pub last_used_at: Option<Timestamp>,
}

impl RelayKeyRecord {
    /// Whether the key works at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A Relay key with its project: all that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedProject {
    /// The key that was shown.
    pub key: RelayKeyRecord,
    /// Its project.
    pub project: Project,
}

/// Keeps projects and Relay keys.
///
/// Obligations (suite `relay_core::conformance::projects`): what was acknowledged is there after a crash; a revoked key is
/// seen as revoked, and a changed project as changed, by the next call; two keys of a project can live at once.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Projects: Send + Sync {
    /// Stores a new project.
    async fn create_project(&self, project: Project) -> Result<(), StoreError>;

    /// Changes a project: all of it but its id and when it was made. Tells whether there is one with this id.
    async fn update_project(&self, project: Project) -> Result<bool, StoreError>;

    /// Returns a project.
    async fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError>;

    /// Returns all projects, oldest first.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// Stores a new Relay key.
    async fn create_relay_key(&self, key: RelayKeyRecord) -> Result<(), StoreError>;

    /// Finds the key with this hash, revoked and expired ones too, and its project.
    async fn relay_key(&self, hash: &SecretHash) -> Result<Option<KeyedProject>, StoreError>;

    /// Returns a project's keys, oldest first.
    async fn relay_keys(&self, project: &ProjectId) -> Result<Vec<RelayKeyRecord>, StoreError>;

    /// Revokes the key with this public id; tells whether a live one was found.
    async fn revoke_relay_key(&self, project: &ProjectId, id: &str, now: Timestamp) -> Result<bool, StoreError>;
}
