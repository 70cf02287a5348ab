//! The recorded rows, read in place. Without them the tests say "skipped".

use std::path::PathBuf;

use serde_json::Value;

/// One recorded exchange.
pub(crate) struct Row(pub(crate) Value);

impl Row {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    pub(crate) fn id(&self) -> &str {
        self.text("id")
    }

    pub(crate) fn status(&self) -> u16 {
        self.0["status"].as_u64().unwrap_or(200) as u16
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.0["stream"] == true
    }

    /// The body as the provider sent it. Whole bodies were parsed by the recorder, so only their values are the original's.
    pub(crate) fn body(&self) -> Vec<u8> {
        match &self.0["response"] {
            Value::String(text) => text.clone().into_bytes(),
            value => value.to_string().into_bytes(),
        }
    }

    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let headers = self.0["response_headers"].as_object().into_iter().flatten();
        headers.map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap_or_default().to_owned())).collect()
    }

    pub(crate) fn summary(&self) -> &Value {
        &self.0["summary"]
    }

    /// Whether the recording itself is odd, or an error: survive it, but do not demand equality.
    pub(crate) fn is_doubtful(&self) -> bool {
        let summary = self.summary();
        summary.is_null() || !summary["doubt"].is_null() || !summary["error"].is_null()
    }
}

/// All rows of a file, or `None` without a corpus.
pub(crate) fn read(file: &str) -> Option<Vec<Row>> {
    let folder = std::env::var_os("RELAY_CORPUS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
        println!("corpus {file}: skipped, there is no {} (set RELAY_CORPUS)", folder.display());
        return None;
    };
    Some(text.lines().map(|line| Row(serde_json::from_str(line).unwrap())).collect())
}
