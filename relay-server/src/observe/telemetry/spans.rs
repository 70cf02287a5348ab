//! The spans of a call: one for the request that Relay served, and in it one for the provider's call.
//!
//! Names and attributes are those of OpenTelemetry's semantic conventions for HTTP and for generative AI, and `relay.*` for
//! what they don't have.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{
    Event, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;
use relay_core::domain::ids::Tier;
use relay_core::domain::{Endpoint, TraceParent, UsageEvent};

pub(super) struct Spans(SdkTracer);

impl Spans {
    pub(super) fn new(tracer: SdkTracer) -> Self {
        Self(tracer)
    }

    /// Records a call that has ended.
    pub(super) fn record(&self, event: &UsageEvent) {
        let moment = Moments::of(event);
        let served = SpanBuilder::from_name(format!("{} {}", method(event.endpoint), route(event.endpoint)))
            .with_kind(SpanKind::Server)
            .with_start_time(moment.start)
            .with_attributes(request(event))
            .with_events(steps(event, &moment));
        let mut served = self.0.build_with_context(served, &parent(event.trace));
        if served.is_recording() {
            if let Some(sent) = event.timeline.sent {
                let within = Context::new().with_remote_span_context(served.span_context().clone());
                self.provider_call(event, &moment, sent, &within);
            }
            // An error of the caller is none of the server's, says the convention for HTTP.
            if event.status >= 500 {
                served.set_status(Status::error(""));
            }
        }
        served.end_with_timestamp(moment.end);
    }

    fn provider_call(&self, event: &UsageEvent, moment: &Moments, sent: u64, within: &Context) {
        let name = match event.model_asked.as_deref() {
            Some(model) => format!("{} {model}", operation_name(event.endpoint)),
            None => operation_name(event.endpoint).to_owned(),
        };
        let mut attributes = operation(event);
        attributes.extend(answer(event));
        let call = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Client)
            .with_start_time(moment.after(sent))
            .with_attributes(attributes);
        let mut call = self.0.build_with_context(call, within);
        if event.outcome.fault().is_some() {
            call.set_status(Status::error(""));
        }
        call.end_with_timestamp(moment.end);
    }
}

/// The times of a call on the wall clock.
struct Moments {
    start: SystemTime,
    end: SystemTime,
}

impl Moments {
    fn of(event: &UsageEvent) -> Self {
        let start = UNIX_EPOCH + Duration::from_millis(event.at.0);
        let end = start + Duration::from_micros(event.timeline.ended.unwrap_or_default());
        Self { start, end }
    }

    fn after(&self, micros: u64) -> SystemTime {
        self.start + Duration::from_micros(micros)
    }
}

/// The context of the caller's span, if it sent one.
fn parent(trace: Option<TraceParent>) -> Context {
    let Some(TraceParent { trace_id, span_id, sampled }) = trace else { return Context::new() };
    let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let (trace_id, span_id) = (TraceId::from(trace_id), SpanId::from(span_id));
    Context::new().with_remote_span_context(SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE))
}

/// The attributes of the request that Relay served.
fn request(event: &UsageEvent) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("http.request.method", method(event.endpoint)),
        KeyValue::new("http.route", route(event.endpoint)),
        KeyValue::new("http.response.status_code", i64::from(event.status)),
        KeyValue::new("relay.request_id", event.request.to_string()),
        KeyValue::new("relay.project", event.project.as_str().to_owned()),
        KeyValue::new("relay.outcome", event.outcome.name()),
        KeyValue::new("relay.tier", if event.tier == Tier::Free { "free" } else { "paid" }),
    ];
    attributes.extend(event.code.clone().map(|code| KeyValue::new("error.type", code)));
    attributes.extend(event.outcome.fault().map(|fault| KeyValue::new("relay.fault", fault.as_str())));
    attributes
}

/// What was done, with which provider: the labels of metrics.
pub(super) fn operation(event: &UsageEvent) -> Vec<KeyValue> {
    let mut attributes = vec![KeyValue::new("gen_ai.operation.name", operation_name(event.endpoint))];
    attributes.extend(event.provider.map(|provider| KeyValue::new("gen_ai.provider.name", provider.telemetry_name())));
    attributes
}

/// What is known of the provider's answer.
fn answer(event: &UsageEvent) -> Vec<KeyValue> {
    let text = |name: &'static str, value: &Option<String>| value.clone().map(|value| KeyValue::new(name, value));
    let count = |name: &'static str, value: u64| KeyValue::new(name, i64::try_from(value).unwrap_or(i64::MAX));
    let mut attributes = vec![
        KeyValue::new("gen_ai.request.stream", event.streamed),
        count("gen_ai.usage.input_tokens", event.tokens.prompt()),
        count("gen_ai.usage.output_tokens", event.tokens.output),
        count("gen_ai.usage.cache_read.input_tokens", event.tokens.cache_read),
        count("gen_ai.usage.cache_creation.input_tokens", event.tokens.cache_write),
    ];
    attributes.extend(text("gen_ai.request.model", &event.model_asked));
    attributes.extend(text("gen_ai.response.model", &event.model_answered));
    attributes.extend(event.cost.map(|cost| count("relay.cost_micro_dollars", cost)));
    attributes.extend(text("relay.provider_request_id", &event.provider_request));
    attributes.extend(event.code.clone().map(|code| KeyValue::new("error.type", code)));
    attributes
}

/// The steps of a call that were measured.
fn steps(event: &UsageEvent, moment: &Moments) -> Vec<Event> {
    let times = &event.timeline;
    let steps = [
        ("authenticated", times.authenticated),
        ("received", times.received),
        ("admitted", times.admitted),
        ("unsealed", times.unsealed),
        ("sent", times.sent),
        ("first_byte", times.first_byte),
    ];
    let measured = steps.into_iter().filter_map(|(name, micros)| Some((name, micros?)));
    measured.map(|(name, micros)| Event::new(name, moment.after(micros), Vec::new(), 0)).collect()
}

fn method(endpoint: Endpoint) -> &'static str {
    if endpoint == Endpoint::Models { "GET" } else { "POST" }
}

fn route(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Chat => "/v1/chat/completions",
        Endpoint::Embeddings => "/v1/embeddings",
        Endpoint::Models => "/v1/models",
    }
}

fn operation_name(endpoint: Endpoint) -> &'static str {
    endpoint.as_str()
}
