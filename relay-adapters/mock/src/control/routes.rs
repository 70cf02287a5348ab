//! The routes of the control API, for a server without a router of its own.

use relay_core::RelayError;

use crate::Mock;

/// A request to the control API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ControlRequest<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) origin: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// Whether a request is for the control API.
pub(crate) fn is_control(target: &str) -> bool {
    target.starts_with("/__mock/")
}

/// Status and body of the answer.
pub(crate) fn answer(mock: &Mock, request: ControlRequest<'_>) -> (u16, String) {
    match dispatch(mock, request) {
        Ok(json) => (200, json),
        Err(error) => (error.class().status(), String::from_utf8_lossy(&error.to_body()).into_owned()),
    }
}

fn dispatch(mock: &Mock, request: ControlRequest<'_>) -> Result<String, RelayError> {
    let ControlRequest { method, target, origin, content_type, body } = request;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if method != "GET" {
        super::refuse_pages(origin, content_type, !body.is_empty())?;
    }
    match (method, path.trim_end_matches('/')) {
        ("POST", "/__mock/scripts") => super::add_scripts(mock, body),
        ("GET", "/__mock/scripts") => Ok(super::scripts(mock)),
        ("GET", "/__mock/calls") => super::calls(mock, query),
        ("POST", "/__mock/reset") => super::reset(mock, body),
        ("GET", "/__mock/settings") => Ok(super::settings(mock)),
        ("PUT", "/__mock/settings") => super::change_settings(mock, body),
        (_, "/__mock/scripts") => Err(RelayError::method_not_allowed("other", "GET, POST")),
        (_, "/__mock/calls") => Err(RelayError::method_not_allowed("other", "GET")),
        (_, "/__mock/reset") => Err(RelayError::method_not_allowed("other", "POST")),
        (_, "/__mock/settings") => Err(RelayError::method_not_allowed("other", "GET, PUT")),
        _ => Err(RelayError::unknown_endpoint("the path does not exist; docs/mock.md describes the control API")),
    }
}
