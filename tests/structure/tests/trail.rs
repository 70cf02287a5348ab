//! No store changes anything without saying who did it: each method of a store's port is a reader, is on a short list, or
//! takes who makes the change, and then a conformance suite shows its trail.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

/// Ports that are no part of a store.
const NO_STORE: [&str; 6] =
    ["clock.rs", "compute.rs", "cipher.rs", "provider_client.rs", "token_issuer.rs", "webhook_client.rs"];

/// What a method's name begins with if it only reads.
const READERS: [&str; 22] = [
    "connection",
    "connections",
    "grant",
    "project",
    "projects",
    "relay_key",
    "relay_keys",
    "users",
    "user",
    "meta",
    "master_keys_in_use",
    "count_by_master_key",
    "pending_users",
    "usage",
    "audit",
    "audit_part",
    "audit_head",
    "webhooks",
    "deliveries",
    "event_stored",
    "dropped",
    "ready",
];

/// What changes something that the audit log does not have, and why.
const UNAUDITED: [(&str, &str); 7] = [
    ("put_grant", "registration tokens: only what is done with one is audited"),
    ("exchange_grant", "the same"),
    ("count_refusal", "the same"),
    ("put_meta", "counters and canaries of the wiring"),
    ("clean_up", "what expired, and users who never connected a key"),
    ("due", "a lease on a delivery"),
    ("record", "metering"),
];

/// The async methods of the traits in a file, each with its parameters.
fn methods(text: &str) -> Vec<(String, String)> {
    let starts = text.match_indices("\n    async fn ").map(|(at, found)| at + found.len());
    let parse = |at: usize| {
        let rest = text.get(at..)?;
        let (name, rest) = rest.split_once('(')?;
        let (parameters, _) = rest.split_once(") ->").or_else(|| rest.split_once(");"))?;
        Some((name.to_owned(), parameters.to_owned()))
    };
    starts.filter_map(parse).collect()
}

/// The ports of a store: the file's name and its text.
fn ports() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../relay-core/src/ports");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()));
    named.filter(|(name, _)| !NO_STORE.contains(&name.as_str())).collect()
}

fn problems(ports: &[(String, String)], suites: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, text) in ports {
        for (name, parameters) in methods(text) {
            if parameters.contains("by: &By") {
                if !suites.contains(&format!(".{name}(")) {
                    problems.push(format!("{file}: no rule of conformance/trail.rs or outbox.rs calls `{name}`"));
                }
            } else if !READERS.contains(&name.as_str()) && !UNAUDITED.iter().any(|(known, _)| *known == name) {
                problems
                    .push(format!("{file}: `{name}` takes no `by: &By`; if it only reads, list it among the readers"));
            }
        }
    }
    problems
}

#[test]
fn every_change_of_a_store_takes_who_makes_it_and_shows_its_trail() {
    let suite = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../relay-core/src/conformance").join(name);
        fs::read_to_string(path).unwrap()
    };
    let ports = ports();
    let number = ports.iter().map(|(_, text)| methods(text).len()).sum::<usize>();
    assert!(number > 40, "only {number} methods were read");
    let suites = ["trail.rs", "outbox.rs", "limits.rs"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../relay-core/src/conformance").join(name);
        if path.exists() { suite(name) } else { String::new() }
    });
    assert_eq!(problems(&ports, &suites.concat()), [""; 0]);
}

#[test]
fn a_method_without_a_trail_is_found() {
    let text = "pub trait T {\n    async fn rename_user(&self, user: &EndUser) -> Result<bool, StoreError>;\n    \
                async fn move_user(\n        &self,\n        by: &By,\n    ) -> Result<(), StoreError>;\n}\n";
    let found = problems(&[("t.rs".to_owned(), text.to_owned())], "");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().any(|problem| problem.contains("`rename_user` takes no")));
    assert!(found.iter().any(|problem| problem.contains("calls `move_user`")));
}
