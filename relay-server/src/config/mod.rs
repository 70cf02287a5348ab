//! The configuration: one TOML file and environment variables, read once. All errors are reported together.
//!
//! Only this module reads the environment. Secrets come from files, systemd credentials or variables, never from the
//! command line.

mod error;
mod files;
mod log;
mod master_key;
mod metrics;
pub(crate) mod options;
mod proxies;
mod proxy;
mod quota;
mod reader;
mod server;
mod settings;
mod simulator;
mod storage;
mod telemetry;
mod upstream;
mod webhooks;

use std::collections::BTreeMap;
use std::path::Path;

pub use error::{ConfigError, ConfigErrors};
pub use files::check_store;
pub use log::{LogConfig, LogFormat};
pub use master_key::{MasterKeyConfig, MasterKeyText};
pub use metrics::{MetricsConfig, MetricsToken};
pub use options::{Options, RequestLimits};
pub use proxies::{AddressHeader, TrustedProxies};
pub use proxy::{ProxyConfig, ProxyCredentials};
pub use server::ServerConfig;
pub use settings::{SETTINGS, Setting};
pub use simulator::Simulator;
pub use storage::{StorageConfig, StoragePath};
pub use telemetry::{TelemetryConfig, TelemetryHeaders};
pub use upstream::UpstreamConfig;

use reader::Reader;
use relay_core::domain::WebhookTargets;
use relay_core::relay::quotas::QuotaLimits;

/// The whole configuration. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether simulated providers answer instead of the real ones.
    pub mock: bool,
    /// The HTTP server.
    pub server: ServerConfig,
    /// Where data is stored.
    pub storage: StorageConfig,
    /// What one project may do.
    pub quota: QuotaLimits,
    /// The master keys, which seal provider keys.
    pub master_key: MasterKeyConfig,
    /// The base URLs of the providers.
    pub upstream: UpstreamConfig,
    /// Which addresses webhooks may have.
    pub webhooks: WebhookTargets,
    /// The address for Prometheus metrics.
    pub metrics: MetricsConfig,
    /// Where traces and metrics are sent.
    pub telemetry: TelemetryConfig,
    /// The settings of the log.
    pub log: LogConfig,
}

/// Where a configuration file is looked for if none is named.
const DEFAULT_FILES: [&str; 2] = ["relay.toml", "/etc/relay/relay.toml"];

fn default_file<'a>() -> Option<&'a Path> {
    DEFAULT_FILES.map(Path::new).into_iter().find(|path| path.exists())
}

/// Lets clap ignore environment variables that are empty, as the configuration does: an argument that is read from such a
/// variable is as if it were not set.
#[must_use]
pub fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|argument| {
        // clap can't take a variable's name back, so the argument gets one that nobody sets.
        if argument.get_env().is_some_and(is_empty) {
            argument.env("RELAY_NO_VARIABLE").hide_env(true)
        } else {
            argument
        }
    });
    command.mut_subcommands(without_empty_variables)
}

fn read_file(path: &Path) -> Result<String, ConfigErrors> {
    std::fs::read_to_string(path).map_err(|cause| {
        let message = format!("the configuration could not be read: {cause}");
        ConfigErrors(vec![ConfigError { place: path.display().to_string(), message }])
    })
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

impl Config {
    /// Reads `file`, or else the first that exists of `relay.toml` and `/etc/relay/relay.toml`, and this process's environment.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn find(file: Option<&Path>) -> Result<Self, ConfigErrors> {
        Self::load(file.or_else(default_file))
    }

    /// The same with a master key from elsewhere, which takes the place of the configured one.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn find_with_master_key(file: Option<&Path>, text: MasterKeyText) -> Result<Self, ConfigErrors> {
        Self::load_given(file.or_else(default_file), Some(text))
    }

    /// Reads `file` and this process's environment.
    ///
    /// # Errors
    /// Every invalid setting; a file that could not be read.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigErrors> {
        Self::load_given(file, None)
    }

    fn load_given(file: Option<&Path>, master_key: Option<MasterKeyText>) -> Result<Self, ConfigErrors> {
        let text = file.map(read_file).transpose()?;
        Self::read_given(file.zip(text.as_deref()), &environment(), master_key)
    }

    /// Reads a file's text (its path is for messages, and the base of relative paths) and these variables.
    ///
    /// # Errors
    /// Every invalid setting.
    pub fn read(file: Option<(&Path, &str)>, variables: &BTreeMap<String, String>) -> Result<Self, ConfigErrors> {
        Self::read_given(file, variables, None)
    }

    fn read_given(
        file: Option<(&Path, &str)>,
        variables: &BTreeMap<String, String>,
        master_key: Option<MasterKeyText>,
    ) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(file, variables);
        let config = Self {
            mock: reader.flag("mock").unwrap_or(false),
            server: ServerConfig::read(&mut reader, variables),
            storage: StorageConfig::read(&mut reader),
            quota: quota::read(&mut reader),
            master_key: MasterKeyConfig::read(&mut reader, variables, master_key),
            upstream: UpstreamConfig::read(&mut reader, variables),
            webhooks: webhooks::read(&mut reader),
            metrics: MetricsConfig::read(&mut reader),
            telemetry: TelemetryConfig::read(&mut reader),
            log: LogConfig::read(&mut reader),
        };
        match reader.into_errors() {
            errors if errors.is_empty() => Ok(config),
            errors => Err(ConfigErrors(errors)),
        }
    }

    /// Reads only `[log]` of the configuration that [`Self::find`] reads.
    ///
    /// # Errors
    /// Invalid settings of `[log]`; unknown settings; a file that could not be read.
    pub fn find_log(file: Option<&Path>) -> Result<LogConfig, ConfigErrors> {
        let path = file.or_else(default_file);
        let text = path.map(read_file).transpose()?;
        let mut reader = Reader::new(path.zip(text.as_deref()), &environment());
        let log = LogConfig::read(&mut reader);
        match reader.into_errors() {
            errors if errors.is_empty() => Ok(log),
            errors => Err(ConfigErrors(errors)),
        }
    }

    /// The variable that overrides a setting: `server.listen` is `RELAY_SERVER_LISTEN`.
    pub fn variable_of(name: &str) -> String {
        settings::variable_of(name)
    }
}

#[cfg(test)]
mod tests;
