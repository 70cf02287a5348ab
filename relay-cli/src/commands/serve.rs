//! `relay serve`: the server, as `relay-server` runs it.

use relay_server::config::Config;
use relay_server::wiring::StartError;
use relay_server::{logging, run as serve};

use crate::cli::ServeArgs;
use crate::failure::{Exit, Failure};

/// Runs `relay serve`. Blocks until a signal ends it; must not be called within an async runtime.
///
/// # Errors
/// The reason why the server could not start, with the exit code of `relay-server`.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    start(args).map_err(|error| {
        let exit = if error.exit_code() == Exit::Unavailable.code() { Exit::Unavailable } else { Exit::Config };
        Failure::new(exit, error)
    })
}

fn start(args: &ServeArgs) -> Result<(), StartError> {
    let mut config = Config::find(args.config.as_deref())?;
    config.mock |= args.mock;
    logging::start(&config.log);
    serve(&config, |_| {})
}
