//! `relay-server`: Relay's HTTP server.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use mimalloc::MiMalloc;
use relay_server::config::without_empty_variables;
use relay_server::{Start, process, start};
use zeroizing_alloc::ZeroAlloc;

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
    /// Read the master key from standard input, to its end, rather than from where the configuration says.
    #[arg(long)]
    master_key_stdin: bool,
}

/// A call makes about a hundred small allocations; mimalloc spends less time on them than the system's allocator. What is freed is
/// overwritten with zeros first: buffers of actix, hyper and rustls hold users' keys.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    let protection = process::protect();
    let mut matches = without_empty_variables(Arguments::command()).get_matches();
    let Arguments { config, mock, master_key_stdin } =
        Arguments::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit());
    match start(&Start { config: config.as_deref(), mock, master_key_stdin }, protection) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "relay-server: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
