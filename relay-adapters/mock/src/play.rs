//! What becomes of one call: the mock's own answer, or a script's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use relay_core::Provider;
use relay_core::domain::provider::Format;
use relay_core::ports::TransportErrorKind;
use serde_json::Value;

use crate::between::between;
use crate::chat::{ChatRequest, Said};
use crate::key_behaviour::KeyBehaviour;
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::{Incoming, Request};
use crate::script::{CallOutcome, Content, Scripted};
use crate::settings::Settings;
use crate::wire::{CallKind, Handled, WireFormat};
use crate::{anthropic, faults, google, model, openai};

/// How long keys with the word `late` wait.
const LATE: Duration = Duration::from_secs(4);

/// A call, and what its outcome depends on.
pub(super) struct Play<'a> {
    incoming: &'a Incoming,
    request: Request<'a>,
    settings: &'a Settings,
    wire: &'static dyn WireFormat,
    /// Counts the calls with keys that have the word `flaky`.
    flaky: &'a AtomicU64,
}

/// What a call came to.
enum Stage {
    /// Everything is decided.
    Outcome(CallOutcome),
    /// The model speaks, with this pause between its pieces.
    Chat(Box<ChatRequest>, Duration),
}

impl<'a> Play<'a> {
    pub(super) fn new(incoming: &'a Incoming, settings: &'a Settings, flaky: &'a AtomicU64) -> Self {
        let request = Request::new(incoming, settings);
        Self { incoming, request, settings, wire: wire(incoming.provider), flaky }
    }

    /// What the call is for.
    pub(super) fn kind(&self) -> CallKind {
        self.wire.route(&self.request).map_or(CallKind::Other, |route| route.kind())
    }

    /// The mock's own answer.
    pub(super) fn own(&self) -> CallOutcome {
        match self.checked() {
            Ok(Stage::Outcome(outcome)) => self.cut(outcome),
            Ok(Stage::Chat(chat, pause)) => {
                let outcome = self.answered(&chat, pause).unwrap_or_else(CallOutcome::Answer);
                self.cut(outcome)
            }
            Err(reply) => self.cut(CallOutcome::Answer(reply)),
        }
    }

    /// The script's answer, and whether it was used: a call that is refused does not use what the model would have said.
    pub(super) fn scripted(&self, script: &Scripted) -> (CallOutcome, bool) {
        let reply = match &script.content {
            Content::Fail(kind) => return (CallOutcome::Fail(*kind), true),
            Content::Never => return (CallOutcome::Never, true),
            Content::Stream(reply) => script.dress(reply.clone(), false),
            Content::Whole(reply) => match self.as_stream(script, reply) {
                Some(stream) => script.dress(stream, true),
                None => script.dress(reply.clone(), false),
            },
            Content::Between(answer) => script.dress(answer.reply(), false),
            Content::Error(name) => script.dress(self.refusal(Rejection::Named(name)), false),
            Content::Status(status) => script.dress(self.refusal(Rejection::Status(*status)), false),
            Content::Says(said) => match self.checked() {
                Ok(Stage::Chat(chat, pause)) => {
                    let reply = self.spoken(&chat, said, pause);
                    let reply = script.dress(self.wire.add_headers(reply, &self.request), true);
                    return (self.cut_small(reply), true);
                }
                Ok(Stage::Outcome(outcome)) => return (self.cut(outcome), false),
                Err(reply) => return (self.cut(CallOutcome::Answer(reply)), false),
            },
        };
        (CallOutcome::Answer(reply), true)
    }

    fn refusal(&self, rejection: Rejection<'_>) -> Reply {
        self.wire.add_headers(self.wire.reject(&rejection, self.request.seed), &self.request)
    }

    /// A scripted answer to a chat as the stream that the request asks for, if it does and the answer is one.
    fn as_stream(&self, script: &Scripted, reply: &Reply) -> Option<Reply> {
        let route = self.wire.route(&self.request).ok()?;
        let asked = route.kind() == CallKind::Chat && self.wire.wants_stream(&self.request, &route);
        if !asked || reply.status != 200 || script.is_exact() {
            return None;
        }
        let whole: Value = serde_json::from_slice(&reply.pieces.concat()).ok()?;
        self.wire.as_stream(&self.request, &whole)
    }

    fn spoken(&self, chat: &ChatRequest, said: &Said, pause: Duration) -> Reply {
        let answer = model::scripted(chat, said);
        if chat.stream {
            Reply { pause, ..self.wire.stream(chat, &answer) }
        } else {
            Reply { wait: pause, ..self.wire.whole(chat, &answer) }
        }
    }

    /// Adds what every answer of the provider has, and cuts it as the settings say.
    fn cut(&self, outcome: CallOutcome) -> CallOutcome {
        match outcome {
            // The provider's headers are not on what others send.
            CallOutcome::Answer(reply) if reply.is_foreign => CallOutcome::Answer(reply),
            CallOutcome::Answer(reply) => self.cut_small(self.wire.add_headers(reply, &self.request)),
            other => other,
        }
    }

    fn cut_small(&self, mut reply: Reply) -> CallOutcome {
        if let Some(size) = self.settings.cut {
            reply.cut_small(size);
        }
        CallOutcome::Answer(reply)
    }

    /// The order is the one of the real ones: credential, route, rights, body.
    fn checked(&self) -> Result<Stage, Reply> {
        let (wire, request, settings) = (self.wire, &self.request, self.settings);
        let refuse = |rejection: Rejection<'_>| wire.reject(&rejection, request.seed);
        if !settings.any_headers {
            request.refuse_foreign_headers().map_err(|why| refuse(Rejection::Request(&why)))?;
        }
        let key = self.incoming.credential().map_err(refuse)?;
        let behaviour = KeyBehaviour::parse(self.incoming.provider, key);
        match behaviour {
            KeyBehaviour::Unreachable => {
                return Ok(Stage::Outcome(CallOutcome::Fail(TransportErrorKind::Connect)));
            }
            KeyBehaviour::Refused => return Err(refuse(Rejection::Refused(key))),
            KeyBehaviour::Revoked => return Err(refuse(Rejection::Revoked)),
            KeyBehaviour::Expired => return Err(refuse(Rejection::Expired)),
            KeyBehaviour::Blocked => return Err(between("cloudflare")),
            KeyBehaviour::Portal => return Err(between("login")),
            KeyBehaviour::RateLimited => return Err(refuse(Rejection::RateLimited)),
            KeyBehaviour::Overloaded => return Err(refuse(Rejection::Overloaded)),
            KeyBehaviour::Flaky if self.flaky.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => {
                return Err(refuse(Rejection::Overloaded));
            }
            _ => {}
        }
        wire.check_headers(request, behaviour)?;
        let route = wire.route(request)?;
        match behaviour {
            KeyBehaviour::Restricted if !route.is_list() => return Err(refuse(Rejection::Restricted)),
            KeyBehaviour::NoCredit if route.costs() => return Err(refuse(Rejection::NoCredit)),
            _ => {}
        }
        let pause = if behaviour == KeyBehaviour::Slow { settings.slow } else { settings.pause };
        match wire.handle(request, &route)? {
            Handled::Reply(reply) => {
                let wait = if behaviour == KeyBehaviour::Late { LATE } else { pause };
                Ok(Stage::Outcome(CallOutcome::Answer(Reply { wait, ..reply })))
            }
            Handled::Chat(chat) => Ok(Stage::Chat(chat, pause)),
        }
    }

    /// What the text asks for.
    fn answered(&self, chat: &ChatRequest, pause: Duration) -> Result<CallOutcome, Reply> {
        let wire = self.wire;
        let refuse = |rejection: Rejection<'_>| wire.reject(&rejection, self.request.seed);
        let (directives, answer) = model::answer(chat).map_err(|why| refuse(Rejection::Request(&why)))?;
        if let Some(name) = faults::unknown_error(wire, &directives) {
            return Err(refuse(Rejection::Named(name)));
        }
        if directives.hang {
            return Ok(CallOutcome::Never);
        }
        if let Some(reply) = faults::replacement(wire, &directives, chat) {
            return Err(reply);
        }
        let mut reply = if chat.stream { wire.stream(chat, &answer) } else { wire.whole(chat, &answer) };
        let pause = directives.delay.unwrap_or(pause);
        if chat.stream {
            reply.pause = pause
        } else {
            reply.wait = pause
        }
        faults::apply(wire, &directives, chat, &mut reply).map_err(refuse)?;
        Ok(CallOutcome::Answer(reply))
    }
}

/// The wire format of a provider.
pub(super) fn wire(provider: Provider) -> &'static dyn WireFormat {
    match provider.format() {
        Format::Anthropic => &anthropic::Anthropic,
        Format::Google => &google::Google,
        _ => &openai::OpenAi,
    }
}
