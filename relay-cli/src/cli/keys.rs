//! The arguments of `relay keys`.

use clap::{Subcommand, ValueEnum};

use crate::cli::args::ProjectArgs;

/// What a Relay key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopeName {
    /// Chat, embeddings, models.
    Inference,
    /// Read and delete users and connections; usage.
    Users,
    /// Issue registration tokens.
    Tokens,
    /// Manage webhooks.
    Webhooks,
    /// Manage Relay keys, and read the audit log.
    Admin,
}

/// `relay keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Create a Relay key. It is printed once.
    #[command(
        after_help = "Example:\n  relay keys create --name backend --scope inference --scope tokens --expires-in-days 90"
    )]
    Create {
        /// A name for people: where the key is used.
        #[arg(long, default_value = "default")]
        name: String,
        /// What it may do. Repeat it for more; none: all but `admin`.
        #[arg(long = "scope", value_enum)]
        scopes: Vec<ScopeName>,
        /// When it ends; without it, never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in_days: Option<u32>,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// List the project's Relay keys, without the keys themselves.
    List(ProjectArgs),
    /// Make a new key in place of another one, which expires after an overlap. The new one is printed once.
    #[command(after_help = "Example:\n  relay keys roll 3f9a1c04be77 --overlap-hours 24")]
    Roll {
        /// The key's id, as `relay keys list` shows it.
        id: String,
        /// How long the old key is accepted too; 0: not at all.
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=720))]
        overlap_hours: u32,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// Revoke a Relay key, at once and for good.
    #[command(after_help = "Example:\n  relay keys revoke 3f9a1c04be77")]
    Revoke {
        /// The key's id, as `relay keys list` shows it.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
}
