//! `relay doctor`: checks the configuration, the master key, the store, and the machine around them.

pub mod machine;
mod providers;
pub mod report;
mod store;

use std::path::Path;

use relay_adapters::system_clock::SystemClock;
use relay_core::ports::Clock as _;
use relay_server::config::{Config, StoragePath};

use self::report::{Check, Report};
use super::config;
use crate::cli::DoctorArgs;
use crate::failure::Failure;
use crate::local;
use crate::output::Out;

/// Runs `relay doctor`.
///
/// # Errors
/// With 78 if the server would not start, with 1 for any other failure.
pub async fn run(args: &DoctorArgs, out: Out) -> Result<(), Failure> {
    let mut report = Report::default();
    let Some(config) = configuration(&args.local.config, &mut report) else {
        report.add(machine::clock(SystemClock.now(), None));
        return report.finish(None, out);
    };
    let keys = master_key(&config, &mut report);
    let newest = store::check(&config, keys.as_ref(), &mut report).await;
    if let StoragePath::File(path) = &config.storage.path {
        report.add(machine::disk(
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        ));
    }
    report.add(machine::clock(SystemClock.now(), newest));
    report.add(machine::port(config.server.listen).await);
    check_providers(&config, args.offline, &mut report).await;
    let effective = config::effective(&config);
    out.line(&config::table(&effective).render(out.style()))?;
    report.finish(Some(effective.into()), out)
}

fn configuration(file: &Path, report: &mut Report) -> Option<Config> {
    if !file.exists() {
        let missing = Check::misconfigured("config", format!("{} does not exist", file.display()));
        report.add(missing.fix("create one with `relay init`, or name another with --config or RELAY_CONFIG"));
        return None;
    }
    match Config::load(Some(file)) {
        Ok(config) => {
            report.add(Check::pass("config", format!("{} is valid", file.display())));
            if !config.server.listen.ip().is_loopback() && config.server.public_url.is_none() {
                let open = Check::warn(
                    "config",
                    format!("{} is reachable from other machines, without `server.public_url`", config.server.listen),
                );
                report.add(open.fix(
                    "put a TLS proxy in front, and set `server.public_url` to its URL; users' keys are sent there",
                ));
            }
            Some(config)
        }
        Err(errors) => {
            errors.0.iter().for_each(|fault| report.add(Check::misconfigured("config", fault.to_string())));
            None
        }
    }
}

fn master_key(config: &Config, report: &mut Report) -> Option<relay_adapters::ring::MasterKeys> {
    match local::master_keys(config) {
        Ok(keys) => {
            let kids: Vec<_> = keys.iter().map(|key| key.kid().to_string()).collect();
            let origin = config.master_key.origin.as_deref().unwrap_or("?");
            let retired = kids.len().saturating_sub(1);
            let active = kids.first().map_or("?", String::as_str);
            // The configuration refuses a file that other users may read, so the mode is right.
            report.add(Check::pass("master key", format!("{active} seals, {retired} more open ({origin})")));
            Some(keys)
        }
        Err(failure) => {
            let check = Check::misconfigured("master key", failure.message);
            report.add(match failure.hint {
                Some(hint) => check.fix(hint),
                None => check,
            });
            None
        }
    }
}

async fn check_providers(config: &Config, offline: bool, report: &mut Report) {
    if config.mock || offline {
        let why =
            if config.mock { "simulated, because of the setting `mock`" } else { "skipped, because of --offline" };
        report.add(if config.mock && !cfg!(feature = "mock") {
            let why = "the configuration sets `mock`, and this `relay` was built without simulated providers";
            Check::misconfigured("providers", why).fix("set `mock` to false, or build with the cargo feature `mock`")
        } else {
            Check::pass("providers", why)
        });
        return;
    }
    providers::check(config, report).await;
}
