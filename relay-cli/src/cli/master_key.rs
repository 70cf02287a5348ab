//! The arguments of `relay master-key`.

use std::path::PathBuf;

use clap::Subcommand;

/// `relay master-key …`
#[derive(Debug, Subcommand)]
pub enum MasterKeyCommand {
    /// Make a master key. Keep a copy away from the store's backups: without it, no stored key can be opened again.
    #[command(after_help = "\
Examples:
  relay master-key generate --out /etc/relay/master.key     a new file, readable for its owner only
  relay master-key generate | your-secret-store             the key alone on standard output")]
    Generate {
        /// Write it to this new file (mode 0600) rather than to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}
