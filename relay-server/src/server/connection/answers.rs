//! Tells a connection about the answers to its requests: when one is worked on, when its body is wanted, when its answer
//! is complete.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::error::PayloadError;
use actix_http::{BoxedPayloadStream, ConnectionType, Payload, Request, Response};
use actix_service::{Service, ServiceFactory};
use actix_web::Error;
use actix_web::dev::ServiceResponse;
use bytes::Bytes;
use futures::Stream;
use futures::future::LocalBoxFuture;
use pin_project_lite::pin_project;

use super::link::Link;

/// Makes [`Answers`].
pub(crate) struct AnswersFactory<F>(pub(crate) F);

impl<F> ServiceFactory<Request> for AnswersFactory<F>
where
    F: ServiceFactory<Request, Config = (), Response = ServiceResponse<BoxBody>, Error = Error>,
    F::Future: 'static,
{
    type Response = Response<Answer>;
    type Error = Response<BoxBody>;
    type Config = ();
    type Service = Answers<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, F::InitError>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let inner = self.0.new_service(());
        Box::pin(async move { inner.await.map(Answers) })
    }
}

/// The application, whose connections learn what becomes of their requests.
pub(crate) struct Answers<S>(S);

impl<S> Service<Request> for Answers<S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    type Response = Response<Answer>;
    type Error = Response<BoxBody>;
    type Future = Answering<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx).map_err(|error| error.error_response().into())
    }

    fn call(&self, mut request: Request) -> Self::Future {
        let link = request.conn_data::<Link>().cloned();
        if let Some(link) = &link {
            link.asked();
            if link.owes_continue() {
                request = with_continue(request, link.clone());
            }
        }
        Answering { inner: self.0.call(request), link }
    }
}

pin_project! {
    /// A request that is worked on.
    pub(crate) struct Answering<F> {
        #[pin]
        inner: F,
        link: Option<Link>,
    }
}

impl<F: Future<Output = Result<ServiceResponse<BoxBody>, Error>>> Future for Answering<F> {
    type Output = Result<Response<Answer>, Response<BoxBody>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response: Response<BoxBody> = match ready!(this.inner.poll(cx)) {
            Ok(response) => response.into(),
            Err(error) => error.error_response().into(),
        };
        let link = this.link.take();
        if link.as_ref().is_some_and(Link::must_close) {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        Poll::Ready(Ok(response.map_body(|_, body| Answer { body, link })))
    }
}

/// The body of an answer. The answer is complete when it is dropped.
pub(crate) struct Answer {
    body: BoxBody,
    link: Option<Link>,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.answered();
        }
    }
}

/// The same request; a client that waits for `100 Continue` gets it when the body is first read. The handlers read
/// none before they know the caller's key and the body's length.
fn with_continue(request: Request, link: Link) -> Request {
    let (request, payload) = request.replace_payload(Payload::<BoxedPayloadStream>::None);
    let payload: BoxedPayloadStream = Box::pin(Continued { payload, link });
    request.replace_payload(Payload::Stream { payload }).0
}

/// A body whose client waits to be told to send it.
struct Continued {
    payload: Payload<BoxedPayloadStream>,
    link: Link,
}

impl Stream for Continued {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.link.want_body();
        Pin::new(&mut self.payload).poll_next(cx)
    }
}
