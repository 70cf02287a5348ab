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
    /// The configuration file. Without it: relay.toml here, or /etc/relay/relay.toml, or none.
    #[arg(long, value_name = "FILE", env = "RELAY_CONFIG")]
    config: Option<PathBuf>,
    /// Let simulated providers answer: for tests, costs nothing.
    #[arg(long)]
    mock: bool,
}

/// A call makes some hundred small allocations; this allocator spends less on them than the system's.
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
