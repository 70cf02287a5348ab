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
    Number,
    /// A whole number from 0 on.
    Count,
    Flag,
    Text,
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
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => Holds::Number,
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" | "minContains"
        | "maxContains" => Holds::Count,
        "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => Holds::Flag,
        "title" | "description" | "pattern" | "format" | "$ref" | "$id" | "$schema" | "$comment" | "$anchor"
        | "$dynamicRef" | "$dynamicAnchor" | "contentEncoding" | "contentMediaType" => Holds::Text,
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
