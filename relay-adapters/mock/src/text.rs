//! Small pure helpers: counting, hashing, ids, splitting, values made from a JSON Schema, vectors.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value, json};

/// Tokens are words: runs of characters without white space.
pub(super) fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// FNV-1a. Stable over releases, which the standard library's hasher is not.
pub(super) fn hash(parts: &[&[u8]]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.iter().chain(std::iter::once(&0xff)) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    state
}

/// SplitMix64: the next of a row of well-mixed numbers.
pub(super) fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An id of letters and digits, the same for the same seed and salt.
pub(super) fn id(prefix: &str, seed: u64, salt: &str, len: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = hash(&[&seed.to_le_bytes(), prefix.as_bytes(), salt.as_bytes()]);
    let mut out = prefix.to_owned();
    for _ in 0..len {
        let digit = usize::try_from(mix(&mut state) % 62).ok().and_then(|at| DIGITS.get(at));
        out.push(digit.copied().map_or('0', char::from));
    }
    out
}

/// The words of a text, each with the white space behind it.
pub(super) fn word_pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut blank = false;
    for c in text.chars() {
        if blank && !c.is_whitespace() {
            pieces.push(String::new());
        }
        blank = c.is_whitespace();
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Exactly `count` pieces of about the same number of characters. A text that is too short is repeated first.
pub(super) fn even_pieces(text: &str, count: usize) -> Vec<String> {
    let mut chars: Vec<char> = text.chars().collect();
    while chars.len() < count {
        chars.push(' ');
        chars.extend(text.chars());
    }
    let total = chars.len();
    (0..count)
        .map(|i| chars.iter().skip(i * total / count).take((i + 1) * total / count - i * total / count).collect())
        .collect()
}

/// Pieces of at most `size` characters.
pub(super) fn small_pieces(text: &str, size: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text.chars().peekable();
    while rest.peek().is_some() {
        pieces.push(rest.by_ref().take(size.max(1)).collect());
    }
    pieces
}

/// A value that fits a JSON Schema (or Google's older `Schema`): strings are `text`, numbers 1, flags `true`.
pub(super) fn sample(schema: &Value) -> Value {
    sample_in(schema, schema, 0)
}

fn sample_in(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(Value::Null, |target| sample_in(root, target, depth + 1));
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return first.clone();
    }
    for branches in ["anyOf", "oneOf"] {
        let branches = schema.get(branches).and_then(Value::as_array);
        if let Some(branch) = branches.and_then(|all| all.iter().find(|one| kind(one) != "null")) {
            return sample_in(root, branch, depth + 1);
        }
    }
    match kind(schema).as_str() {
        "string" => json!(sample_text(schema)),
        "integer" | "number" => {
            schema.get("minimum").filter(|min| min.as_f64() > Some(1.0)).cloned().unwrap_or(json!(1))
        }
        "boolean" => json!(true),
        "array" => match schema.get("items") {
            Some(items) => json!([sample_in(root, items, depth + 1)]),
            None => json!([]),
        },
        "null" => Value::Null,
        _ => sample_object(root, schema, depth),
    }
}

fn sample_object(root: &Value, schema: &Value, depth: usize) -> Value {
    let mut out = Map::new();
    let required = schema.get("required").and_then(Value::as_array);
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let wanted = required.is_some_and(|names| names.iter().any(|one| one == name));
        if wanted || depth < 5 {
            out.insert(name.clone(), sample_in(root, property, depth + 1));
        }
    }
    Value::Object(out)
}

fn sample_text(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-01-02T03:04:05Z",
        Some("date") => "2026-01-02",
        Some("time") => "03:04:05Z",
        Some("email") => "user@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "text",
    }
}

/// The schema's type in lower case; the first that is not `null` of several; `object` if it has properties.
fn kind(schema: &Value) -> String {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    };
    named.unwrap_or("object").to_ascii_lowercase()
}

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

/// Undoes percent encoding. What is not valid stays as it is.
pub(super) fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The same in hexadecimal digits.
pub(super) fn hex(seed: u64, salt: &str) -> String {
    let mut out = String::new();
    let mut state = hash(&[&seed.to_le_bytes(), salt.as_bytes()]);
    for _ in 0..2 {
        let _ = write!(out, "{:016x}", mix(&mut state));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_text() {
        let text = "안녕 하세요,  good\nmorning 👋🏽 ";
        assert_eq!(word_pieces(text).concat(), text);
        assert_eq!(word_pieces(text).len(), 5);
        assert_eq!(small_pieces(text, 3).concat(), text);
        for count in [1, 2, 7, 12] {
            let pieces = even_pieces(text, count);
            assert_eq!((pieces.concat().as_str(), pieces.len()), (text, count));
        }
        assert_eq!(even_pieces("ab", 20).len(), 20);
    }

    #[test]
    fn a_sample_fits_its_schema() {
        let schema = json!({"type":"object","required":["a"],"properties":{
            "a":{"type":"string"},"n":{"type":["null","integer"],"minimum":5},"k":{"enum":["x","y"]},
            "l":{"type":"ARRAY","items":{"$ref":"#/$defs/P"}},"d":{"anyOf":[{"type":"null"},{"type":"boolean"}]}},
            "$defs":{"P":{"type":"object","properties":{"on":{"type":"string","format":"date"}}}}});
        assert_eq!(sample(&schema), json!({"a":"text","n":5,"k":"x","l":[{"on":"2026-01-02"}],"d":true}));
        let endless = json!({"type":"object","required":["next"],"properties":{"next":{"$ref":"#"}}});
        assert!(sample(&endless).is_object());
    }

    #[test]
    fn vectors_have_unit_length_and_depend_on_the_text() {
        let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
        for dimensions in [1, 8, 1536] {
            assert!((norm(&vector("a", dimensions)) - 1.0).abs() < 1e-4);
        }
        assert_eq!(vector("a", 8), vector("a", 8));
        assert_ne!(vector("a", 8), vector("b", 8));
    }

    #[test]
    fn percent_encoding_is_undone() {
        assert_eq!(unescape("gemini%2D2.5%3agenerate%zz%"), "gemini-2.5:generate%zz%");
    }
}
