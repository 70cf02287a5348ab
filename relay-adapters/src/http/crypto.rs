//! The crypto library of TLS: ring, as in the rest of Relay.

/// Makes ring the process's crypto library for TLS, unless one is chosen already.
///
/// [`HttpTransport::new`](crate::http::HttpTransport::new) calls it. Call it earlier if something else in the process uses rustls first.
pub fn install_crypto() {
    // An error says that there is a provider already, which is just as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}
