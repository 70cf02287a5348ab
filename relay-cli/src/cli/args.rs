//! Arguments that several commands share.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use relay_core::Provider;

/// Commands that work on the local store, beside a running server or without one.
#[derive(Args, Clone, Debug)]
pub struct LocalArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "RELAY_CONFIG", default_value = "relay.toml")]
    pub config: PathBuf,
}

/// Which project of the local store.
#[derive(Args, Clone, Debug)]
pub struct ProjectArgs {
    /// The project, by id or name. Not needed while there is only one.
    #[arg(long, value_name = "ID|NAME")]
    pub project: Option<String>,
    /// The configuration.
    #[command(flatten)]
    pub local: LocalArgs,
}

/// Commands that speak to a server over HTTP. The Relay key itself comes from RELAY_KEY or a file.
#[derive(Args, Clone, Debug)]
pub struct RemoteArgs {
    /// Where the server is.
    #[arg(long, value_name = "URL", env = "RELAY_BASE_URL", default_value = "http://127.0.0.1:8080")]
    pub base_url: String,
    /// Read the Relay key (rly-…) from this file rather than from RELAY_KEY. `-` is standard input.
    #[arg(long, value_name = "FILE", visible_alias = "key-file")]
    pub relay_key_file: Option<PathBuf>,
}

/// Whose connection, to which provider.
#[derive(Args, Clone, Debug)]
pub struct ConnectionArgs {
    /// Your own id of the user.
    #[arg(long, value_name = "LABEL")]
    pub user: String,
    /// Which provider.
    #[arg(long, value_parser = provider())]
    pub provider: Provider,
    /// The server.
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// A provider by its name in the API; the help lists them all.
pub(super) fn provider() -> impl TypedValueParser<Value = Provider> {
    let names = Provider::ALL.iter().map(|provider| PossibleValue::new(provider.name()).help(provider.label()));
    PossibleValuesParser::new(names).try_map(|name| Provider::from_name(&name).ok_or("unknown provider"))
}
