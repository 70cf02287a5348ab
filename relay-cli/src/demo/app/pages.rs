//! The app's pages. Each has its own Content-Security-Policy, because the demo shows how strict a page may be.

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use relay_core::Provider;

/// A static file.
struct Asset {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset { path: $name, kind: $kind, text: include_str!(concat!("../../../assets/demo/", $name)) }
    };
}

static ASSETS: [Asset; 11] = [
    asset!("app.css", "text/css"),
    asset!("controls.css", "text/css"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("app.js", "text/javascript"),
    asset!("page.js", "text/javascript"),
    asset!("code.js", "text/javascript"),
    asset!("keys.js", "text/javascript"),
    asset!("chat.js", "text/javascript"),
    asset!("strict.js", "text/javascript"),
    asset!("hostile.js", "text/javascript"),
    asset!("back.js", "text/javascript"),
];

/// The layout that all pages share.
const LAYOUT: &str = include_str!("../../../assets/demo/layout.html");

/// A page: its parts of the layout, and its policy.
pub(super) struct Page {
    pub(super) path: &'static str,
    title: &'static str,
    scripts: &'static str,
    body: &'static str,
    policy: &'static str,
}

/// The policy that every page needs.
macro_rules! policy {
    ($more:literal) => {
        concat!(
            "default-src 'none'; script-src 'self' {relay}; style-src 'self'; img-src 'self'; frame-src {relay}; ",
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ",
            $more
        )
    };
}

pub(super) static PAGES: [Page; 4] = [
    // `connect-src`: its own backend, and Relay for `isolation: 'shadow'` only.
    Page {
        path: "/",
        title: "the app",
        scripts: "<script src=\"{{relay}}/widget.js\" defer></script>\n<script type=\"module\" src=\"/app.js\"></script>\n",
        body: include_str!("../../../assets/demo/index.html"),
        policy: policy!("connect-src 'self' {relay}"),
    },
    // Its script runs first, like a script of the page itself.
    Page {
        path: "/hostile",
        title: "a hostile page",
        scripts: "<script src=\"/hostile.js\"></script>\n<script src=\"{{relay}}/widget.js\" defer></script>\n",
        body: include_str!("../../../assets/demo/hostile.html"),
        policy: policy!("connect-src 'self' {relay}"),
    },
    Page {
        path: "/strict",
        title: "a strict page",
        scripts: "<script src=\"{{relay}}/widget.js\" defer></script>\n<script type=\"module\" src=\"/strict.js\"></script>\n",
        body: include_str!("../../../assets/demo/strict.html"),
        policy: policy!("connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"),
    },
    Page {
        path: "/back",
        title: "back in the app",
        scripts: "<script type=\"module\" src=\"/back.js\"></script>\n",
        body: include_str!("../../../assets/demo/back.html"),
        policy: policy!(""),
    },
];

impl Page {
    /// The response with the page.
    pub(super) fn answer(&self, relay: &str) -> HttpResponse {
        let policy = self.policy.replace("{relay}", relay);
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_SECURITY_POLICY, policy.as_str()))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(self.document().replace("{{relay}}", relay).replace("{{policy}}", &policy))
    }
}

impl Page {
    fn document(&self) -> String {
        let mut layout =
            LAYOUT.replace("{{title}}", self.title).replace("{{scripts}}", self.scripts).replace("{{body}}", self.body);
        layout = layout.replace("{{providers}}", &radios()).replace("{{models}}", &models());
        for page in &PAGES {
            let current = if page.path == self.path { "aria-current=\"page\" " } else { "" };
            layout = layout.replace(&format!("{{{{current {}}}}}", page.path), current);
        }
        layout
    }
}

/// One radio button for each provider, with the data that the page's scripts need.
fn radios() -> String {
    let radio = |provider: &Provider| {
        let (label, model) = (provider.label(), provider.example_model());
        let prefix = provider.key_prefixes().first().unwrap_or(&"");
        format!(
            "          <label><input type=\"radio\" name=\"provider\" value=\"{provider}\" data-model=\"{model}\" \
             data-prefix=\"{prefix}\"><span>{label}</span></label>"
        )
    };
    Provider::ALL.iter().map(radio).collect::<Vec<_>>().join("\n")
}

fn models() -> String {
    let option = |model| format!("          <option value=\"{model}\">{model}</option>");
    Provider::ALL.iter().map(|provider| option(provider.example_model())).collect::<Vec<_>>().join("\n")
}

/// The response with a static file.
pub(super) fn asset(name: &str) -> Option<HttpResponse> {
    let asset = ASSETS.iter().find(|asset| asset.path == name)?;
    let response = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format!("{}; charset=utf-8", asset.kind)))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(asset.text);
    Some(response)
}
