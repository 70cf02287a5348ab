//! The simulated providers of a server that has them.

use std::fmt;

/// The simulated providers that answer this server's calls, if it has any: tests control them below `/__mock`. Without the
/// cargo feature `mock` there never are any.
#[derive(Clone, Default)]
pub struct Simulator {
    #[cfg(feature = "mock")]
    mock: Option<relay_mock::Mock>,
}

#[cfg(feature = "mock")]
impl Simulator {
    /// The simulated providers.
    pub(crate) fn mock(&self) -> Option<&relay_mock::Mock> {
        self.mock.as_ref()
    }

    /// Whether there are simulated providers.
    pub(crate) fn is_on(&self) -> bool {
        self.mock.is_some()
    }
}

#[cfg(not(feature = "mock"))]
impl Simulator {
    /// Whether there are simulated providers: never in this build.
    pub(crate) fn is_on(&self) -> bool {
        false
    }
}

#[cfg(feature = "mock")]
impl From<relay_mock::Mock> for Simulator {
    fn from(mock: relay_mock::Mock) -> Self {
        Self { mock: Some(mock) }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Simulator({})", if self.is_on() { "on" } else { "off" })
    }
}
