//! The arguments of `relay connections`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::args::{ConnectionArgs, RemoteArgs};

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
        /// OpenAI's organization id, where the key needs one.
        #[arg(long, value_name = "ID")]
        organization_id: Option<String>,
        /// OpenAI's project id, where the key needs one.
        #[arg(long, value_name = "ID")]
        project_id: Option<String>,
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
