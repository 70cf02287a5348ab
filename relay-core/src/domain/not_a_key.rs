//! Texts that people paste as an API key and that are none. They are recognised before a provider is asked.

use crate::domain::secret::ProviderKey;

/// What a pasted text is instead of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAKey {
    /// A shortened key, as a provider's list shows it: `sk-...1234`.
    Masked,
    /// The token of a signed-in user, or of a subscription: `sk-ant-oat…`, a ChatGPT session.
    Subscription,
    /// Relay's own: a Relay key (`rly-`) or a registration token (`rrt-`).
    Relays,
}

/// Beginnings of tokens that belong to a signed-in user.
///
/// Anthropic: OAuth access and refresh tokens, session cookies (<https://github.com/anthropics/claude-code/issues/6536>).
/// OpenAI: session keys of the dashboard. Google: OAuth access and refresh tokens
/// (<https://developers.google.com/identity/protocols/oauth2>).
const SESSIONS: &[&str] = &["sk-ant-oat", "sk-ant-ort", "sk-ant-sid", "sess-", "ya29.", "1//"];

/// Characters that providers put in the place of the hidden ones. No key has them.
const MASKS: &[char] = &['…', '⋯', '•', '●', '∙', '·', '▪', '■', '█', '＊'];

impl NotAKey {
    /// What `text` is, if it is certainly not an API key. The text may have white space around it.
    pub fn find(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_session = SESSIONS.iter().any(|start| text.starts_with(start));
        if is_session || is_jwt(text) || text.contains("\"accessToken\"") {
            return Some(Self::Subscription);
        }
        if text.starts_with("rly-") || text.starts_with("rrt-") {
            return Some(Self::Relays);
        }
        let is_masked = text.contains("..") || text.contains("**") || text.contains(MASKS);
        is_masked.then_some(Self::Masked)
    }
}

/// Whether a text is a signed or encrypted JSON Web Token: three or five parts, the first one a JSON object in base64url.
/// ChatGPT's access and session tokens are (RFC 7515, 7516).
fn is_jwt(text: &str) -> bool {
    let is_part = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    text.starts_with("eyJ") && matches!(text.split('.').count(), 3 | 5) && text.split('.').all(is_part)
}

impl ProviderKey {
    /// What this text is, if it is certainly not an API key.
    pub fn not_a_key(&self) -> Option<NotAKey> {
        NotAKey::find(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], want: Option<NotAKey>) {
        for text in texts {
            assert_eq!(NotAKey::find(text), want, "{text}");
            assert_eq!(NotAKey::find(&format!(" {text}\n")), want, "{text}");
        }
    }

    #[test]
    fn a_shortened_key_is_recognised() {
        let masked = [
            "sk-...1234",
            "sk-…1234",
            "sk-***1234",
            "sk-proj-abc...wxyz",
            "sk-ant-...abcd",
            "sk-ant-api03-abc…abcd",
            "sk-ant-api03-***abcd",
            "sk-ant-api03-••••abcd",
            "AIza...wxyz",
            "AIza**********wxyz",
            "AQ.Ab...wxyz",
            "...1234",
        ];
        check(&masked, Some(NotAKey::Masked));
    }

    #[test]
    fn a_token_of_a_signed_in_user_is_recognised() {
        let sessions = [
            "sk-ant-oat01-abc_DEF-123",
            "sk-ant-ort01-abc",
            "sk-ant-sid01-abc",
            "sess-abcdefgh12345678",
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2F1dGgwLm9wZW5haS5jb20vIn0.c2ln",
            "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXY.Y2lwaGVy.dGFn",
            "ya29.a0AfH6SMBx",
            r#"{"user":{},"accessToken":"eyJhbGciOiJSUzI1NiJ9.e.s"}"#,
        ];
        check(&sessions, Some(NotAKey::Subscription));
    }

    #[test]
    fn relays_own_tokens_are_recognised() {
        check(&["rly-abc", "rrt-abc"], Some(NotAKey::Relays));
    }

    #[test]
    fn everything_else_is_for_the_provider_to_judge() {
        let keys = [
            "sk-proj-abc_DEF-123T3BlbkFJ",
            "sk-svcacct-abc",
            "sk-admin-abc",
            "sk-ant-api03-abc_DEF-AA",
            "sk-ant-admin01-abc",
            "AIzaSyA-1234_abc",
            "AQ.Ab8RN6",
            "sk-mock-good-00000000ana1",
            "eyJ-odd-gateway-key",
            "a*b",
            "key.with.dots",
        ];
        check(&keys, None);
    }
}
