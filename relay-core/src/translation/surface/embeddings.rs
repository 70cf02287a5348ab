//! The `list` of `embedding`s, with floats or base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::Serializer;

/// How vectors are written: OpenAI's `encoding_format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// An array of numbers.
    #[default]
    Float,
    /// IEEE-754 single precision, little endian, concatenated, in base64: what OpenAI's clients ask for by default.
    Base64,
}

/// An embeddings answer.
#[derive(Debug, Serialize)]
pub(crate) struct EmbeddingList<'a> {
    /// `list`.
    pub(crate) object: &'static str,
    /// In the order of the inputs.
    pub(crate) data: Vec<Embedding>,
    /// The model that was asked for.
    pub(crate) model: &'a str,
    /// Prompt tokens.
    pub(crate) usage: EmbeddingUsage,
}

/// One vector.
#[derive(Debug, Serialize)]
pub(crate) struct Embedding {
    /// `embedding`.
    pub(crate) object: &'static str,
    /// Which input it belongs to.
    pub(crate) index: usize,
    /// The vector.
    pub(crate) embedding: Vector,
}

/// A vector and how it is written.
#[derive(Debug)]
pub(crate) struct Vector {
    /// The numbers.
    pub(crate) values: Vec<f64>,
    /// How they are written.
    pub(crate) encoding: Encoding,
}

/// Usage of an embeddings call.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct EmbeddingUsage {
    /// Tokens of all inputs.
    pub(crate) prompt_tokens: u64,
    /// The same number.
    pub(crate) total_tokens: u64,
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.encoding {
            Encoding::Float => self.values.serialize(serializer),
            Encoding::Base64 => {
                let bytes: Vec<u8> = self.values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
                serializer.serialize_str(&STANDARD.encode(bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_little_endian_single_precision() {
        let vector = Vector { values: vec![1.0, 0.0, 0.0], encoding: Encoding::Base64 };
        assert_eq!(serde_json::to_string(&vector).unwrap(), "\"AACAPwAAAAAAAAAA\"");
    }
}
