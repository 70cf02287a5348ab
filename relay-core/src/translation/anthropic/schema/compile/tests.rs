//! Each schema and what is compiled of it.

use serde_json::json;

use super::*;

fn compiled(schema: &str, usage: Use) -> Result<Compiled, &'static str> {
    let raw: &RawValue = serde_json::from_str(schema).unwrap();
    compile(raw, None, usage, &Work::new())
}

#[track_caller]
fn check(schema: &str, want: &str) {
    assert_eq!(compiled(schema, Use::Answer).unwrap().schema.get(), want);
}

/// A schema as the only property of an object.
#[track_caller]
fn check_property(schema: &str, want: &str) {
    let around =
        |inner: &str, end: &str| format!(r#"{{"type":"object","properties":{{"a":{inner}}},"required":["a"]{end}}}"#);
    check(&around(schema, ""), &around(want, r#","additionalProperties":false"#));
}

#[test]
fn what_the_compiler_takes_stays_in_its_order() {
    for schema in [
        r#"{"type":"string","title":"T","format":"date","pattern":"^a+$","default":"aa","description":"d"}"#,
        r#"{"type":"array","minItems":1,"items":{"type":"integer"}}"#,
        r#"{"anyOf":[{"type":"number"},{"type":"null"}]}"#,
        r#"{"enum":["a",null,1.50,true]}"#,
        r#"{"const":1.50}"#,
        r#"{"type":["string","null"]}"#,
    ] {
        check_property(schema, schema);
    }
}

#[test]
fn every_other_keyword_becomes_words() {
    for (keyword, value) in [
        ("minimum", "1e400"),
        ("maximum", "2"),
        ("exclusiveMinimum", "1"),
        ("exclusiveMaximum", "1"),
        ("multipleOf", "0.5"),
        ("not", r#"{"const":3}"#),
        ("if", r#"{"const":3}"#),
        ("then", "true"),
        ("else", "false"),
        ("examples", "[1,2]"),
        ("deprecated", "true"),
        ("nullable", "true"),
        ("x-order", "4"),
        ("contentEncoding", r#"base64"#),
        ("format", "int32"),
        ("minItems", "2"),
        ("maxItems", "2"),
        ("uniqueItems", "true"),
        ("contains", r#"{"type":"string"}"#),
        ("minContains", "1"),
        ("maxContains", "1"),
        ("unevaluatedItems", "false"),
        ("minLength", "1"),
        ("maxLength", "1"),
        ("pattern", r"(?=a)"),
        ("minProperties", "1"),
        ("maxProperties", "1"),
        ("propertyNames", r#"{"pattern":"a"}"#),
        ("dependentRequired", r#"{"a":["b"]}"#),
        ("dependentSchemas", r#"{"a":true}"#),
        ("keyword-of-tomorrow", "[]"),
    ] {
        let json = if value.parse::<f64>().is_ok() || serde_json::from_str::<Value>(value).is_ok() {
            value.to_owned()
        } else {
            quoted(value)
        };
        let words = quoted(&format!("d ({keyword}: {value})"));
        check_property(
            &format!(r#"{{"type":"number",{}:{json},"description":"d"}}"#, quoted(keyword)),
            &format!(r#"{{"type":"number","description":{words}}}"#),
        );
    }
}

#[test]
fn fixed_values_have_no_type_beside_them_and_fit_it() {
    for (schema, want) in [
        (r#"{"type":["string","null"],"enum":["low",null]}"#, r#"{"enum":["low",null]}"#),
        (r#"{"type":"string","enum":["a",1,null,"b"]}"#, r#"{"enum":["a","b"]}"#),
        (r#"{"type":"integer","enum":[1,2.0,2.5]}"#, r#"{"enum":[1,2.0]}"#),
        (r#"{"type":"string","const":"a"}"#, r#"{"const":"a"}"#),
        (r#"{"type":"null","const":null}"#, r#"{"const":null}"#),
        (r#"{"type":"string","enum":[]}"#, r#"{"type":"string","description":"(enum: [])"}"#),
        (r#"{"type":"string","enum":[1]}"#, r#"{"type":"string","description":"(enum: [1])"}"#),
        (r#"{"type":"string","const":1}"#, r#"{"type":"string","description":"(const: 1)"}"#),
        (
            r#"{"type":"array","items":{"type":"string"},"enum":[["a"]]}"#,
            r#"{"type":"array","items":{"type":"string"},"description":"(enum: [[\"a\"]])"}"#,
        ),
    ] {
        check_property(schema, want);
    }
}

#[test]
fn a_tuple_becomes_a_list_of_its_schemas() {
    for (schema, want) in [
        (
            r#"{"type":"array","prefixItems":[{"type":"number"},{"type":"number"}],"items":false}"#,
            r#"{"type":"array","items":{"type":"number"},"description":"(prefixItems: [{\"type\":\"number\"},{\"type\":\"number\"}]; items: false)"}"#,
        ),
        (
            r#"{"items":[{"type":"string"},{"type":"null"}]}"#,
            r#"{"items":{"anyOf":[{"type":"string"},{"type":"null"}]},"type":"array","description":"(items: [{\"type\":\"string\"},{\"type\":\"null\"}])"}"#,
        ),
        (r#"{"type":"array","items":{}}"#, r#"{"type":"array"}"#),
        (r#"{"type":"array","items":true}"#, r#"{"type":"array"}"#),
    ] {
        check_property(schema, want);
    }
}

#[test]
fn alternatives_are_any_of_whole_schemas() {
    for (schema, want) in [
        (r#"{"oneOf":[{"const":"a"},{"type":"null"}]}"#, r#"{"anyOf":[{"const":"a"},{"type":"null"}]}"#),
        (
            r#"{"oneOf":[{"type":"string"}],"anyOf":[{"type":"null"}]}"#,
            r#"{"anyOf":[{"type":"null"}],"description":"(oneOf: [{\"type\":\"string\"}])"}"#,
        ),
        (
            r#"{"type":"object","properties":{"b":{"type":"null"}},"anyOf":[{"required":["b"]}]}"#,
            r#"{"type":"object","properties":{"b":{"type":"null"}},"additionalProperties":false,"description":"(anyOf: [{\"required\":[\"b\"]}])"}"#,
        ),
        (
            r#"{"type":"string","anyOf":[{"format":"date"},{"const":"now"}]}"#,
            r#"{"type":"string","description":"(anyOf: [{\"format\":\"date\"},{\"const\":\"now\"}])"}"#,
        ),
        (r#"{"anyOf":[{"type":"string"},false]}"#, r#"{"anyOf":[{"type":"string"}]}"#),
    ] {
        check_property(schema, want);
    }
}

#[test]
fn all_of_is_merged() {
    check_property(
        r#"{"allOf":[{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]},{"properties":{"y":{"type":"null"}},"required":["y","x"]}],"title":"T"}"#,
        r#"{"title":"T","type":"object","properties":{"x":{"type":"string"},"y":{"type":"null"}},"required":["x","y"],"additionalProperties":false}"#,
    );
    check_property(
        r#"{"allOf":[{"type":"integer"},{"type":"number","minimum":1}]}"#,
        r#"{"type":"integer","description":"(type: number; minimum: 1)"}"#,
    );
}

#[test]
fn references_stay_or_are_put_in_place() {
    let root = |a: &str, defs: &str, end: &str| {
        format!(r#"{{"type":"object","properties":{{"a":{a}}},"required":["a"]{defs}{end}}}"#)
    };
    let (defs, end) = (r#","$defs":{"x":{"type":"string"}}"#, r#","additionalProperties":false"#);
    let unused = r##","$defs":{"x":{"type":"string"},"y":{"$ref":"#/$defs/y"}}"##;
    for (given, given_defs, want, want_defs) in [
        (r##"{"$ref":"#/$defs/x"}"##, defs, r##"{"$ref":"#/$defs/x"}"##, defs),
        (r##"{"$ref":"#/$defs/x"}"##, unused, r##"{"$ref":"#/$defs/x"}"##, defs),
        (
            r##"{"$ref":"#/$defs/x","description":"d","title":null}"##,
            defs,
            r#"{"type":"string","description":"d"}"#,
            "",
        ),
        (r##"{"allOf":[{"$ref":"#/$defs/x"}],"description":"d"}"##, defs, r#"{"type":"string","description":"d"}"#, ""),
    ] {
        let made = compiled(&root(given, given_defs, ""), Use::Answer).unwrap();
        let want: Value = serde_json::from_str(&root(want, want_defs, end)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(made.schema.get()).unwrap(), want, "{given}");
    }
    check(
        r##"{"type":"object","properties":{"a":{"type":"null"},"b":{"$ref":"#/properties/a"}}}"##,
        r##"{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},"additionalProperties":false}"##,
    );
}

#[test]
fn a_type_is_found_where_it_is_missing() {
    let anything = r#"{"anyOf":[{"type":"string"},{"type":"number"},{"type":"boolean"},{"type":"null"}]}"#;
    for (schema, want) in [
        (r#"{"properties":{}}"#, r#"{"properties":{},"type":"object","additionalProperties":false}"#),
        (r#"{"minLength":1}"#, r#"{"type":"string","description":"(minLength: 1)"}"#),
        (r#"{"maximum":1}"#, r#"{"type":"number","description":"(maximum: 1)"}"#),
        ("true", anything),
        ("{}", anything),
    ] {
        check_property(schema, want);
    }
    let raw = r#"{"type":"object","properties":{"a":{}}}"#;
    assert!(compiled(raw, Use::Tool).is_err() && compiled(raw, Use::Answer).unwrap().is_narrowed);
}

#[test]
fn what_the_grammar_can_not_express_is_named() {
    for (schema, word) in [
        (r##"{"anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}}"##, "itself"),
        (r#"{"$ref":"https://example.com/x.json"}"#, "leads to nothing"),
        (r##"{"$ref":"#/$defs/none"}"##, "leads to nothing"),
        (r#"{"type":"object"}"#, "fixed set"),
        (r#"{"items":{"type":["object","null"]}}"#, "fixed set"),
        (r#"{"properties":{"a":{"patternProperties":{}}}}"#, "fixed set"),
        (r#"{"type":"object","properties":{},"additionalProperties":true}"#, "fixed set"),
        (r#"{"type":"thing"}"#, "none of"),
    ] {
        let why = compiled(schema, Use::Answer).unwrap_err();
        assert!(why.contains(word), "{schema}: {why}");
    }
}

#[test]
fn an_open_object_with_properties_is_closed_for_an_answer_only() {
    let schema = r#"{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":{"type":"string"}}"#;
    assert!(compiled(schema, Use::Tool).is_err());
    let made = compiled(schema, Use::Answer).unwrap();
    assert!(made.is_narrowed);
    assert_eq!(
        made.schema.get(),
        r#"{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":false,"description":"(additionalProperties: {\"type\":\"string\"})"}"#
    );
}

#[test]
fn keywords_of_another_type_become_words() {
    for (schema, want) in [
        (r#"{"type":"integer","format":"date"}"#, r#"{"type":"integer","description":"(format: date)"}"#),
        (r#"{"type":"number","pattern":"a"}"#, r#"{"type":"number","description":"(pattern: a)"}"#),
        (
            r#"{"type":"string","items":{},"minItems":1}"#,
            r#"{"type":"string","description":"(items: {}; minItems: 1)"}"#,
        ),
        (
            r#"{"type":"string","properties":{},"required":[]}"#,
            r#"{"type":"string","description":"(properties: {}; required: [])"}"#,
        ),
        (r#"{"type":["string","null"],"format":"date"}"#, r#"{"type":["string","null"],"format":"date"}"#),
    ] {
        check_property(schema, want);
    }
}

#[test]
fn a_root_that_is_a_reference_is_put_in_place_once() {
    let made = compiled(
        r##"{"$ref":"#/$defs/A","$defs":{"A":{"type":"object","properties":{"b":{"$ref":"#/$defs/B"}}},"B":{"type":"null"}}}"##,
        Use::Answer,
    )
    .unwrap();
    assert_eq!(
        made.schema.get(),
        r##"{"$defs":{"B":{"type":"null"}},"type":"object","properties":{"b":{"$ref":"#/$defs/B"}},"additionalProperties":false}"##
    );
    assert_eq!((made.optional, made.unions), (1, 0));
}

#[test]
fn optional_properties_and_unions_are_counted() {
    let made = compiled(
        r#"{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"type":"object","properties":{"c":{"anyOf":[{"type":"null"}]}}}},"required":["a"]}"#,
        Use::Tool,
    )
    .unwrap();
    assert_eq!((made.optional, made.unions), (2, 2));
}

#[test]
fn a_schema_that_grows_without_end_is_refused() {
    let defs: Vec<_> = (0..400).map(|i| format!("\"d{i}\":{{\"$ref\":\"#/$defs/d{}\"}}", i + 1)).collect();
    let chain = format!("{{\"$ref\":\"#/$defs/d0\",\"$defs\":{{{}}}}}", defs.join(","));
    assert!(compiled(&chain, Use::Answer).unwrap_err().contains("too many"));
    let twice = |i: usize| {
        let next = format!("{{\"$ref\":\"#/$defs/d{}\",\"title\":\"t\"}}", i + 1);
        format!("\"d{i}\":{{\"type\":\"object\",\"properties\":{{\"a\":{next},\"b\":{next}}}}}")
    };
    let defs: Vec<_> = (0..30).map(twice).collect();
    let tree = format!(
        "{{\"$ref\":\"#/$defs/d0\",\"title\":\"t\",\"$defs\":{{{},\"d30\":{{\"type\":\"null\"}}}}}}",
        defs.join(",")
    );
    assert!(compiled(&tree, Use::Answer).unwrap_err().contains("too large"));
}

#[test]
fn references_by_name_and_with_escapes_are_put_in_place() {
    let text = r#"{"type":"string"}"#;
    for (reference, rest, want) in [
        ("#/$defs/A%20B", r#","$defs":{"A B":{"type":"string"}}"#, text),
        ("#/definitions/Record%3Cstring%2Cany%3E", r#","definitions":{"Record<string,any>":{"type":"string"}}"#, text),
        ("#/$defs/a%7E1b", r#","$defs":{"a/b":{"type":"string"}}"#, text),
        ("#/$defs/A%20B", r#","$defs":{"A%20B":{"type":"string"}}"#, text),
        (
            "#foo",
            r#","$defs":{"x":{"$anchor":"foo","type":"string"}}"#,
            r#"{"type":"string","description":"($anchor: foo)"}"#,
        ),
        ("#foo", r##","definitions":{"x":{"$id":"#foo","type":"string"}}"##, text),
        ("x.json", r#","$defs":{"x":{"$id":"x.json","type":"string"}}"#, text),
        (
            "https://e.com/s/x.json",
            r#","$id":"https://e.com/s/r.json","$defs":{"x":{"$id":"x.json","type":"string"}}"#,
            text,
        ),
        (
            "x.json#/$defs/y",
            r#","$id":"https://e.com/r","$defs":{"x":{"$id":"/x.json","$defs":{"y":{"type":"string"}}}}"#,
            text,
        ),
        ("r.json#/$defs/x", r#","$id":"https://e.com/r.json","$defs":{"x":{"type":"string"}}"#, text),
        ("#/$defs/x", r#","not":{"$defs":{"x":{"type":"string"}}}"#, text),
    ] {
        let schema =
            format!(r#"{{"type":"object","properties":{{"a":{{"$ref":"{reference}"}}}},"required":["a"]{rest}}}"#);
        let sent = compiled(&schema, Use::Answer).map(|compiled| compiled.schema.get().to_owned());
        let want = format!(r#"{{"type":"object","properties":{{"a":{want}}},"#);
        assert!(sent.as_ref().is_ok_and(|sent| sent.starts_with(&want)), "{schema}: {sent:?}");
    }
    for (schema, fault) in [
        (r##"{"type":"object","properties":{"a":{"$ref":"#none"}}}"##, "leads to nothing"),
        (r##"{"$anchor":"a","anyOf":[{"$ref":"#a"}]}"##, "itself"),
        (r#"{"$id":"https://e.com/r.json","anyOf":[{"$ref":"r.json"}]}"#, "itself"),
    ] {
        assert!(compiled(schema, Use::Answer).unwrap_err().contains(fault), "{schema}");
    }
}

#[test]
fn references_that_double_at_each_step_end() {
    let doubled = |level: usize| json!({ "allOf": [{ "$ref": format!("#/$defs/L{level}") }, { "$ref": format!("#/$defs/L{level}") }] });
    let mut definitions: serde_json::Map<String, Value> =
        (0..24).map(|level| (format!("L{level}"), doubled(level + 1))).collect();
    definitions.insert("L24".to_owned(), json!({ "type": "string" }));
    let schema = json!({ "type": "object", "properties": { "a": { "allOf": [{ "$ref": "#/$defs/L0" }] } }, "$defs": definitions });
    let raw = RawValue::from_string(schema.to_string()).unwrap();
    for usage in [Use::Answer, Use::Tool] {
        assert_eq!(compile(&raw, None, usage, &Work::new()).unwrap_err(), "it has too many references");
    }
}

/// As many as fit: seconds if each were compared with each.
#[test]
fn thousands_of_properties_take_no_quadratic_time() {
    let start = std::time::Instant::now();
    let names: Vec<String> = (0..9_000).map(|i| format!("\"p{i}\"")).collect();
    let properties: Vec<String> = names.iter().map(|name| format!("{name}:true")).collect();
    let (properties, names) = (properties.join(","), names.join(","));
    let one = format!(r#"{{"properties":{{{properties}}},"required":[{names}]}}"#);
    let schema = one.replace(":true", r#":{"const":1}"#);
    assert!(compiled(&schema, Use::Answer).is_ok());
    let tool = RawValue::from_string(format!(r#"{{"type":"object","allOf":[{one},{one},{one}]}}"#)).unwrap();
    let sent = crate::translation::anthropic::schema::parameters(Some(&tool), "p", &Work::new()).unwrap();
    assert!(sent.schema.get().len() < one.len() + 50);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}
