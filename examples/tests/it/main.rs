//! Every example runs to its end and shows what it promises; the README's Rust is code that compiles.

use std::process::Command;

#[track_caller]
#[expect(clippy::unwrap_used, reason = "a test")]
fn check(program: &str, want: &[&str]) {
    let output = Command::new(program).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    let mut lines = said.lines();
    for want in want {
        assert!(lines.any(|line| line.contains(want)), "no line (any more) with {want:?} in:\n{said}");
    }
    assert!(!said.contains("mock-"), "a key was printed:\n{said}");
}

#[test]
fn a_backend_of_ones_own_serves_its_users_on_their_keys() {
    check(
        env!("CARGO_BIN_EXE_embed_in_axum"),
        &[
            "a stranger asks:      401",
            "ana, without a key:   403 provider_key_missing",
            "ana pastes a typo:    422 key_refused_by_provider",
            "ana pastes her key:   201 OpenAI key …ana1 is active",
            "ana asks:             200 Hello from gpt-4o-mini",
            "bo asks:              403 provider_key_missing",
            "… [DONE]",
            "the call to OpenAI ended with it",
            "whose keys paid:      …ana1 …ana1 …ana1",
        ],
    );
}

#[test]
fn a_key_store_of_ones_own_passes_the_suite_and_survives_a_restart() {
    check(
        env!("CARGO_BIN_EXE_own_key_store"),
        &[
            "passes relay_core::conformance::key_store",
            "in the clear: false",
            "after a restart: Hello from gpt-4o-mini",
            "metered: [\"ana gpt-4o-mini",
            "after ana was erased: this user has not connected a key for OpenAI",
        ],
    );
}

#[test]
fn the_tests_of_an_app_need_no_network() {
    check(
        env!("CARGO_BIN_EXE_deterministic_ci"),
        &[
            "ok  the same request gets the same answer: Hello from claude-haiku-4-5",
            "ok  a scripted answer comes as it is: Groceries",
            "ok  a busy provider does not stop the app",
            "ok  a user without a key is asked for one",
            "ok  the provider is asked what was meant",
            "ok  time passes when the test says so: registration_token_expired",
        ],
    );
}

/// The README's lines are too few to compile by themselves; the example has them all.
#[test]
fn the_rust_in_the_readme_is_in_an_example_that_compiles() {
    let readme = include_str!("../../../README.md");
    let example = include_str!("../../src/bin/embed_in_axum.rs");
    let code = readme.split("```rust,ignore\n").nth(1).unwrap().split("```").next().unwrap();
    let lines: Vec<&str> = code.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(example.lines().any(|known| known.trim() == line.trim()), "not in the example: {line}");
    }
}

/// Whoever adds a table says in the documentation what is in it, and whether it is a secret.
#[test]
fn the_page_on_security_lists_every_table() {
    let page = include_str!("../../../docs/security.md");
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/../relay-adapters/src/sqlite/migrations");
    let mut seen = 0;
    for file in std::fs::read_dir(migrations).unwrap() {
        let sql = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for rest in sql.split("CREATE TABLE ").skip(1) {
            let table = rest.split_whitespace().next().unwrap();
            assert!(page.contains(&format!("| `{table}` |")), "docs/security.md says nothing of {table}");
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn the_page_on_security_has_the_records_own_length() {
    let page = include_str!("../../../docs/security.md");
    let rows = page.split("| offset | bytes | what |").nth(1).unwrap().lines().skip(2);
    let rows = rows.take_while(|row| row.starts_with('|')).map(|row| row.split('|').map(str::trim));
    let mut end = 0;
    for mut row in rows {
        let (offset, bytes) = (row.nth(1).unwrap(), row.next().unwrap());
        assert_eq!(offset.parse(), Ok(end), "{bytes} bytes");
        end += bytes.split(" + ").filter_map(|part| part.parse::<usize>().ok()).sum::<usize>();
    }
    assert_eq!(end, relay_adapters::ring::RECORD_OVERHEAD);
}
