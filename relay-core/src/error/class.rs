//! What kind of failure an error is, and the HTTP status that it is answered with.

/// What kind of failure it is, by who can mend it. Each class has one HTTP status: [`Class::status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// 400: the caller's request is wrong; `param` names where.
    InvalidRequest,
    /// 401: the developer's Relay key, or the registration token, is not valid.
    Unauthenticated,
    /// 403: understood and refused: the user's provider key, a permission, a policy.
    Forbidden,
    /// 404: no such model, user or endpoint.
    NotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 408: the body took too long to arrive.
    RequestTimeout,
    /// 410: the registration token was valid once.
    Gone,
    /// 413: the body is too large.
    TooLarge,
    /// 415: the body is not JSON, or it is encoded.
    UnsupportedMediaType,
    /// 422: at registration, the provider refused the key.
    Unprocessable,
    /// 429: a limit of Relay, of the provider, or of the user's money.
    RateLimited,
    /// 431: the request headers or the path are too large.
    HeadersTooLarge,
    /// 499: the provider reports that the call was cancelled. The number is nginx's; Google uses it, too.
    Cancelled,
    /// 500: a fault of Relay, or a provider's own 500.
    Internal,
    /// 502: the provider could not be reached, or its answer could not be read.
    BadGateway,
    /// 503: not now: the provider is overloaded, the store is busy, Relay is shutting down.
    Unavailable,
    /// 504: the provider did not answer in time.
    GatewayTimeout,
    /// Another 4xx of the provider, passed on as it is. Any other status in it is answered with 502.
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
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable => 422,
            Self::RateLimited => 429,
            Self::HeadersTooLarge => 431,
            Self::Cancelled => 499,
            Self::Internal => 500,
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
