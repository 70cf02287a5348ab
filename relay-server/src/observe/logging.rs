//! Log lines: one JSON object (or one line of text) for each event, with the request's id, written by a separate
//! thread.
//!
//! A log whose reader is slow or gone never blocks a request, and holds little memory. Lines are then dropped and
//! counted.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relay_core::domain::ids::{RequestId, Timestamp};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::{LogConfig, LogFormat};

/// The length of the writer's queue, in lines.
const QUEUE: usize = 8192;
/// The same in bytes: callers can make lines long.
const QUEUE_BYTES: usize = 4 << 20;
/// What is written together, in bytes.
const BATCH_BYTES: usize = 256 << 10;
/// The longest value of a field, in bytes. Longer ones are cut.
const LONGEST_VALUE: usize = 4 << 10;

/// How long lines are collected before they are written together.
const BATCH: Duration = Duration::from_millis(10);

static QUEUED: OnceLock<SyncSender<Job>> = OnceLock::new();
static QUEUED_BYTES: Budget = Budget::new(QUEUE_BYTES);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static LEVEL: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

thread_local! {
    static CURRENT: Cell<Option<RequestId>> = const { Cell::new(None) };
}

/// Lines that were dropped since the start.
pub(crate) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// While this guard exists, log lines of this thread have a request's id.
pub(crate) struct Entered(Option<RequestId>);

/// Sets the request that this thread works for.
pub(crate) fn enter(id: RequestId) -> Entered {
    Entered(CURRENT.replace(Some(id)))
}

/// The request that this thread works for.
pub(crate) fn current() -> Option<RequestId> {
    CURRENT.get()
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Starts logging to standard output. Only the first call in a process has an effect.
pub fn start(config: &LogConfig) {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let queue = QUEUED.get_or_init(write_in_background).clone();
        let layer = Lines { format: config.format, queue };
        let (level, handle) = reload::Layer::new(config.level.clone());
        let _ = LEVEL.set(handle);
        let subscriber = tracing_subscriber::registry().with(level).with(layer);
        let _ = tracing::subscriber::set_global_default(subscriber);
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            tracing::error!(place, "a panic");
        }));
    });
}

/// Changes which lines are logged from now on.
pub(crate) fn set_level(config: &LogConfig) {
    if let Some(level) = LEVEL.get() {
        let _ = level.reload(config.level.clone());
    }
}

/// A command for the writer.
enum Job {
    Line(String),
    Flush(SyncSender<()>),
}

/// Bytes of lines that wait to be written.
struct Budget {
    held: AtomicUsize,
    most: usize,
}

impl Budget {
    const fn new(most: usize) -> Self {
        Self { held: AtomicUsize::new(0), most }
    }

    /// Takes bytes, if there is room for them.
    fn take(&self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.most);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Waits until everything logged so far is written; at most a second, since the reader may have stalled.
pub(crate) fn flush() {
    let (done, written) = sync_channel(1);
    if let Some(queue) = QUEUED.get()
        && queue.try_send(Job::Flush(done)).is_ok()
    {
        let _ = written.recv_timeout(Duration::from_secs(1));
    }
}

fn write_in_background() -> SyncSender<Job> {
    let (sender, receiver) = sync_channel(QUEUE);
    if std::thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&receiver)).is_err() {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
    sender
}

/// Writes lines in batches: waking a thread and writing cost more than formatting a line.
fn write_all(receiver: &Receiver<Job>) {
    let mut text = String::new();
    while let Ok(first) = receiver.recv() {
        let (mut lines, mut flushed) = (0, Vec::new());
        if matches!(first, Job::Line(_)) {
            std::thread::sleep(BATCH);
        }
        for job in std::iter::once(first).chain(receiver.try_iter()) {
            match job {
                Job::Line(line) => {
                    text.push_str(&line);
                    lines += 1;
                }
                Job::Flush(done) => flushed.push(done),
            }
            if text.len() > BATCH_BYTES {
                break;
            }
        }
        if std::io::stdout().write_all(text.as_bytes()).is_err() {
            DROPPED.fetch_add(lines, Ordering::Relaxed);
        }
        QUEUED_BYTES.give_back(text.len());
        text.clear();
        for done in flushed {
            // The caller may have stopped waiting.
            let _ = done.send(());
        }
    }
}

/// Formats events as lines.
struct Lines {
    format: LogFormat,
    queue: SyncSender<Job>,
}

impl<S: Subscriber> Layer<S> for Lines {
    /// Below `info`, only Relay's own events are logged: libraries log parts of requests there, whatever they contain.
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= Level::INFO || metadata.target().starts_with("relay")
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(u64::try_from(now.as_millis()).unwrap_or_default());
        let line = line(self.format, now, event.metadata(), CURRENT.get(), |visit| event.record(visit));
        let length = line.len();
        if !QUEUED_BYTES.take(length) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        } else if self.queue.try_send(Job::Line(line)).is_err() {
            QUEUED_BYTES.give_back(length);
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn line(
    format: LogFormat,
    now: Timestamp,
    metadata: &Metadata<'_>,
    request: Option<RequestId>,
    record: impl FnOnce(&mut dyn Visit),
) -> String {
    let mut fields = Fields { format, text: String::with_capacity(384), message: String::new() };
    record(&mut fields);
    let Fields { text, message, .. } = fields;
    let mut line = String::with_capacity(text.len() + message.len() + 128);
    // Writing to memory does not fail.
    let _ = match format {
        LogFormat::Json => write!(
            line,
            "{{\"time\":\"{now}\",\"level\":\"{}\",\"target\":{},\"message\":{}",
            level(metadata.level()),
            Quoted(metadata.target()),
            Quoted(&message),
        ),
        LogFormat::Text => {
            write!(line, "{now} {} {}: {}", level(metadata.level()), metadata.target(), Escaped(&message))
        }
    };
    if let Some(id) = request {
        let _ = match format {
            LogFormat::Json => write!(line, ",\"request_id\":\"{id}\""),
            LogFormat::Text => write!(line, " request_id={id}"),
        };
    }
    line.push_str(&text);
    line.push_str(if format == LogFormat::Json { "}\n" } else { "\n" });
    line
}

fn level(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// Collects an event's fields.
struct Fields {
    format: LogFormat,
    text: String,
    message: String,
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl fmt::Display) {
        let _ = match self.format {
            LogFormat::Json => write!(self.text, ",\"{}\":{value}", field.name()),
            LogFormat::Text => write!(self.text, " {}={value}", field.name()),
        };
    }
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        let value = cut(value);
        if field.name() == "message" { self.message.push_str(value) } else { self.put(field, Quoted(value)) }
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// The beginning of a long value.
fn cut(value: &str) -> &str {
    let end = (0..=LONGEST_VALUE.min(value.len())).rev().find(|end| value.is_char_boundary(*end));
    value.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// A JSON string.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Escaped(self.0))
    }
}

/// Text without line breaks, quotes and control characters, as JSON escapes them.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let special = |c: char| c.is_control() || matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}');
        while let Some(at) = rest.find(special) {
            let (plain, tail) = rest.split_at(at);
            f.write_str(plain)?;
            let mut characters = tail.chars();
            match characters.next() {
                Some(c @ ('"' | '\\')) => write!(f, "\\{c}")?,
                Some(c) => write!(f, "\\u{:04x}", u32::from(c))?,
                None => {}
            }
            rest = characters.as_str();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_or_a_colour_code_is_escaped() {
        let text = "a\nb\u{1b}[31m\"\\\u{2028}é";
        let quoted = Quoted(text).to_string();
        assert!(!quoted.chars().any(char::is_control));
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(cut("é"), "é");
        assert_eq!(cut(&format!("a{}", "é".repeat(LONGEST_VALUE))).len(), LONGEST_VALUE - 1);
    }

    #[test]
    fn lines_that_wait_have_a_budget_of_bytes() {
        let budget = Budget::new(100);
        assert!(budget.take(60) && !budget.take(41) && budget.take(40));
        assert!(!budget.take(usize::MAX));
        budget.give_back(60);
        assert!(budget.take(60) && !budget.take(1));
    }

    #[test]
    fn a_thread_has_a_request_id_only_while_the_guard_exists() {
        let (a, b) = (RequestId::new(1, [1; 10]), RequestId::new(2, [2; 10]));
        let outer = enter(a);
        drop(enter(b));
        assert_eq!(CURRENT.get(), Some(a));
        drop(outer);
        assert_eq!(CURRENT.get(), None);
    }
}
