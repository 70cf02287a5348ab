//! The `relay` command.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use mimalloc::MiMalloc;
use relay_cli::cli::{Cli, Command};
use relay_cli::failure::{Exit, Failure};
use relay_cli::output::Out;
use relay_cli::{commands, secrets};
use relay_server::config::without_empty_variables;
use relay_server::process::{self, Protection};
use zeroizing_alloc::ZeroAlloc;

/// A call makes about a hundred small allocations; mimalloc spends less time on them than the system's allocator. What is freed is
/// overwritten with zeros first: buffers of actix, hyper and rustls hold users' keys.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    let protection = process::protect();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let (out, result) = match parse(&arguments) {
        Ok(cli) => (Out::new(cli.json), run(cli, protection)),
        Err(Parsed::Failure(failure)) => (Out::new(wants_json), Err(failure)),
        Err(Parsed::Message(error)) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            if wants_json && error.use_stderr() {
                Out::new(true).failure(&Failure::usage(error.render().to_string().trim_end()));
            } else {
                // If the output is closed, nobody can read the message.
                let _ = error.print();
            }
            return exit.code().into();
        }
    };
    match result {
        Ok(()) => Exit::Done.code().into(),
        Err(failure) => {
            out.failure(&failure);
            failure.exit.code().into()
        }
    }
}

/// Why there is no command to run.
enum Parsed {
    Failure(Failure),
    /// Help, the version, or an error in the command line, in clap's own words.
    Message(clap::Error),
}

fn parse(arguments: &[OsString]) -> Result<Cli, Parsed> {
    // Runs before clap, whose errors repeat unknown arguments.
    secrets::refuse_in_arguments(arguments.iter().skip(1).cloned()).map_err(Parsed::Failure)?;
    let command = without_empty_variables(Cli::command());
    let matches = command.try_get_matches_from(arguments);
    matches.and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches)).map_err(Parsed::Message)
}

fn run(cli: Cli, protection: Protection) -> Result<(), Failure> {
    if let Command::Serve(args) = &cli.command {
        // The server starts its own runtime.
        return commands::serve::run(args, protection);
    }
    protection.keep();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(format_args!("could not start the runtime's threads: {error}")))?;
    runtime.block_on(dispatch(cli.command, Out::new(cli.json)))
}

async fn dispatch(command: Command, out: Out) -> Result<(), Failure> {
    match command {
        Command::Init(args) => commands::init::run(args, out).await,
        Command::Serve(args) => commands::serve::run(&args, process::protect()),
        #[cfg(feature = "mock")]
        Command::Demo(args) => relay_cli::demo::run(&args, out).await,
        #[cfg(not(feature = "mock"))]
        Command::Demo(_) => Err(Failure::config(
            "the demo needs simulated providers, and this `relay` was built without them (cargo feature `mock`)",
        )),
        Command::Doctor(args) => commands::doctor::run(&args, out).await,
        Command::Config(command) => commands::config::run(command, out),
        Command::Projects(command) => commands::projects::run(command, out).await,
        Command::Keys(command) => commands::keys::run(command, out).await,
        Command::Webhooks(command) => commands::webhooks::run(command, out).await,
        Command::Audit(command) => commands::audit::run(command, out).await,
        Command::Tokens(command) => commands::tokens::run(command, out).await,
        Command::Users(command) => commands::users::run(command, out).await,
        Command::Connections(command) => commands::connections::run(command, out).await,
        Command::Usage(args) => commands::usage::run(&args, out).await,
        Command::Chat(args) => commands::chat::run(args, out).await,
        Command::Health(args) => commands::health::run(&args, out).await,
        Command::MasterKey(command) => commands::master_key::run(command, out),
        Command::Completions { shell } => commands::completions::run(shell, out),
    }
}
