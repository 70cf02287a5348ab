//! `examples/python` does what its README says, on a `relay demo` of its own.

use std::path::Path;
use std::process::Command;

use relay_tests::process::{program, without_settings};

use super::{folder, installed};

#[test]
fn the_example_for_python_runs_with_one_command() {
    let python = folder("python/.venv/bin/python");
    if !installed(&python) {
        return;
    }
    let mut command = Command::new(python);
    without_settings(&mut command).env("RELAY_PROGRAM", program("relay")).arg("start.py");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/python"));
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let mut lines = text.lines();
    for want in [
        "a typo:       422 key_refused_by_provider",
        "connected:    openai …1234 is active",
        "chat:         Hello from gpt-4o-mini",
        "no key yet:   send py_ana to http://127.0.0.1:",
        "no model:     404 model_not_found (req_",
        "stream:       Hello from gpt-4o-mini",
        "async:        Hello from gpt-4o-mini",
        "embeddings:   2 of 1536 numbers",
        "unchanged:    Hello from gpt-4o-mini",
    ] {
        assert!(lines.any(|line| line.starts_with(want)), "no line (any more) with {want:?} in:\n{text}");
    }
    assert!(!text.contains("mock-"), "a key was printed:\n{text}");
}
