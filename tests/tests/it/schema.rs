//! The server beside its OpenAPI description: schemathesis's systematic cases, with all its checks and a fixed seed. `make
//! schemathesis` runs the random ones, too.

use std::path::Path;
use std::process::Command;

use relay_tests::process::program;

#[test]
fn schemathesis_finds_no_difference_to_the_description() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis");
    let programs = here.join(".venv/bin");
    if !programs.join("schemathesis").exists() {
        assert!(std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "run `make clients` first");
        println!("skipped: run `make clients` first");
        return;
    }
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&others))).unwrap();
    let mut run = Command::new(here.join("run.sh"));
    run.arg(program("relay")).args(["--phases", "coverage", "--seed", "1", "--no-color"]).env("PATH", path);
    let output = run.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("Coverage") && text.contains("generated"), "it ran no case: {text}");
}
