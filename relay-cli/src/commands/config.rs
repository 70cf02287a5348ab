//! `relay config`: is it right, and what is in effect?

use relay_core::Provider;
use relay_server::config::{Config, LogFormat, SETTINGS, StoragePath};
use serde_json::{Map, Value, json};

use crate::cli::ConfigCommand;
use crate::failure::Failure;
use crate::local;
use crate::output::{Out, Table};

/// Runs `relay config …`.
///
/// # Errors
/// When the configuration is not right.
pub fn run(command: ConfigCommand, out: Out) -> Result<(), Failure> {
    let ConfigCommand::Check(args) = command;
    let config = local::load(&args.config)?;
    local::master_keys(&config)?;
    let effective = effective(&config);
    out.table(&table(&effective), &json!({ "ok": true, "config": effective }))?;
    out.note(&format!("\n{} is in order.", args.config.display()));
    Ok(())
}

/// Every setting with the value that is in effect. No secret is among them: of the master key, only where it is.
pub fn effective(config: &Config) -> Map<String, Value> {
    SETTINGS
        .iter()
        .map(|key| (key.name.to_string(), value(config, &key.name).unwrap_or_else(|| json!(key.default))))
        .collect()
}

/// The effective configuration as a table.
pub fn table(effective: &Map<String, Value>) -> Table {
    let mut table = Table::new(&["SETTING", "VALUE"], "");
    for (name, value) in effective {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        table.row([name.clone(), if text.is_empty() { "-".to_owned() } else { text }]);
    }
    table
}

/// The value of a setting; `None`: its default.
fn value(config: &Config, name: &str) -> Option<Value> {
    let server = &config.server;
    Some(match name {
        "mock" => json!(config.mock),
        "server.listen" => json!(server.listen),
        "server.public_url" => json!(server.public_url.as_ref()?),
        "server.trusted_proxies" => json!(server.trusted_proxies.to_string()),
        "server.client_address_header" => json!(server.trusted_proxies.header().name()),
        "server.workers" => json!(server.workers),
        "server.max_connections" => json!(server.max_connections),
        "server.max_connections_per_address" => json!(server.max_connections_per_address),
        "server.keep_alive_seconds" => json!(server.keep_alive.as_secs()),
        "server.ping_seconds" => json!(server.ping.as_secs()),
        "server.max_body_mib" => json!(server.max_body >> 20),
        "server.body_budget_mib" => json!(server.body_budget >> 20),
        "server.body_share_percent" => json!(server.body_share),
        "server.drain_seconds" => json!(server.drain.as_secs()),
        "server.drain_delay_seconds" => json!(server.drain_delay.as_secs()),
        "server.allow_core_dumps" => json!(server.allow_core_dumps),
        "storage.path" => match &config.storage.path {
            StoragePath::Memory => json!(":memory:"),
            StoragePath::File(path) => json!(path),
        },
        "quota.tokens_per_minute" => json!(config.quota.tokens_a_minute),
        "quota.key_checks_per_minute" => json!(config.quota.key_checks_a_minute),
        "quota.pending_users" => json!(config.quota.pending_users),
        "master_key.file" => json!(config.master_key.file.as_ref()?),
        "master_key.allow_readable_file" => json!(config.master_key.allow_readable_file),
        "master_key.env" => json!(config.master_key.env),
        "upstream.allow_http_loopback" => json!(config.upstream.allow_http_loopback),
        "upstream.proxy" => json!(config.upstream.proxy.setting),
        "upstream.no_proxy" => json!(config.upstream.proxy.no_proxy),
        "upstream.proxy_credentials_file" => json!(config.upstream.proxy.credentials_file.as_ref()?),
        "upstream.proxy_credentials_env" => json!(config.upstream.proxy.credentials_env),
        "upstream.ca_file" => json!(config.upstream.ca_file.as_ref()?),
        "metrics.listen" => json!(config.metrics.listen?),
        "metrics.token_file" => json!(config.metrics.token_file.as_ref()?),
        "telemetry.endpoint" => json!(config.telemetry.endpoint.as_ref()?.as_str()),
        "telemetry.headers_file" => json!(config.telemetry.headers_file.as_ref()?),
        "telemetry.service_name" => json!(config.telemetry.service_name),
        "telemetry.sample_percent" => json!(config.telemetry.sample_percent),
        "telemetry.metrics_seconds" => json!(config.telemetry.metrics_seconds),
        "webhooks.allow_private" => json!(config.webhooks.allow_private),
        "webhooks.allow_http_loopback" => json!(config.webhooks.allow_http_loopback),
        "log.level" => json!(config.log.level.to_string()),
        "log.format" => json!(match config.log.format {
            LogFormat::Json => "json",
            LogFormat::Text => "text",
        }),
        _ => {
            let provider = Provider::from_name(name.strip_prefix("upstream.")?)?;
            json!(config.upstream.base_url(provider)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_setting_is_shown_as_it_is_in_effect() {
        let text = "mock = true\n[server]\nlisten = \"127.0.0.1:1\"\npublic_url = \"https://r.example\"\nworkers = 3\n\
            max_connections = 7\nkeep_alive_seconds = 8\nping_seconds = 9\nmax_body_mib = 10\ndrain_seconds = 11\n\
            drain_delay_seconds = 12\nallow_core_dumps = true\ntrusted_proxies = \"10.0.0.0/8, ::1\"\nclient_address_header = \"forwarded\"\n\
            max_connections_per_address = 13\nbody_budget_mib = 14\nbody_share_percent = 15\n[quota]\n\
            tokens_per_minute = 16\nkey_checks_per_minute = 17\npending_users = 18\n[storage]\npath = \":memory:\"\n[master_key]\nallow_readable_file = true\nenv = \"OTHER\"\n[metrics]\nlisten = \"127.0.0.1:5\"\n[telemetry]\nendpoint = \"http://127.0.0.1:6\"\nservice_name = \"r\"\n\
            sample_percent = 19\nmetrics_seconds = 20\n[webhooks]\nallow_private = true\nallow_http_loopback = true\n[log]\nlevel = \"warn\"\nformat = \"text\"\n\
            [upstream]\nallow_http_loopback = true\nproxy = \"http://p.example:3128\"\nno_proxy = \"a.example\"\n\
            proxy_credentials_env = \"OTHER_PROXY\"\n";
        let base_urls = Provider::ALL.iter().map(|provider| format!("{provider} = \"http://127.0.0.1:2\"\n"));
        let text = text.to_owned() + &base_urls.collect::<String>();
        let config = Config::read(Some((Path::new("relay.toml"), &text)), &BTreeMap::new()).unwrap();
        let effective = effective(&config);
        for key in SETTINGS.iter().filter(|key| !key.name.ends_with("_file") && key.name != "master_key.file") {
            let shown = &effective[key.name.as_ref()];
            let shown = shown.as_str().map_or_else(|| shown.to_string(), str::to_owned);
            assert_ne!(shown, key.default, "{}", key.name);
        }
        assert_eq!(effective["server.trusted_proxies"], "10.0.0.0/8, ::1/128");
    }
}
