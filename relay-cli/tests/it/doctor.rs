//! The doctor asks each provider over the server's own connections.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use super::run::{Ended, relay, run_in};

const OPENAI: &str =
    r#"{"error":{"message":"You didn't provide an API key.","type":"invalid_request_error","param":null,"code":null}}"#;
const ANTHROPIC: &str =
    r#"{"type":"error","error":{"type":"authentication_error","message":"x-api-key header is required"}}"#;
const GOOGLE: &str =
    r#"{"error":{"code":403,"message":"Method doesn't allow unregistered callers.","status":"PERMISSION_DENIED"}}"#;

/// A server that gives this answer to every request, without TLS.
fn server(status: u16, body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let read = stream.read(&mut [0; 4096]).unwrap_or_default();
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            if read > 0 {
                let _ = stream.write_all((head + body).as_bytes());
            }
        }
    });
    address
}

fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The doctor, with these settings of `upstream`.
fn doctor(settings: &[(&str, String)]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), ["init", "--listen", "127.0.0.1:0"]).code(0);
    let mut command = relay();
    command.current_dir(folder.path()).args(["doctor", "--json"]).env("RELAY_UPSTREAM_ALLOW_HTTP_LOOPBACK", "true");
    // The variable counts only if a setting says so.
    command.env("HTTPS_PROXY", "http://ana:pr0xy-s3cret@127.0.0.1:9").env_remove("NO_PROXY");
    for (name, value) in settings {
        command.env(format!("RELAY_UPSTREAM_{name}"), value);
    }
    let ended = Ended::from(command.output().unwrap());
    assert!(!ended.stdout.contains("s3cret") && !ended.stderr.contains("s3cret"), "{ended:?}");
    ended
}

fn check(ended: &Ended, name: &str) -> Value {
    let checks = ended.json()["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["check"] == name).unwrap()
}

#[test]
fn providers_that_answer_pass() {
    let at = |status, body| format!("http://{}", server(status, body));
    let ended = doctor(&[("OPENAI", at(401, OPENAI)), ("ANTHROPIC", at(401, ANTHROPIC)), ("GOOGLE", at(403, GOOGLE))]);
    for name in ["OpenAI", "Anthropic", "Google"] {
        assert_eq!(check(&ended, name)["verdict"], "pass", "{ended:?}");
    }
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn each_fault_fails_with_its_word_and_what_to_do() {
    let html = server(403, "<html>Access Denied</html>");
    let ended = doctor(&[
        ("OPENAI", format!("http://{html}")),
        ("ANTHROPIC", format!("https://{}", server(200, "{}"))),
        ("GOOGLE", format!("http://{}", closed())),
    ]);
    assert_eq!(ended.code, 1, "{ended:?}");
    for (name, words) in
        [("OpenAI", "something else than OpenAI answered"), ("Anthropic", "(not_tls)"), ("Google", "(refused)")]
    {
        let check = check(&ended, name);
        assert!(check["verdict"] == "fail" && check["text"].as_str().unwrap().contains(words), "{check}");
        assert!(check["fix"].is_string(), "{check}");
    }
}

#[test]
fn a_proxy_is_used_only_if_a_setting_names_it() {
    let refusing = server(407, "");
    let ended = doctor(&[("PROXY", format!("http://{refusing}"))]);
    assert!(check(&ended, "OpenAI")["text"].as_str().unwrap().contains("(proxy_credentials)"), "{ended:?}");
    let ended = doctor(&[("PROXY", "environment".to_owned())]);
    assert!(check(&ended, "Google")["text"].as_str().unwrap().contains("(proxy_unreachable)"), "{ended:?}");
    let ended = doctor(&[("CA_FILE", "nowhere.pem".to_owned())]);
    assert!(ended.code == 78 && ended.stdout.contains("nowhere.pem"), "{ended:?}");
}
