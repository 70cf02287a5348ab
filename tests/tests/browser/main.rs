//! The widget in real browsers: `make packages` installs them, `make clients` what drives them, `tests/browser/` has
//! the tests. They are a test program of their own, because cargo runs one after the other: the form judges by time what
//! its page does, and a machine that is busy with other tests falsifies that.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use relay_core::domain::Grant;
use relay_core::domain::ids::EndUser;
use relay_core::domain::secret::RelayKey;
use relay_mock::Mock;
use relay_tests::TestRelay;
use tokio::process::Command;
use tokio::sync::Mutex;

/// Where a project's users may be led afterwards. `tests/browser/lib/relay.mjs` knows them too.
const RETURN_URLS: [&str; 2] = ["https://app.example/done", "exampleapp://connected"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("browser")
}

/// Whether everything is there, in a version that will do. `make test` demands it; a plain `cargo test` may go without.
/// `requirements` are rows of `scripts/packages.txt`.
fn installed(requirements: &[&str]) -> bool {
    let need = folder().join("../../scripts/need.sh");
    let output = std::process::Command::new(need).arg("--check").arg("node").args(requirements).output().unwrap();
    let missing = if !output.status.success() {
        String::from_utf8_lossy(&output.stderr).trim().to_owned()
    } else if !folder().join("node_modules/.installed").exists() {
        "run `make clients` first".to_owned()
    } else {
        return true;
    };
    assert!(std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "{missing}");
    println!("skipped: {missing}");
    false
}

async fn relay() -> TestRelay {
    // Longer than the two seconds after which the form says that it is still checking.
    let mock = Mock::new().slow_pausing(Duration::from_secs(3));
    // All of a browser's requests come from one address, and some of them with an invalid token.
    TestRelay::with().mock(mock).options(|options| options.limits.refusals_a_minute = 100_000).start().await
}

/// A registration token whose time is over.
async fn expired_token(relay: &TestRelay) -> String {
    let ports = relay.relay.ports();
    let token = ports.tokens.registration_token().unwrap();
    let key = ports.tokens.hash_relay_key(&RelayKey::new(relay.key.clone())).unwrap();
    let owner = ports.projects.relay_key(&key).await.unwrap().unwrap();
    let now = ports.clock.now();
    let grant = Grant::new(owner.project.id, EndUser::parse("late").unwrap(), now, now);
    ports.key_store.put_grant(&ports.tokens.hash_registration_token(&token).unwrap(), grant, None).await.unwrap();
    let text = token.expose().to_owned();
    relay.secret(&text);
    text
}

/// One browser after the other: together they would keep a small machine waiting.
static BROWSER_LOCK: Mutex<()> = Mutex::const_new(());

/// Runs the tests in a folder against a relay of their own. No secret that they used may be in its log.
/// `RELAY_BROWSER_TESTS=page,looks` picks some.
async fn run(browser: &str) {
    let _guard = BROWSER_LOCK.lock().await;
    let relay = relay().await;
    let frame_only = relay.new_project_with(|project| project.policy.frame_only = true).await;
    let linked =
        relay.new_project_with(|project| project.policy.return_urls = RETURN_URLS.map(str::to_owned).to_vec()).await;
    let secrets = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("node");
    // One file at a time, for the same reason. A file that hangs is named.
    command.args(["--test", "--test-reporter=spec", "--test-concurrency=1", "--test-timeout=600000"]);
    command.current_dir(folder());
    command.args(tests_in(&folder().join(browser)));
    command.env("RELAY_BASE_URL", &relay.url).env("RELAY_KEY", &relay.key).env("RELAY_SECRETS", secrets.path());
    command.env("RELAY_FRAME_ONLY_KEY", frame_only).env("RELAY_LINKED_KEY", linked);
    let output = command.env("RELAY_EXPIRED_TOKEN", expired_token(&relay).await).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{}", text.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
    for secret in std::fs::read_to_string(secrets.path()).unwrap().lines() {
        relay.secret(secret);
    }
}

fn tests_in(folder: &Path) -> Vec<PathBuf> {
    let picked = std::env::var("RELAY_BROWSER_TESTS").unwrap_or_default();
    let wanted = |name: &str| picked.is_empty() || picked.split(',').any(|one| one == name);
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut tests: Vec<_> = names.filter(|name| name.strip_suffix(".test.mjs").is_some_and(wanted)).collect();
    tests.sort();
    tests.into_iter().map(|name| folder.join(name)).collect()
}

#[actix_web::test]
async fn the_widget_keeps_its_promise_in_chromium() {
    if installed(&["chromium"]) {
        run("chromium").await;
    }
}

#[actix_web::test]
async fn the_widget_keeps_its_promise_in_firefox() {
    if installed(&["firefox"]) {
        run("firefox").await;
    }
}

#[actix_web::test]
async fn the_widget_keeps_its_promise_in_webkit() {
    if installed(&["webkit-driver", "webkit-browser", "xvfb"]) {
        run("webkit").await;
    }
}
