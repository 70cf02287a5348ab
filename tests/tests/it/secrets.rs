//! No secret comes out: not in a log line at TRACE, not in an answer, not in the metrics, whatever goes wrong.
//!
//! One story with every error path, over real HTTP to providers that repeat keys wherever they can. It is told to the
//! server in this process and to the built program, and then everything that came out is searched.

use std::time::Duration;

use relay_adapters::http::Timeouts;
use relay_core::Provider;
use relay_mock::tcp::{MockServer, Step};
use relay_tests::process::{Folder, Process};
use relay_tests::scan::Scanner;
use relay_tests::upstream::{self, done, event};
use relay_tests::{Answer, Api, TestRelay, logs, says};
use reqwest::Method;
use serde_json::{Value, json as value};

/// What must not come out, and what came out.
#[derive(Default)]
struct Story {
    keys: Vec<String>,
    tokens: Vec<String>,
    prompts: Vec<String>,
    answers: Vec<Vec<u8>>,
    count: usize,
}

/// Models by provider, for chat.
fn model(provider: Provider) -> &'static str {
    match provider.name() {
        "anthropic" => "claude-haiku-4-5",
        "google" => "gemini-2.5-flash",
        _ => "gpt-4o-mini",
    }
}

impl Story {
    /// 24 characters that are nowhere else.
    fn unique(&mut self) -> String {
        self.count += 1;
        let mixed = (self.count as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        format!("Canary{mixed:016x}Xy")
    }

    fn key(&mut self, provider: Provider, behaviour: &str) -> String {
        let tag = self.unique();
        self.keys.push(relay_mock::sample_key(provider, behaviour, &format!("{tag}{:04}", self.count)));
        self.keys[self.keys.len() - 1].clone()
    }

    fn prompt(&mut self) -> String {
        let prompt = self.unique().replace("Canary", "Prompt");
        self.prompts.push(prompt.clone());
        prompt
    }

    fn saw(&mut self, answer: &Answer) {
        self.answers.push(format!("{} {:?}\n{}", answer.status, answer.headers, answer.text).into_bytes());
    }

    async fn token(&mut self, api: &Api, user: &str) -> String {
        self.tokens.push(api.token(user).await);
        self.tokens[self.tokens.len() - 1].clone()
    }

    async fn send(&mut self, api: &Api, path: &str, bearer: &str, body: impl Into<String>) -> Answer {
        let bearer = format!("Bearer {bearer}");
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/json"), ("x-relay-user", "ana")];
        let answer = api.send(Method::POST, path, &headers, body.into()).await;
        self.saw(&answer);
        answer
    }

    async fn connect(&mut self, api: &Api, provider: Provider) -> String {
        let (token, key) = (self.token(api, "ana").await, self.key(provider, "good"));
        let body = value!({"provider": provider.name(), "apiKey": key}).to_string();
        self.send(api, "/v1/registration", &token, body).await.expect(201);
        key
    }
}

/// Bodies of a registration that are wrong in all ways, with the key in them.
fn malformed_registrations(key: &str) -> Vec<String> {
    vec![
        format!(r#"{{"provider":"openai","apiKey":"{key}""#),
        format!(r#"{{"provider":"openai","apiKey":["{key}"]}}"#),
        format!(r#"{{"provider":"openai","apiKey":{{"{key}":1}}}}"#),
        format!(r#"{{"provider":"openai","apiKey":"{key} {key}"}}"#),
        format!(r#"{{"provider":"openai","apiKey":"{key}é"}}"#),
        format!(r#"{{"provider":"openai","apiKey":"{}"}}"#, key.repeat(20)),
        format!(r#"{{"provider":"{key}","apiKey":"{key}"}}"#),
        format!(r#"{{"provider":"openai","apiKey":"{key}","{key}":"x"}}"#),
        format!(r#"{{"provider":"openai","apiKey":"{key}","apiKey":"{key}"}}"#),
        format!(r#"{{"provider":"openai","apiKey":"{key}","workspaceId":["{key}"]}}"#),
        format!(r#"{{"provider":"openai","apiKey":"{}"}}"#, key.repeat(2000)),
        format!("apiKey={key}&provider=openai"),
        key.to_owned(),
    ]
}

async fn tell_registrations(story: &mut Story, api: &Api, upstream: &MockServer) {
    for provider in Provider::ALL {
        let token = story.token(api, "ana").await;
        story.saw(&api.call_as(&token, Method::GET, "/v1/registration", &Value::Null).await);
        let key = story.key(*provider, "good");
        for body in malformed_registrations(&key) {
            let answer = story.send(api, "/v1/registration", &token, body).await;
            assert!((400..500).contains(&answer.status), "{}", answer.text);
        }
        for behaviour in
            ["refused", "revoked", "workspace", "good", "restricted", "nocredit", "overloaded", "unreachable"]
        {
            let (token, key) = (story.token(api, "ana").await, story.key(*provider, behaviour));
            let body = value!({"provider": provider.name(), "apiKey": key}).to_string();
            story.send(api, "/v1/registration", &token, body.clone()).await;
            story.send(api, "/v1/registration", &token, body).await;
            let other = value!({"provider": provider.name(), "apiKey": story.key(*provider, "good")});
            story.send(api, "/v1/registration", &token, other.to_string()).await;
        }
        for echo in ECHOES {
            let (token, key) = (story.token(api, "ana").await, story.key(*provider, "good"));
            upstream.script(echo(&key));
            let body = value!({"provider": provider.name(), "apiKey": key}).to_string();
            story.send(api, "/v1/registration", &token, body).await;
        }
    }
}

/// Ways in which a provider repeats the key that it was sent.
const ECHOES: &[fn(&str) -> Vec<Step>] = &[
    |key| refusal(401, value!({"message": format!("Incorrect API key provided: {key}."), "code": "invalid_api_key"})),
    |key| {
        refusal(
            401,
            value!({"message": format!("bad key '{key}', \"{key}\" ({key}): {key}\n{key}"), "type": "authentication_error"}),
        )
    },
    |key| refusal(400, value!({"message": format!("https://x/v1?key={key}&alt=sse"), "type": "invalid_request_error"})),
    |key| refusal(400, value!({"message": "no", "type": key, "code": key, "param": key, "status": key})),
    |key| {
        refusal(418, value!({"message": format!("Bearer {key}"), "code": key, "details": [{"key": key, "@type": key}]}))
    },
    |key| refusal(403, value!({"message": format!("x{key}x"), "status": "PERMISSION_DENIED"})),
    |key| {
        refusal(429, value!({"message": format!("limit of {key}"), "type": "requests", "code": "rate_limit_exceeded"}))
    },
    |key| refusal(500, value!({"message": key})),
    |key| refusal(503, value!(key)),
    |key| {
        Step::json(
            400,
            &value!({"type": "error", "error": {"type": key, "message": key}, "request_id": key}).to_string(),
        )
    },
    |key| Step::json(404, &value!({"error": {"code": 404, "message": key, "status": key}}).to_string()),
    |key| Step::answer(500, "text/html", &format!("<h1>{key}</h1>")),
    |key| Step::answer(200, "text/html", &format!("<h1>{key}</h1>")),
    |key| Step::answer(400, key, key),
    |key| in_headers(400, key),
    |key| in_headers(200, key),
    |key| in_headers(429, key),
    |key| vec![Step::send(format!("HTTP/1.1 400 {key}\r\nconnection: close\r\n\r\n{{}}"))],
    |key| vec![Step::send(format!("{key}\r\n\r\n"))],
    |key| {
        vec![Step::send(format!(
            "HTTP/1.1 302 F\r\nlocation: http://127.0.0.1:1/?key={key}\r\nconnection: close\r\n\r\n"
        ))]
    },
    |key| {
        vec![
            Step::stream_head(),
            Step::send(format!("data: {{\"error\":{{\"message\":\"{key}\",\"code\":\"{key}\"}}}}\n\n")),
        ]
    },
    |key| {
        vec![
            Step::stream_head(),
            event("one"),
            Step::send(format!("data: {{\"error\":{{\"message\":\"{key}\"}}}}\n\n")),
        ]
    },
    |key| vec![Step::stream_head(), event("one"), Step::send(format!("data: <{key}>\n\n{key}: {key}\n\n"))],
    |key| vec![Step::stream_head(), event("one"), Step::send(format!("{key}\n{{\"error\":\"{key}\"}}\n"))],
];

fn refusal(status: u16, error: Value) -> Vec<Step> {
    Step::json(status, &value!({"error": error}).to_string())
}

fn in_headers(status: u16, key: &str) -> Vec<Step> {
    let names = [
        "x-request-id",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-should-retry",
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-tokens-reset",
        "x-gemini-service-tier",
        "openai-processing-ms",
        "openai-organization",
        "set-cookie",
    ];
    let lines: String = names.iter().map(|name| format!("{name}: {key}\r\n")).collect();
    vec![Step::send(format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{lines}\r\n{{\"error\":{{}}}}"
    ))]
}

/// Calls that fail at the provider, after which the connection may be refused and is connected again.
async fn tell_echoes(story: &mut Story, api: &Api, upstream: &MockServer) {
    for provider in Provider::ALL {
        for echo in ECHOES {
            let key = story.connect(api, *provider).await;
            for stream in [false, true] {
                upstream.script(echo(&key));
                let mut body = says(model(*provider), &story.prompt());
                body["stream"] = value!(stream);
                story.send(api, "/v1/chat/completions", &api.key, body.to_string()).await;
            }
            upstream.script(echo(&key));
            let path = format!("/v1/users/ana/connections/{}/verify", provider.name());
            story.send(api, &path, &api.key, "{}").await;
        }
        story.connect(api, *provider).await;
        upstream.script(ECHOES[0](&story.key(*provider, "good")));
        let models = format!("Bearer {}", api.key);
        let headers = [("authorization", models.as_str()), ("x-relay-user", "ana")];
        let answer = api.send(Method::GET, "/v1/models", &headers, "").await;
        story.saw(&answer);
    }
}

/// The same with a key of no known form, which nothing but its own bytes can tell from other words.
async fn tell_echoes_of_an_odd_key(story: &mut Story, api: &Api, upstream: &MockServer) {
    for provider in Provider::ALL {
        for echo in ECHOES {
            let key = story.unique();
            story.keys.push(key.clone());
            let token = story.token(api, "ana").await;
            let body = value!({"provider": provider.name(), "apiKey": key}).to_string();
            upstream.script(Step::json(200, r#"{"data":[],"models":[]}"#));
            story.send(api, "/v1/registration", &token, body).await.expect(201);
            for stream in [false, true] {
                upstream.script(echo(&key));
                let mut body = says(model(*provider), &story.prompt());
                body["stream"] = value!(stream);
                story.send(api, "/v1/chat/completions", &api.key, body.to_string()).await;
            }
        }
    }
}

/// Providers that take too long, in every phase.
async fn tell_timeouts(story: &mut Story, api: &Api, upstream: &MockServer) {
    for provider in Provider::ALL {
        let key = story.connect(api, *provider).await;
        let beginnings = [
            vec![],
            vec![Step::stream_head(), event("one")],
            vec![Step::send(format!("HTTP/1.1 400 No\r\n\r\n{key}"))],
        ];
        for beginning in beginnings {
            for stream in [false, true] {
                upstream.script(beginning.iter().cloned().chain([Step::UntilClosed]));
                let mut body = says(model(*provider), &story.prompt());
                body["stream"] = value!(stream);
                story.send(api, "/v1/chat/completions", &api.key, body.to_string()).await;
            }
        }
    }
}

/// Calls that work, and calls that are the caller's mistakes.
async fn tell_calls(story: &mut Story, api: &Api, upstream: &MockServer) {
    for provider in Provider::ALL {
        story.connect(api, *provider).await;
        for directive in [
            "",
            "{{error_midstream}}",
            "{{cut}}",
            "{{break}}",
            "{{status=503}}",
            "{{garbage}}",
            "{{html}}",
            "{{think}}",
        ] {
            for stream in [false, true] {
                let mut body = says(model(*provider), &format!("{directive} {}", story.prompt()));
                body["stream"] = value!(stream);
                story.send(api, "/v1/chat/completions", &api.key, body.to_string()).await;
            }
        }
        let prompt = story.prompt();
        for body in [
            format!(r#"{{"model":"{}","messages":[{{"role":"user","content":"{prompt}""#, model(*provider)),
            format!(r#"{{"model":"{}","messages":"{prompt}"}}"#, model(*provider)),
            format!(r#"{{"model":"{}","messages":[{{"role":"{prompt}","content":["{prompt}"]}}]}}"#, model(*provider)),
            format!(r#"{{"messages":[{{"role":"user","content":"{prompt}"}}]}}"#),
        ] {
            let answer = story.send(api, "/v1/chat/completions", &api.key, body).await;
            assert!((400..500).contains(&answer.status), "{}", answer.text);
        }
    }
    // An answer that no log may have either.
    let text = story.prompt();
    upstream.script([Step::stream_head(), event(&text), done()]);
    let body = value!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "stream": true});
    let answer = story.send(api, "/v1/chat/completions", &api.key, body.to_string()).await.expect(200);
    assert!(answer.text.contains(&text));
    let embeddings = value!({"model": "text-embedding-3-small", "input": story.prompt()});
    story.send(api, "/v1/embeddings", &api.key, embeddings.to_string()).await.expect(200);
}

/// Secrets where they do not belong.
async fn tell_misplaced(story: &mut Story, api: &Api, rly: &str) {
    let key = story.key(Provider::OPENAI, "good");
    let token = story.token(api, "ana").await;
    let body = says("gpt-4o-mini", "hi").to_string();
    for secret in [&key, &token, &rly.to_owned(), &api.key] {
        for bearer in [secret.as_str(), &secret[..secret.len() - 1], &format!("{secret}x"), &format!(" {secret}")] {
            story.send(api, "/v1/chat/completions", bearer, body.clone()).await;
            story.send(api, "/v1/registration", bearer, body.clone()).await;
        }
        let bearer = format!("Bearer {}", api.key);
        for path in [
            format!("/v1/chat/completions?key={secret}"),
            format!("/v1/{secret}"),
            format!("/v1/users/ana/connections/{secret}"),
            format!("/v1/models/{secret}"),
            format!("/connect?token={secret}"),
        ] {
            let headers =
                [("authorization", bearer.as_str()), ("content-type", "application/json"), ("x-relay-user", "ana")];
            api.send(Method::POST, &path, &headers, body.clone()).await;
            api.send(Method::GET, &path, &headers, "").await;
            api.send(Method::DELETE, &path, &headers, "").await;
        }
        for name in [
            "x-relay-user",
            "x-relay-paid",
            "cookie",
            "x-other",
            "x-request-id",
            "x-relay-request-id",
            "x-relay-page-origin",
            "x-stainless-retry-count",
            "idempotency-key",
            "origin",
            "referer",
            "user-agent",
            "traceparent",
            "x-forwarded-for",
            "accept-encoding",
            "content-encoding",
            "expect",
            secret.as_str(),
        ] {
            for path in ["/v1/chat/completions", "/v1/registration-tokens", "/v1/registration", "/nothing"] {
                let headers =
                    [("authorization", bearer.as_str()), ("content-type", "application/json"), (name, secret.as_str())];
                api.send(Method::POST, path, &headers, body.clone()).await;
            }
        }
        for text in [
            says(secret, "hi").to_string(),
            says(&format!("gpt-{secret}"), "hi").to_string(),
            value!({"user": secret}).to_string(),
            value!({"user": secret, "provider": secret, "allowedOrigins": [secret]}).to_string(),
            value!({secret.as_str(): secret}).to_string(),
        ] {
            for path in ["/v1/chat/completions", "/v1/embeddings", "/v1/registration-tokens"] {
                let headers =
                    [("authorization", bearer.as_str()), ("content-type", "application/json"), ("x-relay-user", "ana")];
                api.send(Method::POST, path, &headers, text.clone()).await;
            }
        }
        // A token68 is a method by the grammar of HTTP.
        let method = Method::from_bytes(secret.as_bytes()).unwrap();
        for path in ["/v1/chat/completions", "/api/health", "/nothing"] {
            story.saw(&api.send(method.clone(), path, &[], "").await);
        }
        let twice = [("authorization", bearer.as_str()), ("authorization", secret.as_str()), ("x-relay-user", "ana")];
        story.saw(&api.send(Method::POST, "/v1/chat/completions", &twice, body.clone()).await);
    }
}

/// The widget's pages and calls, with the token where it belongs, and where it does not.
async fn tell_pages(story: &mut Story, api: &Api) {
    let (token, key) = (story.token(api, "ana").await, story.key(Provider::OPENAI, "good"));
    let issued = api.call(Method::POST, "/v1/registration-tokens", &value!({"user": "ana"})).await.expect(201).json();
    let connect_url = issued["connectUrl"].as_str().unwrap();
    let (address, fragment) = connect_url.split_once('#').unwrap();
    story.tokens.push(fragment.to_owned());
    let grant = address.split_once("?grant=").unwrap().1;
    let bearers = [format!("Bearer {token}"), format!("Bearer {fragment}"), format!("Bearer {key}")];
    for value in [grant, &token, fragment, &key] {
        let mut paths = vec!["/widget.js".to_owned(), "/api/widget".to_owned()];
        paths
            .extend(["frame", "connect"].map(|page| format!("/{page}?grant={value}&return_url={value}&state={value}")));
        paths.extend([format!("/widget/{value}/{value}"), format!("/v1/registration?returnUrl={value}")]);
        for bearer in &bearers {
            let headers = [
                ("authorization", bearer.as_str()),
                ("origin", value),
                ("x-relay-page-origin", value),
                ("if-none-match", value),
                ("accept-encoding", "identity"),
            ];
            // A page's own origin is what it may read.
            let (with_origin, without) = (headers, [headers[0], headers[2], headers[3], headers[4]]);
            for path in &paths {
                story.saw(&api.send(Method::GET, path, &without, "").await);
                api.send(Method::GET, path, &with_origin, "").await;
            }
            let path = format!("/v1/registration/connections/{value}");
            story.saw(&api.send(Method::DELETE, &path, &without, "").await);
            let path = "/v1/registration/connections/openai";
            story.saw(&api.send(Method::DELETE, path, &without, "").await);
        }
    }
}

async fn tell(api: &Api, upstream: &MockServer, other_rly: &str) -> Story {
    let mut story = Story::default();
    tell_calls(&mut story, api, upstream).await;
    tell_registrations(&mut story, api, upstream).await;
    tell_echoes(&mut story, api, upstream).await;
    tell_echoes_of_an_odd_key(&mut story, api, upstream).await;
    tell_misplaced(&mut story, api, other_rly).await;
    tell_pages(&mut story, api).await;
    assert_eq!(upstream.scripts_left(), 0, "a provider was not asked");
    story
}

/// The part of a secret that must be nowhere; its last four characters are shown on purpose.
fn core(secret: &str) -> &str {
    &secret[secret.len().saturating_sub(28)..secret.len() - 4]
}

/// Fails if a secret is in one of these.
#[track_caller]
fn search(what: &str, secrets: &[String], places: &[Vec<u8>]) {
    let scanner = Scanner::new(secrets.iter().map(|secret| core(secret)));
    let mut bytes = 0;
    let mut found = Vec::new();
    for place in places {
        bytes += place.len();
        for hit in scanner.all_in(place) {
            let around = &place[hit.at.saturating_sub(300)..(hit.at + 100).min(place.len())];
            found.push(format!("{}: {}", hit.encoding, String::from_utf8_lossy(around)));
        }
    }
    assert!(found.is_empty(), "{} times in {what}:\n{}", found.len(), found[..found.len().min(12)].join("\n---\n"));
    println!("{} secrets: 0 hits in {bytes} bytes of {what}", secrets.len());
}

/// Searches everything that came out.
async fn search_all(story: &Story, others: &[String], log: Vec<u8>, metrics: &str) {
    let secrets: Vec<String> = story.keys.iter().chain(&story.tokens).chain(others).cloned().collect();
    let metrics = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("relay_") && metrics.contains("\nrelay_log_dropped 0\n"), "{metrics}");
    let everything: Vec<String> = secrets.iter().chain(&story.prompts).cloned().collect();
    assert!(log.len() > 10_000, "the log has {} bytes only", log.len());
    search("the log", &everything, &[log]);
    search("the metrics", &everything, &[metrics.into_bytes()]);
    search("the answers", &secrets, &story.answers);
}

#[actix_web::test]
async fn no_secret_comes_out_of_the_server() {
    let upstream = upstream::start();
    let begin = logs::len();
    let builder = TestRelay::with().clients(upstream::clients(&upstream, Timeouts::default()));
    let relay = builder.options(|options| options.metrics_listen = Some(([127, 0, 0, 1], 0).into())).start().await;
    let other = relay.new_project().await;
    let mut story = tell(&relay, &upstream, &other).await;
    let short = Duration::from_millis(200);
    let timeouts =
        Timeouts { first_byte_of_stream: short, first_byte_of_whole: short, gap: short, ..Timeouts::default() };
    let hasty = TestRelay::with().clients(upstream::clients(&upstream, timeouts)).start().await;
    tell_timeouts(&mut story, &hasty, &upstream).await;
    let metrics = relay.running().metrics_addr.unwrap().to_string();
    let others = [relay.secrets(), hasty.secrets()].concat();
    search_all(&story, &others, logs::since(begin), &metrics).await;
}

/// Secrets where HTTP's framing is expected, which the server refuses before Relay sees the request.
async fn tell_framing(api: &Api, secrets: &[String]) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = api.url.strip_prefix("http://").unwrap();
    for secret in secrets {
        for head in [
            format!("POST /v1/registration HTTP/1.1\r\nhost: x\r\ncontent-length: {secret}\r\n\r\n"),
            format!("POST /v1/registration HTTP/1.1\r\nhost: x\r\ntransfer-encoding: {secret}\r\n\r\n"),
            format!("POST /v1/registration HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{secret}\r\n"),
            format!("GET / HTTP/{secret}\r\nhost: x\r\n\r\n"),
            format!("GET {secret} HTTP/1.1\r\nhost: x\r\n\r\n"),
            format!("{secret}\r\n\r\n"),
            format!("GET /api/health HTTP/1.1\r\nhost: {secret}\r\nupgrade: {secret}\r\nconnection: {secret}\r\n\r\n"),
            format!("GET /api/health HTTP/1.1\r\nhost: x\r\n{secret}\r\n\r\n"),
            format!("GET /api/health HTTP/1.1\r\nhost: x\r\nexpect: {secret}\r\n\r\n"),
        ] {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            // The server may reset the connection.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }
}

#[actix_web::test]
async fn no_secret_comes_out_of_the_built_program() {
    let (folder, upstream) = (Folder::init(), upstream::start());
    let metrics = free_address();
    let mut command = folder.serve();
    command.envs(upstream::settings(&upstream)).env("RELAY_METRICS_LISTEN", &metrics);
    command.env("RELAY_LOG_LEVEL", "trace");
    let server = Process::start(command, &folder.key);
    let other = Folder::init();
    let story = tell(&server.api, &upstream, &other.key).await;
    let some: Vec<String> = story.keys.iter().chain(&story.tokens).take(3).chain([&folder.key]).cloned().collect();
    tell_framing(&server.api, &some).await;
    let others = [folder.master_key(), folder.key.clone(), other.key.clone()];
    let [stdout, stderr] = server.said();
    search_all(&story, &others, [stdout, stderr].concat(), &metrics).await;
    server.signal("TERM");
    let ended = server.wait();
    let secrets: Vec<String> = story.keys.iter().chain(&story.tokens).chain(&others).cloned().collect();
    search("all output of the process", &secrets, &[ended.stdout, ended.stderr]);
}

fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
