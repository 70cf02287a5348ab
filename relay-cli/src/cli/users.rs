//! Users, their keys and their calls: what goes over HTTP with a Relay key.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use relay_core::Provider;

use crate::cli::args::{ConnectionArgs, RemoteArgs, provider};

/// `relay tokens …`
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Issue a registration token: short-lived, good for one key. It is printed once.
    #[command(after_help = "Example:\n  relay tokens create --user jieun_123 --provider openai")]
    Create {
        /// Whose key it stores: your own id of the user.
        #[arg(long, value_name = "LABEL")]
        user: String,
        /// For which provider only; without it the user picks.
        #[arg(long, value_parser = provider())]
        provider: Option<Provider>,
        /// How long it lives, in seconds.
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(60..=3600))]
        expires_in: Option<u32>,
        /// An origin whose pages may use it. Repeat it for more; none: the project's.
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// Do not replace a key that is connected already.
        #[arg(long)]
        no_replace: bool,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

/// `relay users …`
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// List all users.
    List(RemoteArgs),
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

/// `relay connections …`
#[derive(Debug, Subcommand)]
pub enum ConnectionsCommand {
    /// List a user's connections.
    List {
        /// Your own id of the user.
        #[arg(long, value_name = "LABEL")]
        user: String,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Connect a provider key, to try things out. The key comes from standard input or a file.
    #[command(after_help = "\
Examples:
  relay connections add --user me --provider openai                      asks for the key
  relay connections add --user me --provider openai < key.txt
  relay connections add --user me --provider openai --provider-key-file key.txt

Real users connect their keys in the widget: neither you nor your server ever sees them.")]
    Add {
        /// Read the provider key from this file rather than from standard input.
        #[arg(long, value_name = "FILE")]
        provider_key_file: Option<PathBuf>,
        /// Anthropic's workspace id, where the key needs one.
        #[arg(long, value_name = "ID")]
        workspace_id: Option<String>,
        /// Whose, and for which provider.
        #[command(flatten)]
        connection: ConnectionArgs,
    },
    /// Ask the provider now whether the key is still good.
    Verify(ConnectionArgs),
    /// Disconnect: shred the stored key.
    Delete {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Whose, and for which provider.
        #[command(flatten)]
        connection: ConnectionArgs,
    },
}

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
