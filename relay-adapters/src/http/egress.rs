//! How connections leave this machine: directly or through a proxy, and whose certificates they trust.

use std::fmt;

use reqwest::{Certificate, ClientBuilder, NoProxy, Proxy};

/// The client could not be set up: no root certificates, an invalid certificate, or an invalid proxy URL.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: {what}")]
pub struct HttpSetupError {
    /// What is wrong.
    what: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl HttpSetupError {
    pub(super) fn new(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { what, source: source.into() }
    }
}

/// How connections leave this machine. The default is: directly, and with the certificate authorities of the operating system.
#[derive(Clone, Default)]
pub struct Egress {
    proxy: Option<Proxy>,
    authorities: Vec<Certificate>,
}

impl Egress {
    /// Goes through an HTTP proxy, with `CONNECT`. `proxy` is its URL, such as `http://proxy.example:3128`. It may hold a user
    /// name and a password. Calls to a provider on this machine without TLS do not go there: the proxy would see the key.
    ///
    /// # Errors
    /// If it is not a URL. The error does not have its text.
    pub fn with_proxy(self, proxy: &str) -> Result<Self, HttpSetupError> {
        let proxy = Proxy::https(proxy).map_err(|error| HttpSetupError::new("the proxy's URL", error.without_url()))?;
        Ok(Self { proxy: Some(proxy), ..self })
    }

    /// Sends this user name and password to the proxy.
    #[must_use]
    pub fn with_proxy_credentials(self, user: &str, password: &str) -> Self {
        Self { proxy: self.proxy.map(|proxy| proxy.basic_auth(user, password)), ..self }
    }

    /// Goes directly to these hosts: names (with what is below them), addresses and networks, separated by commas, as in
    /// `NO_PROXY`.
    #[must_use]
    pub fn without_proxy_for(self, hosts: &str) -> Self {
        Self { proxy: self.proxy.map(|proxy| proxy.no_proxy(NoProxy::from_string(hosts))), ..self }
    }

    /// Also trusts these certificate authorities: certificates in PEM.
    ///
    /// # Errors
    /// If the text has no certificate, or one can't be read.
    pub fn with_authorities(mut self, pem: &[u8]) -> Result<Self, HttpSetupError> {
        let more = Certificate::from_pem_bundle(pem).map_err(|error| HttpSetupError::new("the authorities", error))?;
        if more.is_empty() {
            return Err(HttpSetupError::new("the authorities", "no certificate in PEM format"));
        }
        self.authorities.extend(more);
        Ok(self)
    }

    /// A builder of clients whose connections leave so.
    pub(super) fn apply(&self, builder: ClientBuilder) -> ClientBuilder {
        let builder = match self.authorities.as_slice() {
            [] => builder,
            more => builder.tls_certs_merge(more.iter().cloned()),
        };
        self.proxy.iter().cloned().fold(builder, ClientBuilder::proxy)
    }
}

/// Leaves out the proxy, whose URL may have a password.
impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress")
            .field("through_a_proxy", &self.proxy.is_some())
            .field("authorities", &self.authorities.len())
            .finish()
    }
}
