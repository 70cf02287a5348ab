//! Random JSON Schemas: those that OpenAI takes for a function, and those that it takes if they are strict.

use serde_json::{Map, Value, json};

use super::expected::Conversation;
use super::tape::Tape;

/// Names that properties have in the wild.
const NAMES: &[&str] = &[
    "a",
    "city",
    "$top",
    "@type",
    "a.b",
    "a b",
    "größe",
    "type",
    "required",
    "properties",
    "$ref",
    "0",
    "a-b_c",
    "x/y~z",
    "filter[id]",
];
const FORMATS: &[&str] = &["date", "date-time", "uri", "email", "int32", "color", "regex"];
const PATTERNS: &[&str] = &["^[a-z]+$", "^(?!x)", "\\bred\\b", "(a|b){2,3}", "^\\d{4}$", "(.)\\1"];

/// Makes schemas for one owner.
pub(super) struct Schemas<'a> {
    pub(super) tape: &'a Tape,
    pub(super) out: &'a mut Conversation,
    /// The parameter that names what is left out.
    pub(super) param: &'static str,
    pub(super) strict: bool,
    /// Names of definitions that may be referred to.
    definitions: Vec<String>,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(tape: &'a Tape, out: &'a mut Conversation, param: &'static str, strict: bool) -> Self {
        Self { tape, out, param, strict, definitions: Vec::new() }
    }

    /// The schema of a function's parameters, or of an answer.
    pub(super) fn root(&mut self) -> Value {
        if self.tape.one_in(6) && !self.strict {
            let empty = json!({"type": "object", "properties": {}, "required": []});
            return if self.tape.one_in(2) { empty } else { json!({"type": "object"}) };
        }
        let holder = self.tape.pick(&["$defs", "definitions"]);
        self.definitions = (0..self.tape.below(3)).map(|at| format!("#/{holder}/D{at}")).collect();
        let mut root = if self.strict && self.tape.one_in(10) { self.wide() } else { self.object(3) };
        if !self.definitions.is_empty() {
            let count = self.definitions.len();
            let all: Map<String, Value> = (0..count).map(|at| (format!("D{at}"), self.definition(at))).collect();
            // Each is used.
            for at in 0..count {
                self.property(&mut root, format!("use{at}"), json!({"$ref": format!("#/{holder}/D{at}")}), true);
            }
            root.insert(holder.to_owned(), Value::Object(all));
        }
        if self.tape.one_in(4) {
            root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        }
        Value::Object(root)
    }

    /// More properties of several types than Anthropic compiles: what OpenAI has for properties that are not required.
    fn wide(&mut self) -> Map<String, Value> {
        let mut map = self.object(0);
        for at in 0..18 {
            let description = self.text();
            let schema = json!({"type": ["string", "null"], "description": description});
            self.property(&mut map, format!("wide{at}"), schema, true);
        }
        map
    }

    fn definition(&mut self, at: usize) -> Value {
        if self.param == "response_format" {
            // An answer that contains itself is a 400 for Claude.
            let known = std::mem::take(&mut self.definitions);
            let node = self.node(1);
            self.definitions = known;
            return node;
        }
        match self.tape.below(3) {
            0 => self.node(1),
            1 => Value::Object(self.object(1)),
            // One that contains itself.
            _ => {
                let mut map = self.object(1);
                let own = self.definitions[at].clone();
                let next = if self.tape.one_in(2) {
                    json!({"anyOf": [{"$ref": own}, {"type": "null"}]})
                } else {
                    json!({"type": "array", "items": {"$ref": own}})
                };
                self.property(&mut map, "next".to_owned(), next, false);
                Value::Object(map)
            }
        }
    }

    fn property(&self, map: &mut Map<String, Value>, name: String, schema: Value, required: bool) {
        if required || self.strict {
            let list = map.entry("required").or_insert_with(|| json!([]));
            list.as_array_mut().unwrap().push(json!(name));
        }
        map.entry("properties").or_insert_with(|| json!({}))[name] = schema;
    }

    fn object(&mut self, depth: usize) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("type".to_owned(), json!("object"));
        map.insert("properties".to_owned(), json!({}));
        if self.strict {
            map.insert("required".to_owned(), json!([]));
            map.insert("additionalProperties".to_owned(), json!(false));
        }
        for _ in 0..self.tape.below(4) {
            let name = self.name();
            // Names with a mark are never twice.
            if map["properties"].get(&name).is_some() {
                continue;
            }
            let schema = self.node(depth.saturating_sub(1));
            let required = self.tape.one_in(2);
            self.property(&mut map, name, schema, required);
        }
        if !self.strict {
            self.loose_object(&mut map, depth);
        }
        map
    }

    fn name(&mut self) -> String {
        match self.tape.below(6) {
            0..4 => self.tape.pick(NAMES).to_owned(),
            4 => "n".repeat(60 + self.tape.below(20)),
            // One that must be found again.
            _ => {
                let name = format!("p{}.", self.tape.mark());
                self.out.expect(name.clone(), self.param);
                name
            }
        }
    }

    fn loose_object(&mut self, map: &mut Map<String, Value>, depth: usize) {
        match self.tape.below(8) {
            1 => drop(map.insert("additionalProperties".to_owned(), json!(self.tape.one_in(2)))),
            2 => {
                let inner = self.node(depth.saturating_sub(1));
                map.insert("additionalProperties".to_owned(), inner);
            }
            3 => {
                let inner = self.node(0);
                map.insert("patternProperties".to_owned(), json!({"^x-": inner}));
            }
            4 => {
                let number = self.number();
                map.insert("minProperties".to_owned(), json!(number));
            }
            5 => drop(map.insert("propertyNames".to_owned(), json!({"maxLength": self.number()}))),
            6 => {
                let text = self.text();
                map.insert("dependentRequired".to_owned(), json!({"a": [text]}));
            }
            // A name without a property, or one that stands twice.
            7 => {
                let names = map.entry("required").or_insert_with(|| json!([])).as_array_mut().unwrap();
                let name = if self.tape.one_in(2) { names.first().cloned() } else { None };
                names.push(name.unwrap_or_else(|| json!("ghost")));
            }
            _ => {}
        }
    }

    /// A number that occurs nowhere else.
    fn number(&mut self) -> usize {
        let mark = self.tape.mark();
        self.out.expect(mark.to_string(), self.param);
        mark
    }

    /// A text that occurs nowhere else.
    fn text(&mut self) -> String {
        let text = format!("s{}.", self.tape.mark());
        self.out.expect(text.clone(), self.param);
        text
    }

    fn node(&mut self, depth: usize) -> Value {
        let kinds = if depth == 0 { 6 } else { 12 };
        let mut node = match self.tape.below(kinds) {
            0 => json!({"type": "string"}),
            1 => self.string(),
            2 => self.numeric(),
            3 => self.values(),
            4 => json!({"type": self.tape.pick(&["boolean", "null", "number"])}),
            5 => match self.tape.below(self.definitions.len() + 2) {
                0 => json!({"type": ["string", "null"]}),
                1 => {
                    if self.strict {
                        json!({"type": "integer"})
                    } else {
                        json!({})
                    }
                }
                at => json!({"$ref": self.definitions[at - 2]}),
            },
            6 => Value::Object(self.object(depth)),
            7 | 8 => self.array(depth),
            9 => {
                let (first, second) = (self.node(depth - 1), self.node(depth - 1));
                json!({"anyOf": [first, second]})
            }
            _ if self.strict => json!({"type": ["integer", "null"]}),
            _ => self.loose(depth),
        };
        if node.is_object() && self.tape.one_in(3) {
            node["description"] = json!(self.text());
        }
        node
    }

    fn string(&mut self) -> Value {
        match self.tape.below(5) {
            0 => json!({"type": "string", "format": self.tape.pick(FORMATS)}),
            1 => json!({"type": "string", "minLength": self.number(), "maxLength": self.number()}),
            2 => {
                let last = if self.strict { 1 } else { PATTERNS.len() };
                json!({"type": "string", "pattern": PATTERNS[self.tape.below(last)]})
            }
            3 if !self.strict => json!({"type": "string", "default": self.text(), "examples": [self.text()]}),
            _ => json!({"type": "string", "title": "T"}),
        }
    }

    fn numeric(&mut self) -> Value {
        let kind = self.tape.pick(&["integer", "number"]);
        match self.tape.below(4) {
            0 => json!({"type": kind}),
            1 => json!({"type": kind, "minimum": self.number(), "maximum": self.number()}),
            2 => json!({"type": kind, "exclusiveMinimum": self.number(), "exclusiveMaximum": self.number()}),
            _ => json!({"type": kind, "multipleOf": self.number()}),
        }
    }

    fn values(&mut self) -> Value {
        match self.tape.below(7) {
            0 => json!({"type": "string", "enum": [self.text(), self.text()]}),
            1 => json!({"type": ["string", "null"], "enum": [self.text(), null]}),
            2 => json!({"enum": [self.text(), self.number()]}),
            3 => json!({"type": "integer", "enum": [self.number(), self.number()]}),
            4 => json!({"const": self.text()}),
            5 => json!({"type": "string", "enum": [self.text(), ""]}),
            _ => json!({"type": "boolean", "enum": [true]}),
        }
    }

    fn array(&mut self, depth: usize) -> Value {
        let items = self.node(depth - 1);
        match self.tape.below(6) {
            1 => json!({"type": "array", "items": items, "minItems": self.number()}),
            2 => json!({"type": "array", "items": items, "maxItems": self.number()}),
            3 if !self.strict => json!({"type": "array", "items": items, "uniqueItems": true}),
            4 if !self.strict => {
                let first = self.node(0);
                json!({"type": "array", "prefixItems": [first, items], "items": false})
            }
            5 if !self.strict => {
                let inner = self.node(0);
                json!({"type": "array", "items": items, "contains": inner})
            }
            _ => json!({"type": "array", "items": items}),
        }
    }

    /// Two schemas at once. Of their bounds on one side the tighter one says all, so any of them may arrive; one that is exclusive
    /// may arrive as its neighbour.
    fn all_of(&mut self, depth: usize) -> Value {
        let from = self.out.items.len();
        let branches = [self.node(depth - 1), self.node(depth - 1)];
        for (keys, step) in [
            (&["minimum", "exclusiveMinimum"][..], 1),
            (&["maximum", "exclusiveMaximum"], -1),
            (&["minLength"], 0),
            (&["maxLength"], 0),
        ] {
            let [one, other] = [&branches[0], &branches[1]].map(|branch| bounds(branch, keys));
            if one.is_empty() || other.is_empty() {
                continue;
            }
            let all = [one, other].concat();
            let forms = all.iter().flat_map(|bound| [*bound, bound + step]).map(|bound| bound.to_string());
            let forms = forms.collect::<Vec<_>>().join("|");
            let is_bound = |text: &str| all.iter().any(|bound| bound.to_string() == text);
            self.out.items[from..]
                .iter_mut()
                .filter(|item| is_bound(&item.text))
                .for_each(|item| item.text.clone_from(&forms));
        }
        json!({ "allOf": branches })
    }

    /// What a strict schema can't have.
    fn loose(&mut self, depth: usize) -> Value {
        match self.tape.below(8) {
            0 => json!({"oneOf": [self.node(depth - 1), self.node(depth - 1)]}),
            1 => self.all_of(depth),
            2 => json!({"not": self.node(depth - 1)}),
            3 => json!({"type": "string", "if": self.node(depth - 1), "then": self.node(depth - 1)}),
            4 => json!({"anyOf": [self.node(depth - 1), self.tape.one_in(2)]}),
            5 => json!(true),
            6 if !self.definitions.is_empty() => json!({"$ref": "#/properties/use0"}),
            _ => json!({"type": "object", "properties": {"a": self.node(depth - 1)}, "unevaluatedProperties": false}),
        }
    }
}

/// The bounds in a schema, at any depth.
fn bounds(schema: &Value, keys: &[&str]) -> Vec<i64> {
    match schema {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value.as_i64() {
                Some(bound) if keys.contains(&key.as_str()) => vec![bound],
                _ => bounds(value, keys),
            })
            .collect(),
        Value::Array(all) => all.iter().flat_map(|one| bounds(one, keys)).collect(),
        _ => Vec::new(),
    }
}
