//! `[upstream]`

use std::collections::BTreeMap;

use relay_core::Provider;
use relay_core::domain::origin::is_loopback;
use url::Url;

use super::reader::Reader;
use super::settings::base_url_of;

/// The base URLs of the providers. Nothing in a request can change them.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    base_urls: BTreeMap<Provider, String>,
    /// Whether `http://` is allowed for origins on this machine.
    pub allow_http_loopback: bool,
}

impl UpstreamConfig {
    /// The configured base URL of a provider; `None`: the default, [`Provider::base_url`].
    pub fn base_url(&self, provider: Provider) -> Option<&str> {
        self.base_urls.get(&provider).map(String::as_str)
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let allow_http_loopback = reader.flag("upstream.allow_http_loopback").unwrap_or(false);
        let given = |provider: &Provider| {
            let base = reader.get(&base_url_of(*provider), |text| base_url(text, allow_http_loopback))?;
            Some((*provider, base))
        };
        Self { base_urls: Provider::ALL.iter().filter_map(given).collect(), allow_http_loopback }
    }
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
