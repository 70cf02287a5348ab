//! The control API: scripts, the log of calls, settings and a reset as JSON, for tests in any language.
//!
//! `relay-server --mock` and [`crate::tcp::MockServer`] serve it below `/__mock`. Each function here is one of its routes:
//! JSON in, JSON out, and [`RelayError`]s, which name the member that is wrong. No answer has a key in it.
//!
//! ```
//! use relay_mock::{Mock, control};
//!
//! let mock = Mock::new().observing(true);
//! control::add_scripts(&mock, br#"{"provider": "openai", "answer": {"says": "It rains."}}"#).unwrap();
//! assert_eq!(mock.scripts_left(), 1);
//! assert_eq!(control::calls(&mock, "provider=openai").unwrap(), r#"{"total":0,"open":0,"aborted":0,"calls":[]}"#);
//! ```

mod calls;
mod members;
#[cfg(feature = "tcp")]
pub(crate) mod routes;
mod scripts;
mod settings;
mod shown;

use relay_core::{Provider, RelayError};
use serde_json::{Map, Value, json};

use crate::Mock;

use members::{body, known_only};

/// The largest body that the routes accept, in bytes.
pub const MAX_BODY: usize = 8 << 20;

/// The most scripts that may wait, each for up to 1,000 calls.
const MAX_SCRIPTS: usize = 1000;

/// `POST /__mock/scripts`: adds one script, or a list of them. Either all are added or none.
///
/// # Errors
/// `invalid_json`, `unknown_parameter`, `invalid_value`.
pub fn add_scripts(mock: &Mock, json: &[u8]) -> Result<String, RelayError> {
    let scripts = scripts::read(json)?;
    let waiting: usize = Provider::ALL.iter().map(|provider| mock.scripts().waiting(*provider).len()).sum();
    if waiting + scripts.len() > MAX_SCRIPTS {
        let message =
            format!("at most {MAX_SCRIPTS} scripts may wait; POST /__mock/reset removes those of earlier tests");
        return Err(RelayError::invalid_value("scripts", message));
    }
    let added = scripts.len();
    for (provider, script) in scripts {
        mock.script(provider, script);
    }
    Ok(json!({"added": added, "waiting": mock.scripts_left()}).to_string())
}

/// `GET /__mock/scripts`: the scripts that wait, by provider, the next one first.
pub fn scripts(mock: &Mock) -> String {
    let of = |provider: &Provider| {
        let waiting = mock.scripts().waiting(*provider);
        (provider.name().to_owned(), waiting.iter().map(shown::script).collect::<Value>())
    };
    let scripts: Map<String, Value> = Provider::ALL.iter().map(of).collect();
    json!({"waiting": mock.scripts_left(), "scripts": scripts}).to_string()
}

/// `GET /__mock/calls`: the last calls, the oldest first. `query` may have `provider` and `last4`.
///
/// # Errors
/// `unknown_parameter`, `invalid_value`.
pub fn calls(mock: &Mock, query: &str) -> Result<String, RelayError> {
    let filter = calls::Filter::read(query)?;
    mock.log(|log| calls::shown(log, &filter))
}

/// `POST /__mock/reset`: no script waits, no call is remembered, and the settings are as they were. `json` is empty or `{}`.
///
/// # Errors
/// `invalid_json`, `unknown_parameter`.
pub fn reset(mock: &Mock, json: &[u8]) -> Result<String, RelayError> {
    if !json.is_empty() {
        known_only(&body(json)?, &[])?;
    }
    mock.reset();
    Ok(json!({"reset": true}).to_string())
}

/// `GET /__mock/settings`.
pub fn settings(mock: &Mock) -> String {
    settings::shown(&mock.settings())
}

/// `PUT /__mock/settings`: changes the settings that are named, and answers all of them.
///
/// # Errors
/// `invalid_json`, `unknown_parameter`, `invalid_value`.
pub fn change_settings(mock: &Mock, json: &[u8]) -> Result<String, RelayError> {
    let change = settings::read(json)?;
    mock.change_settings(change);
    Ok(settings(mock))
}

/// Refuses a request that a web page could send: one that changes something, and that either comes from a page (`origin`
/// is its `Origin`) or has a body without `content-type: application/json`, which a page may send without asking.
///
/// # Errors
/// `cors_not_allowed`, `unsupported_media_type`.
pub fn refuse_pages(origin: Option<&str>, content_type: Option<&str>, has_body: bool) -> Result<(), RelayError> {
    if origin.is_some() {
        return Err(RelayError::not_for_pages(
            "a web page must not control the simulated providers; call them from your tests",
        ));
    }
    let essence = content_type.and_then(|kind| kind.split(';').next()).map(str::trim);
    match essence {
        None if !has_body => Ok(()),
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(RelayError::unsupported_media_type("send the body as `content-type: application/json`")),
    }
}

#[cfg(test)]
mod tests;
