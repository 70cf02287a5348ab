//! `[upstream]`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use relay_core::Provider;
use relay_core::domain::origin::is_loopback;
use url::Url;

use super::proxy::ProxyConfig;
use super::reader::Reader;
use super::settings::base_url_of;

/// The base URLs of the providers, and how connections leave this machine. Nothing in a request can change them.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    base_urls: BTreeMap<Provider, String>,
    /// Whether `http://` is allowed for origins on this machine.
    pub allow_http_loopback: bool,
    /// The proxy that connections go through.
    pub proxy: ProxyConfig,
    /// The file with further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// Its contents, in PEM.
    pub authorities: Option<Vec<u8>>,
}

impl UpstreamConfig {
    /// The configured base URL of a provider; `None`: the default, [`Provider::base_url`].
    pub fn base_url(&self, provider: Provider) -> Option<&str> {
        self.base_urls.get(&provider).map(String::as_str)
    }

    pub(super) fn read(reader: &mut Reader, variables: &BTreeMap<String, String>) -> Self {
        let allow_http_loopback = reader.flag("upstream.allow_http_loopback").unwrap_or(false);
        let given = |provider: &Provider| {
            let base = reader.get(&base_url_of(*provider), |text| base_url(text, allow_http_loopback))?;
            Some((*provider, base))
        };
        let base_urls = Provider::ALL.iter().filter_map(given).collect();
        let proxy = ProxyConfig::read(reader, variables);
        let ca_file = reader.path("upstream.ca_file");
        let authorities = ca_file.as_deref().and_then(|path| match authorities(path) {
            Ok(pem) => Some(pem),
            Err(message) => {
                reader.error("upstream.ca_file", message);
                None
            }
        });
        Self { base_urls, allow_http_loopback, proxy, ca_file, authorities }
    }
}

/// Reads a file of certificates.
///
/// # Errors
/// What is wrong, as the end of a sentence that begins with the setting's name.
fn authorities(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|cause| format!("names {shown}, which could not be read ({cause})"))?;
    let has_one = memchr::memmem::find(&pem, b"-----BEGIN CERTIFICATE-----").is_some();
    if has_one { Ok(pem) } else { Err(format!("names {shown}, which has no certificate in PEM format")) }
}

fn base_url(text: &str, allow_http_loopback: bool) -> Result<String, String> {
    if text.starts_with("https://") {
        return Ok(text.to_owned());
    }
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "http");
    match url.is_some_and(|url| url.host_str().is_some_and(is_loopback)) {
        true if allow_http_loopback => Ok(text.to_owned()),
        true => {
            Err("must begin with https://; set `upstream.allow_http_loopback = true` for a test on this machine"
                .to_owned())
        }
        false => Err("must begin with https://, because keys are sent there".to_owned()),
    }
}
