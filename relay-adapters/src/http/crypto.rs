//! The crypto library of TLS: ring, as in the rest of Relay.

/// Makes ring the process's crypto library for TLS, unless one is already installed.
///
/// [`HttpTransport::new`](crate::http::HttpTransport::new) calls it. Call it earlier if something else in the process
/// uses rustls first.
pub fn install_crypto() {
    // An error means that another crypto library is already installed, which works as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}
