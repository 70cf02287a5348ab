//! What went wrong between Relay and a provider: a stable word for logs, found in the causes of an error.

use std::error::Error;
use std::io;

use relay_core::ports::TransportCause;
use rustls::CertificateError;

/// The most specific cause in an error's chain.
pub(super) fn cause_of(error: &reqwest::Error) -> TransportCause {
    if error.is_timeout() {
        return TransportCause::Timeout;
    }
    chain(error).find_map(of_one).unwrap_or_default()
}

/// The causes of an error, the outermost first. An I/O error skips the error that it wraps when it is asked for its source.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| -> &(dyn Error + 'static) { inner }).or_else(|| error.source())
    })
}

fn of_one(error: &(dyn Error + 'static)) -> Option<TransportCause> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // What it wraps says more.
        return if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
            None
        } else {
            of_io(error.kind())
        };
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return match error {
            error if error.is_parse() => Some(TransportCause::NotHttp),
            error if error.is_incomplete_message() || error.is_closed() => Some(TransportCause::Reset),
            _ => None,
        };
    }
    // These types are private to hyper-util.
    match error.to_string().as_str() {
        "dns error" => Some(TransportCause::Dns),
        "tunnel error: proxy authorization required" => Some(TransportCause::ProxyCredentials),
        "tunnel error: failed to create underlying connection" => Some(TransportCause::ProxyUnreachable),
        text if text.starts_with("tunnel error: ") => Some(TransportCause::ProxyRefused),
        _ => None,
    }
}

fn of_io(kind: io::ErrorKind) -> Option<TransportCause> {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut, UnexpectedEof,
    };
    Some(match kind {
        ConnectionRefused => TransportCause::Refused,
        HostUnreachable | NetworkUnreachable | NetworkDown => TransportCause::NoRoute,
        ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected | UnexpectedEof => TransportCause::Reset,
        TimedOut => TransportCause::Timeout,
        _ => return None,
    })
}

fn of_tls(error: &rustls::Error) -> TransportCause {
    match error {
        rustls::Error::InvalidCertificate(error) => of_certificate(error),
        rustls::Error::InvalidMessage(_) => TransportCause::NotTls,
        _ => TransportCause::Tls,
    }
}

fn of_certificate(error: &CertificateError) -> TransportCause {
    match error {
        CertificateError::UnknownIssuer => TransportCause::UnknownCa,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TransportCause::WrongCertificateName
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TransportCause::CertificateExpired,
        // A server that shows its own authority, or a certificate that it signed itself.
        CertificateError::Other(error) if error.to_string().contains("CaUsedAsEndEntity") => TransportCause::UnknownCa,
        _ => TransportCause::BadCertificate,
    }
}
