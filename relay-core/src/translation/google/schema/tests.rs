//! What Gemini gets of a schema.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{MAX_BYTES, Owner, Rigor, convert};
use crate::error::RelayError;
use crate::translation::Work;

fn converted(raw: &RawValue, rigor: Rigor) -> Result<Map<String, Value>, RelayError> {
    convert(raw, Owner { param: "p", owner: "the tool `f`" }, rigor, &Work::new())
}

#[track_caller]
fn check(source: &Value, want: &Value) {
    for rigor in [Rigor::Hint, Rigor::Answer] {
        let raw = serde_json::value::to_raw_value(source).unwrap();
        let got = converted(&raw, rigor).map(|map| Value::Object(map).to_string());
        assert_eq!(got.map_err(|error| error.message().to_owned()), Ok(want.to_string()), "{source}");
    }
}

/// What becomes of a tool's parameter.
fn hint(source: &Value) -> Value {
    let raw = serde_json::value::to_raw_value(source).unwrap();
    Value::Object(converted(&raw, Rigor::Hint).unwrap())
}

#[track_caller]
fn refused(source: &Value, rigor: Rigor) {
    let raw = serde_json::value::to_raw_value(source).unwrap();
    assert_eq!(converted(&raw, rigor).unwrap_err().param(), Some("p"), "{source}");
}

#[test]
fn enums_are_of_strings_or_numbers() {
    check(&json!({"const": 3}), &json!({"type": "integer", "enum": [3]}));
    check(&json!({"const": null}), &json!({"type": "null"}));
    check(&json!({"enum": ["a", null]}), &json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}));
    check(
        &json!({"type": "boolean", "enum": [true, false], "description": "D."}),
        &json!({"type": "boolean", "description": "D. (allowed values: [true,false])"}),
    );
    check(&json!({"enum": ["a", 1]}), &json!({"description": "(allowed values: [\"a\",1])"}));
    check(&json!({"enum": ["a", 1, null]}), &json!({"description": "(allowed values: [\"a\",1,null])"}));
    check(&json!({"const": true}), &json!({"type": "boolean", "description": "(allowed values: [true])"}));
    check(&json!({"enum": ["a", "a", "b"]}), &json!({"type": "string", "enum": ["a", "b"]}));
    check(
        &json!({"type": "string", "enum": ["", "a"]}),
        &json!({"type": "string", "description": "(allowed values: [\"\",\"a\"])"}),
    );
    check(
        &json!({"type": "string", "enum": [1, 2]}),
        &json!({"type": "string", "description": "(allowed values: [1,2])"}),
    );
    check(&json!({"type": ["string", "null"], "enum": ["a"]}), &json!({"type": "string", "enum": ["a"]}));
    check(
        &json!({"type": "string", "nullable": true, "enum": ["a"]}),
        &json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
    );
    check(&json!({"type": "string", "enum": []}), &json!({"type": "string", "description": "(enum: [])"}));
    check(&json!({"enum": [{"a": 1}]}), &json!({"type": "object", "description": "(allowed values: [{\"a\":1}])"}));
}

#[test]
fn nullable_becomes_a_type() {
    check(&json!({"type": "string", "nullable": true}), &json!({"type": ["string", "null"]}));
    check(&json!({"type": "string", "nullable": false}), &json!({"type": "string"}));
    check(
        &json!({"oneOf": [{"type": "string"}], "nullable": true}),
        &json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
    );
    check(
        &json!({"properties": {"a": {"$ref": "#/$defs/A", "nullable": true}}, "$defs": {"A": {"type": "string"}}}),
        &json!({"properties": {"a": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}}, "$defs": {"A": {"type": "string"}}}),
    );
}

#[test]
fn types_have_the_names_of_json_schema() {
    check(&json!({"type": "STRING"}), &json!({"type": "string"}));
    check(&json!({"type": ["string", "string"]}), &json!({"type": "string"}));
    check(&json!({"type": ["string", "integer", "null"]}), &json!({"type": ["string", "integer", "null"]}));
    check(&json!({"type": "any"}), &json!({"description": "(type: any)"}));
    check(&json!({"type": []}), &json!({"description": "(type: [])"}));
    check(&json!({"type": "int"}), &json!({"type": "integer"}));
}

#[test]
fn what_stands_beside_a_reference_is_kept_around_it() {
    check(
        &json!({"type": "object", "$defs": {"Color": {"type": "string", "enum": ["red"], "title": "Color"}},
            "properties": {"a": {"$ref": "#/$defs/Color", "description": "door"},
                "b": {"allOf": [{"$ref": "#/$defs/Color"}], "description": "roof", "default": "red"},
                "c": {"$ref": "#/$defs/Color"},
                "d": {"$ref": "#/$defs/Color", "examples": ["red"]}}}),
        &json!({"type": "object", "$defs": {"Color": {"type": "string", "enum": ["red"], "title": "Color"}},
            "properties": {"a": {"anyOf": [{"$ref": "#/$defs/Color"}], "description": "door"},
                "b": {"description": "roof", "default": "red", "anyOf": [{"$ref": "#/$defs/Color"}]},
                "c": {"$ref": "#/$defs/Color"},
                "d": {"anyOf": [{"$ref": "#/$defs/Color"}], "description": "(examples: [\"red\"])"}}}),
    );
    // What narrows it is merged.
    check(
        &json!({"properties": {"a": {"$ref": "#/$defs/A", "maxLength": 3}}, "$defs": {"A": {"type": "string", "maxLength": 5}}}),
        &json!({"properties": {"a": {"maxLength": 3, "type": "string"}}, "$defs": {"A": {"type": "string", "maxLength": 5}}}),
    );
}

#[test]
fn the_root_has_no_reference() {
    check(
        &json!({"$ref": "#/$defs/A", "title": "T", "$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}}}),
        &json!({"title": "T", "$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}},
            "type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}),
    );
}

#[test]
fn all_of_is_merged() {
    check(
        &json!({"properties": {"a": {"allOf": [{"$ref": "#/$defs/A"}], "description": "d"}}, "$defs": {"A": {"type": "string"}}}),
        &json!({"properties": {"a": {"description": "d", "anyOf": [{"$ref": "#/$defs/A"}]}}, "$defs": {"A": {"type": "string"}}}),
    );
    check(
        &json!({"allOf": [
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
            {"properties": {"b": {"type": "string"}}, "required": ["b", "a"]}]}),
        &json!({"type": "object", "properties": {"a": {}, "b": {"type": "string"}}, "required": ["a", "b"]}),
    );
    check(
        &json!({"allOf": [{"type": "string", "minLength": 1, "description": "A"}, {"type": "string", "minLength": 2, "description": "B"}]}),
        &json!({"type": "string", "minLength": 2, "description": "A B"}),
    );
    check(
        &json!({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}], "type": "string"}),
        &json!({"type": "string", "enum": ["b"]}),
    );
    check(
        &json!({"allOf": [{"type": ["number", "null"], "maximum": 5}, {"type": "integer", "maximum": 3.5}]}),
        &json!({"type": "integer", "maximum": 3.5}),
    );
    check(
        &json!({"allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
            "$defs": {"A": {"properties": {"a": {"type": "string"}}}, "B": {"properties": {"a": {"minLength": 2}, "b": true}}}}),
        &json!({"$defs": {"A": {"properties": {"a": {"type": "string"}}}, "B": {"properties": {"a": {"minLength": 2}, "b": {}}}},
            "properties": {"a": {"minLength": 2, "type": "string"}, "b": {}}}),
    );
    check(
        &json!({"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"minLength": 1}, {"minimum": 1}]}]}),
        &json!({"anyOf": [{"type": "string", "minLength": 1}, {"type": "string", "minimum": 1},
            {"type": "integer", "minLength": 1}, {"type": "integer", "minimum": 1}]}),
    );
}

#[test]
fn what_can_not_be_merged_becomes_words() {
    check(
        &json!({"allOf": [{"type": "string", "pattern": "^a"}, {"type": "integer", "pattern": "z$"}, true]}),
        &json!({"type": "string", "pattern": "^a", "description": "(type: integer; pattern: z$)"}),
    );
    check(
        &json!({"type": "object", "properties": {"k": {"type": "string"}},
            "if": {"properties": {"k": {"const": "a"}}}, "then": {"required": ["v"]}, "else": false}),
        &json!({"type": "object", "properties": {"k": {"type": "string"}},
            "description": "(if: {\"properties\":{\"k\":{\"const\":\"a\"}}}; then: {\"required\":[\"v\"]}; else: false)"}),
    );
    check(
        &json!({"allOf": [{"if": {"type": "string"}, "then": {"minLength": 1}}, {"not": {"const": ""}}, {"not": {"const": 0}}]}),
        &json!({"description": "(not: {\"const\":0}; if: {\"type\":\"string\"}; then: {\"minLength\":1}; not: {\"const\":\"\"})"}),
    );
}

#[test]
fn keywords_are_kept_or_become_words() {
    let kept = json!({"type": "object", "title": "T", "properties": {
        "a": {"type": "string", "pattern": "a|b", "minLength": 1, "maxLength": 5, "default": "a", "format": "date"},
        "b": {"type": "array", "uniqueItems": true, "minItems": 1, "maxItems": 5, "items": {"type": "number", "minimum": 0, "maximum": 1}},
        "c": {"type": "array", "prefixItems": [{"type": "string"}]}}, "propertyOrdering": ["a", "b", "c"],
        "additionalProperties": {"type": "string"}});
    check(&kept, &kept);
    check(&json!({"type": "integer", "exclusiveMinimum": 0}), &json!({"type": "integer", "minimum": 1}));
    check(
        &json!({"const": "a", "enum": ["b", null]}),
        &json!({"type": "string", "enum": ["a"], "description": "(enum: [\"b\",null])"}),
    );
    check(
        &json!({"anyOf": [{"minLength": 1}, {"title": "T"}], "enum": ["a", null]}),
        &json!({"anyOf": [{"minLength": 1}, {"title": "T"}], "type": ["string", "null"], "description": "(allowed values: [\"a\"])"}),
    );
    check(&json!({"const": "a", "enum": ["b", "a"]}), &json!({"type": "string", "enum": ["a"]}));
    for (least, want) in [(0, 4), (9, 9)] {
        for source in [
            json!({"type": "integer", "exclusiveMinimum": 3, "minimum": least}),
            json!({"type": "integer", "minimum": least, "exclusiveMinimum": 3}),
        ] {
            check(&source, &json!({"type": "integer", "minimum": want}));
        }
    }
    check(&json!({"type": "integer", "exclusiveMaximum": 3, "maximum": 5}), &json!({"type": "integer", "maximum": 2}));
    check(
        &json!({"type": "object", "properties": {"a": {}}, "required": ["a", "a", "b", "b"]}),
        &json!({"type": "object", "properties": {"a": {}}, "required": ["a"], "description": "(required: [\"b\"])"}),
    );
    check(
        &json!({"type": "number", "exclusiveMinimum": 0, "multipleOf": 5}),
        &json!({"type": "number", "description": "(exclusiveMinimum: 0; multipleOf: 5)"}),
    );
    check(
        &json!({"type": "array", "maxItems": 500, "items": {"type": "array", "maxItems": 2}}),
        &json!({"type": "array", "items": {"type": "array", "description": "(maxItems: 2)"}, "description": "(maxItems: 500)"}),
    );
    check(
        &json!({"type": "string", "format": "uri", "pattern": "^(?!a)", "x-y": 1, "$schema": "x", "$comment": "c"}),
        &json!({"type": "string", "description": "(format: uri; pattern: ^(?!a); x-y: 1)"}),
    );
    check(&json!({"minimum": "0", "title": 7}), &json!({"description": "(minimum: 0; title: 7)"}));
    check(
        &json!({"type": "object", "patternProperties": {"^x": {"type": "string"}}, "additionalProperties": false}),
        &json!({"type": "object", "additionalProperties": {"type": "string"},
            "description": "(names of the additional properties fit: ^x)"}),
    );
}

#[test]
fn required_names_are_properties() {
    check(
        &json!({"type": "object", "properties": {"a": {}}, "required": ["a", "b"]}),
        &json!({"type": "object", "properties": {"a": {}}, "required": ["a"], "description": "(required: [\"b\"])"}),
    );
    check(&json!({"type": "object", "required": []}), &json!({"type": "object", "required": []}));
    check(
        &json!({"type": "object", "properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}),
        &json!({"type": "object", "properties": {"a": {}, "b": {}},
            "anyOf": [{"description": "(required: [\"a\"])"}, {"description": "(required: [\"b\"])"}]}),
    );
    refused(&json!({"type": "object", "properties": {"a": {}}, "required": ["b"]}), Rigor::Strict);
}

#[test]
fn boolean_schemas_and_tuples_are_rewritten() {
    check(
        &json!({"type": "object", "properties": {"a": true, "b": false}, "required": ["a", "b"]}),
        &json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}),
    );
    check(
        &json!({"type": "array", "items": [{"type": "string"}, true], "additionalItems": {"type": "integer"}}),
        &json!({"type": "array", "prefixItems": [{"type": "string"}, {}], "items": {"type": "integer"}}),
    );
    check(&json!({"type": "array", "items": true}), &json!({"type": "array", "items": {}}));
    check(&json!({"type": "array", "items": false}), &json!({"type": "array", "description": "(items: false)"}));
    check(&json!({"anyOf": [false, {"type": "string"}]}), &json!({"anyOf": [{"type": "string"}]}));
}

#[test]
fn a_place_that_is_referred_to_is_a_definition() {
    check(
        &json!({"type": "object", "properties": {
            "headers": {"type": "object", "properties": {"k": {"type": "string"}}},
            "actions": {"type": "array", "items": {"$ref": "#/properties/headers"}}}}),
        &json!({"type": "object", "properties": {
            "headers": {"type": "object", "properties": {"k": {"type": "string"}}},
            "actions": {"type": "array", "items": {"$ref": "#/$defs/properties_headers"}}},
            "$defs": {"properties_headers": {"type": "object", "properties": {"k": {"type": "string"}}}}}),
    );
    for (target, name) in [
        ("#/properties/a~1b~0c%25", "properties_a_b_c_"),
        ("#/properties/list/items/0", "properties_list_items_0"),
        ("#/%24defs/A/properties/b", "A_properties_b"),
        ("#named", "properties_named"),
        ("https://example.com/s#/$defs/A", "A"),
        ("#/definitions/Inner", "properties_deep__defs_Inner"),
        ("#/$defs/Odd%20Name%5B%5D", "Odd_Name__"),
    ] {
        let schema = json!({"$id": "https://example.com/s", "properties": {
            "a/b~c%": {"type": "string"},
            "list": {"items": [{"type": "string"}]},
            "named": {"$anchor": "named", "type": "string"},
            "deep": {"$defs": {"Inner": {"type": "string"}}},
            "x": {"$ref": target}},
            "$defs": {"A": {"properties": {"b": {"type": "string"}}}, "Odd Name[]": {"type": "string"}}});
        let got = hint(&schema);
        assert_eq!(got["properties"]["x"], json!({"$ref": format!("#/$defs/{name}")}), "{target}");
        assert!(got["$defs"][name].is_object(), "{got}");
    }
}

#[test]
fn references_out_of_the_schema_are_words_in_a_hint() {
    for target in ["https://example.com/x", "#/properties/nope", "#/$defs/Nope", "#a", "other.json#/a", ""] {
        let schema =
            json!({"type": "object", "properties": {"a": {"$ref": target, "description": "D."}}, "$defs": {"A": {}}});
        let target = if target.is_empty() { String::new() } else { target.to_owned() };
        assert_eq!(hint(&schema)["properties"]["a"], json!({"description": format!("D. ($ref: {target})")}));
        refused(&schema, Rigor::Answer);
    }
}

#[test]
fn recursion_leaves_required_where_it_happens() {
    check(
        &json!({"properties": {"x": {"$ref": "#/$defs/A"}}, "required": ["x"], "$defs": {
            "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}, "c": {}}, "required": ["b", "c"]},
            "B": {"type": "object", "properties": {"in": {"type": "object",
                "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}}, "required": ["in"]}}}),
        &json!({"properties": {"x": {"$ref": "#/$defs/A"}}, "required": ["x"], "$defs": {
            "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}, "c": {}}, "required": ["c"]},
            "B": {"type": "object", "properties": {"in": {"type": "object",
                "properties": {"a": {"$ref": "#/$defs/A"}}, "required": []}}, "required": ["in"]}}}),
    );
    check(
        &json!({"type": "object", "properties": {"up": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["up"]}),
        &json!({"type": "object", "properties": {"up": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": []}),
    );
    // A place within itself.
    check(
        &json!({"properties": {"n": {"type": "object", "properties": {"next": {"$ref": "#/properties/n"}}, "required": ["next"]}}}),
        &json!({"properties": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/properties_n"}}, "required": ["next"]}},
            "$defs": {"properties_n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/properties_n"}}, "required": []}}}),
    );
}

#[test]
fn a_circle_through_no_property_is_broken() {
    check(
        &json!({"properties": {"v": {"$ref": "#/$defs/Json"}}, "required": ["v"], "$defs": {"Json": {"anyOf": [
            {"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/Json"}},
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/Json"}}]}}}),
        &json!({"properties": {"v": {"$ref": "#/$defs/Json"}}, "required": ["v"], "$defs": {"Json": {"anyOf": [
            {"type": "string"}, {"type": "array", "items": {"description": "another Json"}},
            {"type": "object", "additionalProperties": {"description": "another Json"}}]}}}),
    );
    for endless in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}}),
        json!({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"allOf": [{"$ref": "#/$defs/A"}, {"minLength": 1}]}}}),
        json!({"properties": {"a": {"$ref": "#/properties/a"}}}),
        json!({"properties": {"a": {"allOf": [{"$ref": "#"}, {"required": ["a"]}]}}}),
    ] {
        assert!(hint(&endless).to_string().len() < 1000, "{endless}");
    }
}

/// Each level doubles what `allOf` is merged from.
#[test]
fn merging_can_not_be_made_endless() {
    let mut definitions = serde_json::Map::new();
    for i in 0..40 {
        let next = json!({"$ref": format!("#/$defs/d{}", i + 1)});
        definitions.insert(
            format!("d{i}"),
            json!({"properties": {"a": {"allOf": [next, {"title": "t", "minLength": 1}]},
            "b": {"allOf": [next, {"minLength": 2}]}}}),
        );
    }
    definitions.insert("d40".to_owned(), json!({"type": "string"}));
    let schema = json!({"properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": definitions});
    assert!(hint(&schema).to_string().len() < 32 << 20);
}

#[test]
fn depth_and_size_are_bounded() {
    let mut deep = json!({});
    for _ in 0..33 {
        deep = json!({"type": "array", "items": deep});
    }
    refused(&deep, Rigor::Answer);
    assert!(hint(&deep).to_string().contains("too deep"));
    refused(&json!({"title": "x".repeat(MAX_BYTES)}), Rigor::Hint);
    refused(&json!([1]), Rigor::Hint);
}

/// Whatever stands where a schema should: a hint is carried over, and nothing panics.
#[test]
fn a_hint_never_fails() {
    let odd =
        [json!(null), json!(7), json!("x"), json!([]), json!({}), json!(true), json!([1, "a", null]), json!({"a": 1})];
    let keywords = [
        "$ref",
        "$defs",
        "definitions",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "items",
        "prefixItems",
        "additionalItems",
        "properties",
        "patternProperties",
        "additionalProperties",
        "required",
        "enum",
        "const",
        "type",
        "format",
        "minimum",
        "maxItems",
        "pattern",
        "nullable",
        "default",
        "description",
        "title",
        "$id",
        "$anchor",
    ];
    for first in keywords {
        for second in keywords {
            for (one, other) in odd.iter().zip(odd.iter().rev()) {
                let inner = json!({first: one, second: other});
                hint(
                    &json!({"type": "object", "properties": {"a": inner, "b": {"allOf": [inner, {first: other}]}}, "items": inner}),
                );
            }
        }
    }
}

#[test]
fn many_entries_about_one_place_do_not_nest() {
    let about = |member: &dyn Fn(usize) -> Value| Value::Array((0..8_000).map(member).collect());
    for (name, all) in [
        ("property", about(&|n| json!({ "properties": { "a": { "minLength": n } } }))),
        ("items", about(&|n| json!({ "properties": { "a": { "items": { "minLength": n } } } }))),
        ("branch", about(&|n| json!({ "properties": { "a": { "anyOf": [{ "minLength": n }] } } }))),
        ("required", about(&|n| json!({ "required": [format!("r{n}")] }))),
    ] {
        let sent = hint(&json!({ "type": "object", "properties": { "a": { "type": "string" } }, "allOf": all }));
        assert!(sent.is_object(), "{name}");
    }
}
