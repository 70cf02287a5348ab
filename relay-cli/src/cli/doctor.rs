//! The arguments of `relay doctor`.

use clap::Args;

use crate::cli::args::LocalArgs;

/// `relay doctor`
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The configuration.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Do not ask the providers for an answer.
    #[arg(long)]
    pub offline: bool,
}
