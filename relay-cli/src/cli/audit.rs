//! The arguments of `relay audit`.

use clap::{Args, Subcommand};

use crate::cli::args::LocalArgs;

/// Whose audit log.
#[derive(Args, Clone, Debug)]
pub struct ChainArgs {
    /// The project, by id or name. Not needed while there is only one.
    #[arg(long, value_name = "ID|NAME", conflicts_with = "installation")]
    pub project: Option<String>,
    /// The log of the installation, which says what projects were deleted.
    #[arg(long)]
    pub installation: bool,
    /// The configuration.
    #[command(flatten)]
    pub local: LocalArgs,
}

/// `relay audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Show the newest entries.
    List {
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
        /// Only this action, such as `relay_key.revoked`.
        #[arg(long)]
        action: Option<String>,
        /// Only entries about this user.
        #[arg(long, value_name = "LABEL")]
        user: Option<String>,
        /// Only entries with a lower number: the last one of the page before.
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// Whose log.
        #[command(flatten)]
        chain: ChainArgs,
    },
    /// Check that no entry was changed, removed, inserted or moved. Ends with 1 and names the first bad entry if one was.
    Verify(ChainArgs),
    /// Print all entries as JSON Lines, oldest first. The log notes it.
    #[command(after_help = "Example:\n  relay audit export > audit.jsonl")]
    Export(ChainArgs),
}
