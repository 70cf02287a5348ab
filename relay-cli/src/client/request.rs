//! A request as a value, so that the demo can print exactly the request that it sends.

use serde_json::Value;
use zeroize::Zeroizing;

/// The methods of Relay's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Do or create.
    Post,
    /// Delete.
    Delete,
}

impl Method {
    /// The method's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request to Relay.
#[derive(Clone)]
pub struct Request {
    /// GET, POST, DELETE.
    pub method: Method,
    /// The path from the root, and the query.
    pub path: String,
    /// A Relay key or a registration token.
    pub bearer: Option<Zeroizing<String>>,
    /// Headers other than `authorization` and `content-type`.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Option<Value>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({} {})", self.method.as_str(), self.path)
    }
}

impl Request {
    /// A GET request without bearer.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path.into())
    }

    /// A POST request without bearer or body.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path.into())
    }

    /// A DELETE request without bearer.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path.into())
    }

    fn new(method: Method, path: String) -> Self {
        Self { method, path, bearer: None, headers: Vec::new(), body: None }
    }

    /// With this bearer.
    #[must_use]
    pub fn bearer(mut self, bearer: &str) -> Self {
        self.bearer = Some(Zeroizing::new(bearer.to_owned()));
        self
    }

    /// On behalf of this user.
    #[must_use]
    pub fn user(self, user: &str) -> Self {
        self.header("X-Relay-User", user)
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_no_secret_in_debug() {
        let request = Request::get("/v1/models").bearer("rly-secret");
        assert_eq!(format!("{request:?}"), "Request(GET /v1/models)");
    }
}
