//! How a call ended, for whoever serves it: a stream's failure is an event in its bytes, which a log can't read.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::Outcome;
use crate::error::{RelayError, chain};

/// What became of a call. Known when its answer, or its stream, has ended; the same for all clones.
#[derive(Clone, Debug, Default)]
pub struct Ending(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// What a call that is dropped ends with. Otherwise its client left.
    abandoned: Option<CallEnd>,
    ended: Option<CallEnd>,
}

/// The end of a call. It holds no part of the request or of the answer, and no key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallEnd {
    /// How it ended.
    pub outcome: Outcome,
    /// The error's code, if it failed.
    pub code: Option<String>,
    /// The error's causes, if it failed and they are known.
    pub cause: Option<String>,
    /// The stable word for what went wrong on the way to the provider; see [`RelayError::cause`].
    pub cause_word: Option<&'static str>,
    /// The model that answered, or the requested one; empty if the call was never metered.
    pub model: String,
}

impl CallEnd {
    fn new(outcome: Outcome) -> Self {
        Self { outcome, code: None, cause: None, cause_word: None, model: String::new() }
    }

    /// The end of a call with this error. `sent`: whether the provider was asked.
    pub(crate) fn failed(error: &RelayError, sent: bool) -> Self {
        let (code, cause) = (Some(error.code().to_owned()), std::error::Error::source(error).map(chain));
        let outcome = if sent { Outcome::Failed(error.blame()) } else { Outcome::Refused(error.blame()) };
        Self { code, cause, cause_word: error.cause(), ..Self::new(outcome) }
    }

    pub(crate) fn complete() -> Self {
        Self::new(Outcome::Complete)
    }
}

impl Ending {
    /// How the call ended; `None` while it is running.
    pub fn get(&self) -> Option<CallEnd> {
        self.known().ended.clone()
    }

    /// Says why the call is about to be dropped, if not because its client left: it then counts as failed.
    pub fn abandon(&self, error: &RelayError) {
        self.known().abandoned.get_or_insert_with(|| CallEnd::failed(error, true));
    }

    /// The end of a call that was dropped. `sent`: whether the provider was asked.
    pub(crate) fn dropped(&self, sent: bool) -> CallEnd {
        let refused = |end: CallEnd| match end.outcome {
            Outcome::Failed(blame) if !sent => CallEnd { outcome: Outcome::Refused(blame), ..end },
            _ => end,
        };
        self.known().abandoned.clone().map(refused).unwrap_or_else(|| CallEnd::new(Outcome::Cancelled))
    }

    pub(crate) fn set(&self, end: CallEnd) {
        self.known().ended.get_or_insert(end);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
