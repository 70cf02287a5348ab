//! What holds for the failures of every provider, and the form of the tables that hold each one's rows.

use serde_json::{Value, json};

use super::{key_state, shown_error};
use crate::domain::Provider;
use crate::domain::ids::Timestamp;
use crate::translation::{Dialect, ErrorResponse, anthropic, google, openai};

/// A row of a spec's table of errors: what the provider answers, and what the caller gets.
pub(crate) struct Row {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) want: (u16, &'static str, &'static str, Option<&'static str>, &'static str),
}

/// A row: the provider's status and body; our status, `type`, `code` (`""`: null), `param` and the key's state.
pub(crate) fn row(
    status: u16,
    body: Value,
    want: (u16, &'static str, &'static str, Option<&'static str>, &'static str),
) -> Row {
    Row { status, body, want }
}

/// Checks each row; a body that is a string stands for itself.
pub(crate) fn check(dialect: &dyn Dialect, rows: &[Row]) {
    let mut wrong = Vec::new();
    for Row { status, body, want } in rows {
        let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        let fault =
            dialect.error(&ErrorResponse { status: *status, headers: &[], body: text.as_bytes() }, Timestamp(0));
        let shown = shown_error(&fault.error);
        let error = &shown["body"]["error"];
        let code = if want.2.is_empty() { Value::Null } else { json!(want.2) };
        let expected = json!([want.0, want.1, code, want.3, want.4]);
        let got = json!([shown["status"], error["type"], error["code"], error["param"], key_state(fault.signal)]);
        if got != expected {
            wrong.push(format!("{status} {text}\n  expected {expected}\n  got      {got}"));
        }
    }
    println!("{} rows of errors, {} wrong", rows.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const DIALECTS: [&dyn Dialect; 3] = [&openai::OpenAi::new(Provider::OPENAI), &anthropic::Anthropic, &google::Google];

/// Everything that a provider, or something in front of it, may answer with.
fn bodies() -> Vec<String> {
    let mut bodies: Vec<String> =
        ["", "<html>502 Bad Gateway</html>", "{", "[]", "{}", "7", "null", "{\"error\":7}"].map(str::to_owned).into();
    let rows = anthropic::tests::error::rows().into_iter().chain(google::tests::error::rows());
    bodies.extend(rows.map(|row| row.body.to_string()));
    for code in ["invalid_api_key", "insufficient_quota", "account_deactivated", "missing_scope", "x"] {
        bodies.push(json!({"error": {"message": "m", "type": "authentication_error", "code": code}}).to_string());
    }
    bodies
}

/// Every status with a body that says nothing, and every body with the statuses that some table heeds.
fn each_failure(mut act: impl FnMut(&dyn Dialect, u16, &str)) {
    const HEEDED: &[u16] = &[300, 400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 499, 500, 501, 503, 504, 529, 599];
    for (body, dialect) in bodies().iter().flat_map(|body| DIALECTS.map(|dialect| (body, dialect))) {
        HEEDED.iter().for_each(|status| act(dialect, *status, body));
    }
    for (status, dialect) in (300..600).flat_map(|status| DIALECTS.map(|dialect| (status, dialect))) {
        ["", "<html></html>", "{}", "{\"error\":{\"message\":\"m\"}}"]
            .iter()
            .for_each(|body| act(dialect, status, body));
    }
}

#[test]
fn no_failure_of_any_provider_ever_becomes_a_401() {
    each_failure(|dialect, status, body| {
        let failure = ErrorResponse { status, headers: &[], body: body.as_bytes() };
        let shown = shown_error(&dialect.error(&failure, Timestamp(0)).error);
        let ours = shown["status"].as_u64().unwrap();
        assert!(ours != 401 && ours >= 400, "{status} {body} became {ours}");
    });
}

#[test]
fn what_only_a_person_can_mend_is_never_retried_whatever_the_provider_says() {
    let headers = [("x-should-retry".to_owned(), "true".to_owned()), ("retry-after".to_owned(), "1".to_owned())];
    each_failure(|dialect, status, body| {
        let failure = ErrorResponse { status, headers: &headers, body: body.as_bytes() };
        let shown = shown_error(&dialect.error(&failure, Timestamp(0)).error);
        let is_quota = shown["body"]["error"]["type"] == "insufficient_quota";
        let is_final = shown["status"] == 403 || is_quota;
        assert!(!is_final || shown["headers"]["x-should-retry"] == "false", "{status} {body}: {shown}");
        assert!(!is_quota || shown["headers"]["retry-after"].is_null(), "{status} {body}: {shown}");
    });
}

#[test]
fn a_failure_of_the_service_says_nothing_about_the_key() {
    for dialect in DIALECTS {
        for status in [300, 304, 404, 408, 413, 499, 500, 502, 503, 504, 520, 529] {
            for body in ["", "<html></html>", "{}"] {
                let fault = dialect.error(&ErrorResponse { status, headers: &[], body: body.as_bytes() }, Timestamp(0));
                assert_eq!(fault.signal, None, "{status}");
            }
        }
    }
}
