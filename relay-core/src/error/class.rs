//! The classes of errors, each with its HTTP status.

/// What kind of failure an error is. Each class has one HTTP status: [`Class::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// 400: the caller's request is invalid; `param` names the member.
    InvalidRequest,
    /// 401: the developer's Relay key, or the registration token, is not valid.
    Unauthenticated,
    /// 403: refused because of the user's provider key, a permission or a policy.
    Forbidden,
    /// 404: the model, user or endpoint does not exist.
    NotFound,
    /// 405: the path exists but does not support the method.
    MethodNotAllowed,
    /// 408: the request took too long to arrive.
    RequestTimeout,
    /// 410: the registration token is used up or expired.
    Gone,
    /// 413: the body is too large.
    TooLarge,
    /// 414: the path and query are too long.
    UriTooLong,
    /// 415: the body is not JSON, or it is compressed.
    UnsupportedMediaType,
    /// 422: at registration, the provider refused the key.
    Unprocessable,
    /// 429: a rate limit of Relay or of the provider, or the user's credit is used up.
    RateLimited,
    /// 431: the request headers are too large.
    HeadersTooLarge,
    /// 499: the provider reports that the call was cancelled. nginx introduced this status; Google uses it too.
    Cancelled,
    /// 500: an error in Relay itself, or a 500 of the provider.
    Internal,
    /// 501: no path supports the method.
    NotImplemented,
    /// 502: the provider could not be reached, or its answer could not be read.
    BadGateway,
    /// 503: temporarily unavailable: the provider is overloaded, the store is busy, or Relay is shutting down.
    Unavailable,
    /// 504: the provider did not answer in time.
    GatewayTimeout,
    /// Another 4xx status of the provider, passed on unchanged. A status outside 400 to 499 becomes 502.
    Provider(u16),
}

impl Class {
    /// The HTTP status code, from 400 to 504.
    ///
    /// ```
    /// use relay_core::Class;
    ///
    /// assert_eq!(Class::Forbidden.status(), 403);
    /// assert_eq!(Class::Provider(418).status(), 418);
    /// ```
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::UriTooLong => 414,
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable => 422,
            Self::RateLimited => 429,
            Self::HeadersTooLarge => 431,
            Self::Cancelled => 499,
            Self::Internal => 500,
            Self::NotImplemented => 501,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::GatewayTimeout => 504,
            Self::Provider(status @ 400..=499) => status,
            Self::Provider(_) => 502,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_own_status_is_passed_on_only_as_a_client_error() {
        assert_eq!(Class::Provider(418).status(), 418);
        assert_eq!(Class::Provider(200).status(), 502);
        assert_eq!(Class::Provider(599).status(), 502);
    }
}
