//! The official OpenAI clients, unmodified: `make clients` installs them, `tests/clients/` has their tests.

use std::path::{Path, PathBuf};

use relay_core::Provider;
use relay_tests::TestRelay;
use tokio::process::Command;

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

async fn run(command: &mut Command, relay: &TestRelay) {
    let output = command.env("RELAY_BASE_URL", &relay.url).env("RELAY_KEY", &relay.key).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{}", text.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
}

#[actix_web::test]
async fn the_openai_client_for_node_works_unmodified() {
    let folder = folder("node");
    if installed(&folder.join("node_modules/openai")) {
        run(Command::new("node").arg("--test").current_dir(folder), &relay().await).await;
    }
}

#[actix_web::test]
async fn the_openai_client_for_python_works_unmodified() {
    let folder = folder("python");
    let python = folder.join(".venv/bin/python");
    if installed(&python) {
        run(
            Command::new(python).args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).current_dir(folder),
            &relay().await,
        )
        .await;
    }
}
