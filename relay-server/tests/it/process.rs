//! The program itself: what keeps it from starting, what it logs, how signals end it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use relay_adapters::ring::MasterKey;
use relay_core::domain::Policy;
use relay_core::relay::relay_keys::NewRelayKey;
use serde_json::Value;

use crate::harness::{CHAT, Connection, chat_body};

/// A folder with a configuration, a master key and a store with one project.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    key: String,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let master = MasterKey::generate().unwrap();
        write_private(&folder.path().join("master.key"), &master.expose_base64());
        let text = "mock = true\n[server]\nlisten = \"127.0.0.1:0\"\n[master_key]\nfile = \"master.key\"\n";
        std::fs::write(folder.path().join("relay.toml"), text).unwrap();
        let config = relay_server::config::Config::load(Some(&folder.path().join("relay.toml"))).unwrap();
        let relay = relay_server::wiring::wire(&config).unwrap().relay;
        let project = relay.create_project("Notes", Policy::default()).await.unwrap();
        let key = relay.create_relay_key(&project.id, NewRelayKey::new("test")).await.unwrap().key;
        Self { folder, key: key.expose().to_owned() }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay-server"));
        command.arg("--config").arg(self.path("relay.toml")).env_clear().stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn start(&self) -> Server {
        self.start_as(self.command())
    }

    /// Starts it with a limit on open files.
    fn start_with_files(&self, most: u32) -> Server {
        let server = self.command();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -n {most} && exec \"$0\" \"$@\"")).arg(server.get_program());
        shell.args(server.get_args()).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.start_as(shell)
    }

    pub(crate) fn start_as(&self, mut command: Command) -> Server {
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let addr = loop {
            let mut line = String::new();
            log.read_line(&mut line).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
            if let Some(listen) = line["listen"].as_str() {
                break listen.parse().unwrap();
            }
        };
        Server { child, log, addr, key: self.key.clone() }
    }

    /// Exit code and standard error of a start that must fail.
    #[track_caller]
    fn fails(&self, change: impl FnOnce(&mut Command)) -> (i32, String) {
        let mut command = self.command();
        change(&mut command);
        let output = command.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.trim_end().lines().count(), 1, "one line: {error}");
        assert!(error.starts_with("relay-server: "), "{error}");
        (output.status.code().unwrap(), error)
    }
}

pub(crate) struct Server {
    pub(crate) child: Child,
    log: BufReader<ChildStdout>,
    pub(crate) addr: std::net::SocketAddr,
    pub(crate) key: String,
}

impl Server {
    /// Sends a signal, as a shell would.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Reads the log until a line with these words.
    pub(crate) fn read_log_until(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "no line with {words}");
        }
    }

    /// Waits for its end; returns the exit code and the rest of the log.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }

    pub(crate) async fn send(&self, head: &str, body: &str) -> crate::harness::Answer {
        let mut connection = Connection::to(self.addr).await;
        connection.write(self.request(head, &format!("Bearer {}", self.key), body).as_bytes()).await;
        connection.answer(false).await
    }

    pub(crate) fn request(&self, head: &str, credential: &str, body: &str) -> String {
        format!(
            "{head} HTTP/1.1\r\nhost: x\r\nauthorization: {credential}\r\nx-relay-user: ana\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// Connects a key for `ana`.
    pub(crate) async fn connect(&self, key: &str) {
        self.connect_as("ana", key).await;
    }

    /// Connects a key for this user.
    pub(crate) async fn connect_as(&self, user: &str, key: &str) {
        let issued = self.send("POST /v1/registration-tokens", &format!(r#"{{"user":"{user}"}}"#)).await.json();
        let token = format!("Bearer {}", issued["registrationToken"].as_str().unwrap());
        let body = format!(r#"{{"provider":"openai","apiKey":"{key}"}}"#);
        let mut connection = Connection::to(self.addr).await;
        connection.write(self.request("POST /v1/registration", &token, &body).as_bytes()).await;
        assert_eq!(connection.answer(false).await.status, 201);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) fn write_config(site: &Site, text: &str) {
    std::fs::write(site.path("relay.toml"), text).unwrap();
}

#[tokio::test]
async fn it_does_not_start_without_the_right_master_key() {
    let site = Site::new().await;
    // The store is used once, with a key in it.
    let server = site.start();
    server.connect("sk-mock-good-000000000ana").await;
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));

    write_private(&site.path("other.key"), &MasterKey::generate().unwrap().expose_base64());
    for (config, words) in [
        ("mock = true\n", "there is no master key; generate one with `relay master-key generate`"),
        ("mock = true\n[master_key]\nfile = \"none.key\"\n", "none.key, which could not be read"),
        ("mock = true\n[master_key]\nfile = \"other.key\"\n", "stored provider keys cannot be opened: 1 under "),
        ("mock = true\n[master_key]\nfile = \"relay.toml\"\n", "which other users may read"),
    ] {
        write_config(&site, config);
        let (code, error) = site.fails(|_| {});
        assert!(code == 78 && error.contains(words), "{code} {error}");
    }
    let (code, error) = site.fails(|command| {
        write_config(&site, "mock = true\n");
        command.env("RELAY_MASTER_KEY", "c2hvcnQ=");
    });
    assert!(code == 78 && error.contains("has another length") && !error.contains("c2hvcnQ"), "{error}");
}

#[tokio::test]
async fn an_empty_store_knows_its_master_key_too() {
    let site = Site::new().await;
    let server = site.start();
    server.signal("INT");
    assert_eq!(server.end().0, Some(0));
    write_private(&site.path("other.key"), &MasterKey::generate().unwrap().expose_base64());
    write_config(&site, "mock = true\n[master_key]\nfile = \"other.key\"\n");
    let (code, error) = site.fails(|_| {});
    assert!(code == 78 && error.contains("this is the wrong master key"), "{error}");
    // Both: the new one seals, the old one still opens.
    let both = ["other.key", "master.key"].map(|name| std::fs::read_to_string(site.path(name)).unwrap()).join("\n");
    write_private(&site.path("both.key"), &both);
    let listen = "[server]\nlisten = \"127.0.0.1:0\"\n";
    write_config(&site, &format!("mock = true\n{listen}[master_key]\nfile = \"both.key\"\n"));
    let server = site.start();
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}

#[tokio::test]
async fn it_says_what_else_is_wrong() {
    let site = Site::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, error) = site.fails(|command| {
        command.env("RELAY_SERVER_LISTEN", &address);
    });
    assert!(code == 69 && error.contains(&format!("could not listen on {address}")), "{error}");
    let (code, error) = site.fails(|command| {
        command.env("RELAY_SERVER_LISTEN", "nowhere");
    });
    assert!(code == 78 && error.contains("RELAY_SERVER_LISTEN: `server.listen` must be"), "{error}");
    let (code, error) = site.fails(|command| {
        command.env("RELAY_STORAGE_PATH", "/nowhere/relay.db");
    });
    assert!(code == 78 && error.contains("/nowhere/relay.db"), "{error}");
    let output = site.command().arg("--master-key=x").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "no secret in argv");
}

/// A server that gives this answer to every connection.
fn raw(answer: &'static str) -> std::net::SocketAddr {
    use std::io::Write as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// What keeps Relay from a provider is in the log: a stable word, and all causes; never a secret.
#[tokio::test]
async fn the_log_says_why_a_provider_could_not_be_reached() {
    const PASSWORD: &str = "pr0xy-s3cret";
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (plain, html) = (raw("HTTP/1.1 400 x\r\n\r\n"), raw("HTTP/1.1 403 x\r\ncontent-length: 6\r\n\r\n<html>"));
    let (asks, refuses) = (raw("HTTP/1.1 407 x\r\n\r\n"), raw("HTTP/1.1 403 x\r\n\r\n"));
    let proxy = |address| format!("proxy = \"http://{address}\"\n");
    for (upstream, word, text) in [
        (format!("openai = \"https://{closed}\"\n"), "refused", "Connection refused"),
        (format!("openai = \"https://{plain}\"\n"), "not_tls", "InvalidContentType"),
        (format!("allow_http_loopback = true\nopenai = \"http://{html}\"\n"), "not_the_provider", "status 403"),
        (proxy(closed), "proxy_unreachable", "Connection refused"),
        (proxy(asks), "proxy_credentials", "proxy authorization required"),
        (proxy(refuses), "proxy_refused", "tunnel error"),
    ] {
        let site = Site::new().await;
        let config = std::fs::read_to_string(site.path("relay.toml")).unwrap().replace("mock = true\n", "");
        write_config(&site, &format!("{config}[log]\nlevel = \"trace\"\n[upstream]\n{upstream}"));
        let mut command = site.command();
        command.env("RELAY_PROXY_CREDENTIALS", format!("proxy:{PASSWORD}"));
        let server = site.start_as(command);
        server.connect("sk-real-looking-0123456789").await;
        let body = chat_body("gpt-4o-mini", "hi", false).to_string();
        let answer = server.send(&format!("POST {CHAT}"), &body).await;
        assert_eq!(answer.status, 502, "{word}: {}", answer.text());
        server.signal("TERM");
        let (_, log) = server.end();
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for message in ["a key was stored unchecked", "a request failed"] {
            let line = lines.iter().find(|line| line["message"] == message).unwrap_or_else(|| panic!("{word}: {log}"));
            assert_eq!(line["cause_word"], word, "{line}");
            assert!(line["cause"].as_str().unwrap().contains(text), "{line}");
        }
        for secret in [PASSWORD, "cHJveHk6", "sk-real", "real-looking"] {
            assert!(!log.contains(secret) && !answer.text().contains(secret), "{secret} in {log}");
        }
    }
}

#[tokio::test]
async fn every_line_of_the_log_is_json_with_an_id_and_no_secret() {
    let site = Site::new().await;
    let everything = "[log]\nlevel = \"trace\"\n";
    let config = std::fs::read_to_string(site.path("relay.toml")).unwrap();
    write_config(&site, &format!("{config}{everything}"));
    let server = site.start();
    server.connect("sk-mock-good-000000000ana").await;
    let body = |text: &str, stream| chat_body("gpt-4o-mini", text, stream).to_string();
    let mut ids = vec![];
    for (head, body) in [
        (format!("POST {CHAT}"), body("a prompt of the user", false)),
        (format!("POST {CHAT}"), body("a prompt of the user", true)),
        (format!("POST {CHAT}"), body("{{break}} a prompt of the user", true)),
        (format!("POST {CHAT}"), body("{{status=500}} a prompt of the user", false)),
        ("GET /v1/users/an%0Aa?after=secret-label".to_owned(), String::new()),
        ("GET /v1/users?after=secret-label".to_owned(), String::new()),
        ("GET /nothing/secret-label".to_owned(), String::new()),
    ] {
        ids.push(server.send(&head, &body).await.header("x-request-id").unwrap().to_owned());
    }
    let key = server.key.clone();
    server.signal("TERM");
    let (code, log) = server.end();
    assert_eq!(code, Some(0));
    for secret in [key.as_str(), "sk-mock", "rrt-", "a prompt", "secret-label"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for id in ids {
        let own: Vec<_> = lines.iter().filter(|line| line["request_id"] == *id).collect();
        let access = own.iter().filter(|line| line["target"] == "relay::access").count();
        assert_eq!(access, 1, "one line for each request: {own:?}");
    }
    let chat: Vec<_> = lines.iter().filter(|line| line["route"] == CHAT).collect();
    assert_eq!(chat.len(), 4);
    for line in chat {
        assert_eq!((line["provider"].as_str(), line["method"].as_str()), (Some("openai"), Some("POST")), "{line}");
        assert!(line["project"].as_str().unwrap().starts_with("prj_") && line["duration_us"].is_u64());
    }
    assert!(lines.iter().any(|line| line["message"] == "stopped"));
}

#[tokio::test]
async fn it_serves_on_when_nobody_reads_its_log() {
    let site = Site::new().await;
    let server = site.start();
    let Server { .. } = &server;
    // Neither read nor closed: the pipe fills up.
    for _ in 0..3000 {
        assert_eq!(server.send("GET /api/health", "").await.status, 200);
    }
    let mut server = server;
    server.log = BufReader::new(Command::new("true").stdout(Stdio::piped()).spawn().unwrap().stdout.take().unwrap());
    for _ in 0..10 {
        assert_eq!(server.send("GET /api/health", "").await.status, 200, "closed");
    }
    server.signal("TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_small_limit_on_open_files_stops_neither_health_checks_nor_the_recovery() {
    let site = Site::new().await;
    let server = site.start_with_files(96);
    let mut held = Vec::new();
    for round in 0..3 {
        for _ in 0..200 {
            // Silent ones, and some that ask and stay.
            let connection = Connection::to(server.addr).await;
            if held.len() % 2 == 0 {
                let _ = connection.stream.try_write(b"GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n");
            }
            held.push(connection);
        }
        for _ in 0..20 {
            let answer = tokio::time::timeout(Duration::from_secs(2), server.send("GET /api/health", "")).await;
            assert_eq!(answer.expect("no answer").status, 200, "in round {round}");
        }
    }
    drop(held);
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..20 {
        assert_eq!(server.send("GET /v1/users", "").await.status, 200, "it serves everything again");
    }
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}
