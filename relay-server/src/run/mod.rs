//! Runs the server from its configuration until a signal.

mod greeting;
mod hand_over;
mod lock;
pub mod process;
mod signals;

use std::io;
use std::path::{Path, PathBuf};

use actix_web::rt::System;

use crate::config::{Config, StoragePath};
use crate::observe::logging;
use crate::observe::telemetry::Telemetry;
use crate::server::serve;
use crate::wiring::{StartError, check_master_keys, wire};

/// What the command line of a program that runs the server says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start<'a> {
    /// The configuration file; see [`Config::find`].
    pub config: Option<&'a Path>,
    /// Whether simulated providers answer, whatever the configuration says.
    pub mock: bool,
    /// Whether the master key is on standard input, rather than where the configuration says.
    pub master_key_stdin: bool,
}

/// What the programs `relay-server` and `relay serve` do after they have called [`process::protect`]: reads the
/// configuration, starts the log, and serves until a signal.
///
/// If the master key is in an environment variable, the program is first started again, in the same process, without
/// that variable.
///
/// # Errors
/// The reason why the server could not start.
pub fn start(start: &Start<'_>, protection: process::Protection) -> Result<(), StartError> {
    let mut config = if start.master_key_stdin {
        let text = hand_over::master_key_from_stdin().map_err(|cause| {
            StartError::MasterKey(format!("the master key could not be read from standard input: {cause}"))
        })?;
        Config::find_with_master_key(start.config, text)?
    } else {
        Config::find(start.config)?
    };
    config.mock |= start.mock;
    if config.server.allow_core_dumps {
        protection.lift();
    } else {
        protection.keep();
    }
    check_master_keys(&config)?;
    let left = hand_over::leave_environment(&config);
    logging::start(&config.log);
    if let Err(cause) = left {
        let variable = config.master_key.env.as_str();
        tracing::warn!(%cause, variable, "the master key could not be taken out of the environment, where root can read it; put it into a file");
    }
    if config.server.allow_core_dumps {
        tracing::warn!("core dumps are allowed (server.allow_core_dumps): they contain keys");
    }
    run_from(config, start.config.map(Path::to_owned), |_| {})
}

/// Serves until SIGTERM, SIGINT or SIGQUIT, then drains. A second signal ends the running calls with an error, and then the
/// process.
///
/// Blocks the thread. `started` is called with the server's address once it listens.
///
/// # Errors
/// The reason why the server could not start.
pub fn run(config: Config, started: impl FnOnce(&str)) -> Result<(), StartError> {
    run_from(config, None, started)
}

/// `file`: the configuration file that the command line names, to read the log's level again.
fn run_from(mut config: Config, file: Option<PathBuf>, started: impl FnOnce(&str)) -> Result<(), StartError> {
    let wired = wire(&config)?;
    let _lock = match &config.storage.path {
        StoragePath::File(path) => lock::hold(path),
        StoragePath::Memory => None,
    };
    // From here on only the cipher needs the master keys.
    config.master_key.text = None;
    let served = System::new().block_on(async {
        let mut options = config.server.options(&config.metrics);
        options.simulator = wired.simulator.clone();
        let listen = options.listen;
        let failed = |cause: io::Error| StartError::Listen { listen, cause };
        let telemetry = Telemetry::start(&config.telemetry)?;
        let running = serve(telemetry.observe(&wired.relay), options).map_err(failed)?;
        let addr = running.addr.to_string();
        greeting::greet(&config, &addr);
        started(&addr);
        let regular = [
            tokio::spawn(wired.save_wraps_regularly()),
            tokio::spawn(wired.clean_up_regularly()),
            tokio::spawn(wired.deliver_webhooks()),
        ];
        let code = signals::handle(running.stopper(), file).map_err(failed)?;
        let ended = running.join().await.map_err(failed);
        regular.iter().for_each(tokio::task::JoinHandle::abort);
        telemetry.stop().await;
        tracing::info!("stopped");
        ended.map(|()| code.get())
    });
    wired.close();
    logging::flush();
    match served? {
        0 => Ok(()),
        code => std::process::exit(code),
    }
}
