//! The arguments of `relay users`.

use clap::Subcommand;

use crate::cli::args::RemoteArgs;

/// `relay users …`
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// List the users who connected a key.
    List {
        /// List those for whom a registration token was issued and who never used it.
        #[arg(long)]
        pending: bool,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Show a user and their connections.
    Show {
        /// Your own id of the user.
        user: String,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Erase a user: keys, tokens, usage.
    #[command(after_help = "Example:\n  relay users delete jieun_123 --yes")]
    Delete {
        /// Your own id of the user.
        user: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
}
