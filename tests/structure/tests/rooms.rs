//! The structure of each crate is what ARCHITECTURE.md shows: no circle, no arrow up, and the drawing of its rooms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use relay_structure::{Arrow, Crate};

/// A crate and the order of its rooms: each may use those before it, and none behind it.
struct Plan {
    root: &'static str,
    rooms: &'static [&'static str],
}

const PLANS: &[Plan] = &[
    Plan { root: "relay-core/src/lib.rs", rooms: &["domain", "error", "ports", "translation", "relay", "conformance"] },
    Plan {
        root: "relay-adapters/src/lib.rs",
        rooms: &["system_clock", "rollup", "memory", "sqlite", "cache", "ring", "http"],
    },
    Plan {
        root: "relay-server/src/lib.rs",
        rooms: &["config", "observe", "state", "http", "assets", "routes", "server", "wiring", "run"],
    },
    Plan {
        root: "relay-cli/src/lib.rs",
        rooms: &["failure", "json", "output", "files", "secrets", "cli", "client", "local", "commands", "demo"],
    },
];

/// Read for circles only: its rooms are providers beside each other.
const MOCK: &str = "relay-adapters/mock/src/lib.rs";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn no_crate_has_a_circle_of_modules() {
    for root in PLANS.iter().map(|plan| plan.root).chain([MOCK]) {
        let read = Crate::read(&repository().join(root));
        assert!(read.len() > 1, "{root} has no modules");
        assert_eq!(read.circles(), Vec::<Vec<String>>::new(), "circles in {root}");
    }
}

#[test]
fn no_room_uses_one_above_it() {
    for plan in PLANS {
        let read = Crate::read(&repository().join(plan.root));
        assert_eq!(read.arrows_up(plan.rooms), Vec::<Arrow>::new(), "arrows up in {}", plan.root);
    }
}

/// ARCHITECTURE.md has these drawings. With `RELAY_WRITE_DOCS` set, the page is written again.
#[test]
fn architecture_md_shows_the_rooms_as_they_are() {
    const BEGIN: &str = "<!-- begin rooms: written by the tests -->\n";
    const END: &str = "<!-- end rooms -->";
    let mut drawings = String::new();
    for plan in PLANS {
        let crate_name = plan.root.split('/').next().unwrap();
        let drawing = Crate::read(&repository().join(plan.root)).drawing(plan.rooms);
        drawings.push_str(&format!("```text\n{crate_name}\n{drawing}```\n"));
    }
    let path = repository().join("ARCHITECTURE.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the marker");
    let (shown, after) = rest.split_once(END).expect("the page has the end marker");
    if std::env::var_os("RELAY_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{drawings}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, drawings, "run `make generate`");
    }
}

/// The composition root is the only file of relay-server that names a concrete adapter.
#[test]
fn concrete_adapters_are_named_in_one_file_of_the_server() {
    let sources = repository().join("relay-server/src");
    let mut pending = vec![sources.clone()];
    let mut naming = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if std::fs::read_to_string(&path).unwrap().contains("relay_adapters::") {
                naming.push(path.strip_prefix(&sources).unwrap().display().to_string());
            }
        }
    }
    assert_eq!(naming, ["wiring.rs"]);
}
