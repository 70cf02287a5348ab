//! `[log]`

use std::io::{self, IsTerminal as _};

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::reader::Reader;

/// The default filter. It hides actix's own start message, which repeats Relay's.
const QUIET: &str = "actix_server=warn";

/// The settings of the log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// The lowest level that is logged, by target.
    pub level: Targets,
    /// The format of a line.
    pub format: LogFormat,
}

/// The format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
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
                // A person who starts it in a terminal reads the log there.
                .unwrap_or_else(|| if io::stdout().is_terminal() { LogFormat::Text } else { LogFormat::Json }),
        }
    }
}

/// Parses a level (`info`) or levels by target (`info,relay::access=off`).
///
/// # Errors
/// A message for the operator that lists the allowed values.
fn parse_level(text: &str) -> Result<Targets, String> {
    // `Targets` treats a single word that is not a level as a target, and enables all of its levels.
    let is_level = |part: &str| !part.trim().is_empty() && part.trim().parse::<LevelFilter>().is_ok();
    let good = |part: &str| is_level(part.rsplit_once('=').map_or(part, |(_, level)| level));
    let targets = format!("{QUIET},{text}").parse().ok().filter(|_| text.split(',').all(good));
    targets.ok_or_else(|| "must be a level (error, warn, info, debug, trace, off), or `info,target=level`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_may_differ_by_target() {
        assert!(parse_level("info,relay::access=off").is_ok());
        for bad in ["loud", "relay=loud", "info,loud", ""] {
            assert!(parse_level(bad).is_err(), "{bad}");
        }
    }
}
