//! The routes of the app's backend. A real app needs only `POST /token` and `POST /chat`.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, SET_COOKIE};
use actix_web::web::{self, Data, Json};
use actix_web::{HttpRequest, HttpResponse};
use futures::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::backend::App;
use super::pages::{PAGES, asset};
use super::visitors::{Case, label};
use crate::client::{Request, StreamingResponse, segment};
use crate::failure::Failure;

/// The app's session cookie, which identifies the visitor.
const SESSION: &str = "relay_demo_visitor";

pub(super) fn configure(config: &mut web::ServiceConfig) {
    for page in &PAGES {
        config.route(page.path, web::get().to(move |app: Data<App>| async move { page.answer(app.relay.base()) }));
    }
    config
        .route("/start", web::post().to(start))
        .route("/token", web::post().to(token))
        .route("/account", web::get().to(account))
        .route("/chat", web::post().to(chat))
        .route("/{file}", web::get().to(file));
}

async fn file(name: web::Path<String>) -> HttpResponse {
    asset(&name).unwrap_or_else(|| HttpResponse::NotFound().finish())
}

/// A visitor's choice in the playground.
#[derive(Deserialize)]
struct Start {
    case: Case,
    provider: Option<String>,
}

/// Creates a new visitor in the chosen situation, with a token.
async fn start(app: Data<App>, asked: Json<Start>) -> HttpResponse {
    let Json(Start { case, provider }) = asked;
    let visitor = app.new_visitor();
    match app.prepare(visitor, case, provider.as_deref()).await {
        Ok(mut body) => {
            if let Some(body) = body.as_object_mut() {
                body.insert("user".to_owned(), json!(label(visitor)));
            }
            let session = format!("{SESSION}={visitor}; Path=/; HttpOnly; SameSite=Strict");
            HttpResponse::Ok()
                .insert_header((SET_COOKIE, session))
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(body)
        }
        Err(failure) => failed(&failure),
    }
}

/// The options of a token that the page may choose.
#[derive(Deserialize)]
struct Token {
    provider: Option<String>,
}

/// A registration token for the visitor who is signed in. This is the only route that the widget needs.
async fn token(app: Data<App>, request: HttpRequest, asked: Json<Token>) -> HttpResponse {
    let Some(visitor) = visitor(&request) else { return nobody() };
    match app.token(visitor, Case::Fresh, asked.provider.as_deref()).await {
        Ok(body) => HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body),
        Err(failure) => failed(&failure),
    }
}

/// The visitor's keys, as far as the app can see them.
async fn account(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let Some(visitor) = visitor(&request) else { return nobody() };
    let path = segment(&label(visitor)).map(|label| format!("/v1/users/{label}/connections"));
    let request = path.map(|path| Request::get(path).bearer(&app.key));
    let response = match request {
        Ok(request) => app.relay.send(&request).await,
        Err(failure) => Err(failure),
    };
    response.map_or_else(|failure| failed(&failure), passed_on)
}

/// The visitor's message.
#[derive(Deserialize)]
struct Chat {
    model: String,
    message: String,
}

/// Calls AI with the visitor's own key, and passes the stream on.
async fn chat(app: Data<App>, request: HttpRequest, asked: Json<Chat>) -> HttpResponse {
    let Some(visitor) = visitor(&request) else { return nobody() };
    let messages = json!([{ "role": "user", "content": asked.message }]);
    let body = json!({ "model": asked.model, "messages": messages, "stream": true });
    let request = Request::post("/v1/chat/completions").bearer(&app.key).user(&label(visitor)).json(body);
    app.relay.send(&request).await.map_or_else(|failure| failed(&failure), passed_on)
}

/// Passes Relay's response on as it arrives. If the page leaves, the call ends.
fn passed_on(upstream: StreamingResponse) -> HttpResponse {
    let status = StatusCode::from_u16(upstream.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    for (name, value) in &upstream.headers {
        if matches!(name.as_str(), "content-type" | "x-relay-key" | "x-relay-request-id") {
            response.insert_header((name.as_str(), value.as_str()));
        }
    }
    response.streaming(stream::unfold(upstream, |mut upstream| async move {
        let piece = upstream.piece().await.transpose()?;
        Some((piece.map_err(|failure| std::io::Error::other(failure.message)), upstream))
    }))
}

/// The visitor who is signed in.
fn visitor(request: &HttpRequest) -> Option<u64> {
    let cookies = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let mut values = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    values.find(|(name, _)| *name == SESSION)?.1.parse().ok()
}

fn nobody() -> HttpResponse {
    error(StatusCode::UNAUTHORIZED, "signed_out", "nobody is signed in: POST /start first")
}

fn failed(failure: &Failure) -> HttpResponse {
    error(StatusCode::BAD_GATEWAY, failure.code.as_deref().unwrap_or("failed"), &failure.message)
}

fn error(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    let body: Value = json!({ "error": { "code": code, "message": message } });
    HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/json")).body(body.to_string())
}
