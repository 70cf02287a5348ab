//! The built programs at their start, which they refuse with one line that says what to do, and at their end.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use relay_adapters::ring::MasterKey;
use relay_core::Provider;
use relay_mock::tcp::{MockServer, Step};
use relay_tests::process::{Folder, Process, program};
use relay_tests::streams;
use relay_tests::upstream::{self, done, event};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is wrong with a folder.
struct Wrong {
    name: &'static str,
    spoil: fn(&Path),
    exit: i32,
    /// Parts of the line: the problem, and what to do.
    says: [&'static str; 2],
}

fn set_key(folder: &Path, text: &str) {
    std::fs::write(folder.join("master.key"), text).unwrap();
}

fn replace_in_config(folder: &Path, from: &str, to: &str) {
    let file = folder.join("relay.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

const WRONG: &[Wrong] = &[
    Wrong {
        name: "no master key",
        spoil: |folder| replace_in_config(folder, "file = \"master.key\"", ""),
        exit: 78,
        says: ["no master key", "relay master-key generate"],
    },
    Wrong {
        name: "no master key file",
        spoil: |folder| std::fs::remove_file(folder.join("master.key")).unwrap(),
        exit: 78,
        says: ["could not be read", "relay master-key generate"],
    },
    Wrong {
        name: "the wrong master key",
        spoil: |folder| set_key(folder, &MasterKey::generate().unwrap().expose_base64()),
        exit: 78,
        says: ["master key", "add the missing master keys"],
    },
    Wrong {
        name: "a key file without a master key",
        spoil: |folder| set_key(folder, "correct horse battery staple"),
        exit: 78,
        says: ["master key", "base64"],
    },
    Wrong {
        name: "a master key that other users may read",
        spoil: |folder| {
            let readable = std::fs::Permissions::from_mode(0o644);
            std::fs::set_permissions(folder.join("master.key"), readable).unwrap();
        },
        exit: 78,
        says: ["other users may read", "chmod 600"],
    },
    Wrong {
        name: "a store that is not a Relay database",
        spoil: |folder| std::fs::write(folder.join("relay.db"), "no database at all".repeat(1000)).unwrap(),
        exit: 78,
        says: ["not a Relay database", "configure another path"],
    },
    Wrong {
        name: "an unknown setting",
        spoil: |folder| replace_in_config(folder, "[server]", "[server]\nlisten_on = 1"),
        exit: 78,
        says: ["listen_on", "there is no setting"],
    },
    Wrong {
        name: "only the address",
        spoil: |_| {},
        exit: 69,
        says: ["could not listen", "is another server running there?"],
    },
];

fn programs() -> [(std::path::PathBuf, &'static [&'static str]); 2] {
    [(program("relay"), &["serve"]), (program("relay-server"), &[])]
}

#[actix_web::test]
async fn a_problem_is_reported_in_one_line_before_anything_listens() {
    for Wrong { name, spoil, exit, says } in WRONG {
        let folder = Folder::init();
        let first = Process::start(folder.serve(), &folder.key);
        first.api.connect("ana", Provider::OPENAI, "good").await;
        first.kill();
        spoil(folder.path());
        // The address is in use, so a program that listens before it has checked everything fails for that reason.
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        for (program, arguments) in programs() {
            let mut command = folder.serve_with(&program, arguments);
            command.env("RELAY_SERVER_LISTEN", taken.local_addr().unwrap().to_string());
            let ended = Process::try_start(command, &folder.key).expect_err(name);
            let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert_eq!(ended.status.code(), Some(*exit), "{name}: {ended:?}");
            assert_eq!(stderr.lines().count(), 1, "{name}: {stderr}");
            assert!(says.iter().all(|word| stderr.contains(word)), "{name}: {stderr}");
            assert!(!String::from_utf8_lossy(&ended.stdout).contains("\"serving\""), "{name}: {ended:?}");
        }
    }
}

/// What may pass by itself must not look like what a person must change: the documented unit restarts after 75 alone.
#[test]
fn a_fault_that_may_pass_ends_with_75_and_says_what_it_is() {
    let folder = Folder::init();
    let lock = folder.database();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    refused_for_now(folder.serve(), &folder.key, "another process has locked");
    lock.execute_batch("ROLLBACK").unwrap();
    if !super::crash::can_trace() {
        return;
    }
    for (error, words) in [("ENOSPC", "disk is full"), ("EIO", "disk I/O error")] {
        let (serve, mut traced) = (folder.serve(), std::process::Command::new("strace"));
        traced.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64,fdatasync,ftruncate"]);
        traced.args(["-e", &format!("inject=pwrite64,fdatasync,ftruncate:error={error}")]);
        traced.arg(serve.get_program()).args(serve.get_args());
        relay_tests::process::without_settings(&mut traced).env("RELAY_MOCK", "true");
        refused_for_now(traced, &folder.key, words);
    }
    Process::start(folder.serve(), &folder.key).kill();
}

#[track_caller]
fn refused_for_now(command: std::process::Command, key: &str, words: &str) {
    let ended = Process::try_start(command, key).expect_err(words);
    assert_eq!(ended.status.code(), Some(75), "{words}: {ended:?}");
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(stderr.contains(words) && stderr.lines().count() == 1, "{words}: {stderr}");
}

/// A second server on one store works, and says that it is the second.
#[actix_web::test]
async fn a_second_server_on_a_store_says_so() {
    let folder = Folder::init();
    let first = Process::start(folder.serve(), &folder.key);
    let second = Process::start(folder.serve(), &folder.key);
    second.api.connect("ana", Provider::OPENAI, "good").await;
    let said = |ended: &relay_tests::process::Ended| String::from_utf8_lossy(&ended.stdout).into_owned();
    let pid = format!("\"pid\":\"{}\"", first.id());
    let second = said(&second.kill());
    assert!(second.contains("another server serves the same store") && second.contains(&pid), "{second}");
    assert!(!said(&first.kill()).contains("another server"));
    let alone = Process::start(folder.serve(), &folder.key);
    assert!(!said(&alone.kill()).contains("another server"), "a server that was killed leaves no lock");
}

/// An open stream at a server of its own. The provider has sent one event.
struct UnderWay {
    folder: Folder,
    server: Process,
    upstream: MockServer,
    client: TcpStream,
    seen: Vec<u8>,
}

async fn under_way(settings: &[(&str, &str)]) -> UnderWay {
    let (folder, upstream) = (Folder::init(), upstream::start());
    let mut command = folder.serve();
    // Several, so that a stream and its connection need not be on one.
    command.env("RELAY_SERVER_WORKERS", "4").envs(upstream::settings(&upstream)).envs(settings.iter().copied());
    let server = Process::start(command, &folder.key);
    server.api.connect("ana", Provider::OPENAI, "good").await;
    upstream.script([Step::stream_head(), event("one"), Step::UntilResumed, event("two"), done()]);
    let mut client = TcpStream::connect(server.api.url.trim_start_matches("http://")).await.unwrap();
    let body = streams("gpt-4o-mini", "hi").to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: relay\r\nauthorization: Bearer {}\r\nx-relay-user: ana\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        folder.key,
        body.len()
    );
    client.write_all((head + &body).as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while memchr::memmem::find(&seen, b"one").is_none() {
        assert!(client.read_buf(&mut seen).await.unwrap() > 0);
    }
    UnderWay { folder, server, upstream, client, seen }
}

impl UnderWay {
    /// Waits until the server takes no more calls.
    async fn until_not_ready(&self) {
        let url = format!("{}/api/health/ready", self.server.api.url);
        while self.server.api.http.get(&url).send().await.is_ok_and(|answer| answer.status() == 200) {}
    }

    /// The rest of the stream.
    async fn rest(&mut self) -> String {
        let _ = self.client.read_to_end(&mut self.seen).await;
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}

#[actix_web::test]
async fn a_signal_lets_streams_end_and_the_process_ends_well() {
    for signal in ["TERM", "INT"] {
        let mut under_way = under_way(&[]).await;
        under_way.server.signal(signal);
        under_way.until_not_ready().await;
        under_way.upstream.resume();
        let text = under_way.rest().await;
        assert!(text.contains("two") && text.contains("data: [DONE]") && !text.contains("\"error\""), "{text}");
        let ended = under_way.server.wait();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        // What was metered was written before the end.
        let count = "SELECT sum(requests) FROM usage_days WHERE user = 'ana'";
        let requests: i64 = under_way.folder.database().query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(requests, 1);
    }
}

#[actix_web::test]
async fn a_stream_that_does_not_end_in_time_ends_with_an_error() {
    let mut under_way = under_way(&[("RELAY_SERVER_DRAIN_SECONDS", "0")]).await;
    under_way.server.signal("TERM");
    let text = under_way.rest().await;
    assert!(text.contains("\"code\":\"draining\"") && !text.contains("[DONE]"), "{text}");
    let ended = under_way.server.wait();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}

#[actix_web::test]
async fn a_second_signal_ends_the_process_at_once() {
    let under_way = under_way(&[]).await;
    under_way.server.signal("TERM");
    under_way.until_not_ready().await;
    under_way.server.signal("TERM");
    let ended = under_way.server.wait();
    assert_eq!(ended.status.code().or(ended.status.signal()), Some(128 + 15), "{ended:?}");
}
