//! The sink that turns the event of a call into its spans and metrics.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use relay_core::domain::UsageEvent;
use relay_core::ports::UsageSink;

use super::spans::{self, Spans};

/// The buckets of durations, in seconds: those of the GenAI conventions, and longer ones.
const SECONDS: [f64; 16] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68];
/// The buckets of token counts, of the GenAI conventions.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// The buckets of Relay's own time, in seconds.
const OVERHEAD: [f64; 10] = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25];

/// The spans and the metrics of calls. Labels are bounded: no user, no key, no model that a caller made up.
pub(super) struct Calls {
    spans: Spans,
    duration: Histogram<f64>,
    first_chunk: Histogram<f64>,
    tokens: Histogram<u64>,
    overhead: Histogram<f64>,
}

impl Calls {
    pub(super) fn new(spans: Spans, meter: &Meter) -> Self {
        let seconds = |name, buckets: &[f64], what| {
            meter.f64_histogram(name).with_unit("s").with_boundaries(buckets.to_vec()).with_description(what).build()
        };
        Self {
            spans,
            duration: seconds(
                "gen_ai.client.operation.duration",
                &SECONDS,
                "Seconds from a call's request to its end.",
            ),
            first_chunk: seconds(
                "gen_ai.client.operation.time_to_first_chunk",
                &SECONDS,
                "Seconds from a streamed call's request to the first byte of the provider's answer.",
            ),
            tokens: meter
                .u64_histogram("gen_ai.client.token.usage")
                .with_unit("{token}")
                .with_boundaries(TOKENS.to_vec())
                .with_description("Tokens that the provider counted.")
                .build(),
            overhead: seconds("relay.overhead", &OVERHEAD, "Seconds that Relay itself added to a call."),
        }
    }

    fn record(&self, event: &UsageEvent) {
        self.spans.record(event);
        let seconds = |micros: u64| micros as f64 / 1e6;
        let mut labels = spans::operation(event);
        labels.extend(event.code.clone().map(|code| KeyValue::new("error.type", code)));
        if let Some(ended) = event.timeline.ended {
            self.duration.record(seconds(ended), &labels);
        }
        if let Some(first) = event.timeline.first_byte.filter(|_| event.streamed) {
            self.first_chunk.record(seconds(first), &labels);
        }
        if let Some(overhead) = event.overhead {
            self.overhead.record(seconds(overhead), &labels);
        }
        for (kind, count) in [("input", event.tokens.prompt()), ("output", event.tokens.output)] {
            if count > 0 {
                let mut labels = spans::operation(event);
                labels.push(KeyValue::new("gen_ai.token.type", kind));
                self.tokens.record(count, &labels);
            }
        }
    }
}

/// Passes events on, and observes them.
pub(super) struct Observed {
    calls: Arc<Calls>,
    sink: Arc<dyn UsageSink>,
}

impl Observed {
    pub(super) fn new(calls: Arc<Calls>, sink: Arc<dyn UsageSink>) -> Self {
        Self { calls, sink }
    }
}

impl UsageSink for Observed {
    fn record(&self, event: UsageEvent) {
        self.calls.record(&event);
        self.sink.record(event);
    }

    fn dropped(&self) -> u64 {
        self.sink.dropped()
    }
}
