//! The arguments of `relay tokens`.

use clap::Subcommand;
use relay_core::Provider;

use crate::cli::args::{RemoteArgs, provider};

/// `relay tokens …`
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Issue a registration token: short-lived, good for one key. It is printed once.
    #[command(after_help = "Example:\n  relay tokens create --user jieun_123 --provider openai")]
    Create {
        /// Whose key it stores: your own id of the user.
        #[arg(long, value_name = "LABEL")]
        user: String,
        /// The name under which the user knows their account; the widget shows it with the label.
        #[arg(long, value_name = "NAME")]
        user_name: Option<String>,
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
