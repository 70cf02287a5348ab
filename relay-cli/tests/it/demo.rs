//! `relay demo`

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use relay_core::Provider;
use serde_json::Value;

use super::run::{Ended, relay};

fn demo(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = relay();
    command.env("TMPDIR", temporary).arg("demo").args(arguments);
    command
}

#[test]
fn the_whole_story_goes_as_expected_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let ended = Ended::from(demo(temporary.path(), &["--once", "--port", "0"]).output().unwrap()).code(0);
    assert!(!ended.stdout.contains('\u{1b}'), "no colours without a terminal");
    assert_eq!(ended.stderr, "");
    for part in [
        "key_refused_by_provider",
        "registration_token_used",
        "provider_key_missing",
        "invalid_relay_key",
        "openai/...a1b2",
        "anthropic/...a1b2",
        "google/...a1b2",
        "\"embedding\"",
        &format!("0 of {} pasted keys", Provider::ALL.len()),
    ] {
        assert!(ended.stdout.contains(part), "{part} is missing:\n{}", ended.stdout);
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn every_curl_of_the_story_can_be_pasted_into_a_shell() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "there is no curl");
        eprintln!("skipped: there is no curl");
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let mut child = demo(temporary.path(), &["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let ended: Vec<String> = lines.by_ref().take_while(|line| !line.contains("What now?")).collect();
    let statuses: Vec<String> = curls(&ended).iter().map(|curl| status_of(curl)).collect();
    interrupt(&child);
    // The rest must be read, or the demo could not write it.
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(0));

    assert!(statuses.len() > 20, "{statuses:?}");
    let count = |status: &str| statuses.iter().filter(|known| *known == status).count();
    assert_eq!((count("400"), count("405"), count("415"), count("000")), (0, 0, 0, 0), "{statuses:?}");
    // One is wrong on purpose; spent tokens are 410.
    assert_eq!((count("401"), count("404")), (1, 1), "{statuses:?}");
}

/// The commands as they were printed, without the margin.
fn curls(ended: &[String]) -> Vec<String> {
    let mut curls: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in ended {
        let text = line.trim_start();
        if goes_on {
            curls.last_mut().unwrap().push_str(&format!("\n{text}"));
        } else if text.starts_with("curl ") {
            curls.push(text.to_owned());
        } else {
            continue;
        }
        goes_on = text.ends_with('\\');
    }
    curls
}

fn status_of(curl: &str) -> String {
    let only_status = curl.replacen("curl ", "curl -o /dev/null -w '%{http_code}' ", 1);
    let ran = Command::new("sh").arg("-c").arg(only_status).output().unwrap();
    String::from_utf8(ran.stdout).unwrap()
}

fn interrupt(child: &Child) {
    signal(child, "-INT");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// As when its terminal is closed: the folder has a store and a master key.
#[test]
fn a_hangup_in_the_middle_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = demo(temporary.path(), &["--json", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok()), "the first step");
    signal(&child, "-HUP");
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn for_scripts_every_step_is_a_line_of_json() {
    let temporary = tempfile::tempdir().unwrap();
    let ended = Ended::from(demo(temporary.path(), &["--once", "--json", "--port", "0"]).output().unwrap()).code(0);
    let steps: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(steps.len() > 20);
    assert!(steps.iter().all(|step| step["ok"] == true), "{steps:?}");
    assert!(!ended.stdout.contains("appUrl"), "the app is for those who stay");
}

#[test]
fn without_once_it_stays_up_until_a_signal_and_cleans_up() {
    let temporary = tempfile::tempdir().unwrap();
    let mut child = demo(temporary.path(), &["--json", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.find_map(|line| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        (line["ready"] == true).then_some(line)
    });
    let ready = ready.expect("it says that it is ready");
    let mut health = relay();
    health.args(["health", "--base-url", ready["baseUrl"].as_str().unwrap()]);
    Ended::from(health.output().unwrap()).code(0);
    let said = beside_the_server(temporary.path(), &ready);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    said.into_iter().for_each(|said| drop(said.code(0)));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

/// A command on the store opens and closes it while the server runs; the server goes on writing to it.
fn beside_the_server(temporary: &Path, ready: &Value) -> [Ended; 2] {
    let folder = std::fs::read_dir(temporary).unwrap().next().unwrap().unwrap().path();
    let mut keys = relay();
    keys.args(["keys", "list", "--config"]).arg(folder.join("relay.toml"));
    let mut tokens = relay();
    tokens.args(["tokens", "create", "--user", "ana", "--base-url", ready["baseUrl"].as_str().unwrap()]);
    tokens.env("RELAY_KEY", ready["relayKey"].as_str().unwrap());
    [keys, tokens].map(|mut command| Ended::from(command.output().unwrap()))
}

#[test]
fn a_taken_port_is_no_obstacle() {
    let temporary = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    // The last port has no next one.
    if port < u16::MAX - 100 {
        let ended =
            Ended::from(demo(temporary.path(), &["--once", "--json", "--port", &port.to_string()]).output().unwrap());
        ended.code(0);
    }
}

#[test]
fn the_demo_does_not_touch_the_store_that_the_environment_names() {
    let temporary = tempfile::tempdir().unwrap();
    let real = temporary.path().join("real.db");
    let mut command = demo(temporary.path(), &["--once", "--json", "--port", "0"]);
    Ended::from(command.env("RELAY_STORAGE_PATH", &real).output().unwrap()).code(0);
    assert!(!real.exists());
}
