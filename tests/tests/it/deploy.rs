//! The files in `deploy/`: they are what `docs/self-hosting.md` shows, and the programs that Debian has run them as they stand,
//! but for addresses, ports and certificates.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use relay_tests::process::{Folder, Process};
use serde_json::{Value, json};

use super::proxies::{Proxy, free_port, installed, run_proxy};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn file(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_page_shows_the_files_as_they_are() {
    let page = file("docs/self-hosting.md");
    for path in [
        "deploy/relay.service",
        "deploy/proxies/nginx.conf",
        "deploy/proxies/Caddyfile",
        "deploy/proxies/haproxy.cfg",
        "deploy/proxies/traefik.yml",
    ] {
        assert!(page.contains(&format!("\n{}\n```\n", file(path).trim_end())), "the page shows another {path}");
    }
}

/// What must fit together in the image, the Compose file and the chart.
#[test]
fn the_image_and_what_runs_it_fit_together() {
    let image = file("Dockerfile");
    let of_image = file("deploy/container.toml");
    assert!(
        image.contains("deploy/container.toml /out/etc/relay/relay.toml") && of_image.contains("drain_seconds = 8")
    );
    let compose = file("deploy/compose.yaml");
    let chart = file("deploy/helm/relay/templates/statefulset.yaml");
    for (name, text) in [("compose", &compose), ("chart", &chart)] {
        for setting in ["RELAY_SERVER_PUBLIC_URL", "RELAY_MASTER_KEY_FILE", "RELAY_SERVER_DRAIN_SECONDS"] {
            assert!(text.contains(setting), "{name} lacks {setting}");
        }
        assert!(text.contains("65532") || name == "compose");
    }
    assert!(compose.contains("stop_grace_period: 150s") && compose.contains("RELAY_SERVER_DRAIN_SECONDS: \"120\""));
    assert!(
        chart.contains("terminationGracePeriodSeconds: {{ add .Values.drainSeconds .Values.drainDelaySeconds 30 }}")
    );
    let unit = file("deploy/relay.service");
    for line in ["TimeoutStopSec=150", "RestartPreventExitStatus=78", "StartLimitIntervalSec=0", "RestartSec=5s"] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
}

/// A key and a certificate for the proxy, in one file each and in one for both.
fn certificate(folder: &Path) {
    let [key, good] =
        ["server.key", "self-signed.pem"].map(|name| file(&format!("relay-adapters/tests/it/tls/{name}")));
    std::fs::write(folder.join("cert.pem"), &good).unwrap();
    std::fs::write(folder.join("key.pem"), &key).unwrap();
    std::fs::write(folder.join("both.pem"), good + &key).unwrap();
}

fn nginx(folder: &Path, port: u16, relay: &str) -> Vec<String> {
    let at = folder.display();
    let site = file("deploy/proxies/nginx.conf")
        .replace("127.0.0.1:8080", relay)
        .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;"))
        .replace("/etc/ssl/relay.example.com.pem", &format!("{at}/cert.pem"))
        .replace("/etc/ssl/private/relay.example.com.key", &format!("{at}/key.pem"));
    std::fs::write(folder.join("site.conf"), site).unwrap();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
        .concat();
    let user = if is_root() { "user root;" } else { "" };
    let config = format!(
        "{user} daemon off; pid {at}/pid; error_log {at}/log; events {{ }}
         http {{ access_log off; {temporary} include {at}/site.conf; }}"
    );
    std::fs::write(folder.join("conf"), config).unwrap();
    ["-c", &format!("{at}/conf"), "-p", &at.to_string(), "-e", &format!("{at}/log")].map(str::to_owned).to_vec()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

fn haproxy(folder: &Path, port: u16, relay: &str) -> Vec<String> {
    let config = file("deploy/proxies/haproxy.cfg")
        .replace("127.0.0.1:8080", relay)
        .replace("bind :443", &format!("bind 127.0.0.1:{port}"))
        .replace("/etc/ssl/private/relay.example.com.pem", &folder.join("both.pem").to_string_lossy());
    std::fs::write(folder.join("conf"), config).unwrap();
    ["-db", "-f", &folder.join("conf").to_string_lossy()].map(str::to_owned).to_vec()
}

fn caddy(folder: &Path, port: u16, relay: &str) -> Vec<String> {
    let at = folder.display();
    let site = file("deploy/proxies/Caddyfile").replace("127.0.0.1:8080", relay);
    let site = site.replacen(
        "relay.example.com {\n",
        &format!("https://relay.example.com:{port} {{\n\tbind 127.0.0.1\n\ttls {at}/cert.pem {at}/key.pem\n"),
        1,
    );
    let config = format!("{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n{site}");
    std::fs::write(folder.join("Caddyfile"), config).unwrap();
    ["run", "--adapter", "caddyfile", "--config", &folder.join("Caddyfile").to_string_lossy()]
        .map(str::to_owned)
        .to_vec()
}

/// A call through the proxy, with curl as the client.
fn curl(proxy: &Proxy, key: &str, path: &str, body: &Path) -> Command {
    let mut curl = Command::new("curl");
    // From another address than the proxy, which is trusted.
    curl.args(["--silent", "--no-buffer", "--insecure", "--http1.1", "--interface", "127.0.0.2"]);
    curl.args(["--resolve", &format!("relay.example.com:{}:127.0.0.1", proxy.port)]);
    curl.args(["-H", &format!("authorization: Bearer {key}"), "-H", "x-relay-user: ana"]);
    curl.args(["-H", "content-type: application/json", "-H", "x-forwarded-for: 198.51.100.1"]);
    curl.arg("--data-binary").arg(format!("@{}", body.display()));
    curl.arg(format!("https://relay.example.com:{}{path}", proxy.port)).stdout(Stdio::piped());
    curl
}

fn works(name: &str, configure: fn(&Path, u16, &str) -> Vec<String>) {
    let folder = Folder::init();
    let mut command = folder.serve();
    command.env("RELAY_SERVER_TRUSTED_PROXIES", "127.0.0.1").env("RELAY_SERVER_PING_SECONDS", "1");
    let relay = Process::start(command, &folder.key);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(relay.api.connect("ana", relay_core::Provider::OPENAI, "good"));
    let address = relay.api.url.trim_start_matches("http://").to_owned();
    let port = free_port();
    let with_certificate = |folder: &Path| {
        certificate(folder);
        configure(folder, port, &address)
    };
    let Some(proxy) = run_proxy(name, port, with_certificate) else { return };
    let body = |text: &str, stream: bool| {
        let path = folder.path().join("body.json");
        let body = json!({"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": text}]});
        std::fs::write(&path, body.to_string()).unwrap();
        path
    };
    let chat = "/v1/chat/completions";

    // A stream is passed on while the provider still speaks, and a client that leaves ends it.
    let mut child = curl(&proxy, &folder.key, chat, &body("{{silent}}", true)).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("data: {"), "{name} buffers: {line}");
    child.kill().unwrap();
    child.wait().unwrap();
    let access = access_line(&relay, |line| line["stream"] == true);
    assert_eq!((&access["outcome"], &access["complete"]), (&json!("cancelled"), &json!(false)), "{name}: {access}");
    // Who the client is: what it says of itself does not count.
    assert_eq!(access["client"], "127.0.0.2", "{name}: {access}");

    // The largest body that Relay takes gets to it: it misses the model.
    let large = folder.path().join("large.json");
    std::fs::write(&large, format!("{{\"messages\":[],\"user\":\"{}\"}}", "x".repeat(31 << 20))).unwrap();
    let answer = curl(&proxy, &folder.key, chat, &large).output().unwrap();
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap_or_default();
    assert_eq!(answer["error"]["param"], "model", "{name}: {answer}");
}

/// Waits for an access line.
fn access_line(relay: &Process, is_it: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..6000 {
        let [log, _] = relay.said();
        let lines = String::from_utf8_lossy(&log)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect::<Vec<Value>>();
        let found = lines.into_iter().find(|line| line["target"] == "relay::access" && is_it(line));
        if let Some(found) = found {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the call goes on without its client");
}

#[test]
fn the_documented_nginx_passes_streams_on() {
    works("nginx", nginx);
}

#[test]
fn the_documented_haproxy_passes_streams_on() {
    works("haproxy", haproxy);
}

#[test]
fn the_documented_caddy_passes_streams_on() {
    works("caddy", caddy);
}

#[test]
fn systemd_rates_the_unit_as_safe() {
    let Some(program) = installed("systemd-analyze") else {
        println!("skipped: systemd-analyze is not installed");
        return;
    };
    let unit = root().join("deploy/relay.service");
    let rated =
        Command::new(program).args(["security", "--offline=true", "--threshold=15", "--no-pager"]).arg(unit).output();
    let rated = rated.unwrap();
    let text = String::from_utf8_lossy(&rated.stdout) + String::from_utf8_lossy(&rated.stderr);
    assert!(rated.status.success(), "{text}");
}
