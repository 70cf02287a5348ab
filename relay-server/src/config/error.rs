//! The errors of a configuration.

use std::fmt;

/// An invalid setting, and where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// `relay.toml:7` or the name of a variable; empty if the setting is missing.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.place, self.message) }
    }
}

/// All errors of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, error)| {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")
        })
    }
}

impl std::error::Error for ConfigErrors {}
