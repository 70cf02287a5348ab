//! Runs the server from its configuration until a signal.

use std::io;

use actix_web::rt::System;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::observe::logging;
use crate::server::{Stopper, serve};
use crate::wiring::{StartError, wire};

/// Serves until SIGTERM or SIGINT, then drains. A second signal ends the process at once.
///
/// Blocks the thread. `started` is called with the server's address once it listens.
///
/// # Errors
/// The reason why the server could not start.
pub fn run(config: &Config, started: impl FnOnce(&str)) -> Result<(), StartError> {
    let wired = wire(config)?;
    let served = System::new().block_on(async {
        let options = config.server.options(config.metrics.listen);
        let listen = options.listen;
        let failed = |cause: io::Error| StartError::Listen { listen, cause };
        let running = serve(wired.relay.clone(), options).map_err(failed)?;
        let addr = running.addr.to_string();
        tracing::info!(listen = addr.as_str(), version = env!("CARGO_PKG_VERSION"), "serving");
        started(&addr);
        let regular = [tokio::spawn(wired.save_wraps_regularly()), tokio::spawn(wired.clean_up_regularly())];
        stop_on_signals(running.stopper()).map_err(failed)?;
        let ended = running.join().await.map_err(failed);
        regular.iter().for_each(tokio::task::JoinHandle::abort);
        tracing::info!("stopped");
        ended
    });
    wired.close();
    logging::flush();
    served
}

/// The first signal starts the shutdown, the second one ends the process.
fn stop_on_signals(stopper: Stopper) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let mut seen = 0;
        loop {
            let code = tokio::select! {
                _ = terminate.recv() => 128 + 15,
                _ = interrupt.recv() => 128 + 2,
            };
            seen += 1;
            if seen > 1 {
                std::process::exit(code);
            }
            tracing::info!("shutting down; a second signal ends the process at once");
            stopper.stop();
        }
    });
    Ok(())
}
