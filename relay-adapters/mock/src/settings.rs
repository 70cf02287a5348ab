//! How the mock is set up.

use std::time::Duration;

use relay_core::Provider;

/// Settings of a [`crate::Mock`], shared by its clones.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) cut: Option<usize>,
    pub(crate) pause: Duration,
    pub(crate) slow: Duration,
    pub(crate) record: bool,
    pub(crate) any_headers: bool,
    pub(crate) models: Vec<(Provider, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cut: None,
            pause: Duration::ZERO,
            slow: Duration::from_millis(50),
            record: true,
            any_headers: false,
            models: Vec::new(),
        }
    }
}
