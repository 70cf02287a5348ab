//! Embeddings: vectors made from a text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use crate::hash::{hash, mix};

/// A unit vector made from a text. A shorter one is the beginning of a longer one, before the scaling.
pub(super) fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut state = hash(&[text.as_bytes()]);
    let raw: Vec<f64> = (0..dimensions).map(|_| (mix(&mut state) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0).collect();
    let norm = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "f32 is what providers send")]
    raw.into_iter().map(|x| (x / norm) as f32).collect()
}

/// Vector values as JSON numbers with the digits of an f32.
pub(super) fn numbers(values: &[f32]) -> Value {
    let number =
        |x: &f32| x.to_string().parse::<f64>().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number);
    Value::Array(values.iter().map(number).collect())
}

/// Vector values as base64 of little-endian f32.
pub(super) fn packed(values: &[f32]) -> Value {
    Value::String(STANDARD.encode(values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_have_unit_length_and_depend_on_the_text() {
        let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
        for dimensions in [1, 8, 1536] {
            assert!((norm(&vector("a", dimensions)) - 1.0).abs() < 1e-4);
        }
        assert_eq!(vector("a", 8), vector("a", 8));
        assert_ne!(vector("a", 8), vector("b", 8));
    }
}
