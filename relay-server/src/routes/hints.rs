//! What a caller of an unknown path probably meant: a wrong base URL, or an API that Relay does not serve.

use relay_core::Provider;

use crate::http::route::Route;

/// How a path names an API that Relay does not serve, and what to do instead. The name is the first segment after `v1`.
const OTHER_APIS: &[(&str, &str)] = &[
    (
        "responses",
        "Relay does not serve the Responses API; call `chat.completions.create` (`POST /v1/chat/completions`), and set a \
         framework to Chat Completions",
    ),
    ("completions", "Relay does not serve the older Completions API; call `POST /v1/chat/completions`"),
    (
        "messages",
        "Relay does not serve Anthropic's API; any model answers an OpenAI client at `POST /v1/chat/completions`",
    ),
];

/// Segments after `v1` of OpenAI's other APIs.
const NOT_SERVED: &[&str] = &[
    "assistants",
    "audio",
    "batches",
    "containers",
    "conversations",
    "evals",
    "files",
    "fine_tuning",
    "images",
    "moderations",
    "organization",
    "realtime",
    "threads",
    "uploads",
    "vector_stores",
    "videos",
];

/// How the paths of Google's API end.
const GOOGLES: &[&str] =
    &[":generateContent", ":streamGenerateContent", ":embedContent", ":batchEmbedContents", ":countTokens"];

/// A hint for a path without a route; `None` if nothing is known about it.
pub(super) fn hint(path: &str, table: &[Route]) -> Option<String> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.contains(&"deployments") {
        return Some(
            "this is Azure's form of the API; use the plain OpenAI client, with a base URL that ends in `/v1`"
                .to_owned(),
        );
    }
    if GOOGLES.iter().any(|call| path.ends_with(call)) {
        return Some(
            "Relay does not serve Google's API; any model answers an OpenAI client at `POST /v1/chat/completions`"
                .to_owned(),
        );
    }
    if let Some(meant) = meant(&segments, table) {
        return Some(format!(
            "a base URL ends in `/v1`, which appears once and with one slash, and has nothing after it; this call then goes to `{meant}`"
        ));
    }
    let api = segments.iter().find(|segment| !is_version(segment) && Provider::from_name(segment).is_none())?;
    let other = OTHER_APIS.iter().find(|(name, _)| name == api).map(|(_, hint)| (*hint).to_owned());
    let served = "of OpenAI's API, Relay serves chat completions, embeddings and models; /docs describes it";
    other.or_else(|| NOT_SERVED.contains(api).then(|| served.to_owned()))
}

/// `v1`, `V2`, `v1beta` and so on.
fn is_version(segment: &str) -> bool {
    let mut letters = segment.chars();
    letters.next().is_some_and(|c| c.eq_ignore_ascii_case(&'v')) && letters.next().is_some_and(|c| c.is_ascii_digit())
}

/// The path of the API that the end of this path is, if its beginning is left out.
fn meant(segments: &[&str], table: &[Route]) -> Option<String> {
    let mut tails = (0..segments.len()).filter_map(|start| segments.get(start..));
    tails.find(|tail| is_route(tail, table)).map(|tail| format!("/v1/{}", tail.join("/")))
}

/// Whether `/v1/` and these segments are a route.
fn is_route(tail: &[&str], table: &[Route]) -> bool {
    table.iter().filter_map(|route| route.path.strip_prefix("/v1/")).any(|pattern| {
        let names: Vec<&str> = pattern.split('/').collect();
        let same = |(name, segment): (&&str, &&str)| name.starts_with('{') || name == segment;
        let long_enough = if pattern.ends_with(".+}") { tail.len() >= names.len() } else { tail.len() == names.len() };
        long_enough && names.iter().zip(tail).all(same)
    })
}
