//! Keywords of JSON Schema 2020-12.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// What a keyword's value is, in JSON Schema 2020-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Schema,
    ListOfSchemas,
    MapOfSchemas,
    /// The name of a type, or a list of them.
    Type,
    /// A list of names.
    Names,
    /// Lists of names, by a name.
    MapOfNames,
    /// Truth values, by a name.
    MapOfFlags,
    /// Schemas or lists of names, by a name.
    Dependencies,
    Number,
    /// A whole number from 0 on.
    Count,
    Flag,
    Text,
    /// A URI, which may end in `#` and has none otherwise.
    Id,
    /// A place's name.
    Anchor,
    List,
    /// Anything.
    Data,
    /// Nothing that JSON Schema knows.
    Unknown,
}

/// What this keyword's value is.
pub(super) fn holds(keyword: &str) -> Holds {
    match keyword {
        "items"
        | "contains"
        | "not"
        | "if"
        | "then"
        | "else"
        | "propertyNames"
        | "additionalProperties"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "contentSchema" => Holds::Schema,
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => Holds::ListOfSchemas,
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => Holds::MapOfSchemas,
        "type" => Holds::Type,
        "required" => Holds::Names,
        "dependentRequired" => Holds::MapOfNames,
        "dependencies" => Holds::Dependencies,
        "$vocabulary" => Holds::MapOfFlags,
        "$id" => Holds::Id,
        "$anchor" | "$dynamicAnchor" | "$recursiveAnchor" => Holds::Anchor,
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => Holds::Number,
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" | "minContains"
        | "maxContains" => Holds::Count,
        "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => Holds::Flag,
        "title" | "description" | "pattern" | "format" | "$ref" | "$schema" | "$comment" | "$dynamicRef"
        | "$recursiveRef" | "contentEncoding" | "contentMediaType" => Holds::Text,
        "enum" | "examples" => Holds::List,
        "default" | "const" | "example" | "nullable" => Holds::Data,
        _ => Holds::Unknown,
    }
}

/// The types of JSON Schema.
pub(super) const TYPES: &[&str] = &["string", "number", "integer", "boolean", "object", "array", "null"];

/// The names of `type`: one or a list. Empty if it is neither.
pub(super) fn types(value: Option<&RawValue>) -> Vec<Cow<'_, str>> {
    let Some(value) = value else { return Vec::new() };
    if let Ok(one) = serde_json::from_str::<String>(value.get()) {
        return vec![one.into()];
    }
    serde_json::from_str::<Vec<String>>(value.get()).unwrap_or_default().into_iter().map(Cow::Owned).collect()
}

/// Whether a number is more than 0, as `multipleOf` must be.
pub(super) fn is_positive(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(|number| number > 0.0)
}

/// Whether a text can be an `$id`: the meta-schema's pattern is `^[^#]*#?$`.
pub(super) fn is_id(text: &str) -> bool {
    !text.strip_suffix('#').unwrap_or(text).contains('#')
}

/// Whether a text can be an `$anchor`: the meta-schema's pattern is `^[A-Za-z_][-A-Za-z0-9._]*$`.
pub(super) fn is_anchor(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}
