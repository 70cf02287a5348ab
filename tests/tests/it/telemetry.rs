//! Traces and metrics over OTLP, received by a collector of our own from the built server.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message as _;
use relay_core::Provider;
use relay_tests::process::{Folder, Process};
use relay_tests::{Api, says, streams};
use reqwest::Method;
use serde_json::json;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// One request to the collector.
struct Got {
    path: String,
    authorization: String,
    body: Vec<u8>,
}

/// What a collector got.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<Got>>>);

impl Collected {
    fn spans(&self) -> Vec<Span> {
        let all = self.0.lock().unwrap();
        let traces = all.iter().filter(|got| got.path == "/otlp/v1/traces");
        let exports = traces.map(|got| ExportTraceServiceRequest::decode(got.body.as_slice()).unwrap());
        let scopes = exports.flat_map(|export| export.resource_spans).flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    fn metric_names(&self) -> Vec<String> {
        let all = self.0.lock().unwrap();
        let metrics = all.iter().filter(|got| got.path == "/otlp/v1/metrics");
        let exports = metrics.map(|got| ExportMetricsServiceRequest::decode(got.body.as_slice()).unwrap());
        let scopes = exports.flat_map(|export| export.resource_metrics).flat_map(|resource| resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name).collect()
    }
}

/// A collector on a free port. It answers nothing if `silent`.
fn collector(silent: bool) -> (String, Collected) {
    let (sender, port) = mpsc::channel();
    let collected = Collected::default();
    let kept = collected.clone();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let take = move |request: HttpRequest, body: web::Bytes| {
                let authorization =
                    request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
                let got = Got {
                    path: request.path().to_owned(),
                    authorization: authorization.unwrap_or_default(),
                    body: body.to_vec(),
                };
                kept.0.lock().unwrap().push(got);
                async move {
                    if silent {
                        std::future::pending::<()>().await;
                    }
                    HttpResponse::Ok().content_type("application/x-protobuf").body("")
                }
            };
            let app = move || App::new().default_service(web::to(take.clone()));
            let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
            sender.send(server.addrs()[0].port()).unwrap();
            server.run().await.unwrap();
        });
    });
    (format!("http://127.0.0.1:{}/otlp", port.recv().unwrap()), collected)
}

fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        Some(Any::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn chat(api: &Api, traceparent: Option<&str>, body: &serde_json::Value) -> (u16, String) {
    let bearer = format!("Bearer {}", api.key);
    let mut headers =
        vec![("authorization", bearer.as_str()), ("content-type", "application/json"), ("x-relay-user", "ana-label")];
    headers.extend(traceparent.map(|value| ("traceparent", value)));
    let answer = api.send(Method::POST, "/v1/chat/completions", &headers, body.to_string()).await;
    (answer.status, answer.header("x-relay-request-id"))
}

#[actix_web::test]
async fn a_call_is_two_spans_of_its_callers_trace() {
    let (endpoint, collected) = collector(false);
    let folder = Folder::init();
    let headers = folder.path().join("collector");
    std::fs::write(&headers, "authorization: Bearer for-the-collector\n").unwrap();
    std::fs::set_permissions(&headers, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut command = folder.serve();
    command.env("RELAY_TELEMETRY_ENDPOINT", &endpoint).env("RELAY_TELEMETRY_HEADERS_FILE", &headers);
    let server = Process::start(command, &folder.key);
    let key = server.api.connect("ana-label", Provider::OPENAI, "good").await;

    let sampled = format!("00-{TRACE}-{SPAN}-01");
    let (status, request) = chat(&server.api, Some(&sampled), &streams("gpt-4o-mini", "a secret prompt")).await;
    assert_eq!(status, 200);
    let unsampled = format!("00-{}-{SPAN}-00", TRACE.replace('4', "5"));
    assert_eq!(chat(&server.api, Some(&unsampled), &says("gpt-4o-mini", "hello")).await.0, 200);
    assert_eq!(chat(&server.api, Some("not a traceparent"), &says("no-such-model", "hello")).await.0, 404);
    server.signal("TERM");
    server.wait();

    let spans = collected.spans();
    let mut names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["POST /v1/chat/completions", "POST /v1/chat/completions", "chat gpt-4o-mini"]);
    let of_trace = |span: &&Span| hex(&span.trace_id) == TRACE;
    let served = spans.iter().filter(of_trace).find(|span| span.kind == SpanKind::Server as i32).unwrap();
    assert_eq!(hex(&served.parent_span_id), SPAN);
    assert_eq!(attribute(&served.attributes, "relay.request_id"), request);
    assert_eq!(attribute(&served.attributes, "http.response.status_code"), "200");
    assert_eq!(attribute(&served.attributes, "relay.outcome"), "complete");
    let steps: Vec<_> = served.events.iter().map(|step| step.name.as_str()).collect();
    assert!(steps.contains(&"unsealed") && steps.contains(&"first_byte"), "{steps:?}");
    assert!(
        served
            .events
            .iter()
            .all(|step| (served.start_time_unix_nano..=served.end_time_unix_nano).contains(&step.time_unix_nano))
    );
    let called = spans.iter().filter(of_trace).find(|span| span.kind == SpanKind::Client as i32).unwrap();
    assert_eq!(called.parent_span_id, served.span_id);
    assert_eq!(attribute(&called.attributes, "gen_ai.provider.name"), "openai");
    assert_eq!(attribute(&called.attributes, "gen_ai.request.stream"), "true");
    assert_ne!(attribute(&called.attributes, "gen_ai.usage.output_tokens"), "0");
    let refused = spans.iter().find(|span| hex(&span.trace_id) != TRACE).unwrap();
    assert_eq!(attribute(&refused.attributes, "error.type"), "model_not_found");
    assert_eq!(attribute(&refused.attributes, "relay.fault"), "caller");
    assert!(refused.parent_span_id.is_empty());

    let metrics = collected.metric_names();
    for name in ["gen_ai.client.operation.duration", "gen_ai.client.token.usage", "relay.overhead"] {
        assert!(metrics.iter().any(|found| found == name), "{name}: {metrics:?}");
    }
    for got in collected.0.lock().unwrap().iter() {
        assert_eq!(got.authorization, "Bearer for-the-collector");
        let text = String::from_utf8_lossy(&got.body);
        for secret in ["a secret prompt", "ana-label", &key, &folder.key, "127.0.0.1"] {
            assert!(!text.contains(secret), "{secret} was sent");
        }
    }
}

/// Calls are answered, and the server ends, while the collector keeps every connection and answers nothing.
#[actix_web::test]
async fn a_collector_that_never_answers_holds_up_nothing() {
    let (endpoint, collected) = collector(true);
    let folder = Folder::init();
    let mut command = folder.serve();
    command.env("RELAY_TELEMETRY_ENDPOINT", &endpoint).env("RELAY_TELEMETRY_METRICS_SECONDS", "1");
    let server = Process::start(command, &folder.key);
    server.api.connect("ana-label", Provider::OPENAI, "good").await;
    for _ in 0..2 {
        assert_eq!(chat(&server.api, None, &says("gpt-4o-mini", "hello")).await.0, 200);
        while collected.0.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    server.signal("TERM");
    let ended = server.wait();
    assert!(ended.status.success(), "{ended:?}");
}

/// A wrong setting is named, and its secret is not.
#[test]
fn a_wrong_collector_is_refused_at_the_start() {
    for (variable, value, said) in [
        ("RELAY_TELEMETRY_ENDPOINT", json!("https://me:hidden@otel.example"), "telemetry.headers_file"),
        ("RELAY_TELEMETRY_ENDPOINT", json!("otel.example:4318"), "http:"),
        ("RELAY_TELEMETRY_SAMPLE_PERCENT", json!("101"), "0 to 100"),
        ("RELAY_TELEMETRY_HEADERS_FILE", json!("/does/not/exist"), "TELEMETRY_HEADERS_FILE"),
    ] {
        let folder = Folder::init();
        let mut command = folder.serve();
        command.env(variable, value.as_str().unwrap());
        let ended = Process::try_start(command, &folder.key).err().unwrap();
        let text = format!("{ended:?}");
        assert!(text.contains(said) && !text.contains("hidden"), "{text}");
        assert_eq!(ended.status.code(), Some(78));
    }
}
