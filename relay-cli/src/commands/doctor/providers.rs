//! The doctor's check of each provider: it is asked for its answer to a request without a key, over the same connections as the
//! server's.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use relay_adapters::http::{HttpProvider, Timeouts};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::KeySignal;
use relay_core::error::chain;
use relay_core::ports::{Clock as _, ProviderClient as _, TransportCause, TransportError, WireResponse};
use relay_core::translation::{ErrorResponse, dialect};
use relay_core::{Code, Provider};
use relay_server::config::Config;
use relay_server::wiring::http_providers;

use super::report::{Check, Report};

/// The longest wait for a provider.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes that are read of its answer.
const LONGEST: usize = 64 << 10;

/// Checks each provider, side by side.
pub(super) async fn check(config: &Config, report: &mut Report) {
    let timeouts = Timeouts {
        connect: TIMEOUT,
        first_byte_of_whole: TIMEOUT,
        gap: TIMEOUT,
        total: TIMEOUT,
        ..Timeouts::default()
    };
    match http_providers(config, timeouts) {
        Ok(clients) => join_all(clients.iter().map(|client| one(client, config)))
            .await
            .into_iter()
            .for_each(|check| report.add(check)),
        Err(error) => report.add(Check::misconfigured("providers", error.to_string())),
    }
}

async fn one(client: &HttpProvider, config: &Config) -> Check {
    let provider = client.provider();
    let label = provider.label();
    let at = config.upstream.base_url(provider).unwrap_or(provider.base_url());
    let by = config.upstream.proxy.url.as_ref().map(|proxy| format!(" through {proxy}")).unwrap_or_default();
    match client.probe().await {
        Ok(response) => {
            let status = response.status;
            if is_the_providers(provider, response).await {
                return Check::pass(label, format!("{at} answers{by}"));
            }
            Check::fail(label, format!("{at}{by}: something else than {label} answered, with status {status}")).fix(
                "a proxy, a firewall or a login page is in the way: let this machine reach the provider, or set `upstream.proxy`",
            )
        }
        Err(error) => {
            let text = format!("{at}{by} could not be reached ({}): {}", error.cause.as_str(), chain(&error));
            Check::fail(label, text).fix(advice(&error))
        }
    }
}

/// Whether an answer is in the provider's own format: it refuses a request without a key.
async fn is_the_providers(provider: Provider, mut response: WireResponse) -> bool {
    let mut body = Vec::new();
    while let Some(Ok(piece)) = response.body.next().await {
        body.extend_from_slice(&piece);
        if body.len() > LONGEST {
            break;
        }
    }
    let dialect = dialect(provider);
    if (200..300).contains(&response.status) {
        // A gateway may add a key of its own.
        return dialect.is_key_check(&body);
    }
    let failure = ErrorResponse { status: response.status, headers: &response.headers, body: &body };
    let fault = dialect.error(&failure, SystemClock.now());
    matches!(fault.signal, Some(KeySignal::Invalid | KeySignal::Accepted))
        || fault.error.relay_code() == Some(Code::ProviderKeyInvalid)
        || fault.error.relay_code() == Some(Code::UnsupportedRegion)
}

fn advice(error: &TransportError) -> &'static str {
    match error.cause {
        TransportCause::Dns => "check the machine's DNS, or the address in `upstream`",
        TransportCause::Refused | TransportCause::NoRoute | TransportCause::Timeout | TransportCause::Reset => {
            "let a firewall pass this connection; if this machine has to use a proxy, set `upstream.proxy`"
        }
        TransportCause::UnknownCa => {
            "install ca-certificates; if a proxy opens TLS here, or the address is a gateway of yours, name its certificate \
             authority in `upstream.ca_file`"
        }
        TransportCause::WrongCertificateName => {
            "another server answers at this address: check DNS and the address in `upstream`, or give the gateway a certificate \
             for its name"
        }
        TransportCause::CertificateExpired => {
            "check this machine's clock; if it is right, renew the gateway's certificate"
        }
        TransportCause::BadCertificate => "give the gateway a valid certificate",
        TransportCause::NotTls | TransportCause::Tls => {
            "the address does not speak TLS 1.2 or 1.3: check its port; plain HTTP is only for this machine, with \
             `upstream.allow_http_loopback`"
        }
        TransportCause::ProxyCredentials => {
            "put the proxy's user name and password into `upstream.proxy_credentials_file` or RELAY_PROXY_CREDENTIALS"
        }
        TransportCause::ProxyRefused => "let the proxy connect to this host, port 443",
        TransportCause::ProxyUnreachable => "check the address of the proxy in `upstream.proxy`",
        _ => "calls to this provider will fail on this machine",
    }
}
