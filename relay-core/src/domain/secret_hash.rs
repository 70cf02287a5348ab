//! The hash under which a token or Relay key is stored.

use data_encoding::HEXLOWER;

/// SHA-256 of a token or Relay key, which is stored in its place. See [`crate::ports::TokenIssuer`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Lower-case hex. A page's URL identifies a registration token by it, without giving access to the token.
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// Parses the output of [`Self::to_hex`]; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok().map(Self)
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_hex_is_a_hash() {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(0..).for_each(|(byte, n)| *byte = 0xf0_u8.wrapping_add(n));
        let hash = SecretHash(bytes);
        let text = hash.to_hex();
        assert_eq!(text, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f");
        assert_eq!(SecretHash::from_hex(&text), Some(hash));
        let longer = format!("{text}00");
        for bad in
            ["", &text[1..], &text[2..], &longer, &text.to_uppercase(), &text.replace("0f", "0g"), &"é".repeat(32)]
        {
            assert_eq!(SecretHash::from_hex(bad), None, "{bad}");
        }
    }
}
