//! A disk and a random source that fail: nothing is acknowledged that is not stored, and the server recovers without a restart.

use std::process::Command;

use relay_tests::process::{Folder, Process};
use relay_tests::{Api, says};
use serde_json::json;

use super::crash::{Attempt, attach_with, can_trace, check, check_database, detach, is_alive, post, traceable};

/// System calls of a kind that fail, from the Nth on or only once.
struct Failing {
    name: &'static str,
    calls: &'static str,
    /// strace's words for what happens.
    inject: &'static str,
}

/// Each of these makes a registration fail.
const FAILING: &[Failing] = &[
    Failing { name: "S06: one sync fails", calls: "fdatasync,fsync", inject: "error=EIO:when=1" },
    Failing { name: "S06: every sync fails", calls: "fdatasync,fsync", inject: "error=EIO" },
    Failing { name: "S07: the disk is full", calls: "pwrite64,ftruncate", inject: "error=ENOSPC" },
    Failing {
        name: "S10: the disk has become read-only",
        calls: "pwrite64,ftruncate,fdatasync",
        inject: "error=EROFS",
    },
    Failing { name: "a write fails", calls: "pwrite64", inject: "error=EIO:when=1" },
    Failing { name: "K05: no random bytes", calls: "getrandom", inject: "error=EIO" },
];

async fn served(folder: &Folder) -> Process {
    let server = Process::start(traceable(folder), &folder.key);
    let mut first = Attempt::begin(&server.api, "bo".to_owned(), 0).await.unwrap();
    first.register(&server.api).await;
    assert!(first.answer.is_some());
    server
}

/// Sends a registration that must fail with a clean error.
async fn register_in_vain(api: &Api, attempt: &Attempt, name: &str) {
    let body = json!({"provider": "openai", "apiKey": attempt.key});
    let (status, answer) = post(api, "/v1/registration", &attempt.token, &body).await.expect(name);
    assert!((500..=503).contains(&status), "{name}: {status} {answer}");
    assert!(answer["error"]["code"].is_string() && answer["error"]["message"].is_string(), "{name}: {answer}");
    let text = answer.to_string();
    assert!(!text.contains(&attempt.key) && !text.contains(&attempt.token), "{name}: {answer}");
}

#[actix_web::test]
async fn a_registration_that_cannot_be_stored_is_not_acknowledged_and_the_next_one_works() {
    if !can_trace() {
        return;
    }
    let folder = Folder::init();
    let server = served(&folder).await;
    for (n, Failing { name, calls, inject }) in FAILING.iter().enumerate() {
        let mut attempt = Attempt::begin(&server.api, format!("user{n}"), n + 1).await.unwrap();
        let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{inject}"));
        let strace = attach_with(&server, &["-o", "/dev/null", "-e", &trace, "-e", &inject]);
        register_in_vain(&server.api, &attempt, name).await;
        assert!(is_alive(&server.api).await, "{name}: health");
        detach(strace);
        assert!(!check_database(&folder, &attempt), "{name}: a key was stored");
        // Reading went on, and the same token and key work now.
        server.api.chat("bo", &says("gpt-4o-mini", "hi")).await.expect(200);
        attempt.register(&server.api).await;
        assert!(attempt.answer.is_some(), "{name}");
        check(&folder, &server.api, &attempt).await;
    }
    server.kill();
    // All of it is still there after a crash.
    let server = Process::start(traceable(&folder), &folder.key);
    for n in 0..FAILING.len() {
        server.api.chat(&format!("user{n}"), &says("gpt-4o-mini", "hi")).await.expect(200);
    }
}

#[actix_web::test]
async fn calls_go_on_while_nothing_can_be_written() {
    if !can_trace() {
        return;
    }
    let folder = Folder::init();
    let server = served(&folder).await;
    let calls = "pwrite64,ftruncate,fdatasync";
    let inject = format!("inject={calls}:error=EROFS");
    let strace = attach_with(&server, &["-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject]);
    for _ in 0..20 {
        server.api.chat("bo", &says("gpt-4o-mini", "hi")).await.expect(200);
    }
    let answer = server.api.call(reqwest::Method::POST, "/v1/registration-tokens", &json!({"user": "cy"})).await;
    assert!((500..=503).contains(&answer.status), "{}", answer.text);
    detach(strace);
    server.api.token("cy").await;
}

#[actix_web::test]
async fn a_token_that_cannot_be_drawn_is_an_error() {
    if !can_trace() {
        return;
    }
    let folder = Folder::init();
    let server = served(&folder).await;
    for error in ["EIO", "EAGAIN", "EFAULT"] {
        let inject = format!("inject=getrandom:error={error}");
        let strace = attach_with(&server, &["-o", "/dev/null", "-e", "trace=getrandom", "-e", &inject]);
        let answer = server.api.call(reqwest::Method::POST, "/v1/registration-tokens", &json!({"user": "cy"})).await;
        assert!((500..=503).contains(&answer.status), "{error}: {} {}", answer.status, answer.text);
        assert!(answer.json()["error"]["code"].is_string(), "{}", answer.text);
        // What needs no new secret goes on.
        server.api.chat("bo", &says("gpt-4o-mini", "hi")).await.expect(200);
        detach(strace);
        server.api.token("cy").await;
    }
    let grants: i64 = folder.database().query_row("SELECT count(*) FROM grants", [], |row| row.get(0)).unwrap();
    assert_eq!(grants, 4, "only tokens that were answered are stored");
}

#[actix_web::test]
async fn a_database_that_is_deleted_or_replaced_while_it_is_open_is_never_written_to() {
    for replace in [false, true] {
        let folder = Folder::init();
        let server = served(&folder).await;
        let attempt = Attempt::begin(&server.api, "cy".to_owned(), 1).await.unwrap();
        let file = folder.path().join("relay.db");
        std::fs::remove_file(&file).unwrap();
        if replace {
            std::fs::write(&file, "").unwrap();
        }
        register_in_vain(&server.api, &attempt, "deleted").await;
        let ready = server.api.http.get(format!("{}/api/health/ready", server.api.url)).send().await.unwrap();
        assert_eq!(ready.status(), 503);
        assert!(is_alive(&server.api).await);
        let found = std::fs::read(&file).unwrap_or_default();
        assert!(found.is_empty(), "{} bytes were written", found.len());
    }
}

/// A real file system, where mounting one is allowed. What a disk does that fails or has become read-only is in the tests above.
#[actix_web::test]
async fn a_full_file_system_that_gets_space_again_needs_no_restart() {
    let run = |arguments: &[&str]| {
        let done = Command::new(arguments[0]).args(&arguments[1..]).stderr(std::process::Stdio::null()).status();
        done.is_ok_and(|status| status.success())
    };
    let folder = Folder::init();
    let mount = tempfile::tempdir().unwrap();
    let at = mount.path().to_str().unwrap();
    if !run(&["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "relay-test", at]) {
        println!("skipped: this user may not mount");
        return;
    }
    for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), mount.path().join(entry.file_name())).unwrap();
    }
    let mut command = traceable(&folder);
    command.env("RELAY_STORAGE_PATH", mount.path().join("relay.db"));
    let server = Process::start(command, &folder.key);
    let mut attempt = Attempt::begin(&server.api, "cy".to_owned(), 1).await.unwrap();
    let filler = mount.path().join("filler");
    std::fs::write(&filler, vec![0; 32 << 20]).unwrap_err();
    register_in_vain(&server.api, &attempt, "full").await;
    std::fs::remove_file(&filler).unwrap();
    attempt.register(&server.api).await;
    assert!(attempt.answer.is_some());
    server.kill();
    assert!(run(&["umount", "-l", at]));
}
