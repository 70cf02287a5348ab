//! `[log]`

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::reader::Reader;
use crate::observe::logging::parse_level;

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// From which level on, by part of the program.
    pub level: Targets,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            level: reader
                .get("log.level", parse_level)
                .or_else(|| parse_level("info").ok())
                .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)),
            format: reader
                .get("log.format", |text| match text {
                    "json" => Ok(LogFormat::Json),
                    "text" => Ok(LogFormat::Text),
                    _ => Err("must be \"json\" or \"text\"".to_owned()),
                })
                .unwrap_or(LogFormat::Json),
        }
    }
}
