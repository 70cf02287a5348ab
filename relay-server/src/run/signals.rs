//! What signals do to a server. None of them cuts a stream without a word, except those that the system lets nobody catch.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::observe::logging;
use crate::server::Stopper;

/// How long the calls that a second signal ends have for their last event.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The first of these starts the shutdown, the second ends what is still running.
const STOPPING: [(&str, i32); 3] = [("INT", 2), ("QUIT", 3), ("TERM", 15)];

/// Signals that would end the process, and mean nothing to a server: alarms, limits, signals of users and of other programs.
/// Their numbers are those of Linux on x86, ARM, RISC-V and others (signal(7)).
#[cfg(target_os = "linux")]
const IGNORED: &[std::ops::RangeInclusive<i32>] = &[10..=10, 12..=12, 14..=14, 16..=16, 24..=27, 29..=30, 34..=64];
#[cfg(not(target_os = "linux"))]
const IGNORED: &[std::ops::RangeInclusive<i32>] = &[14..=14, 30..=31];

/// The exit code that signals have decided on: 0 after a graceful shutdown.
#[derive(Clone, Debug, Default)]
pub(super) struct ExitCode(Arc<AtomicI32>);

impl ExitCode {
    pub(super) fn get(&self) -> i32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Listens to signals for as long as the runtime lives.
///
/// # Errors
/// If the system does not let the process handle them.
pub(super) fn handle(stopper: Stopper, config: Option<PathBuf>) -> io::Result<ExitCode> {
    let code = ExitCode::default();
    for (name, number) in STOPPING {
        tokio::spawn(stop_on(signal(SignalKind::from_raw(number))?, name, number, stopper.clone(), code.clone()));
    }
    for number in IGNORED.iter().cloned().flatten() {
        // Not every system has every number.
        if let Ok(received) = signal(SignalKind::from_raw(number)) {
            tokio::spawn(ignore(received, number));
        }
    }
    let hangup = signal(SignalKind::hangup())?;
    if io::stdout().is_terminal() {
        // Whoever closes a terminal wants what runs in it to end.
        tokio::spawn(stop_on(hangup, "HUP", 1, stopper, code.clone()));
    } else {
        tokio::spawn(reload_on(hangup, config));
    }
    Ok(code)
}

async fn stop_on(mut received: Signal, name: &'static str, number: i32, stopper: Stopper, code: ExitCode) {
    while received.recv().await.is_some() {
        if stopper.stop() {
            tracing::info!(signal = name, "shutting down; a second signal ends the calls that are still running");
        } else if code.0.swap(128 + number, Ordering::SeqCst) == 0 {
            tracing::info!(signal = name, "ending the calls that are still running");
            stopper.hurry();
            tokio::spawn(async move {
                tokio::time::sleep(LAST_WORDS).await;
                end(128 + number);
            });
        } else {
            end(128 + number);
        }
    }
}

fn end(code: i32) {
    logging::flush();
    std::process::exit(code);
}

async fn ignore(mut received: Signal, number: i32) {
    while received.recv().await.is_some() {
        tracing::info!(signal = number, "ignored a signal");
    }
}

/// Reads `log.level` again: all other settings need a restart.
async fn reload_on(mut hangup: Signal, config: Option<PathBuf>) {
    while hangup.recv().await.is_some() {
        match Config::find_log(config.as_deref().map(Path::new)) {
            Ok(log) => {
                logging::set_level(&log);
                tracing::info!(level = log.level.to_string(), "read log.level again; other settings need a restart");
            }
            Err(errors) => tracing::warn!(cause = %errors, "log.level stays as it is"),
        }
    }
}
