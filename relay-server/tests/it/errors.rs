//! What is described is there, and what is there is described.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::TestServer;
use crate::routes;

async fn document(test: &TestServer) -> Value {
    test.request("GET", "/openapi.json").send().await.json()
}

#[tokio::test]
async fn the_description_lists_every_path_and_method_and_no_other() {
    let test = TestServer::start().await;
    let document = document(&test).await;
    let script = test.request("GET", "/api/widget").send().await.json()["script"].as_str().unwrap().to_owned();
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    for (path, operations) in document["paths"].as_object().unwrap() {
        let real = path.replace("{label}", "ana").replace("{provider}", "openai").replace("{id}", "gpt-4o-mini");
        let real = real.replace("/widget/{version}/{file}", &script);
        let described: BTreeSet<_> = operations.as_object().unwrap().keys().map(|key| key.to_uppercase()).collect();
        for method in methods {
            let answer = test.request(method, &real).send().await;
            assert_ne!(answer.status, 404, "{path} is not there");
            assert_eq!(answer.status != 405, described.contains(method), "{method} {path}");
            if answer.status == 405 && method != "HEAD" {
                answer.assert_error(405, "method_not_allowed");
                let allowed: BTreeSet<_> = answer.header("allow").unwrap().split(", ").map(str::to_owned).collect();
                assert_eq!(allowed, described, "{path}");
            }
        }
    }
}

/// The other way round: each route of the table, with its methods.
#[tokio::test]
async fn every_route_is_described() {
    let document = document(&TestServer::start().await).await;
    let with_values = |path: &String| {
        let values =
            [("{provider}", "openai"), ("{label}", "ana"), ("{version}", "1"), ("{file}", "x.js"), ("{id}", "gpt-4o")];
        values.iter().fold(path.clone(), |path, (name, value)| path.replace(name, value))
    };
    let methods = |item: &Value| item.as_object().unwrap().keys().map(|key| key.to_uppercase()).collect();
    let described: BTreeMap<String, BTreeSet<String>> =
        document["paths"].as_object().unwrap().iter().map(|(path, item)| (with_values(path), methods(item))).collect();
    let listed = routes::all().into_iter().map(|row| (row.path, row.methods.into_iter().map(str::to_owned).collect()));
    assert_eq!(listed.collect::<BTreeMap<String, BTreeSet<String>>>(), described);
}

#[tokio::test]
async fn every_reference_in_the_description_leads_somewhere() {
    let test = TestServer::start().await;
    let document = document(&test).await;
    let mut left = vec![&document];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => left.extend(members.values()),
            Value::Array(items) => left.extend(items),
            _ => {}
        }
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn an_answer_has_the_members_that_are_described() {
    let test = TestServer::start().await;
    let document = document(&test).await;
    let token = format!("Bearer {}", test.registration_token("bo").await);
    for (schema, answer) in [
        ("Health", test.request("GET", "/api/health").send().await),
        ("Status", test.request("GET", "/api/health/ready").send().await),
        ("Error", test.request("GET", "/v1/users").send().await),
        ("UserPage", test.as_app("GET", "/v1/users").send().await),
        ("Usage", test.as_app("GET", "/v1/usage").send().await),
        ("Registration", test.request("GET", "/v1/registration").header("authorization", &token).send().await),
        ("Home", test.request("GET", "/").send().await),
        ("Widget", test.request("GET", "/api/widget").send().await),
        ("Connection", test.as_app("POST", "/v1/users/ana/connections/google/verify").send().await),
        ("ModelList", test.as_app("GET", "/v1/models").header("x-relay-user", "ana").send().await),
        ("Model", test.as_app("GET", "/v1/models/gpt-4o-mini").header("x-relay-user", "ana").send().await),
    ] {
        let described = document["components"]["schemas"][schema]["properties"].as_object().unwrap();
        let described: BTreeSet<_> = described.keys().cloned().collect();
        let members: BTreeSet<_> = answer.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, described, "{schema}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_an_error_like_any_other() {
    let test = TestServer::start().await;
    for path in
        ["/v1", "/v1/responses", "/v2/chat/completions", "/v1/chat/completions/x", "/V1/models", "/v1/users/a/b"]
    {
        let error = test.as_app("POST", path).send().await.assert_error(404, "unknown_endpoint");
        assert_eq!(error["type"], "invalid_request_error", "{path}");
    }
    let odd = test.request("GET", "/%0d%0ax%3Cscript%3E").send().await.assert_error(404, "unknown_endpoint");
    assert!(!odd["message"].as_str().unwrap().contains('\n'));
}

/// What goes wrong with a base URL, and calls of APIs that Relay does not serve.
#[tokio::test]
async fn an_unknown_path_says_what_was_probably_meant() {
    let test = TestServer::start().await;
    let once = "a base URL ends in `/v1`, which appears once";
    for (path, hints) in [
        ("/chat/completions", [once, "`/v1/chat/completions`"]),
        ("//v1/chat/completions", [once, "`/v1/chat/completions`"]),
        ("/v1//chat/completions", [once, "`/v1/chat/completions`"]),
        ("/v1/v1/chat/completions", [once, "`/v1/chat/completions`"]),
        ("/v1/v1/v1/models/gpt-4o-mini", [once, "`/v1/models/gpt-4o-mini`"]),
        ("/api/v1/embeddings", [once, "`/v1/embeddings`"]),
        ("/v2/chat/completions", [once, "`/v1/chat/completions`"]),
        ("/v1/chat/completions/chat/completions", [once, "`/v1/chat/completions`"]),
        ("/v1/chat/completions/models", [once, "`/v1/models`"]),
        ("/registration-tokens", [once, "`/v1/registration-tokens`"]),
        ("/users/ana/connections/openai/verify", [once, "`/v1/users/ana/connections/openai/verify`"]),
        ("/v1/responses", ["Responses API", "chat.completions.create"]),
        ("/responses", ["Responses API", "chat.completions.create"]),
        ("/v1/v1/responses/resp_1", ["Responses API", "chat.completions.create"]),
        ("/v1/completions", ["Completions API", "/v1/chat/completions"]),
        ("/v1/messages", ["Anthropic's API", "/v1/chat/completions"]),
        ("/v1beta/models/gemini-2.5-flash:generateContent", ["Google's API", "/v1/chat/completions"]),
        ("/openai/deployments/x/chat/completions", ["Azure", "plain OpenAI client"]),
        ("/v1/images/generations", ["Relay serves chat completions", "/docs"]),
        ("/something/else", ["does not exist", "/openapi.json"]),
    ] {
        let error = test.as_app("POST", path).send().await.assert_error(404, "unknown_endpoint");
        let message = error["message"].as_str().unwrap();
        assert!(hints.iter().all(|hint| message.contains(hint)), "{path}: {message}");
    }
}

#[tokio::test]
async fn metrics_count_without_naming_anyone() {
    let test = TestServer::with(|options| options.metrics_listen = Some(([127, 0, 0, 1], 0).into())).await;
    test.chat("gpt-4o-mini", "hi", true).send().await;
    test.chat("claude-haiku-4-5", "hi", false).send().await;
    test.request("GET", "/v1/users").send().await;
    test.request("GET", "/a/b/c").send().await;
    let mut stream = test.chat("gpt-4o-mini", "{{silent}}", true).open().await;
    stream.read_text("data: ").await;
    let text = metrics(&test).await;
    assert!(text.contains("relay_streams_active 1"), "{text}");
    stream.leave();
    // The call is metered a moment after the provider's side of it has ended.
    let mut text = metrics(&test).await;
    while !text.contains("outcome=\"cancelled\"") {
        text = metrics(&test).await;
    }
    for line in [
        "relay_http_requests_total{method=\"POST\",route=\"/v1/chat/completions\",status=\"200\"}",
        "relay_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"} 1",
        "relay_http_request_duration_seconds_count{route=\"/v1/users\"} 1",
        "relay_upstream_requests_total{endpoint=\"chat\",outcome=\"complete\",provider=\"anthropic\"} 1",
        "relay_upstream_requests_total{endpoint=\"chat\",outcome=\"cancelled\",provider=\"openai\"} 1",
        "relay_auth_failures_total{reason=\"invalid_relay_key\"} 1",
        "relay_stream_cancelled_total{by=\"client\"} 1",
        "relay_streams_active 0",
        "relay_panics_total 0",
        "relay_draining 0",
        "relay_usage_dropped 0",
        "relay_build_info{version=",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    for name in ["ana", "rly-", "gpt-4o-mini", "prj_"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    test.request("GET", "/metrics").send().await.assert_error(404, "unknown_endpoint");
}

async fn metrics(test: &TestServer) -> String {
    let mut connection = crate::harness::Connection::to(test.running.metrics_addr.unwrap()).await;
    connection.write(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await;
    connection.answer(false).await.text()
}
