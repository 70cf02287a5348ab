//! What reqwest says, in the core's words.

use std::error::Error;
use std::io;

use relay_core::ports::{TransportError, TransportErrorKind};

/// An error of the transport, without the URL.
pub(super) fn transport_error(error: reqwest::Error) -> TransportError {
    TransportError::new(kind_of(&error), error.without_url())
}

/// A time limit that ran out.
pub(super) fn timed_out(which: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, which)
}

/// An answer that can't be used.
pub(super) fn malformed(why: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Malformed, why)
}

fn kind_of(error: &reqwest::Error) -> TransportErrorKind {
    if error.is_connect() {
        // A time limit for connecting is one of these too: nothing was sent.
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_builder() || is_not_http(error) {
        TransportErrorKind::Malformed
    } else {
        TransportErrorKind::Interrupted
    }
}

/// Whether the bytes that came are not HTTP: hyper's parse errors for a head, invalid input or data for a body.
fn is_not_http(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let parse = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
        let invalid = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput));
        if parse || invalid {
            return true;
        }
        cause = error.source();
    }
    false
}
