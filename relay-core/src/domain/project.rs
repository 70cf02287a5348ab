//! A project: the tenant that everything else belongs to.

use crate::domain::ids::{ProjectId, Timestamp};

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
