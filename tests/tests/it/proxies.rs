//! Relay behind the proxies that people put in front of it. Whatever one client sends, the next client, whose request takes
//! the same connection between proxy and Relay, gets its own answer: no request hides in another one's body, and none is
//! swallowed (request smuggling, RFC 9112 section 11.2).

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use relay_tests::process::{Folder, Process};
use tempfile::TempDir;

/// A proxy with at most one idle connection to Relay, so that requests of different clients share it.
pub(super) struct Proxy {
    pub(super) port: u16,
    child: Child,
    _folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Where Debian and others put a program.
pub(super) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn nginx(folder: &Path, port: u16, relay: &str) -> Vec<String> {
    let at = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
        .concat();
    // As root nginx would give its folders to nobody.
    let user = if installed("id").is_some_and(|id| Command::new(id).arg("-u").output().unwrap().stdout == b"0\n") {
        "user root;"
    } else {
        ""
    };
    let config = format!(
        "worker_processes 1; {user} daemon off; pid {at}/pid; error_log {at}/log; events {{ worker_connections 256; }}
         http {{ access_log off; {temporary}
           upstream relay {{ server {relay}; keepalive 1; }}
           server {{ listen 127.0.0.1:{port}; location / {{
             proxy_pass http://relay; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_request_buffering off;
           }} }} }}"
    );
    std::fs::write(folder.join("conf"), config).unwrap();
    ["-c", &format!("{at}/conf"), "-p", &at.to_string(), "-e", &format!("{at}/log")].map(str::to_owned).to_vec()
}

fn haproxy(folder: &Path, port: u16, relay: &str) -> Vec<String> {
    let config = format!(
        "global\n maxconn 256\ndefaults\n mode http\n timeout connect 10s\n timeout client 30s\n timeout server 30s\n \
         http-reuse always\nfrontend f\n bind 127.0.0.1:{port}\n default_backend b\nbackend b\n server s {relay} pool-max-conn 1\n"
    );
    std::fs::write(folder.join("conf"), config).unwrap();
    ["-db", "-f", &folder.join("conf").to_string_lossy()].map(str::to_owned).to_vec()
}

fn caddy(folder: &Path, port: u16, relay: &str) -> Vec<String> {
    let config = format!(
        "{{\n admin off\n auto_https off\n}}\nhttp://127.0.0.1:{port}, http://relay:{port} {{\n reverse_proxy {relay} {{\n \
         transport http {{\n keepalive 60s\n keepalive_idle_conns_per_host 1\n }}\n }}\n}}\n"
    );
    std::fs::write(folder.join("Caddyfile"), config).unwrap();
    ["run", "--adapter", "caddyfile", "--config", &folder.join("Caddyfile").to_string_lossy()]
        .map(str::to_owned)
        .to_vec()
}

type Configure = fn(&Path, u16, &str) -> Vec<String>;

fn start(name: &str, configure: Configure, relay: &str) -> Option<Proxy> {
    let port = free_port();
    run_proxy(name, port, |folder| configure(folder, port, relay))
}

/// Starts a proxy that listens on this port. `configure` writes its files into a folder and returns its arguments.
pub(super) fn run_proxy(name: &str, port: u16, configure: impl FnOnce(&Path) -> Vec<String>) -> Option<Proxy> {
    let Some(program) = installed(name) else {
        assert!(std::env::var_os("RELAY_REQUIRE_ALL").is_none(), "{name} is not installed: see scripts/packages.txt");
        println!("skipped: {name} is not installed");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let arguments = configure(folder.path());
    let mut command = Command::new(program);
    command.args(arguments).env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path());
    command.env("XDG_CONFIG_HOME", folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut proxy = Proxy { port, child: command.spawn().unwrap(), _folder: folder };
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(proxy.child.try_wait().unwrap().is_none(), "{name} ended at once");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(proxy)
}

/// Sends bytes and reads what comes until the other side closes or says nothing for a moment: an attack.
fn provoke(port: u16, bytes: &[u8]) -> String {
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
    // The proxy may close before it has read everything.
    let _ = client.write_all(bytes);
    let (mut found, mut piece) = (Vec::new(), [0; 16384]);
    loop {
        match client.read(&mut piece) {
            Ok(read @ 1..) => found.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return String::from_utf8_lossy(&found).into_owned(),
        }
    }
}

/// A request by somebody else; fails unless it gets the answer to itself.
#[track_caller]
fn victim(port: u16, key: &str, id: &str, after: &str) {
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // Long enough for any machine: it only ends what would hang.
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!(
        "GET /v1/usage HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer {key}\r\nx-request-id: {id}\r\nconnection: close\r\n\r\n"
    );
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).to_ascii_lowercase();
    assert!(
        answer.starts_with("http/1.1 200") && answer.contains(&format!("-request-id: {id}\r\n")),
        "{after}: {answer}"
    );
    assert_eq!(answer.matches("http/1.1 ").count(), 1, "{after}: {answer}");
}

/// What is sent, by name. `HIDDEN` becomes a whole request, `KEY` a good Relay key.
const PROVOCATIONS: &[(&str, &str)] = &[
    ("GET with a hidden body", "GET /api/health HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    (
        "GET, chunked",
        "GET /api/health HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\nHEX\r\nHIDDEN\r\n0\r\n\r\n",
    ),
    (
        "401 before the body",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    ("404 before the body", "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    (
        "404, chunked",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\nHEX\r\nHIDDEN\r\n0\r\n\r\n",
    ),
    ("405 before the body", "PUT /v1/usage HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    (
        "415 before the body",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer KEY\r\nx-relay-user: u\r\ncontent-encoding: gzip\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "413 before the body",
        "POST /v1/registration-tokens HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer KEY\r\ncontent-length: 99999999\r\n\r\nHIDDEN",
    ),
    ("OPTIONS with a body", "OPTIONS /v1/registration HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    ("HEAD with a body", "HEAD /api/health HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    (
        "DELETE with a body",
        "DELETE /v1/users/nobody HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer KEY\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "an unfinished body",
        "POST /v1/registration-tokens HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer KEY\r\ncontent-length: 99999\r\n\r\nHIDDEN",
    ),
    (
        "both lengths",
        "POST /v1/registration-tokens HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "both lengths, the other way",
        "POST /v1/registration-tokens HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\nHEX\r\nHIDDEN\r\n0\r\n\r\n",
    ),
    (
        "two content lengths",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ncontent-length: 0\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "a list of content lengths",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ncontent-length: 0, LENGTH\r\n\r\nHIDDEN",
    ),
    ("a signed content length", "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ncontent-length: +LENGTH\r\n\r\nHIDDEN"),
    ("a space before the colon", "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ncontent-length : LENGTH\r\n\r\nHIDDEN"),
    (
        "a coding that is not known",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: xchunked\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "a list of codings",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: identity, chunked\r\n\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "chunked twice",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "a tab before chunked",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding:\tchunked\r\n\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "a vertical tab before chunked",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: \u{b}chunked\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "a folded header",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding:\r\n chunked\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "a bare line feed in a header",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\nx: y\ntransfer-encoding: chunked\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "a bare carriage return",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\nx: y\rtransfer-encoding: chunked\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "a chunk size with blanks",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\n0  \r\n\r\nHIDDEN",
    ),
    (
        "a chunk extension",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\n0;a=\"\r\n\r\nHIDDEN",
    ),
    (
        "a chunk extension with a line feed",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\n2;\nxx\r\nHEX\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "a chunk size that overflows",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\n\r\nHIDDEN",
    ),
    (
        "a line feed after the last chunk",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\nHIDDEN",
    ),
    (
        "trailers that look like a request",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 50\r\n\r\nHIDDEN",
    ),
    (
        "an upgrade",
        "POST /v1/registration-tokens HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer KEY\r\nupgrade: websocket\r\nconnection: upgrade\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "an upgrade of a GET",
        "GET /api/health HTTP/1.1\r\nhost: relay\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nHIDDEN",
    ),
    ("an upgrade without connection", "GET /api/health HTTP/1.1\r\nhost: relay\r\nupgrade: websocket\r\n\r\nHIDDEN"),
    (
        "an upgrade to h2c",
        "GET /api/health HTTP/1.1\r\nhost: relay\r\nupgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\nHIDDEN",
    ),
    (
        "a hop-by-hop length",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\nconnection: content-length\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "a hop-by-hop coding",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\nconnection: transfer-encoding\r\ntransfer-encoding: chunked\r\n\r\nHEX\r\nHIDDEN\r\n0\r\n\r\n",
    ),
    (
        "100-continue",
        "POST /v1/nothing HTTP/1.1\r\nhost: relay\r\nexpect: 100-continue\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "100-continue without a credential",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: relay\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\nHEX\r\nHIDDEN\r\n0\r\n\r\n",
    ),
    (
        "HTTP/1.0 that stays",
        "POST /v1/nothing HTTP/1.0\r\nhost: relay\r\nconnection: keep-alive\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    (
        "HTTP/1.0, chunked",
        "POST /v1/nothing HTTP/1.0\r\nhost: relay\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHIDDEN",
    ),
    ("TRACE with a body", "TRACE /v1/nothing HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    (
        "a long method",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA /v1/nothing HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN",
    ),
    ("absolute form", "GET http://other/api/health HTTP/1.1\r\nhost: relay\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    ("two hosts in one", "GET /api/health HTTP/1.1\r\nhost: relay, other\r\ncontent-length: LENGTH\r\n\r\nHIDDEN"),
    ("two requests", "HIDDENHIDDEN"),
    (
        "a client that leaves within a body",
        "POST /v1/registration-tokens HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer KEY\r\ntransfer-encoding: chunked\r\n\r\nff\r\nHIDDEN",
    ),
];

fn provocation(text: &str, key: &str) -> Vec<u8> {
    let hidden = "GET /v1/hidden HTTP/1.1\r\nhost: relay\r\nx-request-id: hidden-request\r\n\r\n";
    let text = text.replace("KEY", key).replace("LENGTH", &hidden.len().to_string());
    text.replace("HEX", &format!("{:x}", hidden.len())).replace("HIDDEN", hidden).into_bytes()
}

fn nobody_gets_another_ones_answer(name: &str, configure: Configure) {
    let folder = Folder::init();
    let process = Process::start(folder.serve(), &folder.key);
    let Some(proxy) = start(name, configure, process.api.url.trim_start_matches("http://")) else { return };
    victim(proxy.port, &folder.key, "before-all", "nothing");
    for (number, (what, text)) in PROVOCATIONS.iter().enumerate() {
        provoke(proxy.port, &provocation(text, &folder.key));
        for again in 0..2 {
            victim(proxy.port, &folder.key, &format!("victim-{number}-{again}"), &format!("{name}, {what}"));
        }
    }
}

#[test]
fn behind_nginx_nobody_gets_another_ones_answer() {
    nobody_gets_another_ones_answer("nginx", nginx);
}

#[test]
fn behind_haproxy_nobody_gets_another_ones_answer() {
    nobody_gets_another_ones_answer("haproxy", haproxy);
}

#[test]
fn behind_caddy_nobody_gets_another_ones_answer() {
    nobody_gets_another_ones_answer("caddy", caddy);
}

/// A server that loses count of requests must be noticed: here one that takes a body for the next request.
#[test]
fn a_server_that_loses_count_is_noticed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            std::thread::spawn(move || answer_every_head(client.unwrap()));
        }
    });
    let Some(proxy) = start("haproxy", haproxy, &address) else { return };
    let found = std::panic::catch_unwind(|| {
        for (what, text) in PROVOCATIONS {
            provoke(proxy.port, &provocation(text, "key"));
            victim(proxy.port, "key", "the-victims-own", what);
        }
    });
    assert!(found.is_err(), "a broken server passes");
}

/// Answers each head with its own request id and never looks at a length.
fn answer_every_head(mut client: TcpStream) {
    let (mut waiting, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = client.read(&mut piece) {
        waiting.extend_from_slice(&piece[..read]);
        while let Some(end) = waiting.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&waiting[..end]).into_owned();
            waiting.drain(..end + 4);
            let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap_or("none");
            let answer = format!("HTTP/1.1 200 OK\r\nx-request-id: {id}\r\ncontent-length: 0\r\n\r\n");
            if client.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }
}
