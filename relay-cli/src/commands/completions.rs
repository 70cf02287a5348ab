//! `relay completions`: a script for a shell.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Out;

/// Prints the completion script.
///
/// # Errors
/// When it can't be written.
pub fn run(shell: Shell, out: Out) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "relay", &mut script);
    out.raw(&String::from_utf8_lossy(&script))
}
