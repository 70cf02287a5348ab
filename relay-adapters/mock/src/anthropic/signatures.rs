//! What the mock writes into thinking blocks and search results, so that it can tell later, without remembering anything,
//! whether they came back unchanged and in their place.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::hash;

/// The origin of a thinking block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The answer that it is from.
    pub(super) answer: u64,
    /// Digest of everything before that answer.
    pub(super) prefix: u64,
    /// Its index in the content.
    pub(super) at: usize,
    /// Which of the answer's thinking blocks it is, and how many there are.
    pub(super) place: usize,
    pub(super) count: usize,
}

const SIGNATURE: &str = "mock-signature";
const REDACTED: &str = "mock-redacted";
const ENCRYPTED: &str = "mock-encrypted";

impl Origin {
    /// The signature of a thinking block with this text.
    pub(super) fn signature(&self, thinking: &str) -> String {
        self.seal(SIGNATURE, thinking)
    }

    /// The data of a redacted block.
    pub(super) fn data(&self) -> String {
        self.seal(REDACTED, "")
    }

    /// Reads a signature; `None` if it is not one that the mock made for this text.
    pub(super) fn of_signature(signature: &str, thinking: &str) -> Option<Self> {
        Self::open(SIGNATURE, signature, thinking)
    }

    /// Reads a redacted block's data.
    pub(super) fn of_data(data: &str) -> Option<Self> {
        Self::open(REDACTED, data, "")
    }

    fn seal(&self, kind: &str, about: &str) -> String {
        let Self { answer, prefix, at, place, count } = self;
        let plain = format!("{kind}:{answer:016x}:{prefix:016x}:{at}:{place}:{count}");
        STANDARD.encode(format!("{plain}:{:016x}", hash::hash(&[plain.as_bytes(), about.as_bytes()])))
    }

    fn open(kind: &str, sealed: &str, about: &str) -> Option<Self> {
        let plain = opened(sealed)?;
        let mut parts = plain.strip_prefix(kind)?.strip_prefix(':')?.split(':');
        let hex = |part: Option<&str>| u64::from_str_radix(part?, 16).ok();
        let (answer, prefix) = (hex(parts.next())?, hex(parts.next())?);
        let mut count = || parts.next()?.parse().ok();
        let origin = Self { answer, prefix, at: count()?, place: count()?, count: count()? };
        (origin.seal(kind, about) == sealed).then_some(origin)
    }
}

/// The encrypted content of a search result: digests of the blocks that it is among, and of the tools.
pub(super) fn encrypted(blocks: u64, tools: u64) -> String {
    STANDARD.encode(format!("{ENCRYPTED}:{blocks:016x}:{tools:016x}"))
}

/// Both digests.
pub(super) fn decrypted(content: &str) -> Option<(u64, u64)> {
    let plain = opened(content)?;
    let (blocks, tools) = plain.strip_prefix(ENCRYPTED)?.strip_prefix(':')?.split_once(':')?;
    Some((u64::from_str_radix(blocks, 16).ok()?, u64::from_str_radix(tools, 16).ok()?))
}

fn opened(sealed: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(sealed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_only_with_what_it_was_made_for() {
        let origin = Origin { answer: 7, prefix: 9, at: 2, place: 1, count: 2 };
        let signature = origin.signature("hm");
        assert_eq!(Origin::of_signature(&signature, "hm"), Some(origin));
        assert_eq!(Origin::of_signature(&signature, "hm "), None);
        assert_eq!(Origin::of_data(&signature), None, "not of this kind");
        assert_eq!(Origin::of_data(&origin.data()), Some(origin));
        for other in ["", "c2ln", "bW9jay1zaWduYXR1cmU6MDA=", "not base64"] {
            assert_eq!(Origin::of_signature(other, ""), None, "{other}");
        }
        assert_eq!(decrypted(&encrypted(3, 4)), Some((3, 4)));
    }
}
