//! An unambiguous encoding of a list of fields.

/// The bytes of several fields, each after its length (u32, big-endian), so that different lists never have the same
/// encoding.
pub(super) struct Fields(Vec<u8>);

impl Fields {
    /// Starts with a constant that names the purpose of the fields.
    pub(super) fn new(purpose: &str) -> Self {
        // The longest list, that of a seal, has 30 + 30 + 20 + 132 + 14 + 12 + 12 bytes.
        Self(Vec::with_capacity(256)).with(purpose.as_bytes())
    }

    /// Adds a field. No field is near 4 GiB, where its length would no longer fit.
    #[must_use]
    pub(super) fn with(mut self, field: &[u8]) -> Self {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(field);
        self
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_moves_to_the_next_field_changes_the_encoding() {
        let row = |a: &str, b: &str| Fields::new("x").with(a.as_bytes()).with(b.as_bytes()).as_bytes().to_vec();
        assert_ne!(row("ab", "c"), row("a", "bc"));
        assert_eq!(row("ab", "c"), b"\0\0\0\x01x\0\0\0\x02ab\0\0\0\x01c");
    }
}
