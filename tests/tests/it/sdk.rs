//! The SDK's program in `docs/quickstart.md`, as it stands, on every runtime: `make sdk` installs them, `docs/sdk.md` has the table.

use std::path::{Path, PathBuf};

use relay_core::Provider;
use relay_tests::TestRelay;
use tokio::process::Command;

const BEGIN: &str = "<!-- sdk: written by the tests -->\n";
const END: &str = "<!-- end of sdk -->";
/// Calls of AI in the quickstart's program, and in the README's.
const CALLS: (usize, usize) = (4, 1);

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[actix_web::test]
async fn the_quickstart_runs_as_it_stands_on_every_runtime() {
    if !at("clients/sdk/projects/.installed").exists() {
        assert!(std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "run `make sdk` first");
        return println!("skipped: run `make sdk` first");
    }
    let relay = TestRelay::start().await;
    for provider in Provider::ALL {
        relay.connect("jieun_123", *provider, "good").await;
    }
    let (cells, before) = (tempfile::NamedTempFile::new().unwrap(), relay.mock.requests().len());
    let mut node = Command::new("node");
    node.args(["--test", "quickstart.test.mjs"]).current_dir(at("clients/sdk")).env("RELAY_CELLS", cells.path());
    let output = node.env("RELAY_BASE_URL", &relay.url).env("RELAY_KEY", &relay.key).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");

    let rows = std::fs::read_to_string(cells.path()).unwrap();
    println!("{rows}");
    assert_eq!(relay.mock.requests().len() - before, rows.lines().count() * CALLS.0 + CALLS.1, "a block was not run");
    compare(&rows);
}

/// `docs/sdk.md` must have exactly these rows. With `RELAY_WRITE_DOCS` set, the page is written anew.
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
