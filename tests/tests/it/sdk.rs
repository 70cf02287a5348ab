//! The SDK's program in `docs/quickstart.md`, as it stands, on every runtime: `make sdk` installs them, `docs/sdk.md`
//! has the table.

use std::path::{Path, PathBuf};

use relay_core::Provider;
use relay_tests::TestRelay;
use tokio::process::Command;

const BEGIN: &str = "<!-- sdk: written by the tests -->\n";
const END: &str = "<!-- end of sdk -->";
/// Calls of AI in the quickstart's program; and in the newcomer's and the README's, which run once.
const CALLS: (usize, usize) = (4, 2);

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether the runtimes are installed. `make test` demands them; a plain `cargo test` may go without.
fn installed() -> bool {
    let there = at("clients/sdk/projects/.installed").exists();
    assert!(there || std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "run `make sdk` first");
    if !there {
        println!("skipped: run `make sdk` first");
    }
    there
}

/// Runs the tests in one file, against this relay.
async fn run(file: &str, relay: &TestRelay, cells: &Path) {
    let mut node = Command::new("node");
    node.args(["--test", file]).current_dir(at("clients/sdk")).env("RELAY_CELLS", cells);
    let output = node.env("RELAY_BASE_URL", &relay.url).env("RELAY_KEY", &relay.key).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

#[actix_web::test]
async fn the_quickstart_runs_as_it_stands_on_every_runtime() {
    if !installed() {
        return;
    }
    let relay = TestRelay::start().await;
    for provider in Provider::ALL {
        relay.connect("jieun_123", *provider, "good").await;
    }
    let (cells, before) = (tempfile::NamedTempFile::new().unwrap(), relay.mock.requests().len());
    run("quickstart.test.mjs", &relay, cells.path()).await;
    let rows = std::fs::read_to_string(cells.path()).unwrap();
    println!("{rows}");
    assert_eq!(relay.mock.requests().len() - before, rows.lines().count() * CALLS.0 + CALLS.1, "a block was not run");
    compare(&rows);
}

#[actix_web::test]
async fn the_example_for_node_works_as_it_stands() {
    if installed() {
        run("example.test.mjs", &TestRelay::start().await, Path::new("/dev/null")).await;
    }
}

#[actix_web::test]
async fn the_examples_for_frameworks_work_as_they_stand() {
    if installed() {
        run("frameworks.test.mjs", &TestRelay::start().await, Path::new("/dev/null")).await;
    }
}

/// Builds and servers of Next.js 14 and 16.
#[actix_web::test]
async fn next_stores_nothing_that_the_sdk_asks_for() {
    if installed() {
        run("next.test.mjs", &TestRelay::start().await, Path::new("/dev/null")).await;
    }
}

/// `docs/sdk.md` must have exactly these rows. With `RELAY_WRITE_DOCS` set, the page is written again.
fn compare(rows: &str) {
    let text = std::fs::read_to_string(at("../docs/sdk.md")).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the page has a table");
    let (there, after) = rest.split_once(END).expect("the table has an end");
    let table = format!("| runtime | client | quickstart | mistakes | test |\n| --- | --- | --- | --- | --- |\n{rows}");
    if std::env::var_os("RELAY_WRITE_DOCS").is_some() {
        std::fs::write(at("../docs/sdk.md"), format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        assert_eq!(there, table, "docs/sdk.md differs from what was seen: run with RELAY_WRITE_DOCS=1");
    }
}
