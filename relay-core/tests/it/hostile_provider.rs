//! What a hostile provider sends beside its answer: the user's own key in any form, headers of its tenant, streams without
//! an end; and what a caller could do with a model's name.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use futures::executor::block_on;
use relay_core::domain::*;
use relay_core::error::Disclosure;
use relay_core::ports::*;
use relay_core::{Provider, Relay, RelayError, Reply, ReplyBody};

use super::calls::{World, caller};

const KEY: &str = "Qf7Lw2Xn9Vb4Tr8Ke1Zc6Ym3Hd5Gs0Ja-Up_Oi";
const MODELS: [(Provider, &str); 3] =
    [(Provider::OPENAI, "gpt-4o"), (Provider::ANTHROPIC, "claude-sonnet-5"), (Provider::GOOGLE, "gemini-3.8-flash")];

/// A relay whose provider always answers so.
fn answering(
    provider: Provider,
    answer: impl Fn() -> WireResponse + Send + Sync + 'static,
) -> (Relay, Arc<Mutex<Vec<WireRequest>>>) {
    let seen: Arc<Mutex<Vec<WireRequest>>> = Arc::default();
    let mut client = MockProviderClient::new();
    client.expect_provider().return_const(provider);
    let sent = Arc::clone(&seen);
    client.expect_send().returning(move |wire, _| {
        sent.lock().unwrap().push(wire);
        Ok(answer())
    });
    (World::new().with_key(ConnectionState::Active, KEY).with_any_state().with_client(client).relay(), seen)
}

fn chat(relay: &Relay, model: &str, stream: bool) -> Result<Reply, RelayError> {
    let body = format!(r#"{{"model":"{model}","stream":{stream},"messages":[{{"role":"user","content":"hi"}}]}}"#);
    block_on(async { relay.prepare_chat(&caller(), body.into()).await?.send().await })
}

/// All that a caller sees of an error, and what goes to the log.
fn shown(error: &RelayError) -> String {
    format!("{} {error:?} {:?}", String::from_utf8(error.to_body()).unwrap(), error.disclosure())
}

/// Whether a text shows the key: in pieces of 16 characters, or encoded.
fn shows_key(text: &str) -> bool {
    let piece = |form: &str| (0..form.len() - 15).any(|at| text.contains(&form[at..at + 16]));
    piece(KEY) || piece(&STANDARD.encode(KEY))
}

/// The forms in which the key is looked for.
fn forms() -> Vec<String> {
    let escaped: String = KEY.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let half = KEY.len() / 2;
    vec![
        KEY.to_owned(),
        KEY[1..].to_owned(),
        KEY[..half].to_owned(),
        KEY[half..].to_owned(),
        STANDARD.encode(KEY),
        STANDARD.encode(format!("Bearer {KEY}")),
        escaped,
    ]
}

#[test]
fn no_form_of_the_key_comes_back_in_an_error() {
    for (provider, model) in MODELS {
        for form in forms() {
            // Where the text is cut, too.
            for before in [0, 440, 470, 480, 485, 490] {
                let words = "a ".repeat(before / 2);
                for status in [400, 401, 403, 404, 429, 500] {
                    let body = format!(
                        r#"{{"type":"error","error":{{"type":"{form}","code":"{form}","param":"{form}","status":"{form}","message":"{words}{form} is bad"}}}}"#
                    );
                    let (relay, _) = answering(provider, move || WireResponse::whole(status, body.clone()));
                    let error = chat(&relay, model, false).unwrap_err();
                    assert!(!shows_key(&shown(&error)), "{provider} {status} {before} {form}: {}", shown(&error));
                    let cut = (6..16).find(|length| shown(&error).contains(&KEY[..*length]) && before > 0);
                    assert!(cut.is_none() || form != KEY, "{provider}: the beginning of the key is left");
                }
            }
        }
    }
}

#[test]
fn no_form_of_the_key_comes_back_in_a_header() {
    const NAMES: &[&str] = &[
        "x-request-id",
        "request-id",
        "retry-after",
        "x-ratelimit-limit-requests",
        "anthropic-ratelimit-tokens-limit",
    ];
    for (provider, model) in MODELS {
        for form in forms() {
            for name in NAMES {
                for status in [200, 429] {
                    let form = form.clone();
                    let (relay, _) =
                        answering(provider, move || WireResponse::whole(status, "{}").with_header(name, &form));
                    let seen = match chat(&relay, model, false) {
                        Ok(reply) => format!("{:?}", reply.disclosure),
                        Err(error) => shown(&error),
                    };
                    assert!(!shows_key(&seen), "{provider} {name}: {seen}");
                }
            }
        }
    }
}

/// Headers of a provider's answer: name, value, and what it is passed on as.
const HEADERS: &[(&str, &str, &str)] = &[
    ("content-type", "application/json", ""),
    ("content-encoding", "identity", ""),
    ("content-length", "2", ""),
    ("transfer-encoding", "chunked", ""),
    ("connection", "keep-alive", ""),
    ("keep-alive", "timeout=5", ""),
    ("proxy-authenticate", "Basic", ""),
    ("proxy-connection", "close", ""),
    ("te", "trailers", ""),
    ("trailer", "x", ""),
    ("upgrade", "h2c", ""),
    ("set-cookie", "a=b", ""),
    ("set-cookie2", "a=b", ""),
    ("location", "https://x.example", ""),
    ("content-location", "https://x.example", ""),
    ("content-security-policy", "default-src *", ""),
    ("access-control-allow-origin", "*", ""),
    ("access-control-allow-credentials", "true", ""),
    ("strict-transport-security", "max-age=1", ""),
    ("server", "cloudflare", ""),
    ("via", "1.1 x", ""),
    ("alt-svc", "h3=\":443\"", ""),
    ("cf-ray", "1", ""),
    ("date", "Mon, 23 Nov 2026 12:00:00 GMT", ""),
    ("age", "1", ""),
    ("etag", "x", ""),
    ("link", "<https://x.example>", ""),
    ("refresh", "0", ""),
    ("www-authenticate", "Bearer", ""),
    ("openai-organization", "org-secret", ""),
    ("openai-project", "proj-secret", ""),
    ("openai-version", "2020-10-01", ""),
    ("anthropic-organization-id", "org-secret", ""),
    ("anthropic-ratelimit-input-tokens-limit", "1", ""),
    ("x-ratelimit-limit-project-tokens", "1", ""),
    ("x-ratelimit-secret", "1", ""),
    ("x-goog-api-key", "1", ""),
    ("x-relay-key", "openai/xxxx", ""),
    ("x-relay-request-id", "req_x", ""),
    ("x-request-id", "req_of_openai", "openai x-relay-provider-request-id"),
    ("request-id", "req_of_anthropic", "anthropic x-relay-provider-request-id"),
    ("openai-processing-ms", "17", "openai openai-processing-ms"),
    ("x-ratelimit-limit-requests", "5", "openai x-ratelimit-limit-requests"),
    ("x-ratelimit-reset-tokens", "6m0s", "openai x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-limit", "6", "anthropic x-ratelimit-limit-requests"),
];

/// What of a disclosure is the provider's, as names with values.
fn passed(disclosure: &Disclosure) -> Vec<String> {
    let id = disclosure.provider_request_id.iter().map(|id| format!("x-relay-provider-request-id: {id}"));
    let mut all: Vec<String> =
        id.chain(disclosure.provider_headers.iter().map(|(name, value)| format!("{name}: {value}"))).collect();
    all.sort_unstable();
    all
}

#[test]
fn only_listed_headers_are_passed_on() {
    for (provider, model) in MODELS {
        let (relay, _) = answering(provider, || {
            HEADERS
                .iter()
                .fold(WireResponse::whole(429, "{}"), |answer, (name, value, _)| answer.with_header(name, value))
        });
        let error = chat(&relay, model, false).unwrap_err();
        let own = |(_, value, passed): &(&str, &str, &str)| {
            let (owner, name) = passed.split_once(' ')?;
            (owner == provider.name()).then(|| format!("{name}: {value}"))
        };
        let mut want: Vec<String> = HEADERS.iter().filter_map(own).collect();
        want.sort_unstable();
        assert_eq!(passed(error.disclosure()), want, "{provider}");
    }
}

#[test]
fn an_id_that_is_not_plain_and_a_long_value_are_dropped() {
    let long = "a".repeat(60_000);
    for (provider, model, id, limit) in [
        (Provider::OPENAI, "gpt-4o", "x-request-id", "x-ratelimit-limit-tokens"),
        (Provider::ANTHROPIC, "claude-sonnet-5", "request-id", "anthropic-ratelimit-tokens-limit"),
    ] {
        for (value, is_id, is_value) in [
            ("req_0123", true, true),
            (&"a".repeat(128), true, false),
            ("A.b:c-d_9", true, true),
            ("short", false, true),
            ("", false, true),
            (&"a".repeat(129), false, false),
            (&long, false, false),
            ("req 012345", false, true),
            ("req_0123456\u{e9}", false, false),
            ("<script>alert(1)</script>", false, true),
        ] {
            let text = value.to_owned();
            let (relay, _) = answering(provider, move || {
                WireResponse::whole(429, "{}")
                    .with_header(id, &text)
                    .with_header(limit, &text)
                    .with_header("retry-after", &text)
            });
            let error = chat(&relay, model, false).unwrap_err();
            let disclosure = error.disclosure();
            let start = value.get(..20).unwrap_or(value);
            assert_eq!(disclosure.provider_request_id.is_some(), is_id, "{provider}: {start}");
            assert_eq!(!disclosure.provider_headers.is_empty(), is_value, "{provider}: {start}");
            assert!(format!("{disclosure:?}").len() < 1000, "{provider}: {start}");
        }
    }
}

/// A stream of `piece`, for ever, behind a good beginning.
fn endless(start: &'static str, piece: &'static [u8]) -> WireResponse {
    let pieces = futures::stream::once(async move { Bytes::from_static(start.as_bytes()) })
        .chain(futures::stream::repeat(Bytes::from_static(piece)));
    WireResponse::new(200, Vec::new(), Box::pin(pieces.map(Ok)))
}

/// 256 KiB of the same events.
fn many(event: &str) -> &'static [u8] {
    let bytes = event.repeat((256 << 10) / event.len()).into_bytes();
    Box::leak(bytes.into_boxed_slice())
}

const START: &str =
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"content\":[],\"usage\":{}}}\n\n";

#[test]
fn a_stream_without_an_answer_in_it_ends() {
    let (openai, google) =
        ("data: {\"choices\":[]}\n\n", "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\n");
    for (provider, model, start, event) in [
        (Provider::OPENAI, "gpt-4o", openai, ": comment\n\n"),
        (Provider::OPENAI, "gpt-4o", openai, "data:\n\n"),
        (Provider::OPENAI, "gpt-4o", openai, "event: x\nid: 1\n\n"),
        (Provider::OPENAI, "gpt-4o", openai, "\n"),
        (Provider::ANTHROPIC, "claude-sonnet-5", START, "data: {\"type\":\"ping\"}\n\n"),
        (Provider::ANTHROPIC, "claude-sonnet-5", START, ": comment\n\n"),
        (Provider::GOOGLE, "gemini-3.8-flash", google, "data: {}\n\n"),
        (
            Provider::GOOGLE,
            "gemini-3.8-flash",
            google,
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]}}]}\n\n",
        ),
    ] {
        let piece = many(event);
        let (relay, _) = answering(provider, move || endless(start, piece));
        let ReplyBody::Stream(events) = chat(&relay, model, true).unwrap().body else { unreachable!("a stream") };
        let text = block_on(events.map(|Ok(piece)| piece.to_vec()).concat());
        let text = String::from_utf8(text).unwrap();
        assert!(
            text.ends_with("\n\n") && text.contains("\"error\":") && !text.contains("[DONE]"),
            "{provider} {event:?}"
        );
        assert!(text.len() < 10_000, "{provider} {event:?}: {} bytes", text.len());
    }
}

#[test]
fn a_stream_that_never_begins_is_an_error_with_a_status() {
    for (provider, model) in MODELS {
        let (relay, _) = answering(provider, || endless("", many(": comment\n\n")));
        assert_eq!(chat(&relay, model, true).unwrap_err().code(), "upstream_error", "{provider}");
    }
}

#[test]
fn a_stream_with_an_answer_in_it_ends_too() {
    let event: &'static str =
        Box::leak(format!("data: {{\"choices\":[],\"x\":\"{}\"}}\n\n", "x".repeat(1 << 20)).into_boxed_str());
    let (relay, _) = answering(Provider::OPENAI, move || endless(event, event.as_bytes()));
    let ReplyBody::Stream(mut events) = chat(&relay, "gpt-4o", true).unwrap().body else { unreachable!("a stream") };
    let (mut length, mut last) = (0, Bytes::new());
    while let Some(Ok(piece)) = block_on(events.next()) {
        length += piece.len() as u64;
        last = piece;
    }
    assert!(((1 << 30) - (4 << 20)..(1 << 30) + (4 << 20)).contains(&length), "{length} bytes");
    assert!(last.starts_with(b"data: {\"error\":"));
}

/// Spellings that lead elsewhere in some parser of URLs.
const SPELLINGS: &[&str] = &[
    "..",
    "../..",
    "../../files",
    "x/../y",
    "x/..",
    "./x",
    "x/./y",
    "x//y",
    "//evil.example",
    "//evil.example/x",
    "/etc",
    "\\\\evil.example",
    "x\\..\\y",
    "@evil.example",
    "x@evil.example:443",
    "user:pw@evil.example",
    "evil.example:8443",
    "http://evil.example",
    "https://evil.example/v1",
    "file:///etc/passwd",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "127.0.0.1",
    "0x7f.1",
    "2130706433",
    "x?y=1",
    "x&key=1",
    "x#y",
    "x;y",
    "%2e%2e",
    "%2F..%2F",
    "x%2Fy",
    "x%5Cy",
    "x%00y",
    "x%0d%0ay",
    "x\r\nhost: evil.example",
    "x\0y",
    "x y",
    "x\ty",
    "x\u{7f}y",
    "xé",
    "ｅvil.example",
    "xn--e1awd7f.example",
    "例え.テスト",
    "x\u{202e}y",
    "x\u{ff0f}y",
    "x\u{2215}y",
    "x:generateContent",
    "x:streamGenerateContent?alt=sse",
    "~root",
    "{x}",
    "x`y",
    "x|y",
    "x<y>",
    "x\"y",
    "x'y",
    "$(x)",
];

#[test]
fn no_model_name_changes_where_a_request_goes() {
    for (provider, _) in MODELS {
        for spelling in SPELLINGS {
            let prefix = provider.model_prefixes()[0];
            for model in [
                format!("{provider}/{spelling}"),
                format!("{prefix}{spelling}"),
                format!("{provider}/{prefix}/{spelling}"),
            ] {
                let (relay, seen) = answering(provider, || WireResponse::whole(200, "{}"));
                let body =
                    serde_json::json!({"model": model, "messages": [{"role": "user", "content": "x"}]}).to_string();
                let _ = block_on(async { relay.prepare_chat(&caller(), body.into()).await?.send().await });
                let body = serde_json::json!({"model": model, "input": "x"}).to_string();
                let _ = block_on(async { relay.prepare_embeddings(&caller(), body.into()).await?.send().await });
                let listed = block_on(relay.model(&caller(), &model));
                for wire in seen.lock().unwrap().iter() {
                    assert_path(&wire.path, &model);
                }
                if spelling.contains(['%', '\\', '\r', '\0', ' ']) || spelling.contains("..") || !spelling.is_ascii() {
                    let error = listed.unwrap_err();
                    assert_eq!((error.class().status(), error.code()), (400, "invalid_value"), "{model:?}");
                    assert!(seen.lock().unwrap().is_empty(), "{model:?} is sent");
                }
            }
        }
    }
}

/// The path has no more segments than Relay's own routes, and nothing that a parser could read otherwise.
#[track_caller]
fn assert_path(path: &str, model: &str) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._:-?=&%@+".contains(&b);
    assert!(path.starts_with("/v1") && path.bytes().all(plain), "{model:?}: {path}");
    let (route, _) = path.split_once('?').unwrap_or((path, ""));
    let segments: Vec<&str> = route.split('/').skip(1).collect();
    assert!(segments.len() <= 3 && !segments.iter().any(|one| matches!(*one, "" | "." | "..")), "{model:?}: {path}");
    assert!(!route.to_ascii_lowercase().contains("%2e") && !route.contains("%5C"), "{model:?}: {path}");
}
