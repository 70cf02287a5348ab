//! The simulated providers over HTTP.

use std::time::Duration;

use relay_core::Provider;
use relay_core::domain::provider::Format;
use relay_mock::tcp::{MockServer, Step};
use relay_mock::{Mock, Phase, sample_key};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A client that shows every byte.
struct Client(TcpStream);

impl Client {
    async fn connect(provider: &MockServer) -> Self {
        Self(TcpStream::connect(provider.address()).await.unwrap())
    }

    async fn send(&mut self, provider: Provider, behaviour: &str, target: &str, body: &str) {
        let key = sample_key(provider, behaviour, "ana1");
        let credential = provider.credential();
        let mut auth = format!("{}: {}{key}", credential.name(), credential.prefix());
        if provider == Provider::ANTHROPIC {
            auth.push_str("\r\nAnthropic-Version: 2026-10-21");
        }
        let method = if body.is_empty() { "GET" } else { "POST" };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\n{auth}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// Reads until the text ends like this, or to the end of the connection.
    async fn read_until(&mut self, end: &str) -> String {
        let mut got = Vec::new();
        while !String::from_utf8_lossy(&got).ends_with(end) {
            match self.0.read_u8().await {
                Ok(byte) => got.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8_lossy(&got).into_owned()
    }

    async fn whole(&mut self) -> String {
        self.read_until("\r\n0\r\n\r\n").await
    }
}

fn start() -> MockServer {
    MockServer::start(Mock::new()).unwrap()
}

/// What stands in front of the path where the request alone does not tell the provider.
fn prefix(provider: Provider) -> String {
    let first = Provider::ALL.iter().find(|first| first.format() == provider.format());
    if first == Some(&provider) { String::new() } else { format!("/{provider}") }
}

fn chat(provider: Provider, text: &str) -> (String, String) {
    let messages = json!([{"role": "user", "content": text}]);
    let openai = format!("{}/chat/completions", provider.api_path());
    let (target, body) = match provider.format() {
        Format::OpenAi => {
            (openai.as_str(), json!({"model": provider.example_model(), "messages": messages, "stream": true}))
        }
        Format::Anthropic => {
            ("/v1/messages", json!({"model": "claude-opus-5", "max_tokens": 99, "messages": messages, "stream": true}))
        }
        _ => (
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            json!({"contents": [{"parts": [{"text": text}]}]}),
        ),
    };
    (prefix(provider) + target, body.to_string())
}

#[tokio::test]
async fn the_path_tells_the_provider_and_a_connection_is_kept() {
    let fake = start();
    let mut client = Client::connect(&fake).await;
    for provider in Provider::ALL {
        let list = format!("{}/models", provider.api_path());
        for target in [prefix(*provider) + &list, format!("/{provider}{list}")] {
            client.send(*provider, "good", &target, "").await;
            let got = client.whole().await;
            assert!(got.starts_with("HTTP/1.1 200 ") && got.contains("set-cookie: "), "{target} {got}");
        }
        let (target, body) = chat(*provider, "안녕");
        client.send(*provider, "good", &target, &body).await;
        let got = client.whole().await;
        assert!(got.contains("text/event-stream") && got.contains("안녕"), "{target} {got}");
    }
    let seen = fake.mock().requests();
    assert_eq!(seen.len(), 3 * Provider::ALL.len());
    assert!(seen.chunks(3).zip(Provider::ALL).all(|(three, own)| three.iter().all(|one| one.provider == *own)));
    assert_eq!(seen[0].header("host"), Some("x"));
    assert_eq!((fake.connections().len(), fake.connections()[0].requests), (1, seen.len()));
    assert!(fake.connections()[0].closed.is_none());
}

#[tokio::test]
async fn a_client_that_goes_is_noticed_in_every_phase() {
    let fake = start();
    for provider in Provider::ALL {
        for (text, phase) in [("{{hang}}", Phase::Waiting), ("{{silent}}", Phase::Streaming)] {
            fake.mock().forget();
            let mut client = Client::connect(&fake).await;
            let (target, body) = chat(*provider, text);
            client.send(*provider, "good", &target, &body).await;
            fake.mock().until(|mock| mock.open_calls() == 1).await;
            if phase == Phase::Streaming {
                client.read_until("}").await;
            }
            drop(client);
            fake.mock().until(|mock| mock.aborted_calls().len() == 1).await;
            let left = &fake.mock().aborted_calls()[0];
            assert_eq!((left.provider, left.phase, fake.mock().open_calls()), (*provider, phase, 0));
        }
    }
}

#[tokio::test]
async fn a_connection_breaks_when_it_is_asked_to() {
    let fake = start();
    let (target, body) = chat(Provider::OPENAI, "one two three {{break}}");
    let mut client = Client::connect(&fake).await;
    client.send(Provider::OPENAI, "good", &target, &body).await;
    let got = client.whole().await;
    assert!(got.contains("\"Hello \"") && !got.ends_with("0\r\n\r\n"), "no end: {got}");
    let mut client = Client::connect(&fake).await;
    client.send(Provider::OPENAI, "unreachable", &target, &body).await;
    assert_eq!(client.whole().await, "", "no answer at all");
    let mut client = Client::connect(&fake).await;
    client.0.write_all(b"nonsense\r\n\r\n").await.unwrap();
    assert!(client.whole().await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn dropping_it_closes_everything() {
    let fake = start();
    let (target, body) = chat(Provider::OPENAI, "{{hang}}");
    let mut client = Client::connect(&fake).await;
    client.send(Provider::OPENAI, "good", &target, &body).await;
    fake.mock().until(|mock| mock.open_calls() == 1).await;
    let address = fake.address();
    drop(fake);
    assert_eq!(client.whole().await, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_script_goes_before_the_mock_and_ends_as_it_says() {
    let fake = start();
    let (target, body) = chat(Provider::OPENAI, "hi");
    let half = || Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    for (script, reset, kept) in [
        (vec![half()], false, false),
        (vec![half(), Step::UntilResumed, Step::Reset], true, false),
        (vec![half(), Step::send("way\r\n\n"), Step::Keep], false, true),
    ] {
        fake.script(script);
        let mut client = Client::connect(&fake).await;
        client.send(Provider::OPENAI, "good", &target, &body).await;
        fake.arrived().await;
        assert!(client.read_until("half").await.ends_with("\r\n\r\nhalf"));
        if reset {
            fake.resume();
        }
        if kept {
            client.read_until("way\r\n\n").await;
            client.send(Provider::OPENAI, "good", &target, &body).await;
            assert!(client.whole().await.contains("[DONE]"), "the mock answers the next request");
        } else {
            assert_eq!(client.0.read(&mut [0; 9]).await.is_err(), reset, "a reset is an error, an end is not");
        }
    }
    assert_eq!((fake.scripts_left(), fake.mock().total_calls()), (0, 1));
    let received = fake.take_received();
    assert_eq!((received.len(), fake.take_received().len()), (4, 0));
    assert_eq!(received[0].body, body.as_bytes());
    assert!(received[0].head.contains("authorization: Bearer sk-mock-good-"), "with the key that was used");
    assert!(!format!("{received:?}").contains("sk-mock"), "which prints nothing");
}

#[tokio::test]
async fn a_script_notices_when_its_client_leaves() {
    let fake = start();
    let chatter = Step::Repeat("x".into(), Duration::from_millis(1));
    for wait in [Step::UntilClosed, chatter] {
        fake.script([Step::stream_head(), wait]);
        let mut client = Client::connect(&fake).await;
        client.send(Provider::OPENAI, "good", "/v1/models", "").await;
        client.read_until("\r\n\r\n").await;
        let left = std::time::Instant::now();
        drop(client);
        assert!(fake.client_closed().await.duration_since(left) < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn the_control_api_is_on_the_same_port() {
    let server = start();
    let mut client = Client::connect(&server).await;
    let control = |method: &str, target: &str, head: &str, body: &str| {
        let length = body.len();
        format!("{method} {target} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {length}\r\n\r\n{body}")
    };
    let json = "Content-Type: application/json\r\n";
    let script = r#"{"provider":"openai","answer":{"says":"It rains."}}"#;
    client.0.write_all(control("POST", "/__mock/scripts", json, script).as_bytes()).await.unwrap();
    let answer = client.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(r#"{"added":1,"waiting":1}"#), "{answer}");
    let (target, body) = chat(Provider::OPENAI, "hi");
    client.send(Provider::OPENAI, "good", &target, &body).await;
    assert!(client.whole().await.contains(r#"{"content":"rains."}"#));
    client.0.write_all(control("GET", "/__mock/calls?provider=openai", "", "").as_bytes()).await.unwrap();
    let answer = client.read_until("]}").await;
    assert!(answer.contains(r#""total":1,"open":0,"aborted":0"#) && answer.contains(r#""last4":"ana1""#), "{answer}");
    assert!(!answer.contains("-good-"), "{answer}");
    for (method, target, head, body, status) in [
        ("POST", "/__mock/scripts", json, "{}", 400),
        ("POST", "/__mock/scripts", "", script, 415),
        ("POST", "/__mock/reset", "Origin: https://evil.example\r\n", "", 403),
        ("POST", "/__mock/reset", "Content-Type: text/plain\r\n", "", 415),
        ("PUT", "/__mock/reset", json, "", 405),
        ("GET", "/__mock/other", "", "", 404),
        ("POST", "/__mock/reset", "", "", 200),
    ] {
        client.0.write_all(control(method, target, head, body).as_bytes()).await.unwrap();
        let answer = client.read_until("}").await;
        // An error is an object in an object.
        let rest = if status == 200 { String::new() } else { client.read_until("}").await };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {target} {head}: {answer}{rest}");
        assert!(status == 200 || answer.contains(r#""error":{"message":"#), "{answer}");
    }
    assert_eq!(server.take_received().len(), 1, "requests to the control API are not recorded");
}
