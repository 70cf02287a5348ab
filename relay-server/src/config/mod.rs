//! The configuration: one TOML file and environment variables, read once, all faults told at once.
//!
//! Only this module touches the environment. Secrets come from files, systemd credentials or variables, never from the
//! command line.

mod log;
mod master_key;
mod metrics;
mod reader;
mod server;
mod storage;
mod upstream;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::LazyLock;

use relay_core::Provider;

pub use log::{LogConfig, LogFormat};
pub use master_key::{MasterKeyConfig, MasterKeyText};
pub use metrics::MetricsConfig;
pub use reader::Fault;
pub use server::ServerConfig;
pub use storage::{StorageConfig, StoragePath};
pub use upstream::UpstreamConfig;

use reader::Reader;

/// A setting, as `docs/configuration.md` lists it.
#[derive(Clone, Debug)]
pub struct Key {
    /// `section.key`.
    pub name: Cow<'static, str>,
    /// The value if nothing is said; empty: none.
    pub default: &'static str,
}

/// Every setting there is.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let fixed = |settings: &[(&'static str, &'static str)]| {
        settings.iter().map(|(name, default)| Key { name: (*name).into(), default }).collect::<Vec<_>>()
    };
    let base_url =
        |provider: &Provider| Key { name: upstream::setting(*provider).into(), default: provider.base_url() };
    [fixed(BEFORE_PROVIDERS), Provider::ALL.iter().map(base_url).collect(), fixed(AFTER_PROVIDERS)].concat()
});

const BEFORE_PROVIDERS: &[(&str, &str)] = &[
    ("mock", "false"),
    ("server.listen", "127.0.0.1:8080"),
    ("server.public_url", ""),
    ("server.workers", "0"),
    ("server.max_connections", "25000"),
    ("server.keep_alive_seconds", "75"),
    ("server.ping_seconds", "15"),
    ("server.max_body_mib", "32"),
    ("server.drain_seconds", "120"),
    ("server.drain_delay_seconds", "0"),
    ("storage.path", "relay.db"),
    ("master_key.file", ""),
    ("master_key.env", "RELAY_MASTER_KEY"),
];

const AFTER_PROVIDERS: &[(&str, &str)] =
    &[("upstream.allow_http_loopback", "false"), ("metrics.listen", ""), ("log.level", "info"), ("log.format", "json")];

/// The whole configuration. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether simulated providers answer instead of the real ones.
    pub mock: bool,
    /// The HTTP server.
    pub server: ServerConfig,
    /// Where data is kept.
    pub storage: StorageConfig,
    /// What seals provider keys.
    pub master_key: MasterKeyConfig,
    /// Where the providers are.
    pub upstream: UpstreamConfig,
    /// Where Prometheus reads.
    pub metrics: MetricsConfig,
    /// What is logged, and how.
    pub log: LogConfig,
}

/// All that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Fault>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, fault)| {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")
        })
    }
}

impl std::error::Error for ConfigErrors {}

impl Config {
    /// Reads `file` and this process's environment.
    ///
    /// # Errors
    /// All faults of all settings; a file that can't be read.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        match file.map(|path| (path, std::fs::read_to_string(path))) {
            None => Self::read(None, &variables),
            Some((path, Ok(text))) => Self::read(Some((path, &text)), &variables),
            Some((path, Err(cause))) => Err(ConfigErrors(vec![Fault {
                place: path.display().to_string(),
                message: format!("the configuration can't be read: {cause}"),
            }])),
        }
    }

    /// Reads a file's text (its path is for messages, and the base of relative paths) and these variables.
    ///
    /// # Errors
    /// All faults of all settings.
    pub fn read(file: Option<(&Path, &str)>, variables: &BTreeMap<String, String>) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(file, variables);
        let config = Self {
            mock: reader.flag("mock").unwrap_or(false),
            server: ServerConfig::read(&mut reader),
            storage: StorageConfig::read(&mut reader),
            master_key: MasterKeyConfig::read(&mut reader, variables),
            upstream: UpstreamConfig::read(&mut reader),
            metrics: MetricsConfig::read(&mut reader),
            log: LogConfig::read(&mut reader),
        };
        match reader.into_faults() {
            faults if faults.is_empty() => Ok(config),
            faults => Err(ConfigErrors(faults)),
        }
    }

    /// The variable that overrides a setting: `server.listen` is `RELAY_SERVER_LISTEN`.
    pub fn variable_of(name: &str) -> String {
        reader::variable_of(name)
    }
}

#[cfg(test)]
mod tests;
