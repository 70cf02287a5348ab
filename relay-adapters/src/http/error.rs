//! Converts errors of reqwest into errors of relay-core.

use std::error::Error;
use std::io;

use relay_core::ports::{TransportError, TransportErrorKind};

use super::cause::cause_of;

/// An error of the transport, without the URL.
pub(super) fn transport_error(error: reqwest::Error) -> TransportError {
    let cause = cause_of(&error);
    TransportError::new(kind_of(&error), error.without_url()).because(cause)
}

/// A timeout expired.
pub(super) fn timed_out(which: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, which)
}

/// An answer that could not be read.
pub(super) fn malformed(why: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Malformed, why)
}

fn kind_of(error: &reqwest::Error) -> TransportErrorKind {
    if error.is_connect() {
        if error.is_timeout() { TransportErrorKind::ConnectTimeout } else { TransportErrorKind::Connect }
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_builder() || is_not_http(error) {
        TransportErrorKind::Malformed
    } else {
        TransportErrorKind::Interrupted
    }
}

/// Whether the provider cannot have started to process the request, so that it may be sent again: no connection was
/// made, or an HTTP/2 server reported that it did not process it (RFC 9113, 8.7: a graceful `GOAWAY`, or
/// `REFUSED_STREAM`).
///
/// A timeout while connecting is not retried, because the user has already waited.
pub(super) fn is_unprocessed(error: &reqwest::Error) -> bool {
    if error.is_connect() {
        return !error.is_timeout();
    }
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        let leaving = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
        error.is_remote() && (refused || leaving)
    })
}

/// Whether the received bytes are not valid HTTP: hyper's parse errors for a head, invalid input or data for a body.
fn is_not_http(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let invalid =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput);
        cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
            || cause.downcast_ref::<io::Error>().is_some_and(invalid)
    })
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}
