//! Everything that this process logs, at TRACE, kept in memory to be searched.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn log() -> MutexGuard<'static, Vec<u8>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Keep;

impl Write for Keep {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        log().extend_from_slice(line);
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

/// Begins to keep the log. Only the first call has an effect.
pub fn keep() {
    static KEPT: OnceLock<()> = OnceLock::new();
    KEPT.get_or_init(|| {
        let _ =
            tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(Keep).try_init();
    });
}

/// What was logged so far.
pub fn text() -> String {
    String::from_utf8_lossy(&log()).into_owned()
}
