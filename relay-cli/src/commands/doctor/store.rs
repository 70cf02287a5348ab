//! The doctor's checks of the store.

use std::path::Path;

use relay_adapters::ring::known_keys::{self, KnownKeysError};
use relay_adapters::ring::{MasterKeys, RingCipher};
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_core::domain::ids::Timestamp;
use relay_core::ports::{Meta as _, Projects as _};
use relay_server::config::{Config, StoragePath, check_store};

use super::report::{Check, Report};

/// Checks the store, and returns the newest time in it.
pub(super) async fn check(config: &Config, keys: Option<&MasterKeys>, report: &mut Report) -> Option<Timestamp> {
    let StoragePath::File(path) = &config.storage.path else {
        let memory = Check::warn("store", "in the server's memory, and lost when the server ends");
        report.add(memory.fix("set `storage.path` to a file"));
        return None;
    };
    // Opening would create the file, and the doctor changes nothing.
    if !path.exists() {
        report.add(
            Check::warn("store", format!("{} does not exist yet", path.display()))
                .fix("`relay init` or the server creates it"),
        );
        return None;
    }
    if !private(path, report) {
        return None;
    }
    let store = match Sqlite::open(path, SqliteOptions::default()) {
        Ok(store) => store,
        Err(error) => {
            report.add(Check::misconfigured("store", error.to_string()));
            return None;
        }
    };
    report.add(match store.ready().await {
        Ok(()) => {
            Check::pass("store", format!("{} opens, has this program's schema and can be written to", path.display()))
        }
        Err(error) => {
            Check::fail("store", error.to_string()).fix("another program may have locked it, or the disk is full")
        }
    });
    if let Some(keys) = keys {
        sealed(&store, keys, report).await;
        canary(&store, keys, report).await;
    }
    contents(&store, report).await
}

/// Checks who else can read or change the store. Returns whether the server would use it.
fn private(path: &Path, report: &mut Report) -> bool {
    // The message ends with what to do.
    let problem = |text: &str| text.rsplit_once("; run: ").map(|(problem, fix)| (problem.to_owned(), fix.to_owned()));
    match check_store(path) {
        Ok(None) => true,
        Ok(Some(warning)) => {
            let (text, fix) = problem(&warning).unwrap_or((warning, String::new()));
            report.add(Check::warn("store", text).fix(fix));
            true
        }
        Err(error) => {
            let (text, fix) = problem(&error).unwrap_or((error, String::new()));
            report.add(Check::misconfigured("store", text).fix(fix));
            false
        }
    }
}

/// Checks that the master key of every stored key is configured.
async fn sealed(store: &Sqlite, keys: &MasterKeys, report: &mut Report) {
    let counts = match store.count_by_master_key().await {
        Ok(counts) => counts,
        Err(error) => return report.add(Check::fail("sealed keys", error.to_string())),
    };
    let mut missing = false;
    for (id, count) in &counts {
        if keys.iter().any(|key| key.kid() == *id) {
            continue;
        }
        missing = true;
        let check = Check::misconfigured(
            "sealed keys",
            format!("{count} are sealed under the master key {id}, which is not there"),
        );
        report.add(check.fix("add that master key as another line of the master key file"));
    }
    if !missing {
        let count: u64 = counts.iter().map(|(_, count)| count).sum();
        report.add(Check::pass("sealed keys", format!("{count}, all under master keys that are there")));
    }
}

/// Whether the configured master keys are those that this store was used with.
async fn canary(store: &Sqlite, keys: &MasterKeys, report: &mut Report) {
    let cipher = match RingCipher::new(keys) {
        Ok(cipher) => cipher,
        Err(error) => return report.add(Check::fail("canary", error.to_string())),
    };
    report.add(match known_keys::check_canaries(store, &cipher).await {
        Ok(known) if known.is_empty() => Check::pass("canary", "none yet: no server has used this store"),
        Ok(_) => Check::pass("canary", "opens: these are this store's master keys"),
        Err(KnownKeysError::Store(error)) => Check::fail("canary", error.to_string()),
        Err(error) => {
            Check::misconfigured("canary", error.to_string()).fix("configure the master key that belongs to this store")
        }
    });
}

/// Checks that there is a project, and returns the newest time in the store.
async fn contents(store: &Sqlite, report: &mut Report) -> Option<Timestamp> {
    let projects = match store.projects().await {
        Ok(projects) => projects,
        Err(error) => {
            report.add(Check::fail("projects", error.to_string()));
            return None;
        }
    };
    report.add(match projects.len() {
        0 => Check::warn("projects", "none yet").fix("create one with `relay projects create`"),
        count => Check::pass("projects", count.to_string()),
    });
    for project in &projects {
        let unusable = project.unusable_origins();
        if !unusable.is_empty() {
            let (id, unusable) = (&project.id, unusable.join(", "));
            let check = Check::warn("projects", format!("{id} allows origins that match nothing: {unusable}"));
            report.add(check.fix(format!("set them again: relay projects update {id} --origin …")));
        }
    }
    let mut newest = projects.iter().map(|project| project.created_at).max();
    for project in &projects {
        let keys = store.relay_keys(&project.id).await.unwrap_or_default();
        newest = newest.max(keys.iter().flat_map(|key| [Some(key.created_at), key.last_used_at]).flatten().max());
    }
    newest
}
