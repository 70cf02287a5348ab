//! `[telemetry]`

use std::fmt;

use url::Url;

use super::files::{self, Readers};
use super::reader::Reader;

/// How often metrics may be sent, in seconds.
const METRICS_EVERY: std::ops::RangeInclusive<u64> = 1..=3600;

/// Where traces and metrics are sent, over OTLP/HTTP.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// The collector's base URL; `None`: nothing is sent. `v1/traces` and `v1/metrics` are added to its path.
    pub endpoint: Option<Url>,
    /// The file with headers for the collector, if one is set.
    pub headers_file: Option<std::path::PathBuf>,
    /// Headers for the collector, such as its credential.
    pub headers: TelemetryHeaders,
    /// The name of this service in traces and metrics: `service.name`.
    pub service_name: String,
    /// How many of a hundred calls are traced, of those whose caller does not say.
    pub sample_percent: u8,
    /// How often metrics are sent, in seconds.
    pub metrics_seconds: u64,
}

/// Names and values of headers. `Debug` hides the values.
#[derive(Clone, Default)]
pub struct TelemetryHeaders(Vec<(String, String)>);

impl TelemetryHeaders {
    /// Reads lines of `name: value`. Empty lines, and lines that begin with `#`, are skipped.
    fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            let (name, value) = (name.trim(), value.trim());
            let good =
                !name.is_empty() && name.bytes().all(is_name) && value.bytes().all(|b| (b' '..=b'~').contains(&b));
            good.then(|| (name.to_ascii_lowercase(), value.to_owned()))
        };
        let headers: Option<_> = lines.map(header).collect();
        headers.map(Self).ok_or_else(|| "names a file in which a line is not `name: value`".to_owned())
    }

    /// The headers, for the one who sends them.
    pub fn expose(&self) -> &[(String, String)] {
        &self.0
    }
}

impl fmt::Debug for TelemetryHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl TelemetryConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let endpoint = reader.get("telemetry.endpoint", endpoint);
        let headers_file = reader.path("telemetry.headers_file");
        let readable = reader.flag("master_key.allow_readable_file").unwrap_or(false);
        let readers = if readable { Readers::All } else { Readers::RootsGroup };
        let read = headers_file
            .as_ref()
            .map(|path| files::read_private(path, readers).and_then(|text| TelemetryHeaders::parse(&text)));
        let headers = match read {
            None => TelemetryHeaders::default(),
            Some(Ok(headers)) => headers,
            Some(Err(message)) => {
                reader.error("telemetry.headers_file", message);
                TelemetryHeaders::default()
            }
        };
        let percent = reader.number("telemetry.sample_percent", 0..=100).and_then(|percent| u8::try_from(percent).ok());
        Self {
            endpoint,
            headers_file,
            headers,
            service_name: reader.get("telemetry.service_name", service_name).unwrap_or_else(|| "relay".to_owned()),
            sample_percent: percent.unwrap_or(100),
            metrics_seconds: reader.number("telemetry.metrics_seconds", METRICS_EVERY).unwrap_or(60),
        }
    }
}

fn endpoint(text: &str) -> Result<Url, String> {
    let wrong = || "must be an http: or https: URL without a query, such as \"http://127.0.0.1:4318\"".to_owned();
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "must not have a user name or a password; put the credential into `telemetry.headers_file`".to_owned()
        );
    }
    let good = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if !good || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn service_name(text: &str) -> Result<String, String> {
    let good = (1..=80).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned()).ok_or_else(|| "must have 1 to 80 characters, on one line".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_base_url() {
        for (text, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/"),
            ("https://otel.example/otlp", "https://otel.example/otlp/"),
            ("https://otel.example/otlp/", "https://otel.example/otlp/"),
        ] {
            assert_eq!(endpoint(text).unwrap().as_str(), url);
        }
        for wrong in
            ["127.0.0.1:4318", "ftp://a.example", "http://", "https://a.example?x=1", "https://me:pw@a.example", ""]
        {
            let message = endpoint(wrong).unwrap_err();
            assert!(!message.contains("pw"), "{message}");
        }
    }

    #[test]
    fn headers_are_lines_and_their_values_are_not_shown() {
        let headers =
            TelemetryHeaders::parse("# for the collector\nAuthorization: Bearer a:b\n\nx-team:relay\n").unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(headers.expose(), [pair("authorization", "Bearer a:b"), pair("x-team", "relay")]);
        assert_eq!(format!("{headers:?}"), r#"["authorization", "x-team"]"#);
        for wrong in ["no colon", ": value", "a b: c", "a: b\u{7f}"] {
            assert!(TelemetryHeaders::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
