//! `relay serve`: the server, as `relay-server` runs it.

use relay_server::process::Protection;
use relay_server::{Start, start};

use crate::cli::ServeArgs;
use crate::failure::{Exit, Failure};

/// Runs `relay serve`. Blocks until a signal ends it; must not be called within an async runtime.
///
/// # Errors
/// The reason why the server could not start, with the exit code of `relay-server`.
pub fn run(args: &ServeArgs, protection: Protection) -> Result<(), Failure> {
    let ServeArgs { config, mock, master_key_stdin } = args;
    let how = Start { config: config.as_deref(), mock: *mock, master_key_stdin: *master_key_stdin };
    start(&how, protection).map_err(|error| {
        let known = [Exit::Unavailable, Exit::Temporary].into_iter().find(|exit| exit.code() == error.exit_code());
        let exit = known.unwrap_or(Exit::Config);
        Failure::new(exit, error)
    })
}
