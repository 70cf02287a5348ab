//! Chat and embeddings: prepared first, sent second.
//!
//! A prepared call knows whose key pays and what was not carried over, before anything has left.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use crate::domain::ids::{RequestId, Timestamp};
use crate::domain::{Endpoint, Provider};
use crate::error::{Disclosure, PaidBy, RelayError};
use crate::ports::{LARGE, WireRequest, WireResponse};
use crate::relay::call::Route;
use crate::relay::caller::Caller;
use crate::relay::ending::Ending;
use crate::relay::handle::Relay;
use crate::relay::metering::Meter;
use crate::relay::stream::{EventStream, Translation, collected};
use crate::translation::json::Object;
use crate::translation::limits::{MAX_ANSWER, MAX_EMBEDDINGS};
use crate::translation::{
    Amended, Call, ChatContext, EmbeddingsContext, Notes, TranslatedAnswer, TranslatedChat, TranslatedEmbeddings,
    TranslationOptions, Work, dialect, surface,
};

/// How many calls one embeddings request may have under way.
const EMBEDDINGS_AT_ONCE: usize = 4;

/// A call that is ready to be sent: the key is open, the request is translated, nothing has left yet.
#[derive(Debug)]
pub struct Prepared {
    /// What is known already, whatever the provider answers: whose key pays, what was dropped or adjusted.
    pub disclosure: Disclosure,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    call: Outgoing,
}

#[derive(Debug)]
struct Outgoing {
    relay: Relay,
    route: Route,
    meter: Meter,
    operation: Operation,
    notes: Notes,
}

/// What a call is made of, but for its meter.
struct Ready {
    route: Route,
    operation: Operation,
    notes: Notes,
}

#[derive(Debug)]
enum Operation {
    Chat(WireRequest, ChatContext),
    Embeddings(Vec<WireRequest>, EmbeddingsContext),
}

impl Operation {
    fn wires(&self) -> &[WireRequest] {
        match self {
            Self::Chat(wire, _) => std::slice::from_ref(wire),
            Self::Embeddings(wires, _) => wires,
        }
    }

    fn wires_mut(&mut self) -> &mut [WireRequest] {
        match self {
            Self::Chat(wire, _) => std::slice::from_mut(wire),
            Self::Embeddings(wires, _) => wires,
        }
    }
}

/// An answer.
pub struct Reply {
    /// What is known of the call: all that [`Prepared`] said, and what the provider added.
    pub disclosure: Disclosure,
    /// The answer itself.
    pub body: ReplyBody,
}

/// An answer's body.
pub enum ReplyBody {
    /// JSON in one piece.
    Whole(Bytes),
    /// Server-sent events. Dropping the stream ends the provider's call.
    Stream(EventStream),
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
        f.debug_struct("Reply").field("disclosure", &self.disclosure).finish_non_exhaustive()
    }
}

impl Relay {
    /// Reads a chat request, opens the user's key and translates. Nothing is sent yet.
    ///
    /// # Errors
    /// The caller's mistakes, an unknown model, a user without a usable key.
    pub async fn prepare_chat(&self, caller: &Caller, body: Bytes) -> Result<Prepared, RelayError> {
        let mut meter = Meter::start(self, caller, Endpoint::Chat, body.len());
        let ready = self.ready_chat(caller, body, &mut meter).await;
        self.prepared(meter, ready)
    }

    async fn ready_chat(&self, caller: &Caller, body: Bytes, meter: &mut Meter) -> Result<Ready, RelayError> {
        // The key is looked up before the translation, so that a user without one costs little. A large body, which moves to
        // another thread, is read twice for that.
        let (route, mut chat, provider) = if body.len() < LARGE {
            let request = Object::parse(&body)?;
            let asked = Asked::read(&request)?;
            let route = self.admitted_route(caller, &asked, meter).await?;
            let given = Given::new(caller, self.ports.clock.now());
            let (work, provider) = (Work::short(), asked.provider);
            let made = asked.chat(&body, &request, given, &work);
            let chat = if work.is_spent() { self.chat_aside(caller, asked, body, given).await? } else { made? };
            (route, chat, provider)
        } else {
            let (asked, body) = self.asked(caller, body).await?;
            let route = self.admitted_route(caller, &asked, meter).await?;
            let given = Given::new(caller, self.ports.clock.now());
            let provider = asked.provider;
            (route, self.chat_aside(caller, asked, body, given).await?, provider)
        };
        meter.translated(chat.context.stream, &chat.notes);
        refuse_notes_if_strict(caller, &chat.notes)?;
        // A strict project rather has the provider's refusal than a request that is not its own.
        chat.context.is_amendable &= !caller.project.policy.strict_params;
        let wire = if chat.context.is_long { dialect(provider).as_stream(chat.wire) } else { chat.wire };
        let operation = Operation::Chat(route.addressed(wire), chat.context);
        Ok(Ready { route, operation, notes: chat.notes })
    }

    /// Reads an embeddings request, opens the user's key and translates. Nothing is sent yet.
    ///
    /// # Errors
    /// As [`Self::prepare_chat`].
    pub async fn prepare_embeddings(&self, caller: &Caller, body: Bytes) -> Result<Prepared, RelayError> {
        let mut meter = Meter::start(self, caller, Endpoint::Embeddings, body.len());
        let ready = self.ready_embeddings(caller, body, &mut meter).await;
        self.prepared(meter, ready)
    }

    async fn ready_embeddings(&self, caller: &Caller, body: Bytes, meter: &mut Meter) -> Result<Ready, RelayError> {
        let given = Given::new(caller, self.ports.clock.now());
        let bytes = body.len();
        let job = move || {
            let request = Object::parse(&body)?;
            let asked = Asked::read(&request)?;
            let made = asked.embeddings(&body, &request, given);
            Ok((asked, made))
        };
        // Translated first: a provider without embeddings is the caller's mistake, whether or not the user has a key.
        let made = self.compute(&caller.project.id, bytes, job).await.and_then(|made: Result<_, RelayError>| made)?;
        let (asked, embeddings) = made;
        meter.asked(asked.provider, &asked.model);
        let embeddings = embeddings?;
        let route = self.admitted_route(caller, &asked, meter).await?;
        meter.translated(false, &embeddings.notes);
        refuse_notes_if_strict(caller, &embeddings.notes)?;
        let wires = embeddings.wires.into_iter().map(|wire| route.addressed(wire)).collect();
        let operation = Operation::Embeddings(wires, embeddings.context);
        Ok(Ready { route, operation, notes: embeddings.notes })
    }

    /// The user's key, opened, for a call that may pass.
    async fn admitted_route(&self, caller: &Caller, asked: &Asked, meter: &mut Meter) -> Result<Route, RelayError> {
        meter.asked(asked.provider, &asked.model);
        meter.admitted();
        let route = self.route(caller, asked.provider).await?;
        meter.unsealed();
        Ok(route)
    }

    /// The call, or why there is none, which is metered too.
    fn prepared(&self, mut meter: Meter, ready: Result<Ready, RelayError>) -> Result<Prepared, RelayError> {
        match ready {
            Ok(Ready { route, operation, notes }) => {
                let disclosure = known(&route, &notes);
                let stream = matches!(&operation, Operation::Chat(_, context) if context.stream);
                let call = Outgoing { relay: self.clone(), route, meter, operation, notes };
                Ok(Prepared { disclosure, stream, call })
            }
            Err(error) => {
                meter.failed(&error);
                Err(error)
            }
        }
    }

    /// The model of a large request.
    async fn asked(&self, caller: &Caller, body: Bytes) -> Result<(Asked, Bytes), RelayError> {
        let length = body.len();
        let job = move || Ok((Asked::read(&Object::parse(&body)?)?, body));
        self.compute(&caller.project.id, length, job).await.and_then(|read| read)
    }

    /// Translates a request that is large, or whose schemas cost much.
    async fn chat_aside(
        &self,
        caller: &Caller,
        asked: Asked,
        body: Bytes,
        given: Given,
    ) -> Result<TranslatedChat, RelayError> {
        let length = body.len();
        let job = move || asked.chat(&body, &Object::parse(&body)?, given, &Work::for_request(length));
        self.compute_aside(&caller.project.id, length, job).await.and_then(|made| made)
    }
}

impl Prepared {
    /// How the call ends: known after [`Self::send`] failed, and after the reply, or its stream, has ended.
    pub fn ending(&self) -> Ending {
        self.call.meter.ending()
    }

    /// The length of all bodies that will be sent, in bytes.
    pub fn body_len(&self) -> usize {
        self.call.operation.wires().iter().map(|wire| wire.body.len()).sum()
    }

    /// Replaces each body that will be sent by `wrap(body)`, which must have the same bytes. A server can so learn when
    /// a body has been sent: its last owner drops it then. A call that may have to be sent again keeps its body until
    /// the provider's answer begins, and one that may need a continuation until the answer ends.
    #[must_use]
    pub fn with_bodies(mut self, mut wrap: impl FnMut(Bytes) -> Bytes) -> Self {
        for wire in self.call.operation.wires_mut().iter_mut().filter(|wire| !wire.body.is_empty()) {
            wire.body = wrap(std::mem::take(&mut wire.body));
        }
        self
    }

    /// Sends the call. A stream's reply comes with its first event, so that an early failure still is an error here.
    ///
    /// Dropping the future, or the reply's stream, ends the provider's call.
    ///
    /// # Errors
    /// What the provider refuses, as an error for the caller.
    pub async fn send(self) -> Result<Reply, RelayError> {
        let mut disclosure = self.disclosure;
        match self.call.send().await {
            Ok(Reply { disclosure: more, body }) => {
                disclosure.extend(more);
                Ok(Reply { disclosure, body })
            }
            Err(error) => Err(error.with_disclosure(disclosure)),
        }
    }
}

impl Outgoing {
    async fn send(self) -> Result<Reply, RelayError> {
        let Self { relay, route, mut meter, operation, notes } = self;
        meter.sent();
        let result = match operation {
            Operation::Chat(wire, context) if context.stream => {
                return relay.chat_stream(route, meter, (wire, context), notes).await;
            }
            Operation::Chat(wire, context) => relay.chat_whole(&route, &mut meter, (wire, context), notes).await,
            Operation::Embeddings(wires, context) => relay.embed(&route, &mut meter, wires, context).await,
        };
        match result {
            Ok(reply) => Ok(reply),
            Err(error) => {
                let error = error.with_provider(route.provider()).without(&route.key);
                meter.failed(&error);
                Err(error)
            }
        }
    }
}

/// The provider's answer to a chat request. Its body may be the first part only, if the provider wants a continuation.
struct ChatResponse {
    response: WireResponse,
    /// For the caller.
    disclosure: Disclosure,
    /// The request as the provider took it, where it may want to be asked again.
    asked: Option<WireRequest>,
}

impl Relay {
    /// A whole answer, in as many requests as the provider wants.
    async fn chat_whole(
        &self,
        route: &Route,
        meter: &mut Meter,
        (wire, mut context): (WireRequest, ChatContext),
        notes: Notes,
    ) -> Result<Reply, RelayError> {
        let ChatResponse { response, mut disclosure, asked } =
            self.ask_chat(route, meter, wire, &mut context, notes).await?;
        let mut asked_for = Disclosure::default();
        asked_for.provider_request_id.clone_from(&disclosure.provider_request_id);
        let answer = self.whole_answer(route, meter, (response, asked), context).await;
        let body = answer.map_err(|error| error.with_disclosure(asked_for))?;
        disclosure.overhead_micros = meter.overhead();
        Ok(Reply { disclosure, body: ReplyBody::Whole(body) })
    }

    /// The answer that begins with this response.
    async fn whole_answer(
        &self,
        route: &Route,
        meter: &mut Meter,
        (response, asked): (WireResponse, Option<WireRequest>),
        context: ChatContext,
    ) -> Result<Bytes, RelayError> {
        let dialect = dialect(route.provider());
        let mut whole = self.body(route, response, &context).await?;
        let mut bodies = vec![whole.clone()];
        while let Some(next) = asked.as_ref().and_then(|asked| dialect.continuation(asked, &bodies)) {
            // For the case that the client leaves, or the rest is not to be had: it was paid for.
            if let Ok(so_far) = dialect.chat_answer(whole.clone(), &context) {
                meter.note(so_far.usage, so_far.model.as_deref());
            }
            meter.continued();
            let rest = self.continue_with(route, next.wire, &context).await.and_then(|body| {
                let joined = dialect.join(&whole, &body).ok_or_else(no_answer)?;
                bodies.push(body);
                Ok(joined)
            });
            match rest {
                Ok(joined) => whole = joined,
                // What there is stands, and says that it was cut short.
                Err(_) if next.has_output => break,
                Err(error) => return Err(error),
            }
            if whole.len() > MAX_ANSWER {
                return Err(too_long(MAX_ANSWER));
            }
        }
        meter.answered();
        let length = whole.len();
        let answer = self.compute(route.project(), length, move || dialect.chat_answer(whole, &context)).await??;
        self.answered(route, &answer).await;
        meter.wrote(answer.body.len() as u64);
        meter.complete(answer.usage, answer.model.as_deref());
        Ok(answer.body)
    }

    /// Sends a chat request.
    async fn ask_chat(
        &self,
        route: &Route,
        meter: &mut Meter,
        wire: WireRequest,
        context: &mut ChatContext,
        mut notes: Notes,
    ) -> Result<ChatResponse, RelayError> {
        let dialect = dialect(route.provider());
        let mut asked = context.may_continue.then(|| wire.clone());
        let (response, amended) = match context.is_amendable {
            true => self.send_amendable(route, wire).await?,
            false => (self.send(route, wire).await?, None),
        };
        dialect.read_headers(&response.headers, context);
        let mut disclosure = Disclosure::default();
        dialect.disclose(&response.headers, self.ports.clock.now(), &mut disclosure);
        disclosure.hide(&route.key);
        meter.first_byte(response.connect_micros, &disclosure);
        if let Some(Amended { wire, changed }) = amended {
            notes.adjust(changed);
            meter.noted(&notes);
            disclosure.adjusted_params = notes.adjusted;
            // The provider would refuse the rest of the turn as it refused this.
            asked = asked.map(|_| wire);
        }
        Ok(ChatResponse { response, disclosure, asked })
    }

    async fn continue_with(
        &self,
        route: &Route,
        wire: WireRequest,
        context: &ChatContext,
    ) -> Result<Bytes, RelayError> {
        let response = self.send(route, wire).await?;
        self.body(route, response, context).await
    }

    /// The body of a whole answer, collected if it comes as a stream.
    async fn body(&self, route: &Route, response: WireResponse, context: &ChatContext) -> Result<Bytes, RelayError> {
        match dialect(route.provider()).collector().filter(|_| context.is_long) {
            None => collect(response, MAX_ANSWER).await,
            Some(collector) => match collected(response.body, collector).await {
                Ok(body) => Ok(body),
                Err(fault) => Err(self.settle(route, fault).await),
            },
        }
    }

    async fn embed(
        &self,
        route: &Route,
        meter: &mut Meter,
        wires: Vec<WireRequest>,
        context: EmbeddingsContext,
    ) -> Result<Reply, RelayError> {
        let calls = wires.into_iter().map(|wire| async {
            let response = self.send(route, wire).await?;
            let mut disclosure = Disclosure::default();
            dialect(route.provider()).disclose(&response.headers, self.ports.clock.now(), &mut disclosure);
            disclosure.hide(&route.key);
            let (connect, at) = (response.connect_micros, self.ports.clock.micros());
            Ok::<_, RelayError>((disclosure, connect, at, collect(response, MAX_EMBEDDINGS).await?))
        });
        let mut answers = futures::stream::iter(calls).buffered(EMBEDDINGS_AT_ONCE);
        let (mut disclosure, mut bodies) = (Disclosure::default(), Vec::new());
        while let Some(answer) = answers.next().await {
            let (passed, connect, at, body) = answer?;
            meter.first_byte_at(at, connect, &passed);
            disclosure = passed;
            bodies.push(body);
        }
        meter.answered();
        let (provider, length) = (route.provider(), bodies.iter().map(Bytes::len).sum());
        let answer = {
            let job = move || dialect(provider).embeddings_answer(bodies, &context);
            self.compute(route.project(), length, job).await??
        };
        self.answered(route, &answer).await;
        disclosure.usage_estimated = answer.usage_estimated;
        disclosure.overhead_micros = meter.overhead();
        meter.wrote(answer.body.len() as u64);
        meter.complete(answer.usage, answer.model.as_deref());
        Ok(Reply { disclosure, body: ReplyBody::Whole(answer.body) })
    }

    /// Notes that the key works, if the answer is the provider's: any JSON could come from the network between.
    async fn answered(&self, route: &Route, answer: &TranslatedAnswer) {
        if answer.usage.is_some() || answer.model.is_some() {
            self.worked(route).await;
        }
    }

    async fn chat_stream(
        &self,
        route: Route,
        mut meter: Meter,
        (wire, mut context): (WireRequest, ChatContext),
        notes: Notes,
    ) -> Result<Reply, RelayError> {
        let ChatResponse { response, mut disclosure, asked } =
            match self.ask_chat(&route, &mut meter, wire, &mut context, notes).await {
                Ok(answer) => answer,
                Err(error) => {
                    meter.failed(&error);
                    return Err(error);
                }
            };
        disclosure.overhead_micros = meter.overhead();
        let translator = dialect(route.provider()).chat_stream(context);
        let mut translation = Translation::new(self.clone(), route, response.body, translator, meter).asked(asked);
        match translation.next().await {
            Ok(first) => {
                if first.is_some() {
                    self.worked(translation.route()).await;
                }
                Ok(Reply { disclosure, body: ReplyBody::Stream(translation.into_stream(first)) })
            }
            Err(fault) => Err(self.settle(translation.route(), fault).await),
        }
    }
}

/// The whole body of an answer.
///
/// # Errors
/// A body that breaks off, or is longer than `limit`.
pub(crate) async fn collect(mut response: WireResponse, limit: usize) -> Result<Bytes, RelayError> {
    let Some(first) = response.body.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(RelayError::from)?;
    let Some(second) = response.body.next().await else { return Ok(first) };
    let mut body = BytesMut::from(first);
    let mut piece = second.map_err(RelayError::from)?;
    loop {
        if body.len() + piece.len() > limit {
            return Err(too_long(limit));
        }
        body.extend_from_slice(&piece);
        match response.body.next().await {
            Some(next) => piece = next.map_err(RelayError::from)?,
            None => return Ok(body.freeze()),
        }
    }
}

fn too_long(limit: usize) -> RelayError {
    RelayError::unusable_answer(format!("the provider's answer is longer than {limit} bytes"))
}

fn no_answer() -> RelayError {
    RelayError::unusable_answer("the rest of the provider's answer can't be read")
}

/// The model that a request names.
struct Asked {
    provider: Provider,
    /// Without a provider prefix.
    model: String,
    prefixed: bool,
}

/// What a translation needs beside the request.
#[derive(Clone, Copy)]
struct Given {
    id: RequestId,
    now: Timestamp,
    options: TranslationOptions,
}

impl Given {
    fn new(caller: &Caller, now: Timestamp) -> Self {
        let forced_tool_choice_auto = caller.project.policy.forced_tool_choice_auto;
        Self { id: caller.request, now, options: TranslationOptions { forced_tool_choice_auto } }
    }
}

impl Asked {
    fn read(request: &Object<'_>) -> Result<Self, RelayError> {
        let asked = surface::request::model(request)?;
        let (provider, model) = Provider::for_model(&asked).ok_or_else(|| RelayError::model_not_found(&asked))?;
        Ok(Self { provider, model: model.to_owned(), prefixed: model.len() != asked.len() })
    }

    fn call<'a>(&'a self, body: &'a Bytes, request: &'a Object<'a>, given: Given, work: &'a Work) -> Call<'a> {
        let Self { model, prefixed, .. } = self;
        let Given { id, now, options } = given;
        Call { body, request, model, prefixed: *prefixed, id, now, options, work }
    }

    fn chat(
        &self,
        body: &Bytes,
        request: &Object<'_>,
        given: Given,
        work: &Work,
    ) -> Result<TranslatedChat, RelayError> {
        dialect(self.provider).chat(&self.call(body, request, given, work))
    }

    fn embeddings(&self, body: &Bytes, request: &Object<'_>, given: Given) -> Result<TranslatedEmbeddings, RelayError> {
        dialect(self.provider).embeddings(&self.call(body, request, given, &Work::for_request(body.len())))
    }
}

fn refuse_notes_if_strict(caller: &Caller, notes: &Notes) -> Result<(), RelayError> {
    if !caller.project.policy.strict_params {
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

fn known(route: &Route, notes: &Notes) -> Disclosure {
    Disclosure {
        paid_by: Some(PaidBy::new(route.provider(), route.connection.last4.as_str())),
        dropped_params: notes.dropped.clone(),
        adjusted_params: notes.adjusted.clone(),
        ..Disclosure::default()
    }
}
