//! Settings that a test may change while the mock runs.

use std::time::Duration;

use relay_core::RelayError;
use serde_json::json;

use super::members::{body, integer, known_only};
use super::scripts::MAX_PAUSE_MS;
use crate::settings::{Overrides, Settings};

/// The largest piece, in bytes.
const MAX_CUT: u32 = 1 << 20;

pub(super) fn shown(settings: &Settings) -> String {
    let ms = |pause: Duration| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    json!({"pauseMs": ms(settings.pause), "slowPauseMs": ms(settings.slow), "cutBytes": settings.cut}).to_string()
}

/// The change that a request asks for. Settings that it does not name stay as they are.
pub(super) fn read(json: &[u8]) -> Result<impl FnOnce(&mut Overrides) + use<>, RelayError> {
    let object = body(json)?;
    known_only(&object, &["pauseMs", "slowPauseMs", "cutBytes"])?;
    let pause = integer(&object, "pauseMs", 0, MAX_PAUSE_MS)?;
    let slow = integer(&object, "slowPauseMs", 0, MAX_PAUSE_MS)?;
    let cut = integer(&object, "cutBytes", 1, MAX_CUT)?.map(|bytes| bytes as usize);
    let whole = cut.is_none() && object.members().any(|(name, _)| name == "cutBytes");
    let ms = |ms: u32| Duration::from_millis(ms.into());
    Ok(move |overrides: &mut Overrides| {
        overrides.pause = pause.map(ms).or(overrides.pause);
        overrides.slow = slow.map(ms).or(overrides.slow);
        if cut.is_some() || whole {
            overrides.cut = Some(cut);
        }
    })
}
