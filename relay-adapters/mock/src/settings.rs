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
    /// Whether calls are logged for the control API.
    pub(crate) observe: bool,
    pub(crate) any_headers: bool,
    pub(crate) models: Vec<(Provider, String)>,
}

/// What the control API sets in place of the [`Settings`], until a reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// `Some(None)`: bodies are not cut.
    pub(crate) cut: Option<Option<usize>>,
    pub(crate) pause: Option<Duration>,
    pub(crate) slow: Option<Duration>,
}

impl Settings {
    pub(crate) fn with(mut self, over: Overrides) -> Self {
        self.cut = over.cut.unwrap_or(self.cut);
        self.pause = over.pause.unwrap_or(self.pause);
        self.slow = over.slow.unwrap_or(self.slow);
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cut: None,
            pause: Duration::ZERO,
            slow: Duration::from_millis(50),
            record: true,
            observe: false,
            any_headers: false,
            models: Vec::new(),
        }
    }
}
