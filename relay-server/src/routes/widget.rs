//! The widget's scripts, its key frame and the hosted page. See
//! `docs/adr/0008-the-key-is-typed-into-relays-own-frame.md`.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, CROSS_ORIGIN_EMBEDDER_POLICY, CROSS_ORIGIN_OPENER_POLICY,
    CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue, PERMISSIONS_POLICY,
};
use actix_web::{HttpRequest, HttpResponse};
use relay_core::RelayError;
use relay_core::domain::SecretHash;
use relay_core::domain::origin::Origins;
use serde::Serialize;

use crate::assets::{CONNECT, Script, VERSION, WIDGET, frame_in, scripts};
use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::extract;
use crate::http::response::json::json;

/// The cache policy of the script under its stable path: five minutes.
const FIVE_MINUTES: &str = "public, max-age=300";
/// The cache policy of a script under its pinned path, which contains the hash of its bytes and therefore never
/// changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Turns off every browser feature that a page with a secret field does not need.
const NO_PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), \
     clipboard-write=(), display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), \
     gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
     picture-in-picture=(), publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), \
     serial=(), storage-access=(), usb=(), xr-spatial-tracking=()";

/// The icon of Relay's pages: a key.
const ICON: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='8' \
     fill='#635bff'/><g fill='none' stroke='#fff' stroke-width='3' stroke-linecap='round'><circle cx='11.5' cy='20.5' \
     r='4.5'/><path d='M15 17l9-9M20.5 11.5l3.5 3.5'/></g></svg>";

#[derive(Serialize)]
struct About {
    version: &'static str,
    script: &'static str,
    url: String,
    integrity: &'static str,
    snippet: String,
}

/// The widget's script under its stable path.
pub(crate) async fn newest(request: HttpRequest) -> ApiResult {
    RequestContext::of(&request)?;
    Ok(WIDGET.answer(&request, FIVE_MINUTES))
}

/// A script under its pinned path.
pub(crate) async fn pinned(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let asked = request.match_info();
    let (version, file) = (asked.get("version"), asked.get("file").unwrap_or_default());
    let script = scripts().find(|script| script.file == file && version == Some(VERSION));
    let script = script.ok_or_else(|| {
        let message = format!(
            "this server has version {VERSION} of the widget: {}{}; /api/widget has its `integrity`",
            context.state().public.url().unwrap_or_default(),
            WIDGET.path
        );
        RelayError::unknown_endpoint(message)
    })?;
    Ok(script.answer(&request, IMMUTABLE))
}

/// The pinned URL, the `integrity` and the HTML snippet that includes this script.
pub(crate) async fn about(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let url = format!("{}{}", context.state().public.url()?, WIDGET.path);
    let integrity = &WIDGET.integrity;
    let snippet = format!(r#"<script src="{url}" integrity="{integrity}" crossorigin="anonymous"></script>"#);
    Ok(json(200, &About { version: VERSION, script: &WIDGET.path, url, integrity, snippet }))
}

/// The frame with the secret field. The token whose hash is in `grant` decides which pages may embed it.
///
/// A frame without a known token may be embedded anywhere: each of its calls names the embedding page, and is refused.
/// `locale` is one of the widget's languages: the document is sent with its texts alone.
pub(crate) async fn frame(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let ancestors = ancestors(framing_origins(&request, &context).await?, "*");
    let csp = format!("{} frame-ancestors {ancestors}; {TRUSTED_TYPES}", base_csp(" img-src 'self';"));
    let locale = extract::query(&request, "locale").ok().flatten();
    let frame = frame_in(locale.as_deref());
    Ok(page(csp, document(&context, frame.language, &frame.script, "Relay", "", "")))
}

/// The hosted page, which mounts the widget. No page may embed it, unless a known token allows that page.
pub(crate) async fn connect(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let ancestors = ancestors(framing_origins(&request, &context).await?, "'none'");
    let images = " frame-src 'self'; img-src 'self';";
    let csp = format!("{} frame-ancestors {ancestors}; {TRUSTED_TYPES}", base_csp(images));
    let icon = format!("<link rel=\"icon\" href=\"{}/favicon.svg\">\n", context.state().public.path());
    // No page that opened it can navigate it away, or see that it is still open.
    let body = "<div id=\"root\"></div>\n<noscript>This page connects your AI provider key, and needs JavaScript for it. \
                Please switch JavaScript on and load the page again.</noscript>\n";
    let mut answer = page(csp, document(&context, "en", &CONNECT, "Connect your key", &icon, body));
    answer.headers_mut().insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(answer)
}

/// The logo of the project that the token with this hash is for. Only Relay's own pages may show it.
pub(crate) async fn logo(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let grant = extract::query(&request, "grant")?;
    let grant = grant.as_deref().and_then(SecretHash::from_hex);
    let grant = grant.ok_or_else(|| RelayError::invalid_value("grant", "`grant` must be the hash of a token"))?;
    let logo = context.state().relay.logo(&grant).await?;
    let logo = logo.ok_or_else(|| RelayError::unknown_endpoint("this token's project has no logo"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, logo.media_type()))
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
        .body(logo.bytes().to_vec()))
}

/// The icon of Relay's pages.
pub(crate) async fn favicon(request: HttpRequest) -> ApiResult {
    RequestContext::of(&request)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/svg+xml"))
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"))
        .body(ICON))
}

const TRUSTED_TYPES: &str = "require-trusted-types-for 'script'; trusted-types 'none'";

fn base_csp(more: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';{more} form-action 'none'; \
         base-uri 'none';"
    )
}

/// The origins that may embed the page, according to the token whose hash is in `grant`; `None` for an unknown token.
async fn framing_origins(request: &HttpRequest, context: &RequestContext) -> Result<Option<Origins>, RelayError> {
    let grant = extract::query(request, "grant").ok().flatten();
    match grant.as_deref().and_then(SecretHash::from_hex) {
        Some(grant) => context.state().relay.framing_origins(&grant).await,
        None => Ok(None),
    }
}

/// The sources of `frame-ancestors`; `unnamed` without a known token.
fn ancestors(origins: Option<Origins>, unnamed: &str) -> String {
    origins.map_or_else(|| unnamed.to_owned(), |origins| origins.frame_ancestors())
}

/// A document without inline script or style.
fn document(context: &RequestContext, language: &str, script: &Script, title: &str, head: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{head}\
         <script src=\"{}{}\" defer></script>\n</head>\n<body>\n{body}</body>\n</html>\n",
        context.state().public.path(),
        script.path
    )
}

fn page(csp: String, document: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, csp))
        .insert_header((PERMISSIONS_POLICY, NO_PERMISSIONS))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .insert_header((CROSS_ORIGIN_EMBEDDER_POLICY, "require-corp"))
        .body(document)
}
