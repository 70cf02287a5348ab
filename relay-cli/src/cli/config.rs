//! The arguments of `relay config`.

use clap::Subcommand;

use crate::cli::args::LocalArgs;

/// `relay config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and print what is in effect, secrets masked.
    #[command(after_help = "Example:\n  relay config check --config /etc/relay/relay.toml")]
    Check(LocalArgs),
}
