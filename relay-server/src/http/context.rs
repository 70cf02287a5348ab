//! What is known about a request while it is served: its id, its project and provider, and its line in the access log.

use std::cell::{Cell, OnceCell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use relay_core::domain::ids::{ProjectId, RequestId};
use relay_core::domain::trail::{Actor, By};
use relay_core::domain::{Blame, Outcome, secret_at};
use relay_core::error::chain;
use relay_core::relay::ending::{CallEnd, Ending};
use relay_core::{Disclosure, Provider, Relay, RelayError};

use crate::http::cors::Readers;
use crate::http::headers;
use crate::http::request::address::client_address;
use crate::http::route::Route;
use crate::state::State;

/// The status in the log and the metrics when the client left before there was one.
const CLIENT_LEFT: u16 = 499;

/// One request. Shared by the middleware, the handler and the body of a stream; the last owner writes the access log
/// line.
#[derive(Clone)]
pub(crate) struct RequestContext(Rc<Inner>);

struct Inner {
    state: Data<State>,
    id: RequestId,
    text: HeaderValue,
    client_id: Option<HeaderValue>,
    /// How many times the client has already sent this request, as it reports.
    client_retry: Option<u64>,
    method: Method,
    /// The client's address, or that of its nearest proxy which is not trusted.
    client: Option<IpAddr>,
    began: Instant,
    route: Cell<Option<&'static str>>,
    status: Cell<u16>,
    failure: RefCell<Option<Failure>>,
    /// What becomes of the call to a provider.
    call: OnceCell<Ending>,
    provider_request_id: OnceCell<Box<str>>,
    project: OnceCell<ProjectId>,
    provider: OnceCell<Provider>,
    /// Whether the body is a stream, which continues after the status line.
    readers: Cell<Readers>,
    streamed: Cell<bool>,
    complete: Cell<bool>,
}

/// Why a request failed.
#[derive(Clone, Debug)]
struct Failure {
    blame: Blame,
    code: Box<str>,
    cause: Option<Box<str>>,
    cause_word: Option<&'static str>,
}

impl Failure {
    fn of(error: &RelayError) -> Self {
        let cause = std::error::Error::source(error).map(|source| chain(source).into());
        Self { blame: error.blame(), code: error.code().into(), cause, cause_word: error.cause() }
    }

    /// The failure that a call ended with, if it did.
    fn of_call(end: CallEnd) -> Option<Self> {
        let blame = end.outcome.fault()?;
        let CallEnd { code, cause, cause_word, .. } = end;
        Some(Self { blame, code: code.unwrap_or_default().into(), cause: cause.map(Into::into), cause_word })
    }
}

impl RequestContext {
    pub(crate) fn begin(state: Data<State>, request: &ServiceRequest) -> Self {
        let headers = request.headers();
        let client = client_address(request.request(), &state.trusted_proxies);
        Self::new(state, request.method().clone(), client, client_id(headers), client_retry(headers))
    }

    /// The context of a request that is refused before any route sees it. `method`: `None` if it is not known.
    pub(crate) fn refused(state: Data<State>, method: Option<Method>, peer: IpAddr) -> Self {
        let unknown = || Method::from_bytes(b"-").unwrap_or_default();
        Self::new(state, method.unwrap_or_else(unknown), Some(peer.to_canonical()), None, None)
    }

    fn new(
        state: Data<State>,
        method: Method,
        client: Option<IpAddr>,
        client_id: Option<HeaderValue>,
        client_retry: Option<u64>,
    ) -> Self {
        let id = state.relay.request_id();
        let text = HeaderValue::try_from(id.to_string()).unwrap_or(HeaderValue::from_static("req_"));
        Self(Rc::new(Inner {
            state,
            id,
            text,
            client_id,
            client_retry,
            method,
            client,
            began: Instant::now(),
            route: Cell::new(None),
            status: Cell::new(CLIENT_LEFT),
            failure: RefCell::new(None),
            call: OnceCell::new(),
            provider_request_id: OnceCell::new(),
            project: OnceCell::new(),
            provider: OnceCell::new(),
            readers: Cell::default(),
            streamed: Cell::new(false),
            complete: Cell::new(false),
        }))
    }

    /// The context of a request that the middleware saw, with the route that the request took.
    ///
    /// # Errors
    /// `internal_error` without the middleware.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, RelayError> {
        let context = request.extensions().get::<Self>().cloned().ok_or_else(RelayError::internal)?;
        if let Some(route) = Route::of(request) {
            context.set_route(route);
        }
        Ok(context)
    }

    pub(crate) fn id(&self) -> RequestId {
        self.0.id
    }

    /// How long ago the request arrived, in microseconds.
    pub(crate) fn age_micros(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The use cases, whose changes are this actor's, from the client's address and in this request.
    pub(crate) fn relay_by(&self, actor: Actor) -> Relay {
        self.0.state.relay.by(By::new(actor).address(self.0.client).request(self.0.id))
    }

    pub(crate) fn state(&self) -> &Data<State> {
        &self.0.state
    }

    pub(crate) fn set_route(&self, route: &'static Route) {
        self.0.route.set(Some(route.path));
    }

    pub(crate) fn set_project(&self, project: &ProjectId) {
        let _ = self.0.project.set(project.clone());
    }

    /// Which pages may read the response, if the route lets pages call it.
    pub(crate) fn set_readers(&self, readers: Readers) {
        self.0.readers.set(readers);
    }

    pub(crate) fn readers(&self) -> Readers {
        self.0.readers.get()
    }

    pub(crate) fn set_provider(&self, provider: Provider) {
        let _ = self.0.provider.set(provider);
    }

    pub(crate) fn set_status(&self, status: StatusCode) {
        self.0.status.set(status.as_u16());
    }

    /// The call to a provider that answers this request.
    pub(crate) fn set_call(&self, call: Ending) {
        let _ = self.0.call.set(call);
    }

    /// Says why the call to the provider is about to be dropped, if not because the client left.
    pub(crate) fn abandon_call(&self, error: &RelayError) {
        if let Some(call) = self.0.call.get() {
            call.abandon(error);
        }
    }

    /// What is known about the call to a provider.
    pub(crate) fn note_disclosure(&self, disclosure: &Disclosure) {
        if let Some(paid_by) = &disclosure.paid_by {
            self.set_provider(paid_by.provider);
        }
        if let Some(id) = &disclosure.provider_request_id {
            let _ = self.0.provider_request_id.set(id.as_str().into());
        }
    }

    /// The request failed with this error, which the client gets.
    pub(crate) fn set_failed(&self, error: &RelayError) {
        self.note_disclosure(error.disclosure());
        if let Some(provider) = error.provider() {
            self.set_provider(provider);
        }
        *self.0.failure.borrow_mut() = Some(Failure::of(error));
    }

    /// The failure that a stream ended with by itself: its code and its cause. The client has got it as an event.
    pub(crate) fn take_call_failure(&self) -> Option<(Box<str>, Option<Box<str>>)> {
        let failure = Failure::of_call(self.0.call.get()?.get()?)?;
        let shown = (failure.code.clone(), failure.cause.clone());
        *self.0.failure.borrow_mut() = Some(failure);
        Some(shown)
    }

    /// How the request ended, or would end if it were dropped now.
    pub(crate) fn outcome(&self) -> &'static str {
        self.0.outcome()
    }

    pub(crate) fn set_streamed(&self) {
        self.0.streamed.set(true);
    }

    /// Whether the response is a stream: its log line is written when the body ends.
    pub(crate) fn is_streamed(&self) -> bool {
        self.0.streamed.get()
    }

    /// The whole response was handed to the connection.
    pub(crate) fn set_complete(&self) {
        self.0.complete.set(true);
    }

    /// Adds the request's id to a response.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        headers.insert(headers::REQUEST_ID.clone(), self.0.text.clone());
        headers.insert(headers::RELAY_REQUEST_ID.clone(), self.0.text.clone());
        if let Some(client_id) = &self.0.client_id {
            headers.insert(headers::CLIENT_REQUEST_ID.clone(), client_id.clone());
        }
    }
}

/// The caller's own request id, if it is one that Relay echoes: 8 to 64 letters, digits, `_` and `-`, and nothing that
/// looks like a secret, since ids are logged.
fn client_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(&headers::REQUEST_ID)?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-';
    let good = (8..=64).contains(&value.len()) && value.as_bytes().iter().all(plain);
    let is_secret = || value.to_str().ok().and_then(secret_at).is_some();
    (good && !is_secret()).then(|| value.clone())
}

/// A method that some route supports, or `other`: a client may send any text, a key by mistake.
pub(crate) fn shown_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

fn client_retry(headers: &HeaderMap) -> Option<u64> {
    headers.get(&headers::RETRY_COUNT)?.to_str().ok()?.parse().ok().filter(|count| *count > 0)
}

impl Inner {
    /// `complete`, `cancelled` if the client left before the end, or whose fault the failure is.
    fn outcome(&self) -> &'static str {
        self.outcome_of(self.failure.borrow().as_ref())
    }

    fn outcome_of(&self, failure: Option<&Failure>) -> &'static str {
        match failure {
            Some(failure) => failure.blame.as_str(),
            None if self.complete.get() => Outcome::Complete.as_str(),
            None => Outcome::Cancelled.as_str(),
        }
    }

    /// The model that was called. It is the caller's text, which may hold a secret by mistake.
    fn model(&self) -> Option<String> {
        let model = self.call.get()?.get()?.model;
        (!model.is_empty() && secret_at(&model).is_none()).then_some(model)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let seconds = self.began.elapsed();
        let route = self.route.get().unwrap_or("other");
        let status = if self.complete.get() || self.streamed.get() { self.status.get() } else { CLIENT_LEFT };
        self.state.metrics.request(route, shown_method(&self.method), status, seconds);
        if !tracing::enabled!(target: "relay::access", tracing::Level::INFO) {
            return;
        }
        let text = |value: &Option<HeaderValue>| value.as_ref().and_then(|v| v.to_str().ok().map(str::to_owned));
        let _current = crate::observe::logging::enter(self.id);
        let (client, model, failure) =
            (self.client.map(|client| client.to_string()), self.model(), self.failure.take());
        tracing::info!(
            target: "relay::access",
            method = shown_method(&self.method),
            route,
            status,
            outcome = self.outcome_of(failure.as_ref()),
            duration_us = u64::try_from(seconds.as_micros()).unwrap_or(u64::MAX),
            project = self.project.get().map(ProjectId::as_str),
            provider = self.provider.get().map(|provider| provider.name()),
            model = model.as_deref(),
            provider_request_id = self.provider_request_id.get().map(|id| &**id),
            code = failure.as_ref().map(|failure| &*failure.code),
            cause = failure.as_ref().and_then(|failure| failure.cause.as_deref()),
            cause_word = failure.as_ref().and_then(|failure| failure.cause_word),
            client = client.as_deref(),
            client_request_id = text(&self.client_id).as_deref(),
            client_retry = self.client_retry,
            stream = self.streamed.get(),
            complete = self.complete.get(),
            "request"
        );
    }
}
