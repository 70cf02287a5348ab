//! Shows the clients' tests what reached Relay and the providers, and lets them say what a provider answers.

use actix_web::{App, HttpResponse, HttpServer, web};
use relay_core::Provider;
use relay_core::ports::TransportErrorKind;
use relay_mock::{Mock, Scripted};
use relay_tests::logs;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tap::Calls;

/// `POST` with a text, which is a marker:
///
/// | path | answer |
/// | --- | --- |
/// | `/` | the bodies of all requests so far that reached a provider with it, the oldest first |
/// | `/calls` | the requests that reached Relay with it in their head |
/// | `/left` | the phase of a provider's call with it in its path that Relay left; waits for one |
/// | `/log` | the lines of the log of requests with it |
/// | `/script` | the text is a [`Script`]: the next call of the scripted relay gets this answer |
pub(super) struct Spy {
    pub(super) url: String,
    handle: actix_web::dev::ServerHandle,
}

#[derive(Clone)]
struct Seen {
    mock: Mock,
    scripted: Mock,
    calls: Calls,
}

impl Spy {
    pub(super) fn start(mock: &Mock, scripted: &Mock, calls: &Calls) -> Self {
        let seen = Seen { mock: mock.clone(), scripted: scripted.clone(), calls: calls.clone() };
        let app = move || {
            App::new()
                .app_data(web::Data::new(seen.clone()))
                .route("/", web::post().to(bodies))
                .route("/calls", web::post().to(calls_with))
                .route("/left", web::post().to(left))
                .route("/log", web::post().to(log))
                .route("/script", web::post().to(script))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, handle }
    }
}

impl Drop for Spy {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn bodies(seen: web::Data<Seen>, marker: String) -> web::Json<Vec<Value>> {
    let requests = seen.mock.requests().into_iter().map(|request| request.json());
    web::Json(requests.filter(|body| body.to_string().contains(&marker)).collect())
}

async fn calls_with(seen: web::Data<Seen>, marker: String) -> web::Json<Vec<Value>> {
    web::Json(seen.calls.with(&marker))
}

async fn left(seen: web::Data<Seen>, marker: String) -> web::Json<Value> {
    let found = |mock: &Mock| mock.aborted_calls().into_iter().find(|call| call.path.contains(&marker));
    seen.mock.until(|mock| found(mock).is_some()).await;
    let phase = found(&seen.mock).map(|call| format!("{:?}", call.phase).to_lowercase());
    web::Json(json!(phase))
}

async fn log(marker: String) -> web::Json<Vec<String>> {
    let log = String::from_utf8_lossy(&logs::since(0)).into_owned();
    web::Json(
        log.lines()
            .filter(|line| line.contains("relay::access") && line.contains(&marker))
            .map(str::to_owned)
            .collect(),
    )
}

/// A provider's answer. Without a status: nothing, until Relay's timeout.
#[derive(Deserialize)]
struct Script {
    provider: String,
    status: Option<u16>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Value,
}

async fn script(seen: web::Data<Seen>, script: web::Json<Script>) -> HttpResponse {
    let script = script.into_inner();
    let answer = match script.status {
        None => Scripted::failure(TransportErrorKind::Timeout),
        Some(status) => script
            .headers
            .iter()
            .fold(Scripted::whole(status, script.body.to_string()), |answer, (name, value)| answer.header(name, value)),
    };
    seen.scripted.script(Provider::from_name(&script.provider).unwrap(), answer);
    HttpResponse::NoContent().finish()
}
