//! The command line itself.

use std::path::Path;

use super::run::{relay, run_in};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_version_is_the_package_s() {
    let ended = run_in(Path::new(HERE), ["--version"]).code(0);
    assert_eq!(ended.stdout, format!("relay {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_names_every_command_and_exit_code() {
    let help = run_in(Path::new(HERE), ["--help"]).code(0).stdout;
    for word in
        ["init", "serve", "demo", "doctor", "projects", "keys", "tokens", "users", "connections", "usage", "chat"]
    {
        assert!(help.contains(&format!("\n  {word}")), "{word}");
    }
    for code in ["0 done", "1 failed", "2 wrong", "69 unavailable", "75 temporary", "77 refused", "78 configuration"] {
        assert!(help.contains(code), "{code}");
    }
}

#[test]
fn every_command_is_in_the_manual() {
    let manual = std::fs::read_to_string(Path::new(HERE).join("../docs/cli.md")).unwrap();
    let help = run_in(Path::new(HERE), ["--help"]).stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names: Vec<_> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 10, "{commands}");
    for name in names {
        assert!(manual.contains(&format!("relay {name}")), "docs/cli.md lacks `relay {name}`");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    run_in(Path::new(HERE), ["frobnicate"]).code(2);
    run_in(Path::new(HERE), ["keys"]).code(2);
    let ended = run_in(Path::new(HERE), ["--json", "frobnicate"]).code(2);
    let error: serde_json::Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!(error["error"]["exitCode"], 2);
}

#[test]
fn a_secret_in_the_arguments_is_refused_and_not_repeated() {
    let secret = "sk-ant-api03-abcdefghijklmnop";
    for arguments in [
        vec!["connections", "add", "--user", "u", "--provider", "anthropic", secret],
        vec!["chat", "--user", "u", "--model", "gpt-4o-mini", "--key", "rly-abcdefghijklmnopqrstuv", "hi"],
        vec!["--relay-key=rly-abcdefghijklmnopqrstuv"],
    ] {
        let ended = run_in(Path::new(HERE), &arguments).code(2);
        assert!(ended.stderr.contains("the arguments contain a secret"), "{ended:?}");
        assert!(!ended.stderr.contains("abcdefghijk") && ended.stdout.is_empty(), "{ended:?}");
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run_in(Path::new(HERE), ["completions", shell]).code(0).stdout;
        assert!(script.contains("relay") && script.contains("doctor"), "{shell}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut command = relay();
    command.args(["completions", "bash"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0));
}
