//! The arguments of `relay serve`.

use std::path::PathBuf;

use clap::Args;

/// `relay serve`
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The configuration file. Without it: relay.toml here, or /etc/relay/relay.toml, or none.
    #[arg(long, value_name = "FILE", env = "RELAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Let simulated providers answer: for tests, costs nothing.
    #[arg(long)]
    pub mock: bool,
    /// Read the master key from standard input, to its end, rather than from where the configuration says.
    #[arg(long)]
    pub master_key_stdin: bool,
}
