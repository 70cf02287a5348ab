//! `relay-server`: Relay's HTTP server.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use relay_server::config::Config;
use relay_server::wiring::StartError;
use relay_server::{logging, run};

/// Relay's HTTP server. Settings come from a file and from RELAY_… variables; see docs/configuration.md.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file. Default: relay.toml in the current folder, else /etc/relay/relay.toml, else none.
    #[arg(long, value_name = "FILE", env = "RELAY_CONFIG")]
    config: Option<PathBuf>,
    /// Use simulated providers, for tests. Costs nothing.
    #[arg(long)]
    mock: bool,
}

/// A call makes about a hundred small allocations; this allocator spends less time on them than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match start(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "relay-server: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn start(arguments: &Arguments) -> Result<(), StartError> {
    let mut config = Config::find(arguments.config.as_deref())?;
    config.mock |= arguments.mock;
    logging::start(&config.log);
    run(&config, |_| {})
}
