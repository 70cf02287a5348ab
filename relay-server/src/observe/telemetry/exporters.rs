//! The exporters of one process: what they are called, how they sample, when they send.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use relay_core::ports::UsageSink;

use super::calls::{Calls, Observed};
use super::client::{Sender, TIMEOUT};
use super::error::TelemetryError;
use super::spans::Spans;
use crate::config::TelemetryConfig;

/// The most spans that wait to be sent. Further ones are dropped, and the exporter says so in the log.
const QUEUE: usize = 8192;
/// How long a span waits to be sent.
const DELAY: Duration = Duration::from_secs(1);
/// How long the rest may take at the end.
const LAST: Duration = Duration::from_secs(5);

pub(super) struct Exporters {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    calls: Arc<Calls>,
}

impl Exporters {
    pub(super) fn start(config: &TelemetryConfig) -> Result<Option<Self>, TelemetryError> {
        let (Some(traces), Some(metrics)) = (Sender::url(config, "traces"), Sender::url(config, "metrics")) else {
            return Ok(None);
        };
        let sender = Sender::new()?;
        let headers: HashMap<_, _> = config.headers.expose().iter().cloned().collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(sender.clone())
            .with_endpoint(traces)
            .with_timeout(TIMEOUT)
            .with_headers(headers.clone());
        let traces = tracer_provider(exporter.build().map_err(setup)?, config);
        let exporter = MetricExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(sender)
            .with_endpoint(metrics)
            .with_timeout(TIMEOUT)
            .with_headers(headers);
        let metrics = meter_provider(exporter.build().map_err(setup)?, config);
        let scope = InstrumentationScope::builder("relay").with_version(env!("CARGO_PKG_VERSION")).build();
        let spans = Spans::new(traces.tracer_with_scope(scope.clone()));
        let calls = Arc::new(Calls::new(spans, &metrics.meter_with_scope(scope)));
        Ok(Some(Self { traces, metrics, calls }))
    }

    /// A sink that observes each event on its way to `sink`.
    pub(super) fn observing(&self, sink: Arc<dyn UsageSink>) -> Observed {
        Observed::new(Arc::clone(&self.calls), sink)
    }

    pub(super) async fn stop(self) {
        let Self { traces, metrics, calls } = self;
        drop(calls);
        // These wait for threads that send on this runtime.
        let stopped = tokio::task::spawn_blocking(move || {
            (traces.shutdown_with_timeout(LAST), metrics.shutdown_with_timeout(LAST))
        });
        match stopped.await {
            Ok((Ok(()), Ok(()))) => {}
            Ok((traces, metrics)) => {
                let cause = [traces, metrics].into_iter().find_map(Result::err).map(|error| error.to_string());
                tracing::warn!(cause, "the last traces and metrics could not be sent");
            }
            Err(_) => tracing::warn!("the last traces and metrics could not be sent"),
        }
    }
}

fn tracer_provider(exporter: SpanExporter, config: &TelemetryConfig) -> SdkTracerProvider {
    let batches = BatchConfigBuilder::default().with_max_queue_size(QUEUE).with_scheduled_delay(DELAY).build();
    let share = f64::from(config.sample_percent) / 100.0;
    SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
        // A caller that traces its own request decides for the whole trace.
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
        .with_resource(resource(config))
        .build()
}

fn meter_provider(exporter: MetricExporter, config: &TelemetryConfig) -> SdkMeterProvider {
    let interval = Duration::from_secs(config.metrics_seconds);
    let reader = PeriodicReader::builder(exporter).with_interval(interval).build();
    SdkMeterProvider::builder().with_reader(reader).with_resource(resource(config)).build()
}

/// Only what the configuration says: the environment's `OTEL_RESOURCE_ATTRIBUTES` is not read.
fn resource(config: &TelemetryConfig) -> Resource {
    Resource::builder_empty()
        .with_service_name(config.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build()
}

fn setup(error: ExporterBuildError) -> TelemetryError {
    TelemetryError::Setup(error.to_string())
}
