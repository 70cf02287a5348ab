//! Everything that this process logs, at TRACE, kept in memory to be searched: through `tracing`, and through `log`,
//! which reqwest and actix use and which an embedder may listen to.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<u8>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Keep;

impl Write for Keep {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        kept().extend_from_slice(line);
        Ok(line.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Keep {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl log::Log for Keep {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}\n", record.level(), record.target(), record.args());
        kept().extend_from_slice(line.as_bytes());
    }
    fn flush(&self) {}
}

/// Begins to keep the log. Only the first call has an effect.
pub fn keep() {
    static KEPT: OnceLock<()> = OnceLock::new();
    KEPT.get_or_init(|| {
        let _ =
            tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(Keep).try_init();
        let _ = log::set_logger(&Keep).map(|()| log::set_max_level(log::LevelFilter::Trace));
    });
}

/// How many bytes were logged so far.
pub fn len() -> usize {
    kept().len()
}

/// The text that was logged after this number of bytes.
pub fn since(begin: usize) -> Vec<u8> {
    kept().get(begin..).unwrap_or_default().to_vec()
}
