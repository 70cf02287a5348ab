//! The arguments of `relay usage`.

use clap::Args;

use crate::cli::args::RemoteArgs;

/// `relay usage`
#[derive(Args, Debug)]
pub struct UsageArgs {
    /// Only this user.
    #[arg(long, value_name = "LABEL")]
    pub user: Option<String>,
    /// First day, as 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last day.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// The server.
    #[command(flatten)]
    pub remote: RemoteArgs,
}
