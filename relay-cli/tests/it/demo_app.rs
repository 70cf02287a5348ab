//! The app that `relay demo` leaves running: a page of its own origin, and a backend that has the Relay key.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::run::relay;

/// A demo under way; it ends with the test.
struct Demo {
    child: Child,
    /// Without a slash at the end.
    app: String,
    relay: String,
    relay_key: String,
    client: Client,
    _temporary: TempDir,
}

impl Demo {
    fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = relay();
        command.env("TMPDIR", temporary.path()).args(["demo", "--json", "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            (line["ready"] == true).then_some(line)
        });
        let ready = ready.expect("it says that it is ready");
        relay_adapters::http::install_crypto();
        Self {
            child,
            app: ready["appUrl"].as_str().unwrap().trim_end_matches('/').to_owned(),
            relay: ready["baseUrl"].as_str().unwrap().trim_end_matches("/v1").to_owned(),
            relay_key: ready["relayKey"].as_str().unwrap().to_owned(),
            client: Client::builder().no_proxy().build().unwrap(),
            _temporary: temporary,
        }
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.app)).send().await.unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.app)).header("content-type", "application/json");
        request.body(body.to_string())
    }

    /// A visitor in this situation: their session, and the response that their page got.
    async fn visitor(&self, case: &str) -> (String, Value) {
        let answer = self.post("/start", &json!({ "case": case })).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{case}");
        let session = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(session.contains("HttpOnly") && session.contains("SameSite=Strict"), "{session}");
        let session = session.split(';').next().unwrap().to_owned();
        (session, body(answer).await)
    }

    /// What the widget in the app's page would get from Relay with this token.
    async fn registration(&self, token: &Value) -> (u16, Value) {
        let url = format!("{}/v1/registration", self.relay);
        let request = self.client.get(url).header("origin", &self.app).bearer_auth(token.as_str().unwrap());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), body(answer).await)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

async fn body(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_visitor_connects_a_key_on_another_origin_and_the_app_chats_with_it() {
    let demo = Demo::start();
    let (session, visitor) = demo.visitor("fresh").await;
    assert!(demo.app.starts_with("http://localhost:") && demo.relay.starts_with("http://127.0.0.1:"));

    // As the widget would, from the app's page.
    let key = json!({ "provider": "anthropic", "apiKey": "sk-ant-mock-good-1234" });
    let url = format!("{}/v1/registration", demo.relay);
    let request = demo.client.post(url).header("origin", &demo.app).header("content-type", "application/json");
    let token = visitor["registrationToken"].as_str().unwrap();
    let stored = request.bearer_auth(token).body(key.to_string()).send().await.unwrap();
    assert_eq!(stored.status(), 201);

    let question = json!({ "model": "claude-haiku-4-5", "message": "Hello" });
    let answer = demo.post("/chat", &question).header("cookie", &session).send().await.unwrap();
    assert_eq!(answer.headers()["x-relay-key"], "anthropic/...1234");
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let stream = answer.text().await.unwrap();
    assert!(stream.contains("Hello") && stream.ends_with("data: [DONE]\n\n"), "{stream}");

    let account = demo.client.get(format!("{}/account", demo.app)).header("cookie", &session).send().await.unwrap();
    assert_eq!(body(account).await["connections"][0]["last4"], "1234");

    // The next token is for the same user.
    let next = demo.post("/token", &json!({})).header("cookie", &session).send().await.unwrap();
    let (status, registration) = demo.registration(&body(next).await["registrationToken"]).await;
    assert_eq!((status, registration["connections"][0]["provider"].as_str()), (200, Some("anthropic")));
    assert_eq!(registration["endUserLabel"], visitor["user"]);
}

#[tokio::test]
async fn every_situation_is_what_it_says() {
    let demo = Demo::start();
    for (case, want) in [
        ("fresh", Ok((0, true))),
        ("connected", Ok((2, true))),
        ("kept", Ok((2, false))),
        ("expired", Err((410, "registration_token_expired"))),
        ("used", Err((410, "registration_token_used"))),
        ("elsewhere", Err((403, "origin_not_allowed"))),
    ] {
        let (_, visitor) = demo.visitor(case).await;
        let (status, found) = demo.registration(&visitor["registrationToken"]).await;
        let got = match status {
            200 => Ok((found["connections"].as_array().unwrap().len(), found["replace"] == true)),
            _ => Err((status, found["error"]["code"].as_str().unwrap())),
        };
        assert_eq!(got, want, "{case}: {found}");
    }
}

#[tokio::test]
async fn the_hosted_page_may_return_to_the_app() {
    let demo = Demo::start();
    let (_, visitor) = demo.visitor("fresh").await;
    let back = format!("{}/back", demo.app);
    let encoded = back.replace(':', "%3A").replace('/', "%2F");
    let url = format!("{}/v1/registration?returnUrl={encoded}", demo.relay);
    let token = visitor["registrationToken"].as_str().unwrap();
    let answer = demo.client.get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(body(answer).await["returnUrl"], back);
    assert_eq!(demo.get("/back").await.status(), 200);
}

#[tokio::test]
async fn nobody_is_served_without_a_session_or_from_another_page() {
    let demo = Demo::start();
    let question = json!({ "model": "gpt-4o-mini", "message": "Hello" });
    assert_eq!(demo.post("/chat", &question).send().await.unwrap().status(), 401);
    assert_eq!(demo.post("/token", &json!({})).send().await.unwrap().status(), 401);
    // What a form of another page could send without asking first.
    let form = demo.client.post(format!("{}/start", demo.app)).header("content-type", "text/plain");
    assert_eq!(form.body(r#"{"case":"fresh"}"#).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn pages_have_a_strict_policy_and_all_that_they_name_is_served() {
    let demo = Demo::start();
    let mut named = Vec::new();
    for path in ["/", "/hostile", "/strict", "/back"] {
        let page = demo.get(path).await;
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{path}: {policy}");
        let html = page.text().await.unwrap();
        assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("{{"), "{path}");
        assert!(!html.contains(&demo.relay_key), "{path}");
        assert_eq!(html.matches("<script").count(), html.matches("></script>").count(), "{path}: no inline script");
        named.extend(quoted_after(&html, "=\"/").filter(|name| name.contains('.')));
    }
    let strict = demo.get("/strict").await;
    let policy = strict.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with("require-trusted-types-for 'script'; trusted-types 'none'"), "{policy}");
    assert!(policy.contains("connect-src 'self';"), "the page itself never calls Relay: {policy}");

    let mut seen: Vec<String> = Vec::new();
    while let Some(name) = named.pop() {
        if seen.contains(&name) {
            continue;
        }
        let file = demo.get(&format!("/{name}")).await;
        assert_eq!(file.status(), 200, "{name}");
        named.extend(quoted_after(&file.text().await.unwrap(), "from \"./"));
        seen.push(name);
    }
    assert!(seen.len() >= 10, "{seen:?}");
}

/// The texts between this beginning and the next quotation mark.
fn quoted_after<'a>(text: &'a str, beginning: &'a str) -> impl Iterator<Item = String> + 'a {
    text.split(beginning).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned)
}

/// As docs/mock.md says of a server with simulated providers.
#[tokio::test]
async fn the_demos_providers_can_be_scripted_and_show_what_they_were_sent() {
    let demo = Demo::start();
    let control = |path: &str| format!("{}/__mock/{path}", demo.relay);
    let calls = async || body(demo.client.get(control("calls")).send().await.unwrap()).await;
    assert_eq!(calls().await["total"], 0, "those of the script are forgotten");
    let script = json!({ "provider": "openai", "for": "chat", "answer": { "says": "It rains in Seoul." } });
    let scripted = demo.client.post(control("scripts")).header("content-type", "application/json");
    assert_eq!(scripted.body(script.to_string()).send().await.unwrap().status(), 200);
    let chat = json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": "How is the weather?" }] });
    let request = demo.client.post(format!("{}/v1/chat/completions", demo.relay)).bearer_auth(&demo.relay_key);
    let request = request.header("x-relay-user", "jieun_123").header("content-type", "application/json");
    let answer = body(request.body(chat.to_string()).send().await.unwrap()).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "It rains in Seoul.");
    let seen = calls().await;
    assert_eq!((&seen["total"], &seen["calls"][0]["scripted"]), (&json!(1), &json!(true)));
    assert_eq!(seen["calls"][0]["body"]["messages"], chat["messages"]);
    // A page can't reach it, the demo's own app neither.
    let reset = demo.client.post(control("reset")).header("origin", &demo.app).send().await.unwrap();
    assert_eq!(reset.status(), 403);
}
