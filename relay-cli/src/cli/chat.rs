//! The arguments of `relay chat`.

use clap::Args;

use crate::cli::args::RemoteArgs;

/// `relay chat`
#[derive(Args, Debug)]
pub struct ChatArgs {
    /// On whose key: your own id of the user.
    #[arg(long, value_name = "LABEL")]
    pub user: String,
    /// The model; its name picks the provider.
    #[arg(long)]
    pub model: String,
    /// A system message.
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Maximum number of tokens in the answer.
    #[arg(long, value_name = "TOKENS")]
    pub max_tokens: Option<u32>,
    /// Wait for the whole answer. Always so with --json.
    #[arg(long)]
    pub no_stream: bool,
    /// Meter the call under the free tier (`X-Relay-Paid: false`).
    #[arg(long)]
    pub free: bool,
    /// The message; without it, or as `-`, standard input.
    pub message: Option<String>,
    /// The server.
    #[command(flatten)]
    pub remote: RemoteArgs,
}
