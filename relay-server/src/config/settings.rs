//! The list of settings.

use std::borrow::Cow;
use std::sync::LazyLock;

use relay_core::Provider;

/// A setting, as `docs/configuration.md` lists it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// `section.key`.
    pub name: Cow<'static, str>,
    /// The default; empty for a setting without one.
    pub default: &'static str,
}

/// All settings.
pub static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let fixed = |settings: &[(&'static str, &'static str)]| {
        settings.iter().map(|(name, default)| Setting { name: (*name).into(), default }).collect::<Vec<_>>()
    };
    let base_url = |provider: &Provider| Setting { name: base_url_of(*provider).into(), default: provider.base_url() };
    [fixed(BEFORE_PROVIDERS), Provider::ALL.iter().map(base_url).collect(), fixed(AFTER_PROVIDERS)].concat()
});

const BEFORE_PROVIDERS: &[(&str, &str)] = &[
    ("mock", "false"),
    ("server.listen", "127.0.0.1:8080"),
    ("server.public_url", ""),
    ("server.trusted_proxies", ""),
    ("server.client_address_header", "x-forwarded-for"),
    ("server.workers", "0"),
    ("server.max_connections", "25000"),
    ("server.max_connections_per_address", "0"),
    ("server.keep_alive_seconds", "75"),
    ("server.ping_seconds", "15"),
    ("server.max_body_mib", "32"),
    ("server.body_budget_mib", "256"),
    ("server.body_share_percent", "25"),
    ("server.drain_seconds", "120"),
    ("server.drain_delay_seconds", "0"),
    ("server.allow_core_dumps", "false"),
    ("storage.path", "relay.db"),
    ("quota.tokens_per_minute", "2000"),
    ("quota.key_checks_per_minute", "2000"),
    ("quota.pending_users", "500000"),
    ("master_key.file", ""),
    ("master_key.allow_readable_file", "false"),
    ("master_key.env", "RELAY_MASTER_KEY"),
];

const AFTER_PROVIDERS: &[(&str, &str)] = &[
    ("upstream.allow_http_loopback", "false"),
    ("upstream.proxy", ""),
    ("upstream.no_proxy", ""),
    ("upstream.proxy_credentials_file", ""),
    ("upstream.proxy_credentials_env", "RELAY_PROXY_CREDENTIALS"),
    ("upstream.ca_file", ""),
    ("webhooks.allow_private", "false"),
    ("webhooks.allow_http_loopback", "false"),
    ("metrics.listen", ""),
    ("metrics.token_file", ""),
    ("telemetry.endpoint", ""),
    ("telemetry.headers_file", ""),
    ("telemetry.service_name", "relay"),
    ("telemetry.sample_percent", "100"),
    ("telemetry.metrics_seconds", "60"),
    ("log.level", "info"),
    ("log.format", "json"),
];

/// The name of the setting that holds a provider's base URL: `upstream.openai`.
pub(super) fn base_url_of(provider: Provider) -> String {
    format!("upstream.{provider}")
}

/// The variable that overrides a setting: `server.listen` is `RELAY_SERVER_LISTEN`.
pub(super) fn variable_of(name: &str) -> String {
    format!("RELAY_{}", name.replace('.', "_").to_ascii_uppercase())
}
