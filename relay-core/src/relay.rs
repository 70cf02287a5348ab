//! The use cases of an AI call: who calls, with whose key, to which provider.
//!
//! There is no other key to fall back to: a call for a user is signed with that user's key or it fails.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::future::join_all;
use futures::{Stream, StreamExt};

use crate::error::{Class, RelayError};
use crate::ids::{EndUser, RequestId, Tier, Timestamp};
use crate::json::Object;
use crate::metering::Meter;
use crate::openai::models::{Model, ModelList};
use crate::ports::{
    Cipher, Clock, Connection, ConnectionState, Endpoint, KeySignal, KeyStore, KeyedProject, Projects, ProviderClient,
    Scope, Slot, TokenIssuer, TransportError, TransportErrorKind, UsageReport, UsageSink, WireRequest, WireResponse,
};
use crate::provider::Provider;
use crate::providers::{Call, ChatContext, EmbeddingsContext, Failure, Fault, Notes, Policy};
use crate::secret::{ProviderKey, RelayKey};
use crate::translate::Translation;

/// The longest whole answer that Relay takes, in bytes.
pub const MAX_ANSWER: usize = 64 << 20;
/// The longest embeddings answer: 2,048 inputs of 3,072 numbers are over 100 MB as text.
pub const MAX_EMBEDDINGS: usize = 160 << 20;
/// How much of an error's body is read.
const MAX_ERROR: usize = 64 << 10;
/// How many calls one embeddings request may have under way.
const EMBEDDINGS_AT_ONCE: usize = 4;
/// How many pages of a model list are asked for.
const MAX_MODEL_PAGES: usize = 10;

/// Relay, put together from its ports. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    pub(crate) ports: Arc<Ports>,
}

/// What a [`Relay`] is made of.
pub struct Ports {
    /// Keeps sealed keys and registration grants.
    pub key_store: Arc<dyn KeyStore>,
    /// Keeps projects and Relay keys.
    pub projects: Arc<dyn Projects>,
    /// Seals and opens provider keys.
    pub cipher: Arc<dyn Cipher>,
    /// Mints and hashes tokens.
    pub tokens: Arc<dyn TokenIssuer>,
    /// Takes usage.
    pub usage: Arc<dyn UsageSink>,
    /// Reports usage.
    pub usage_report: Arc<dyn UsageReport>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// One for each provider that shall be served.
    pub providers: Vec<Arc<dyn ProviderClient>>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relay")
    }
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports")
    }
}

/// Who is calling, and for whom. Holding one means that the Relay key and both headers were checked.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The Relay key that was shown, and its project.
    pub access: KeyedProject,
    /// On whose key.
    pub user: EndUser,
    /// Under which tier it is metered.
    pub tier: Tier,
    /// The request.
    pub request: RequestId,
}

/// A call that is ready to be sent: the key is open, the request is translated, nothing has left yet.
#[derive(Debug)]
pub struct Prepared {
    /// Response headers that are known already, whatever the provider answers: `x-relay-key`, `x-relay-dropped-params`, …
    pub headers: Vec<(&'static str, String)>,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    call: Outgoing,
}

#[derive(Debug)]
struct Outgoing {
    relay: Relay,
    route: Route,
    meter: Meter,
    kind: Kind,
    began: u64,
}

#[derive(Debug)]
enum Kind {
    Chat(WireRequest, ChatContext),
    Embeddings(Vec<WireRequest>, EmbeddingsContext),
}

/// A user's key for one provider, open for one call.
pub(crate) struct Route {
    pub(crate) client: Arc<dyn ProviderClient>,
    pub(crate) connection: Connection,
    pub(crate) key: ProviderKey,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route").field("slot", &self.connection.slot.slot).finish_non_exhaustive()
    }
}

/// An answer.
pub struct Reply {
    /// Response headers beside those of [`Prepared`].
    pub headers: Vec<(&'static str, String)>,
    /// The answer itself.
    pub body: ReplyBody,
}

/// An answer's body.
pub enum ReplyBody {
    /// JSON in one piece.
    Whole(Bytes),
    /// Server-sent events. Dropping it ends the provider's call.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl std::fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Whole(_) => "Whole(..)",
            Self::Stream(_) => "Stream(..)",
        })
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("headers", &self.headers).finish_non_exhaustive()
    }
}

impl Relay {
    /// Puts Relay together.
    pub fn new(ports: Ports) -> Self {
        Self { ports: Arc::new(ports) }
    }

    /// The ports that it was made of.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// A new request's id.
    pub fn request_id(&self) -> RequestId {
        self.ports.tokens.request_id(self.ports.clock.now())
    }

    /// Finds out whose Relay key this is, and whether it may do this.
    ///
    /// # Errors
    /// `invalid_relay_key` for a key that is malformed, unknown, revoked or expired, all alike; `scope_missing`.
    pub async fn authenticate(&self, key: &RelayKey, scope: Scope) -> Result<KeyedProject, RelayError> {
        let hash = self.ports.tokens.hash_relay_key(key).ok_or_else(invalid_relay_key)?;
        let found = self.ports.projects.relay_key(&hash).await?;
        let access = found.filter(|found| found.key.is_live(self.ports.clock.now())).ok_or_else(invalid_relay_key)?;
        if access.key.scopes.contains(&scope) {
            return Ok(access);
        }
        Err(RelayError::new(
            Class::Forbidden,
            "scope_missing",
            format!("this Relay key lacks the scope `{}`; make one that has it", scope.as_str()),
        ))
    }

    /// Reads a chat request, opens the user's key and translates. Nothing is sent yet.
    ///
    /// # Errors
    /// The caller's mistakes, an unknown model, a user without a usable key.
    pub async fn prepare_chat(&self, caller: &Caller, body: Bytes) -> Result<Prepared, RelayError> {
        let began = self.ports.clock.micros();
        let request = Object::parse(&body)?;
        let asked = requested_model(&request)?;
        let (provider, model) = Provider::of(&asked).ok_or_else(|| RelayError::model_not_found(&asked))?;
        let route = self.route(caller, provider).await?;
        let now = self.ports.clock.now();
        let call = call(&body, &request, &asked, model, caller, now);
        let chat = provider.dialect().chat(&call)?;
        refuse_notes_if_strict(caller, &chat.notes)?;
        let headers = known_headers(&route, &chat.notes);
        let meter = Meter::start(self, caller, provider, model, Endpoint::Chat, now);
        let stream = chat.context.stream;
        let kind = Kind::Chat(route.addressed(chat.wire), chat.context);
        Ok(Prepared { headers, stream, call: Outgoing { relay: self.clone(), route, meter, kind, began } })
    }

    /// Reads an embeddings request, opens the user's key and translates. Nothing is sent yet.
    ///
    /// # Errors
    /// As [`Self::prepare_chat`].
    pub async fn prepare_embeddings(&self, caller: &Caller, body: Bytes) -> Result<Prepared, RelayError> {
        let began = self.ports.clock.micros();
        let request = Object::parse(&body)?;
        let asked = requested_model(&request)?;
        let (provider, model) = Provider::of(&asked).ok_or_else(|| RelayError::model_not_found(&asked))?;
        let now = self.ports.clock.now();
        let call = call(&body, &request, &asked, model, caller, now);
        // Translated first: a provider without embeddings is the caller's mistake, whether or not the user has a key.
        let embeddings = provider.dialect().embeddings(&call)?;
        let route = self.route(caller, provider).await?;
        refuse_notes_if_strict(caller, &embeddings.notes)?;
        let headers = known_headers(&route, &embeddings.notes);
        let meter = Meter::start(self, caller, provider, model, Endpoint::Embeddings, now);
        let wires = embeddings.wires.into_iter().map(|wire| route.addressed(wire)).collect();
        let kind = Kind::Embeddings(wires, embeddings.context);
        Ok(Prepared { headers, stream: false, call: Outgoing { relay: self.clone(), route, meter, kind, began } })
    }

    /// The models of all providers that the user has connected.
    ///
    /// # Errors
    /// `provider_key_missing` if there are none, the first failure if every provider fails.
    pub async fn models(&self, caller: &Caller) -> Result<ModelList, RelayError> {
        let project = &caller.access.project.id;
        let connections = self.ports.key_store.connections(project, &caller.user).await?;
        if connections.is_empty() {
            return Err(RelayError::new(
                Class::Forbidden,
                "provider_key_missing",
                "this user has not connected any provider key yet; open the widget for them",
            ));
        }
        let lists = join_all(connections.into_iter().map(|connection| self.models_of(caller, connection))).await;
        let (good, bad): (Vec<_>, Vec<_>) = lists.into_iter().partition(Result::is_ok);
        match bad.into_iter().find_map(Result::err) {
            Some(error) if good.is_empty() => Err(error),
            _ => Ok(ModelList { object: "list", data: good.into_iter().flatten().flatten().collect() }),
        }
    }

    /// One model of the user's providers.
    ///
    /// # Errors
    /// `model_not_found`, and as [`Self::models`].
    pub async fn model(&self, caller: &Caller, asked: &str) -> Result<Model, RelayError> {
        let unknown = || RelayError::model_not_found(asked);
        let (provider, id) = Provider::of(asked).ok_or_else(unknown)?;
        let connection = self.connection(caller, provider).await?;
        let models = self.models_of(caller, connection).await?;
        models.into_iter().find(|model| model.id == id).ok_or_else(unknown)
    }

    async fn models_of(&self, caller: &Caller, connection: Connection) -> Result<Vec<Model>, RelayError> {
        let route = self.open(connection)?;
        let mut meter = Meter::start(self, caller, route.provider(), "", Endpoint::Models, self.ports.clock.now());
        let listed = self.list_models(&route).await;
        match &listed {
            Ok(_) => meter.complete(None, None),
            Err(_) => meter.failed(),
        }
        listed
    }

    async fn list_models(&self, route: &Route) -> Result<Vec<Model>, RelayError> {
        let dialect = route.provider().dialect();
        let (mut models, mut page) = (Vec::new(), None);
        for _ in 0..MAX_MODEL_PAGES {
            let wire = route.addressed(dialect.models(page.as_deref()));
            let body = collect(self.send(route, wire).await?, MAX_ANSWER).await?;
            let (found, next) = dialect.models_answer(&body)?;
            models.extend(found);
            page = next;
            if page.is_none() {
                break;
            }
        }
        Ok(models)
    }

    /// The user's connection for a provider, if calls may use it.
    async fn connection(&self, caller: &Caller, provider: Provider) -> Result<Connection, RelayError> {
        let slot = Slot { project: caller.access.project.id.clone(), user: caller.user.clone(), provider };
        self.ports.key_store.connection(&slot).await?.ok_or_else(|| {
            RelayError::new(
                Class::Forbidden,
                "provider_key_missing",
                format!("this user has not connected a {} key yet; open the widget for them", provider.label()),
            )
            .with_provider(provider)
        })
    }

    async fn route(&self, caller: &Caller, provider: Provider) -> Result<Route, RelayError> {
        let connection = self.connection(caller, provider).await?;
        self.open(connection)
    }

    /// Opens the key of a connection for one call.
    pub(crate) fn open(&self, connection: Connection) -> Result<Route, RelayError> {
        let provider = connection.slot.slot.provider;
        if connection.state.refuses_calls() {
            return Err(refused_before(connection.state, provider));
        }
        self.open_unchecked(connection)
    }

    /// As [`Self::open`], for a check of a key that was refused before.
    pub(crate) fn open_unchecked(&self, connection: Connection) -> Result<Route, RelayError> {
        let key = self.ports.cipher.open(&connection.slot, &connection.sealed).map_err(|error| {
            RelayError::new(
                Class::Internal,
                "provider_key_unreadable",
                "the stored provider key can't be opened; ask the operator to run `relay doctor`",
            )
            .with_retry(false)
            .with_cause(error)
        })?;
        let client = self.client(connection.slot.slot.provider)?;
        Ok(Route { client, connection, key })
    }

    pub(crate) fn client(&self, provider: Provider) -> Result<Arc<dyn ProviderClient>, RelayError> {
        let found = self.ports.providers.iter().find(|client| client.provider() == provider);
        found.cloned().ok_or_else(|| {
            RelayError::new(
                Class::NotFound,
                "model_not_found",
                format!("this Relay does not serve {} models", provider.label()),
            )
            .with_param("model")
        })
    }

    /// Sends a request and turns every failure into what the caller sees; feeds the connection's state.
    async fn send(&self, route: &Route, wire: WireRequest) -> Result<WireResponse, RelayError> {
        let response = route.client.send(wire, &route.key).await.map_err(|error| unreachable_provider(&error))?;
        if (200..300).contains(&response.status) {
            if route.connection.state != ConnectionState::Active || route.connection.refusals > 0 {
                self.observe(route, KeySignal::Works).await;
            }
            return Ok(response);
        }
        let fault = self.fault(route.provider(), response).await;
        Err(self.settle(route, fault).await)
    }

    /// Reads an answer with an error status.
    pub(crate) async fn fault(&self, provider: Provider, response: WireResponse) -> Fault {
        let (status, headers) = (response.status, response.headers.clone());
        let body = collect_up_to(response, MAX_ERROR).await;
        provider.dialect().error(&Failure { status, headers: &headers, body: &body }, self.ports.clock.now())
    }

    /// Feeds the connection's state with what a failure says about the key; returns the caller's error.
    pub(crate) async fn settle(&self, route: &Route, fault: Fault) -> RelayError {
        if let Some(signal) = fault.signal {
            self.observe(route, signal).await;
        }
        fault.error.with_provider(route.provider())
    }

    async fn observe(&self, route: &Route, signal: KeySignal) {
        let SlotRef { slot, version } = route.slot();
        // A state that can't be stored now is observed again with the next answer; the call itself must not fail for it.
        let _ = self.ports.key_store.observe(slot, version, signal, false, self.ports.clock.now()).await;
    }
}

struct SlotRef<'a> {
    slot: &'a Slot,
    version: u64,
}

impl Route {
    fn slot(&self) -> SlotRef<'_> {
        SlotRef { slot: &self.connection.slot.slot, version: self.connection.slot.version }
    }

    pub(crate) fn provider(&self) -> Provider {
        self.connection.slot.slot.provider
    }

    /// Adds the workspace id, where the connection has one.
    pub(crate) fn addressed(&self, wire: WireRequest) -> WireRequest {
        match (self.provider().dialect().workspace_header(), &self.connection.workspace_id) {
            (Some(name), Some(id)) => wire.with_header(name, id.clone()),
            _ => wire,
        }
    }
}

impl Prepared {
    /// Sends the call. A stream's reply comes with its first event, so that an early failure still is an error here.
    ///
    /// Dropping the future, or the reply's stream, ends the provider's call.
    ///
    /// # Errors
    /// What the provider refuses, as the caller shall see it.
    pub async fn send(self) -> Result<Reply, RelayError> {
        let Outgoing { relay, route, mut meter, kind, began } = self.call;
        let sent = relay.ports.clock.micros();
        let result = match kind {
            Kind::Chat(wire, context) if context.stream => {
                return relay.chat_stream(route, meter, wire, context, sent - began).await;
            }
            Kind::Chat(wire, context) => relay.chat_whole(&route, &mut meter, wire, &context).await,
            Kind::Embeddings(wires, context) => relay.embed(&route, &mut meter, wires, &context).await,
        };
        match result {
            Ok((mut reply, answered)) => {
                let overhead = (sent - began) + relay.ports.clock.micros().saturating_sub(answered);
                reply.headers.push(("x-relay-overhead-us", overhead.to_string()));
                Ok(reply)
            }
            Err(error) => {
                meter.failed();
                Err(error)
            }
        }
    }
}

/// A reply, and when the provider's answer was all there (in the clock's microseconds).
type Timed = (Reply, u64);

impl Relay {
    async fn chat_whole(
        &self,
        route: &Route,
        meter: &mut Meter,
        wire: WireRequest,
        context: &ChatContext,
    ) -> Result<Timed, RelayError> {
        let response = self.send(route, wire).await?;
        let headers = route.provider().dialect().passed_headers(&response.headers, self.ports.clock.now());
        let body = collect(response, MAX_ANSWER).await?;
        let answered = self.ports.clock.micros();
        let answer = route.provider().dialect().chat_answer(body, context)?;
        meter.complete(answer.usage, answer.model);
        Ok((Reply { headers, body: ReplyBody::Whole(answer.body) }, answered))
    }

    async fn embed(
        &self,
        route: &Route,
        meter: &mut Meter,
        wires: Vec<WireRequest>,
        context: &EmbeddingsContext,
    ) -> Result<Timed, RelayError> {
        let calls = wires.into_iter().map(|wire| async {
            let response = self.send(route, wire).await?;
            let headers = route.provider().dialect().passed_headers(&response.headers, self.ports.clock.now());
            Ok::<_, RelayError>((headers, collect(response, MAX_EMBEDDINGS).await?))
        });
        let mut answers = futures::stream::iter(calls).buffered(EMBEDDINGS_AT_ONCE);
        let (mut headers, mut bodies) = (Vec::new(), Vec::new());
        while let Some(answer) = answers.next().await {
            let (passed, body) = answer?;
            headers = passed;
            bodies.push(body);
        }
        let answered = self.ports.clock.micros();
        let answer = route.provider().dialect().embeddings_answer(bodies, context)?;
        meter.complete(answer.usage, answer.model);
        if answer.usage_estimated {
            headers.push(("x-relay-usage-estimated", "true".to_owned()));
        }
        Ok((Reply { headers, body: ReplyBody::Whole(answer.body) }, answered))
    }

    async fn chat_stream(
        &self,
        route: Route,
        mut meter: Meter,
        wire: WireRequest,
        context: ChatContext,
        overhead: u64,
    ) -> Result<Reply, RelayError> {
        let dialect = route.provider().dialect();
        let response = match self.send(&route, wire).await {
            Ok(response) => response,
            Err(error) => {
                meter.failed();
                return Err(error);
            }
        };
        let mut headers = dialect.passed_headers(&response.headers, self.ports.clock.now());
        headers.push(("x-relay-overhead-us", overhead.to_string()));
        let mut translation = Translation::new(response.body, dialect.chat_stream(context), meter);
        match translation.next().await {
            Ok(first) => {
                Ok(Reply { headers, body: ReplyBody::Stream(translation.into_stream(first, self.clone(), route)) })
            }
            Err(fault) => Err(self.settle(&route, fault).await),
        }
    }
}

/// The whole body of an answer.
///
/// # Errors
/// A body that breaks off, or is longer than `limit`.
pub(crate) async fn collect(mut response: WireResponse, limit: usize) -> Result<Bytes, RelayError> {
    let Some(first) = response.body.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(|error| unreachable_provider(&error))?;
    let Some(second) = response.body.next().await else { return Ok(first) };
    let mut body = BytesMut::from(first);
    let mut piece = second.map_err(|error| unreachable_provider(&error))?;
    loop {
        if body.len() + piece.len() > limit {
            return Err(RelayError::upstream(format!("the provider's answer is longer than {limit} bytes")));
        }
        body.extend_from_slice(&piece);
        match response.body.next().await {
            Some(next) => piece = next.map_err(|error| unreachable_provider(&error))?,
            None => return Ok(body.freeze()),
        }
    }
}

/// What can be had of a body, at most `limit` bytes; a broken one is cut.
async fn collect_up_to(mut response: WireResponse, limit: usize) -> Bytes {
    let mut body = BytesMut::new();
    while let Some(Ok(piece)) = response.body.next().await {
        body.extend_from_slice(piece.get(..piece.len().min(limit - body.len())).unwrap_or_default());
        if body.len() >= limit {
            break;
        }
    }
    body.freeze()
}

pub(crate) fn unreachable_provider(error: &TransportError) -> RelayError {
    let (class, code, message) = match error.kind {
        TransportErrorKind::Connect => {
            (Class::BadGateway, "upstream_unreachable", "the provider could not be reached; nothing was sent")
        }
        TransportErrorKind::Timeout => {
            (Class::GatewayTimeout, "upstream_timeout", "the provider did not answer in time")
        }
        TransportErrorKind::Interrupted => {
            (Class::BadGateway, "upstream_stream_interrupted", "the connection to the provider broke")
        }
        TransportErrorKind::Malformed => (Class::BadGateway, "upstream_error", "the provider's answer can't be read"),
    };
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let failure = RelayError::new(class, code, message).with_cause(cause);
    // The provider may have done, and billed, the work: a client must not run the call again by itself.
    if error.kind == TransportErrorKind::Timeout { failure.with_retry(false) } else { failure }
}

fn invalid_relay_key() -> RelayError {
    RelayError::new(
        Class::Unauthenticated,
        "invalid_relay_key",
        "the Relay key is not valid: send `Authorization: Bearer rly-…` with a live key of your project",
    )
}

fn refused_before(state: ConnectionState, provider: Provider) -> RelayError {
    let (code, what) = match state {
        ConnectionState::Revoked => ("provider_key_revoked", "withdrew"),
        _ => ("provider_key_invalid", "refuses"),
    };
    let message = format!("{} {what} this user's key; ask the user to connect a new one", provider.label());
    RelayError::new(Class::Forbidden, code, message).with_provider(provider)
}

fn requested_model(request: &Object<'_>) -> Result<String, RelayError> {
    let model = request.text("model")?.unwrap_or_default();
    if model.is_empty() {
        return Err(RelayError::invalid_value("model", "`model` is missing: name the model to use"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/-@+".contains(c);
    if model.len() > 256 || !model.chars().all(plain) || model.contains("..") {
        return Err(RelayError::model_not_found(&model));
    }
    Ok(model.into_owned())
}

fn call<'a>(
    body: &'a Bytes,
    request: &'a Object<'a>,
    asked: &str,
    model: &'a str,
    caller: &Caller,
    now: Timestamp,
) -> Call<'a> {
    Call {
        body,
        request,
        model,
        prefixed: model.len() != asked.len(),
        id: caller.request,
        now,
        policy: Policy::default(),
    }
}

fn refuse_notes_if_strict(caller: &Caller, notes: &Notes) -> Result<(), RelayError> {
    if !caller.access.project.strict_params {
        return Ok(());
    }
    match notes.dropped.first().or_else(|| notes.adjusted.first()) {
        None => Ok(()),
        Some(name) => Err(RelayError::unsupported_parameter(
            name.clone(),
            format!("the provider can't do `{name}` as asked, and this project is strict; leave it out"),
        )),
    }
}

fn known_headers(route: &Route, notes: &Notes) -> Vec<(&'static str, String)> {
    let mut headers = vec![("x-relay-key", format!("{}/…{}", route.provider(), route.connection.last4))];
    if !notes.dropped.is_empty() {
        headers.push(("x-relay-dropped-params", notes.dropped.join(",")));
    }
    if !notes.adjusted.is_empty() {
        headers.push(("x-relay-adjusted-params", notes.adjusted.join(",")));
    }
    headers
}
