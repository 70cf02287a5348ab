//! Schemas: as the parameters of strict and other tools, as the form of an answer, alone and many in one request.

use std::fmt::Write;
use std::time::Duration;

use crate::measure::{grows_linearly, report, timed};
use crate::requests::{Request, refusal, translated};

/// A family of schemas: its name, n, and the schema of that size.
type Shape = (&'static str, usize, fn(usize) -> String);

/// `item(0),item(1),…`
pub(crate) fn list(n: usize, item: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for i in 0..n {
        let separator = if i == 0 { "" } else { "," };
        write!(text, "{separator}{}", item(i)).unwrap();
    }
    text
}

/// A schema of an object with these properties.
fn object(properties: &str) -> String {
    format!(r#"{{"type":"object","properties":{{{properties}}},"required":[],"additionalProperties":false}}"#)
}

/// A property `a` with this schema.
fn property(schema: &str) -> String {
    object(&format!("\"a\":{schema}"))
}

/// An object with definitions.
fn with_definitions(properties: &str, definitions: &str) -> String {
    format!(
        r#"{{"type":"object","properties":{{{properties}}},"required":[],"additionalProperties":false,"$defs":{{{definitions}}}}}"#
    )
}

/// `inner` within `depth` lists.
fn nested(depth: usize, inner: &str) -> String {
    format!("{}{inner}{}", r#"{"type":"array","items":"#.repeat(depth), "}".repeat(depth))
}

const SHAPES: &[Shape] = &[
    ("many properties", 500, |n| object(&list(n, |i| format!(r#""p{i}":{{"type":"string"}}"#)))),
    ("many properties, required", 500, |n| {
        let names = list(n, |i| format!("\"p{i}\""));
        format!(
            r#"{{"type":"object","properties":{{{}}},"required":[{names}],"additionalProperties":false}}"#,
            list(n, |i| format!(r#""p{i}":{{"type":"string"}}"#))
        )
    }),
    ("names outside of the alphabet", 500, |n| object(&list(n, |i| format!(r#""$p{i}":{{"type":"string"}}"#)))),
    ("names that look alike", 500, |n| {
        object(&list(n, |i| format!(r#""{}{}":{{}}"#, "$".repeat(i % 60 + 1), "%".repeat(i / 60))))
    }),
    ("long names with one beginning", 250, |n| object(&list(n, |i| format!(r#""{}{i}":{{}}"#, "x".repeat(80))))),
    ("one name many times", 1000, |n| object(&list(n, |_| r#""p":{"type":"string"}"#.to_owned()))),
    ("names with escapes", 500, |n| object(&list(n, |i| format!(r#""\u0070\n{i}":{{"type":"string"}}"#)))),
    ("keywords that nobody knows", 1000, |n| property(&format!("{{{}}}", list(n, |i| format!("\"x{i}\":{i}"))))),
    ("keywords with null", 1000, |n| property(&format!("{{{}}}", list(n, |i| format!("\"x{i}\":null"))))),
    ("one keyword many times", 1000, |n| property(&format!("{{{}}}", list(n, |i| format!("\"minimum\":{i}"))))),
    ("a long enum", 2000, |n| {
        property(&format!(r#"{{"type":"string","enum":[{}]}}"#, list(n, |i| format!("\"v{i}\""))))
    }),
    ("an enum of equal values", 2000, |n| property(&format!(r#"{{"enum":[{}]}}"#, list(n, |_| "7".to_owned())))),
    ("an enum of all types", 2000, |n| {
        property(&format!(
            r#"{{"enum":[{}]}}"#,
            list(n, |i| [format!("{i}"), format!("\"{i}\""), "null".into(), "[]".into()][i % 4].clone())
        ))
    }),
    ("required without properties", 2000, |n| {
        format!(r#"{{"type":"object","properties":{{"a":{{}}}},"required":[{}]}}"#, list(n, |i| format!("\"r{i}\"")))
    }),
    ("required, equal", 2000, |n| {
        format!(r#"{{"type":"object","properties":{{"a":{{}}}},"required":[{}]}}"#, list(n, |_| "\"a\"".to_owned()))
    }),
    ("a long list of types", 2000, |n| property(&format!(r#"{{"type":[{}]}}"#, list(n, |i| format!("\"t{i}\""))))),
    ("nested 20 deep, wide at the bottom", 500, |n| {
        property(&nested(20, &format!(r#"{{"enum":[{}]}}"#, list(n, |i| format!("\"v{i}\"")))))
    }),
    ("nested 100 deep, wide at the bottom", 200, |n| {
        property(&nested(100, &format!(r#"{{"enum":[{}]}}"#, list(n, |i| format!("\"v{i}\"")))))
    }),
    ("nested 100 deep, wide at each level", 4, |n| {
        let level = format!(r#"{{"description":"{}","type":"array","items":"#, "d".repeat(n));
        property(&format!("{}{{}}{}", level.repeat(100), "}".repeat(100)))
    }),
    ("one definition, many references", 500, |n| {
        with_definitions(&list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/d"}}"##)), r#""d":{"type":"string"}"#)
    }),
    ("one definition, many references with more beside", 500, |n| {
        with_definitions(
            &list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/d","minLength":1}}"##)),
            r#""d":{"type":"string"}"#,
        )
    }),
    ("as many definitions as references", 500, |n| {
        with_definitions(
            &list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/d{i}"}}"##)),
            &list(n, |i| format!(r#""d{i}":{{"type":"string"}}"#)),
        )
    }),
    ("a chain of references", 250, |n| {
        let links = list(n, |i| format!(r##""d{i}":{{"$ref":"#/$defs/d{}"}}"##, i + 1));
        with_definitions(r##""a":{"$ref":"#/$defs/d0"}"##, &format!(r#"{links},"d{n}":{{"type":"string"}}"#))
    }),
    ("a chain of references with more beside", 250, |n| {
        let links = list(n, |i| format!(r##""d{i}":{{"$ref":"#/$defs/d{}","title":"t","minLength":1}}"##, i + 1));
        with_definitions(r##""a":{"$ref":"#/$defs/d0"}"##, &format!(r#"{links},"d{n}":{{"type":"string"}}"#))
    }),
    ("a ring of references", 250, |n| {
        let links = list(n, |i| {
            format!(r##""d{i}":{{"type":"object","properties":{{"n":{{"$ref":"#/$defs/d{}"}}}}}}"##, (i + 1) % n)
        });
        with_definitions(r##""a":{"$ref":"#/$defs/d0"}"##, &links)
    }),
    ("a definition that refers to itself many times", 500, |n| {
        let others = list(n, |i| format!(r##"{{"$ref":"#/$defs/o{i}"}},{{"$ref":"#/$defs/d"}}"##));
        let more = list(n, |i| format!(r#""o{i}":{{"type":"string"}}"#));
        with_definitions(r##""a":{"$ref":"#/$defs/d"}"##, &format!(r#""d":{{"anyOf":[{others}]}},{more}"#))
    }),
    ("pointers down a chain of 50", 50, |n| {
        let mut chain = format!(r#"{{"enum":[{}]}}"#, list(20 * n, |i| format!("\"v{i}\"")));
        for _ in 0..40 {
            chain = format!(r#"{{"properties":{{"n":{chain}}}}}"#);
        }
        let pointer = "/properties/n".repeat(40);
        with_definitions(
            &list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/c{}"}}"##, &pointer[..13 * (i % 40 + 1)])),
            &format!("\"c\":{chain}"),
        )
    }),
    ("pointers with escapes", 250, |n| {
        with_definitions(
            &list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/a~1b%20c%7E0{i}"}}"##)),
            &list(n, |i| format!(r#""a/b c~{i}":{{"type":"string"}}"#)),
        )
    }),
    ("references by anchor", 250, |n| {
        with_definitions(
            &list(n, |i| format!(r##""p{i}":{{"$ref":"#n{i}"}}"##)),
            &list(n, |i| format!(r#""d{i}":{{"$anchor":"n{i}","type":"string"}}"#)),
        )
    }),
    ("references by id", 250, |n| {
        with_definitions(
            &list(n, |i| format!(r#""p{i}":{{"$ref":"https://x.example/n{i}"}}"#)),
            &list(n, |i| format!(r#""d{i}":{{"$id":"https://x.example/n{i}","type":"string"}}"#)),
        )
    }),
    ("references to nothing", 250, |n| object(&list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/d{i}"}}"##)))),
    ("a long id around many", 500, |n| {
        let inner = list(n, |i| format!(r#""d{i}":{{"$id":"n{i}"}}"#));
        let long = "x".repeat(20 * n);
        format!(
            r##"{{"$id":"https://x.example/{long}/","type":"object","properties":{{"a":{{"$ref":"#none"}}}},"$defs":{{{inner}}}}}"##
        )
    }),
    ("a long name around many definitions", 500, |n| {
        let inner = list(n, |i| format!(r#""d{i}":{{}}"#));
        let long = "x".repeat(20 * n);
        object(&format!(r##""a":{{"$ref":"#/$defs/none"}},"{long}":{{"$defs":{{{inner}}}}}"##))
    }),
    ("definitions whose names look alike", 250, |n| {
        with_definitions(
            &list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/{}{i}"}}"##, "x".repeat(80))),
            &list(n, |i| format!(r#""{}{i}":{{"type":"string"}}"#, "x".repeat(80))),
        )
    }),
    ("allOf of names", 1000, |n| {
        format!(
            r#"{{"type":"object","allOf":[{}]}}"#,
            list(n, |i| format!(r#"{{"properties":{{}},"required":["r{i}"]}}"#))
        )
    }),
    ("allOf of one property", 500, |n| {
        format!(
            r#"{{"type":"object","allOf":[{}]}}"#,
            list(n, |i| format!(r#"{{"properties":{{"a":{{"minLength":{i}}}}}}}"#))
        )
    }),
    ("allOf of properties", 500, |n| {
        format!(
            r#"{{"type":"object","allOf":[{}]}}"#,
            list(n, |i| format!(r#"{{"properties":{{"a{i}":{{"type":"string"}}}}}}"#))
        )
    }),
    ("allOf of enums without a common value", 500, |n| {
        let values = list(2 * n, |i| i.to_string());
        property(&format!(r#"{{"allOf":[{{"enum":[{values}]}},{}]}}"#, list(n, |_| r#"{"enum":["x"]}"#.to_owned())))
    }),
    ("allOf of two long lists of types", 1000, |n| {
        let types = |letter: char| list(n, |i| format!("\"{letter}{i}\""));
        property(&format!(r#"{{"allOf":[{{"type":[{}]}},{{"type":[{}]}}]}}"#, types('a'), types('b')))
    }),
    ("allOf in allOf", 200, |n| {
        let inner = list(n, |i| format!(r#"{{"required":["r{i}"]}}"#));
        format!(
            r#"{{"type":"object","properties":{{}},{}[{inner}]{}}}"#,
            r#""allOf":[{"allOf":"#.repeat(30),
            "}]".repeat(30)
        )
    }),
    ("allOf of references", 500, |n| {
        let entries = list(n, |_| r##"{"$ref":"#/$defs/d"}"##.to_owned());
        format!(
            r#"{{"type":"object","allOf":[{entries}],"$defs":{{"d":{{"properties":{{"a":{{"type":"string"}}}}}}}}}}"#
        )
    }),
    ("allOf of one alternative", 500, |n| {
        property(&format!(r#"{{"allOf":[{}]}}"#, list(n, |i| format!(r#"{{"anyOf":[{{"minLength":{i}}}]}}"#))))
    }),
    ("allOf of two alternatives", 500, |n| {
        property(&format!(
            r#"{{"allOf":[{}]}}"#,
            list(n, |i| format!(r#"{{"anyOf":[{{"minLength":{i}}},{{"maxLength":{i}}}]}}"#))
        ))
    }),
    ("allOf of items", 500, |n| {
        property(&format!(r#"{{"allOf":[{}]}}"#, list(n, |i| format!(r#"{{"items":{{"minLength":{i}}}}}"#))))
    }),
    ("anyOf", 500, |n| {
        property(&format!(r#"{{"anyOf":[{}]}}"#, list(n, |i| format!(r#"{{"type":"string","title":"t{i}"}}"#))))
    }),
    ("oneOf of objects", 250, |n| {
        property(&format!(r#"{{"oneOf":[{}]}}"#, list(n, |i| object(&format!(r#""k":{{"const":"{i}"}}"#)))))
    }),
    ("anyOf at the root", 250, |n| {
        format!(r#"{{"type":"object","anyOf":[{}]}}"#, list(n, |i| object(&format!(r#""k{i}":{{"const":"{i}"}}"#))))
    }),
    ("anyOf beside a type", 250, |n| {
        property(&format!(r#"{{"type":"object","anyOf":[{}]}}"#, list(n, |i| format!(r#"{{"required":["k{i}"]}}"#))))
    }),
    ("anyOf in anyOf", 200, |n| {
        let inner = list(n, |i| format!(r#"{{"const":"c{i}"}}"#));
        property(&format!("{}{{\"anyOf\":[{inner}]}}{}", r#"{"anyOf":[{"type":"null"},"#.repeat(25), "]}".repeat(25)))
    }),
    ("if, then and else", 250, |n| {
        let entries = list(n, |i| {
            format!(
                r#"{{"if":{{"properties":{{"a":{{"const":{i}}}}}}},"then":{{"required":["b{i}"]}},"else":{{"required":["c{i}"]}}}}"#
            )
        });
        format!(r#"{{"type":"object","properties":{{"a":{{"type":"integer"}}}},"allOf":[{entries}]}}"#)
    }),
    ("dependentSchemas", 250, |n| {
        let entries = list(n, |i| format!(r#""a{i}":{{"properties":{{"b{i}":{{"type":"string"}}}}}}"#));
        format!(r#"{{"type":"object","properties":{{"a":{{}}}},"dependentSchemas":{{{entries}}}}}"#)
    }),
    ("dependentRequired and dependencies", 250, |n| {
        let entries = list(n, |i| format!(r#""a{i}":["b{i}","b{i}"]"#));
        format!(
            r#"{{"type":"object","properties":{{"a":{{}}}},"dependentRequired":{{{entries}}},"dependencies":{{{entries}}}}}"#
        )
    }),
    ("patternProperties", 250, |n| {
        let entries = list(n, |i| format!(r#""^x{i}":{{"type":"string"}}"#));
        property(&format!(r#"{{"type":"object","patternProperties":{{{entries}}}}}"#))
    }),
    ("patternProperties in patternProperties", 100, |n| {
        let inner = format!(r#"{{"enum":[{}]}}"#, list(n, |i| format!("\"v{i}\"")));
        property(&format!("{}{inner}{}", r#"{"type":"object","patternProperties":{"^x":"#.repeat(25), "}}".repeat(25)))
    }),
    ("a tuple", 500, |n| {
        property(&format!(
            r#"{{"type":"array","prefixItems":[{}]}}"#,
            list(n, |i| format!(r#"{{"type":"string","title":"t{i}"}}"#))
        ))
    }),
    ("a tuple of an older draft", 500, |n| {
        property(&format!(r#"{{"type":"array","items":[{}]}}"#, list(n, |_| r#"{"type":"string"}"#.to_owned())))
    }),
    ("examples and a default", 1000, |n| {
        let values = list(n, |i| format!(r#"{{"k":{i}}}"#));
        property(&format!(r#"{{"type":"array","items":{{}},"examples":[{values}],"default":[{values}]}}"#))
    }),
    ("a long description", 40_000, |n| property(&format!(r#"{{"type":"string","description":"{}"}}"#, "d".repeat(n)))),
    ("a description of escapes", 20_000, |n| {
        property(&format!(r#"{{"type":"string","description":"{}","not":{{}}}}"#, "\\n".repeat(n)))
    }),
    ("a description of surrogates", 2_000, |n| {
        property(&format!(r#"{{"type":"string","description":"{}"}}"#, r"\ud83d\ude00\ud83d".repeat(n)))
    }),
    ("a long pattern", 20_000, |n| property(&format!(r#"{{"type":"string","pattern":"{}"}}"#, "(a)".repeat(n)))),
    ("a pattern of brackets and braces", 10_000, |n| {
        property(&format!(r#"{{"type":"string","pattern":"{}"}}"#, "[(?{".repeat(n)))
    }),
    ("a pattern of braces", 10_000, |n| property(&format!(r#"{{"type":"string","pattern":"{}"}}"#, "a{1,".repeat(n)))),
    ("a long number", 10_000, |n| property(&format!(r#"{{"multipleOf":{}}}"#, "1".repeat(n)))),
    ("white space", 20_000, |n| property(&format!(r#"{{"type":{}"string","x":[{}]}}"#, " ".repeat(n), " ".repeat(n)))),
    ("definitions that nobody uses", 500, |n| {
        with_definitions(r#""a":{}"#, &list(n, |i| format!(r#""d{i}":{{"type":"string"}}"#)))
    }),
    ("no object", 10_000, |n| format!("[{}]", list(n, |_| "{}".to_owned()))),
];

/// Schemas that grow when their references and alternatives are put in place: a budget ends it.
const EXPANDING: &[Shape] = &[
    ("a large definition, many references with more beside", 3000, |n| {
        let values = list(n, |i| format!("\"v{i}\""));
        with_definitions(
            &list(n, |i| format!(r##""p{i}":{{"$ref":"#/$defs/d","minLength":1}}"##)),
            &format!(r#""d":{{"enum":[{values}]}}"#),
        )
    }),
    ("allOf of alternatives in", 20, |n| {
        let level = |inner: &str| {
            let own = list(8, |i| format!(r#"{{"title":"t{i}"}}"#));
            format!(r#"{{"anyOf":[{own}],"allOf":[{{"anyOf":[{inner}]}}]}}"#)
        };
        property(&(0..n).fold("{}".to_owned(), |inner, _| level(&inner)))
    }),
    ("references that double", 40, |n| {
        let links = list(n, |i| {
            let next = format!(r##"{{"$ref":"#/$defs/d{}","minLength":{i}}}"##, i + 1);
            format!(r#""d{i}":{{"allOf":[{next},{next}],"title":"t"}}"#)
        });
        with_definitions(
            r##""a":{"$ref":"#/$defs/d0","maxLength":9}"##,
            &format!(r#"{links},"d{n}":{{"type":"string"}}"#),
        )
    }),
    ("properties that double", 40, |n| {
        let links = list(n, |i| {
            let next = format!(r##"{{"$ref":"#/$defs/d{}","title":"t{i}"}}"##, i + 1);
            format!(
                r#""d{i}":{{"type":"object","properties":{{"l":{next},"r":{next}}},"required":["l","r"],"additionalProperties":false}}"#
            )
        });
        with_definitions(
            r##""a":{"$ref":"#/$defs/d0","title":"t"}"##,
            &format!(r#"{links},"d{n}":{{"type":"string"}}"#),
        )
    }),
    ("alternatives that double", 40, |n| {
        let links = list(n, |i| {
            let next = format!(r##"{{"$ref":"#/$defs/d{}","title":"t{i}"}}"##, i + 1);
            format!(r#""d{i}":{{"anyOf":[{next},{next}]}}"#)
        });
        with_definitions(
            r##""a":{"$ref":"#/$defs/d0","title":"t"}"##,
            &format!(r#"{links},"d{n}":{{"type":"string"}}"#),
        )
    }),
    ("nested 100 deep, with much at the bottom", 200_000, |n| {
        property(&nested(100, &format!(r#"{{"enum":[{}],"$anchor":"1 x"}}"#, list(n, |i| format!("\"v{i}\"")))))
    }),
    ("a name of 8 MiB around many definitions", 100_000, |n| {
        let inner = list(n, |i| format!(r#""d{i}":{{}}"#));
        object(&format!(
            r##""a":{{"$ref":"#/$defs/none"}},"{}":{{"allOf":[],"$defs":{{{inner}}}}}"##,
            "x".repeat(80 * n)
        ))
    }),
    ("an id of 8 MiB around many", 100_000, |n| {
        let inner = list(n, |i| format!(r#""d{i}":{{"$id":"n{i}"}}"#));
        let long = "x".repeat(80 * n);
        format!(
            r##"{{"$id":"https://x.example/{long}/","type":"object","allOf":[{{"$ref":"#none"}}],"$defs":{{{inner}}}}}"##
        )
    }),
];

/// What no request may cost, in CPU time of an unoptimized build. The whole budget takes a tenth of it.
const BOUND: Duration = Duration::from_secs(8);

/// Where a schema stands in a request: members of the request, for a schema.
const SLOTS: &[(&str, fn(&str) -> String)] = &[
    ("tool", |schema| format!(r#""tools":[{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}]"#)),
    ("strict tool", |schema| {
        format!(r#""tools":[{{"type":"function","function":{{"name":"f","strict":true,"parameters":{schema}}}}}]"#)
    }),
    ("answer", |schema| {
        format!(
            r#""response_format":{{"type":"json_schema","json_schema":{{"name":"n","strict":true,"schema":{schema}}}}}"#
        )
    }),
];

#[test]
fn schemas_that_multiply_end_at_the_budget() {
    let mut problems = Vec::new();
    for (name, n, make) in EXPANDING {
        let schema = make(*n);
        for (slot, members) in SLOTS {
            for model in Request::MODELS {
                let request = Request::new(model, &members(&schema));
                let (time, cost) = timed(|| translated(&request));
                if time > BOUND || cost.bytes > 64 << 20 {
                    problems.push(format!("{name}, {slot}, {model}: {time:?}, {} bytes", cost.bytes));
                }
            }
        }
    }
    report(&problems);
}

#[test]
fn many_tools_share_one_budget() {
    let (_, n, make) = SHAPES.iter().find(|(name, ..)| *name == "names outside of the alphabet").unwrap();
    let schema = make(10 * n);
    let tools = |count: usize| {
        list(count, |i| format!(r#"{{"type":"function","function":{{"name":"f{i}","parameters":{schema}}}}}"#))
    };
    for model in ["claude-opus-5-5", "gemini-3.8-flash"] {
        let [one, all] = [1, 200].map(|count| Request::new(model, &format!("\"tools\":[{}]", tools(count))));
        let (_, alone) = timed(|| translated(&one));
        let (time, together) = timed(|| translated(&all));
        assert!(together.steps < 200 * alone.steps && time < BOUND, "{model}: {time:?}, {} steps", together.steps);
        assert_eq!(refusal(&all).unwrap().code(), "schema_too_complex", "{model}");
        assert!(refusal(&one).is_none(), "{model}");
    }
}

#[test]
fn schemas_cost_what_they_are_long() {
    let mut problems = Vec::new();
    for (name, n, make) in SHAPES {
        for (slot, members) in SLOTS {
            for model in Request::MODELS {
                let make = |n: usize| Request::new(model, &members(&make(n)));
                if let Err(problem) = grows_linearly(*n, make, translated) {
                    problems.push(format!("{name}, {slot}, {model}: {problem}"));
                }
            }
        }
    }
    report(&problems);
}
