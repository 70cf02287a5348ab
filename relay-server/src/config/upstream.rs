//! `[upstream]`

use relay_core::Provider;

use super::reader::Reader;
use super::server::is_loopback;

/// Where the providers are. Nothing in a request can change it.
#[derive(Clone, Debug)]
pub struct UpstreamConfig {
    /// OpenAI's origin; `None`: the usual one.
    pub openai: Option<String>,
    /// Anthropic's origin; `None`: the usual one.
    pub anthropic: Option<String>,
    /// Google's origin; `None`: the usual one.
    pub google: Option<String>,
    /// Whether `http://` is allowed for origins on this machine.
    pub allow_http_loopback: bool,
}

impl UpstreamConfig {
    /// The origin that is configured for a provider; `None`: the usual one.
    pub fn origin(&self, provider: Provider) -> Option<&str> {
        match provider.name() {
            "openai" => self.openai.as_deref(),
            "anthropic" => self.anthropic.as_deref(),
            "google" => self.google.as_deref(),
            _ => None,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let allow_http_loopback = reader.flag("upstream.allow_http_loopback").unwrap_or(false);
        let mut origin = |name| reader.get(name, |text| base_url(text, allow_http_loopback));
        Self {
            openai: origin("upstream.openai"),
            anthropic: origin("upstream.anthropic"),
            google: origin("upstream.google"),
            allow_http_loopback,
        }
    }
}

fn base_url(text: &str, allow_http_loopback: bool) -> Result<String, String> {
    if text.starts_with("https://") {
        return Ok(text.to_owned());
    }
    let host = text.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or(rest));
    match host {
        Some(host) if is_loopback(host) && allow_http_loopback => Ok(text.to_owned()),
        Some(host) if is_loopback(host) => {
            Err("must begin with https://; set `upstream.allow_http_loopback = true` for a test on this machine"
                .to_owned())
        }
        _ => Err("must begin with https://: keys are sent there".to_owned()),
    }
}
