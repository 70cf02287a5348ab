//! Commands that speak HTTP, against a server in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::run::{Ended, relay, run_in, run_with_input};

/// `relay serve` with simulated providers, on a port of its own. Ended when dropped.
struct Serving {
    child: Child,
    folder: TempDir,
    base: String,
    key: String,
}

impl Serving {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = run_in(folder.path(), ["init", "--listen", "127.0.0.1:0", "--json"]).code(0).json();
        let mut command = relay();
        command.current_dir(folder.path()).args(["serve", "--mock"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let base = listening(&mut child);
        Self { child, folder, base, key: made["relayKey"].as_str().unwrap().to_owned() }
    }

    fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = relay();
        command.current_dir(self.folder.path()).args(arguments);
        command.env("RELAY_BASE_URL", &self.base).env("RELAY_KEY", &self.key);
        command
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    fn connect(&self, provider: &str, key: &str) -> Ended {
        let mut command = self.command(["connections", "add", "--user", "ana", "--provider", provider]);
        run_with_input(&mut command, &format!("{key}\n"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the log line with the server's address.
fn listening(child: &mut Child) -> String {
    let (out, error) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (found, wait) = std::sync::mpsc::channel();
    for pipe in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(error)] {
        let found = found.clone();
        // Reads to the end, so that the server never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let log: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(listen) = log.pointer("/listen").or_else(|| log.pointer("/fields/listen")) {
                    let _ = found.send(format!("http://{}", listen.as_str().unwrap_or_default()));
                }
            }
        });
    }
    drop(found);
    wait.recv().expect("the server listens")
}

#[test]
fn an_operator_can_walk_the_whole_way_from_the_terminal() {
    let relay = Serving::start();
    relay.run(["health"]).code(0);
    relay.connect("anthropic", "sk-ant-mock-refused-1").code(77);
    let connected = relay.connect("anthropic", "sk-ant-mock-good-a1b2").code(0).stdout;
    assert!(connected.contains("active") && connected.contains("…a1b2"), "{connected}");

    let chat = ["chat", "--user", "ana", "--model", "claude-haiku-4-5", "Hello"];
    let streamed = relay.run(chat).code(0);
    assert!(!streamed.stdout.trim().is_empty() && streamed.stderr.contains("anthropic/...a1b2"), "{streamed:?}");
    let whole = relay.run(chat.into_iter().chain(["--json"])).code(0).json();
    assert_eq!(whole["choices"][0]["message"]["content"].as_str().unwrap(), streamed.stdout.trim_end_matches('\n'));
    relay.run(["chat", "--user", "ana", "--model", "gpt-4o-mini", "Hello"]).code(77);
    relay.run(["chat", "--user", "ana", "--model", "unheard-of", "Hello"]).code(1);

    let users = relay.run(["users", "list", "--json"]).code(0).json();
    assert_eq!(users["users"][0]["endUserLabel"], "ana");
    assert!(relay.run(["users", "show", "ana"]).code(0).stdout.contains("anthropic"));
    assert!(relay.run(["connections", "list", "--user", "ana"]).code(0).stdout.contains("active"));
    let verified = relay.run(["connections", "verify", "--user", "ana", "--provider", "anthropic", "--json"]);
    assert_eq!(verified.code(0).json()["state"], "active");
    let usage = relay.run(["usage", "--user", "ana", "--json"]).code(0).json();
    assert_eq!(usage["usage"][0]["requests"], 2, "{usage:#}");

    let delete = ["connections", "delete", "--user", "ana", "--provider", "anthropic"];
    relay.run(delete).code(2);
    relay.run(delete.into_iter().chain(["--yes"])).code(0);
    relay.run(["users", "delete", "ana", "--yes"]).code(0);
    assert_eq!(relay.run(["users", "list", "--json"]).code(0).json()["users"], serde_json::json!([]));
}

#[test]
fn a_registration_token_is_alone_on_stdout() {
    let relay = Serving::start();
    let ended = relay.run(["tokens", "create", "--user", "ana", "--provider", "openai", "--expires-in", "60"]).code(0);
    assert!(ended.stdout.trim().len() == 53 && ended.stdout.starts_with("rrt-"), "{ended:?}");
    let ended = relay.run(["tokens", "create", "--user", "ana", "--no-replace", "--json"]).code(0).json();
    assert!(ended["registrationToken"].is_string(), "{ended}");
    relay.run(["tokens", "create", "--user", "no spaces"]).code(1);
}

#[test]
fn keys_are_made_and_revoked_beside_a_running_server() {
    let mut relay = Serving::start();
    let made = relay.run(["keys", "create", "--json"]).code(0).json();
    relay.key = made["relayKey"].as_str().unwrap().to_owned();
    relay.run(["users", "list"]).code(0);
    relay.run(["keys", "revoke", made["id"].as_str().unwrap()]).code(0);
    // The server remembers a key for a second; a run takes some milliseconds.
    let refused = (0..2000).map(|_| relay.run(["users", "list"])).find(|ended| ended.code == 77);
    assert!(refused.expect("the key is refused").stderr.contains("invalid_relay_key"));
}

#[test]
fn the_relay_key_comes_from_a_file_or_the_environment() {
    let relay = Serving::start();
    let file = relay.folder.path().join("key");
    std::fs::write(&file, format!("{}\n", relay.key)).unwrap();
    let mut command = relay.command(["users", "list", "--relay-key-file", "key"]);
    Ended::from(command.env_remove("RELAY_KEY").output().unwrap()).code(0);
    let mut command = relay.command(["users", "list", "--key-file", "-"]);
    run_with_input(command.env_remove("RELAY_KEY"), &relay.key).code(0);
    let mut command = relay.command(["users", "list"]);
    Ended::from(command.env_remove("RELAY_KEY").output().unwrap()).code(2);
    let mut command = relay.command(["users", "list", "--json"]);
    let ended = Ended::from(command.env("RELAY_KEY", "rly-wrong").output().unwrap()).code(77);
    let error: Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!(error["error"]["code"], "invalid_relay_key");
    assert!(error["error"]["requestId"].as_str().unwrap().starts_with("req_"));
}

#[test]
fn the_doctor_knows_a_healthy_relay_on_the_port() {
    let relay = Serving::start();
    let address = relay.base.trim_start_matches("http://").to_owned();
    let mut command = relay.command(["doctor", "--offline", "--json"]);
    let ended = Ended::from(command.env("RELAY_SERVER_LISTEN", &address).output().unwrap()).code(0).json();
    let text = |name: &str| {
        let checks = ended["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).unwrap()["text"].as_str().unwrap().to_owned()
    };
    assert!(text("port").starts_with("a healthy Relay"), "{ended:#}");
    assert!(text("canary").starts_with("opens"), "{ended:#}");
}

#[test]
fn health_can_wait_until_the_server_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    // The port of a listener that is gone: nobody else gets it soon.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run_in(folder.path(), ["init", "--listen", &address.to_string()]).code(0);
    let base = format!("http://{address}");
    let mut early = relay().args(["health", "--wait", "--base-url", &base]).stdout(Stdio::piped()).spawn().unwrap();
    // It asks and waits.
    assert!(early.try_wait().unwrap().is_none());
    let mut command = relay();
    command.current_dir(folder.path()).args(["serve", "--mock"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = command.spawn().unwrap();
    listening(&mut server);
    let ended = Ended::from(early.wait_with_output().unwrap()).code(0);
    assert!(ended.stdout.starts_with("ok, version"), "{ended:?}");
    let now = relay().args(["health", "--wait=0", "--base-url", &base]).output().unwrap();
    Ended::from(now).code(0);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn health_says_why_it_waited_in_vain() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = |wait: &str, address: &str| {
        let output = relay().args(["health", wait, "--base-url", &format!("http://{address}")]).output().unwrap();
        Ended::from(output)
    };
    let ended = run("--wait=1", &gone.to_string()).code(69);
    assert!(ended.stderr.contains("not ready within 1 s") && ended.stderr.contains("no Relay answers"), "{ended:?}");
    // Something else on the port.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for client in other.incoming().map_while(Result::ok) {
            use std::io::{Read as _, Write as _};
            let _ = (&client).read(&mut [0; 4096]);
            let _ = (&client).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        }
    });
    let ended = run("--wait=0", &address).code(69);
    assert!(ended.stderr.contains("HTTP 200: this is not an answer of Relay"), "{ended:?}");
    run("--wait=-1", &address).code(2);
    run("--wait=soon", &address).code(2);
}

#[test]
fn without_a_server_the_exit_code_is_69() {
    // The port of a listener that is gone.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = relay();
    command.args(["health", "--base-url", &format!("http://{address}")]);
    Ended::from(command.output().unwrap()).code(69);
    let mut command = relay();
    command.current_dir(Path::new("/")).env("RELAY_KEY", "rly-x").args([
        "users",
        "list",
        "--base-url",
        &format!("http://{address}"),
    ]);
    Ended::from(command.output().unwrap()).code(69);
}
