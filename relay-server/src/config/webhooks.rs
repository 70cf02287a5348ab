//! `[webhooks]`

use relay_core::domain::WebhookTargets;

use super::reader::Reader;

/// Which addresses webhooks may have.
pub(super) fn read(reader: &mut Reader) -> WebhookTargets {
    WebhookTargets {
        allow_private: reader.flag("webhooks.allow_private").unwrap_or(false),
        allow_http_loopback: reader.flag("webhooks.allow_http_loopback").unwrap_or(false),
    }
}
