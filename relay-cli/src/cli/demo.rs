//! The arguments of `relay demo`.

use clap::Args;

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
