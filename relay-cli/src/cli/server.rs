//! The server, its configuration and its master key.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::LocalArgs;

/// `relay init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Where to put the files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// The first project's name; users see it in the widget.
    #[arg(long, default_value = "My app")]
    pub name: String,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
}

/// `relay serve`
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The configuration file. Without it: relay.toml here, or /etc/relay/relay.toml, or none.
    #[arg(long, value_name = "FILE", env = "RELAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Let simulated providers answer: for tests, costs nothing.
    #[arg(long)]
    pub mock: bool,
}

/// `relay demo`
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// End after the script.
    #[arg(long)]
    pub once: bool,
    /// The port to listen on; if it is taken, the next one that is free.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
}

/// `relay doctor`
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The configuration.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Do not try to reach the providers.
    #[arg(long)]
    pub offline: bool,
}

/// `relay config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and print what is in effect, secrets masked.
    #[command(after_help = "Example:\n  relay config check --config /etc/relay/relay.toml")]
    Check(LocalArgs),
}

/// `relay master-key …`
#[derive(Debug, Subcommand)]
pub enum MasterKeyCommand {
    /// Make a master key. Keep a copy away from the store's backups: without it, no stored key can be opened again.
    #[command(after_help = "\
Examples:
  relay master-key generate --out /etc/relay/master.key     a new file, readable for its owner only
  relay master-key generate | your-secret-store             the key alone on standard output")]
    Generate {
        /// Write it to this new file (mode 0600) rather than to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// `relay health`
#[derive(Args, Debug)]
pub struct HealthArgs {
    /// Where the server is.
    #[arg(long, value_name = "URL", env = "RELAY_BASE_URL", default_value = "http://127.0.0.1:8080")]
    pub base_url: String,
}
