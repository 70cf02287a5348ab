//! What a server says about itself when it starts: a line of the log, and a few lines for a person at a terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use crate::config::{Config, StoragePath};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Says that the server listens on `addr`.
pub(super) fn greet(config: &Config, addr: &str) {
    let url = config.server.public_url.clone().unwrap_or_else(|| format!("http://{addr}"));
    let store = store(config);
    tracing::info!(listen = addr, url, store, mock = config.mock, version = VERSION, "serving");
    if config.mock {
        tracing::warn!("simulated providers answer (mock): no call reaches a real provider");
    }
    if io::stdout().is_terminal() {
        // If the terminal is gone, nobody can read it.
        let _ = io::stdout().write_all(lines(config, addr).as_bytes());
    }
}

/// The lines for a person.
fn lines(config: &Config, addr: &str) -> String {
    let local = addr.replacen("0.0.0.0", "127.0.0.1", 1).replacen("[::]", "[::1]", 1);
    let local = format!("http://{local}");
    let url = config.server.public_url.as_deref();
    let mut text = format!("\n  Relay {VERSION} is running at {}\n\n", url.unwrap_or(&local));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<14}{value}");
    };
    if url.is_some() || local != format!("http://{addr}") {
        line("listens on", addr);
    }
    line("API", &format!("{}/v1", url.unwrap_or(&local)));
    line("reference", &format!("{local}/docs"));
    line("store", &store(config));
    if config.mock {
        line("providers", "simulated (mock): no call reaches a real provider");
    }
    if let Some(metrics) = config.metrics.listen {
        line("metrics", &format!("http://{metrics}/metrics"));
    }
    line("stop", "Ctrl-C lets running calls end; twice ends them at once");
    text.push('\n');
    text
}

fn store(config: &Config) -> String {
    match &config.storage.path {
        StoragePath::Memory => "in memory: everything is lost at the end".to_owned(),
        StoragePath::File(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_person_reads_where_it_is_and_that_it_is_simulated() {
        let read = |text: &str| Config::read(Some((Path::new("/srv/relay.toml"), text)), &BTreeMap::new()).unwrap();
        let simulated = lines(&read("mock = true"), "127.0.0.1:8080");
        for words in
            ["running at http://127.0.0.1:8080\n", "/v1\n", "/docs\n", "/srv/relay.db\n", "simulated", "Ctrl-C"]
        {
            assert!(simulated.contains(words), "{words} in {simulated}");
        }
        let public = lines(&read("[server]\npublic_url = \"https://r.example/relay\""), "0.0.0.0:80");
        for words in
            ["running at https://r.example/relay\n", "listens on    0.0.0.0:80\n", "http://127.0.0.1:80/docs\n"]
        {
            assert!(public.contains(words), "{words} in {public}");
        }
        assert!(!public.contains("simulated"), "{public}");
    }
}
