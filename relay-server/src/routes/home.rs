//! `GET /`, which says what this is and where to go, and `GET /docs`, the API's description as a page.
//!
//! Both are whole in one answer: no script, no picture, and a style whose hash the policy names.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderMap, HeaderValue, VARY};
use serde::Serialize;

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::response::json::json;
use crate::routes::document::{document, respond};
use crate::routes::reference;

/// The page for a server at the root of its host; another one has its path in every link.
static DOCS: LazyLock<String> = LazyLock::new(|| reference::page(""));

#[derive(Serialize)]
struct Home<'a> {
    name: &'static str,
    version: &'static str,
    description: &'static str,
    docs: &'a str,
    openapi: &'a str,
    health: &'a str,
}

const DESCRIPTION: &str = "Keeps users' own AI provider keys, and gives apps one OpenAI-compatible API.";

/// What this is: a page for browsers, JSON for everybody else.
pub(crate) async fn home(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let at = |path: &str| format!("{}{path}", context.state().public.path());
    let mut response = if wants_html(request.headers()) {
        respond(home_page(&at))
    } else {
        let (docs, openapi, health) = (&*at("/docs"), &*at("/openapi.json"), &*at("/api/health"));
        let version = env!("CARGO_PKG_VERSION");
        json(200, &Home { name: "Relay", version, description: DESCRIPTION, docs, openapi, health })
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// The description of the API, for people.
pub(crate) async fn docs(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let path = context.state().public.path();
    let mut response = respond(if path.is_empty() { DOCS.clone() } else { reference::page(path) });
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    Ok(response)
}

/// Whether a client asks for HTML by name, as browsers do.
fn wants_html(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}

fn home_page(at: &dyn Fn(&str) -> String) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let body = format!(
        "<main class=\"home\"><h1>Relay</h1>\n<p class=\"lead\">{DESCRIPTION}</p>\n\
         <ul class=\"cards\">\n\
         <li><a href=\"{docs}\"><b>API reference</b><span>Every route of this server</span></a></li>\n\
         <li><a href=\"{openapi}\"><b>openapi.json</b><span>The same for tools: OpenAPI 3.1</span></a></li>\n\
         <li><a href=\"{health}\"><b>Health</b><span>Whether this server answers</span></a></li>\n</ul>\n\
         <h2>You came to connect a key?</h2>\n\
         <p>Open the link that your app gave you once more, or go back to the app. There is nothing to do on this page.</p>\n\
         <h2>You build an app?</h2>\n\
         <p>Give OpenAI's client this server's address with <code>/v1</code>, a Relay key (<code>rly-…</code>) and the header \
         <code>X-Relay-User</code>. Whoever runs this server gives you a key.</p>\n\
         <h2>You run this server?</h2>\n\
         <pre>relay projects create \"My app\"\nrelay keys create --name backend\nrelay doctor</pre>\n\
         <footer>Relay {version}</footer></main>",
        docs = at("/docs"),
        openapi = at("/openapi.json"),
        health = at("/api/health"),
    );
    document("Relay", &body)
}
