//! A project: the tenant that everything else belongs to.

use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::origin::{Origins, PublicSuffixes};
use crate::domain::policy::Policy;
use crate::domain::return_url::ReturnUrl;

/// A project: a developer's app.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its name, shown in the widget.
    pub name: String,
    /// Its policy.
    pub policy: Policy,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Project {
    /// A project with the default policy.
    pub fn new(id: ProjectId, name: impl Into<String>, created_at: Timestamp) -> Self {
        Self { id, name: name.into(), policy: Policy::default(), created_at }
    }

    /// The pages that may register keys.
    pub fn origins(&self) -> Origins {
        Origins::stored(&self.policy.allowed_origins, self.public_suffixes())
    }

    /// The allowed origins that match nothing, because an older version stored them and this one would refuse them.
    pub fn unusable_origins(&self) -> Vec<&str> {
        let usable = self.origins().to_stored();
        self.policy.allowed_origins.iter().filter(|text| !usable.contains(text)).map(String::as_str).collect()
    }

    fn public_suffixes(&self) -> PublicSuffixes<'static> {
        if self.policy.allow_public_suffix { PublicSuffixes::Allowed } else { PublicSuffixes::Refused }
    }

    /// Whether the hosted page may send a user to `url`: only if the list has exactly this [`ReturnUrl`]. A similar URL
    /// (a longer path, another case, an encoded letter) may lead elsewhere.
    pub fn returns_to(&self, url: &str) -> bool {
        ReturnUrl::parse(url).is_ok() && self.policy.return_urls.iter().any(|known| known == url)
    }
}
