//! Why a command failed, and its exit code.

use std::error::Error as _;
use std::fmt;
use std::io;

use relay_core::{Class, RelayError};

/// The exit code of the process. The numbers from 64 on are those of `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the command failed.
    Failed,
    /// 2: the command line is invalid.
    Usage,
    /// 69: the server, the provider or the port is not available now; a retry may help.
    Unavailable,
    /// 75: the store can't be used now, because of a full disk or a lock; a retry may help.
    Temporary,
    /// 77: refused, because of a key, a scope or a policy.
    Refused,
    /// 78: the configuration, the master key or the store is invalid.
    Config,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unavailable => 69,
            Self::Temporary => 75,
            Self::Refused => 77,
            Self::Config => 78,
        }
    }

    /// The value of `error.kind` with `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Unavailable => "unavailable",
            Self::Temporary => "temporary",
            Self::Refused => "refused",
            Self::Config => "configuration",
        }
    }

    /// The exit code for an HTTP status of Relay.
    pub fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Done,
            401 | 403 | 422 => Self::Refused,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Failed,
        }
    }
}

/// Why a command failed. Never contains a secret.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// One sentence for people.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Relay's `error.code`, if the server returned one.
    pub code: Option<String>,
    /// The request id, if there was a request.
    pub request_id: Option<String>,
    /// Whether to print nothing, because the reader of the output has closed it.
    pub silent: bool,
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), hint: None, code: None, request_id: None, silent: false }
    }

    /// The command line is invalid.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The configuration, the master key or the store is invalid.
    pub fn config(message: impl fmt::Display) -> Self {
        Self::new(Exit::Config, message)
    }

    /// The command failed for a reason without its own exit code.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Adds advice on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error of a use case on the local store. The operator also sees the cause, which callers of the API do not.
impl From<RelayError> for Failure {
    fn from(error: RelayError) -> Self {
        let exit = match error.class() {
            Class::InvalidRequest => Exit::Usage,
            Class::NotFound | Class::Internal | Class::Unavailable => Exit::Failed,
            class => Exit::of_status(class.status()),
        };
        let mut message = error.message().to_owned();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self { code: Some(error.code().to_owned()).filter(|code| !code.is_empty()), ..Self::new(exit, message) }
    }
}

/// Output could not be written. A closed pipe (`relay users list | head -1`) is not a failure.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let left = error.kind() == io::ErrorKind::BrokenPipe;
        let exit = if left { Exit::Done } else { Exit::Failed };
        Self { silent: left, ..Self::new(exit, format_args!("cannot write the output: {error}")) }
    }
}
