//! A provider whose name can't be resolved, or not in time.

use std::time::Duration;

use reqwest::dns::{Name, Resolve, Resolving};

use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, ProviderClient as _, TransportCause, TransportErrorKind, WireRequest};

use super::{HttpProvider, HttpTransport, Timeouts};

/// Never finds a name: at once, or without ever giving up.
#[derive(Clone, Copy)]
enum Resolver {
    Fails,
    Hangs,
}

impl Resolve for Resolver {
    fn resolve(&self, _: Name) -> Resolving {
        match self {
            Self::Fails => Box::pin(std::future::ready(Err("no such name".into()))),
            Self::Hangs => Box::pin(std::future::pending()),
        }
    }
}

async fn failure(resolver: Resolver) -> (TransportErrorKind, TransportCause, String) {
    let timeouts = Timeouts { connect: Duration::from_millis(50), ..Timeouts::default() };
    let client = HttpProvider::new(Provider::OPENAI, &HttpTransport::resolving(timeouts, resolver));
    let key = ProviderKey::parse("sk-test-0123456789".to_owned()).unwrap();
    let error = client.send(WireRequest::post("/v1/x", "{}", Expect::Whole), &key).await.unwrap_err();
    (error.kind, error.cause, format!("{error} {error:?}"))
}

#[tokio::test]
async fn a_name_that_is_not_found_is_a_connect_error() {
    let (kind, cause, shown) = failure(Resolver::Fails).await;
    assert_eq!((kind, cause), (TransportErrorKind::Connect, TransportCause::Dns));
    assert!(!shown.contains("sk-test") && !shown.contains("/v1/x"), "{shown}");
}

#[tokio::test]
async fn a_name_that_is_not_found_in_time_is_a_connect_timeout() {
    let (kind, cause, _) = failure(Resolver::Hangs).await;
    assert_eq!((kind, cause), (TransportErrorKind::ConnectTimeout, TransportCause::Timeout));
}
