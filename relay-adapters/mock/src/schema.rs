//! Checks a JSON body against a table. A provider's table says what is allowed; its `describe` words the violation as the provider would.

use serde_json::{Map, Value};

/// What a value must be.
pub(super) enum Shape {
    /// Anything, `null` too.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds.
    Int(i64, i64),
    /// A number within bounds.
    Num(f64, f64),
    /// A string.
    Text,
    /// One of these strings.
    Enum(&'static [&'static str]),
    /// An array with a smallest and a largest length.
    List(&'static Self, usize, usize),
    /// An object with these members and no others.
    Object(&'static [Field]),
    /// The same with two lists of members.
    Both(&'static [Field], &'static [Field]),
    /// An object with any members.
    Map,
    /// An object whose members all are of one kind.
    MapOf(&'static Self),
    /// An object whose members depend on the text of one of them.
    Tagged(&'static str, &'static [(&'static str, &'static [Field])]),
    /// Another one, so that a kind can contain itself.
    Ref(&'static Self),
    /// The first of these that has the value's JSON type.
    Either(&'static [Self]),
}

/// A member of an object. `null` counts as absent.
pub(super) struct Field {
    name: &'static str,
    kind: Shape,
    required: bool,
}

/// A member that must be there.
pub(super) const fn must(name: &'static str, kind: Shape) -> Field {
    Field { name, kind, required: true }
}

/// A member that may be there.
pub(super) const fn may(name: &'static str, kind: Shape) -> Field {
    Field { name, kind, required: false }
}

/// Any whole number.
pub(super) const INT: Shape = Shape::Int(i64::MIN, i64::MAX);
/// Any number.
pub(super) const NUM: Shape = Shape::Num(f64::MIN, f64::MAX);

/// An array of any length.
pub(super) const fn list(of: &'static Shape) -> Shape {
    Shape::List(of, 0, usize::MAX)
}

/// A step from the body to the place of a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
    /// The variant of a tagged object, which Anthropic puts into its paths.
    Tag(&'static str),
}

/// A JSON type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Decimal,
    String,
    Array,
    Object,
}

impl Type {
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_f64() => Self::Decimal,
            Value::Number(_) => Self::Integer,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Problem {
    Missing,
    Unknown,
    Type { want: Type, got: Value },
    Value { got: String, allowed: Vec<&'static str> },
    Tag { tag: &'static str, got: String, allowed: Vec<&'static str> },
    Low { min: f64, got: Value, decimal: bool },
    High { max: f64, got: Value, decimal: bool },
    Short { min: usize },
    Long { max: usize, got: usize },
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Violation {
    pub(super) path: Vec<Step>,
    pub(super) what: Problem,
}

impl Violation {
    /// `messages[0].content`
    pub(super) fn dotted(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if out.is_empty() => out.push_str(key),
                Step::Key(key) => out.push_str(&format!(".{key}")),
                Step::Index(at) => out.push_str(&format!("[{at}]")),
                Step::Tag(_) => {}
            }
        }
        out
    }

    /// `messages.0.content.0.text.cache_control`: every step, the variants too.
    pub(super) fn steps(&self) -> String {
        let step = |step: &Step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(at) => at.to_string(),
            Step::Tag(tag) => (*tag).to_owned(),
        };
        self.path.iter().map(step).collect::<Vec<_>>().join(".")
    }

    /// The last step's name, if it is a member.
    pub(super) fn name(&self) -> &str {
        match self.path.last() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }
}

/// Checks a value and returns the first violation: members in the order of the table, then those that it does not know.
///
/// # Errors
/// The violation.
pub(super) fn check(kind: &'static Shape, value: &Value) -> Result<(), Violation> {
    walk(kind, value).map_err(|mut violation| {
        violation.path.reverse();
        violation
    })
}

/// Paths are collected inside out.
fn walk(kind: &'static Shape, value: &Value) -> Result<(), Violation> {
    match kind {
        Shape::Any => Ok(()),
        Shape::Bool => expect(value.is_boolean(), Type::Boolean, value),
        Shape::Text => expect(value.is_string(), Type::String, value),
        Shape::Map => expect(value.is_object(), Type::Object, value),
        Shape::Int(min, max) => integer(value, *min, *max),
        Shape::Num(min, max) => {
            let Some(number) = value.as_f64() else { return wrong(Type::Decimal, value) };
            bounds(number, (*min, *max), value, true)
        }
        Shape::Enum(allowed) => {
            let Some(text) = value.as_str() else { return wrong(Type::String, value) };
            if allowed.contains(&text) {
                return Ok(());
            }
            violation(Problem::Value { got: text.to_owned(), allowed: allowed.to_vec() })
        }
        Shape::List(of, min, max) => elements(of, *min, *max, value),
        Shape::Object(fields) => object(&[fields], None, value),
        Shape::Both(first, second) => object(&[first, second], None, value),
        Shape::MapOf(of) => {
            let Some(map) = value.as_object() else { return wrong(Type::Object, value) };
            map.iter().try_for_each(|(name, value)| {
                walk(of, value).map_err(|violation| under(violation, Step::Key(name.clone())))
            })
        }
        Shape::Ref(kind) => walk(kind, value),
        Shape::Tagged(tag, variants) => tagged(tag, variants, value),
        Shape::Either(kinds) => {
            let fitting = kinds.iter().find(|kind| accepts(kind, value)).or(kinds.first());
            fitting.map_or(Ok(()), |kind| walk(kind, value))
        }
    }
}

fn integer(value: &Value, min: i64, max: i64) -> Result<(), Violation> {
    // 1.0 is a whole number for all three providers.
    let whole = value.as_i64().is_some() || value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let Some(number) = value.as_f64().filter(|_| whole) else { return wrong(Type::Integer, value) };
    if min == i64::MIN && max == i64::MAX {
        return Ok(());
    }
    bounds(number, (min as f64, max as f64), value, false)
}

fn bounds(number: f64, (min, max): (f64, f64), value: &Value, decimal: bool) -> Result<(), Violation> {
    if number < min {
        return violation(Problem::Low { min, got: value.clone(), decimal });
    }
    if number > max {
        return violation(Problem::High { max, got: value.clone(), decimal });
    }
    Ok(())
}

fn elements(of: &'static Shape, min: usize, max: usize, value: &Value) -> Result<(), Violation> {
    let Some(items) = value.as_array() else { return wrong(Type::Array, value) };
    if items.len() < min {
        return violation(Problem::Short { min });
    }
    if items.len() > max {
        return violation(Problem::Long { max, got: items.len() });
    }
    items
        .iter()
        .enumerate()
        .try_for_each(|(at, item)| walk(of, item).map_err(|violation| under(violation, Step::Index(at))))
}

fn object(fields: &[&'static [Field]], tag: Option<&'static str>, value: &Value) -> Result<(), Violation> {
    let Some(map) = value.as_object() else { return wrong(Type::Object, value) };
    for field in fields.iter().copied().flatten() {
        match map.get(field.name) {
            None | Some(Value::Null)
                if !field.required || matches!(field.kind, Shape::Any) && map.contains_key(field.name) => {}
            None | Some(Value::Null) => return Err(at(field.name, Problem::Missing)),
            Some(value) => {
                walk(&field.kind, value).map_err(|violation| under(violation, Step::Key(field.name.to_owned())))?;
            }
        }
    }
    unknown(fields, tag, map)
}

fn unknown(fields: &[&[Field]], tag: Option<&'static str>, map: &Map<String, Value>) -> Result<(), Violation> {
    let known = |name: &str| tag == Some(name) || fields.iter().copied().flatten().any(|field| field.name == name);
    map.keys().find(|name| !known(name)).map_or(Ok(()), |name| Err(at(name, Problem::Unknown)))
}

fn tagged(
    tag: &'static str,
    variants: &'static [(&'static str, &'static [Field])],
    value: &Value,
) -> Result<(), Violation> {
    let Some(map) = value.as_object() else { return wrong(Type::Object, value) };
    let Some(got) = map.get(tag) else { return Err(at(tag, Problem::Missing)) };
    let Some(got) = got.as_str() else {
        return wrong(Type::String, got).map_err(|violation| under(violation, Step::Key(tag.to_owned())));
    };
    match variants.iter().find(|(name, _)| *name == got) {
        Some((name, fields)) => {
            object(&[fields], Some(tag), value).map_err(|violation| under(violation, Step::Tag(name)))
        }
        None => violation(Problem::Tag {
            tag,
            got: got.to_owned(),
            allowed: variants.iter().map(|(name, _)| *name).collect(),
        }),
    }
}

fn accepts(kind: &Shape, value: &Value) -> bool {
    match kind {
        Shape::Any => true,
        Shape::Bool => value.is_boolean(),
        Shape::Int(..) | Shape::Num(..) => value.is_number(),
        Shape::Text | Shape::Enum(_) => value.is_string(),
        Shape::List(of, ..) => value.as_array().is_some_and(|items| items.first().is_none_or(|item| accepts(of, item))),
        Shape::Object(_) | Shape::Both(..) | Shape::Map | Shape::MapOf(_) | Shape::Tagged(..) => value.is_object(),
        Shape::Ref(kind) => accepts(kind, value),
        Shape::Either(kinds) => kinds.iter().any(|kind| accepts(kind, value)),
    }
}

fn expect(fits: bool, want: Type, value: &Value) -> Result<(), Violation> {
    if fits { Ok(()) } else { wrong(want, value) }
}

fn wrong(want: Type, value: &Value) -> Result<(), Violation> {
    violation(Problem::Type { want, got: value.clone() })
}

fn violation(what: Problem) -> Result<(), Violation> {
    Err(Violation { path: Vec::new(), what })
}

fn at(name: &str, what: Problem) -> Violation {
    Violation { path: vec![Step::Key(name.to_owned())], what }
}

fn under(mut violation: Violation, step: Step) -> Violation {
    violation.path.push(step);
    violation
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static ITEM: Shape = Shape::Tagged("type", &[("text", &[must("text", Shape::Text)]), ("end", &[])]);
    static BODY: Shape = Shape::Object(&[
        must("model", Shape::Text),
        may("n", Shape::Int(1, 8)),
        may("t", Shape::Num(0.0, 2.0)),
        may("items", Shape::Either(&[Shape::Text, list(&ITEM)])),
        may("one", Shape::List(&Shape::Any, 1, 2)),
    ]);

    #[test]
    fn a_violation_says_what_and_where() {
        for (body, path, what) in [
            (json!({}), "model", Problem::Missing),
            (json!({"model": null}), "model", Problem::Missing),
            (json!({"model": "m", "x": 1}), "x", Problem::Unknown),
            (json!({"model": 1}), "model", Problem::Type { want: Type::String, got: json!(1) }),
            (json!({"model": "m", "n": 1.5}), "n", Problem::Type { want: Type::Integer, got: json!(1.5) }),
            (json!({"model": "m", "n": 9}), "n", Problem::High { max: 8.0, got: json!(9), decimal: false }),
            (json!({"model": "m", "t": -1}), "t", Problem::Low { min: 0.0, got: json!(-1), decimal: true }),
            (json!({"model": "m", "items": [{"type": "text"}]}), "items[0].text", Problem::Missing),
            (json!({"model": "m", "items": [{"type": "end", "a": 1}]}), "items[0].a", Problem::Unknown),
            (json!({"model": "m", "items": [{}]}), "items[0].type", Problem::Missing),
            (json!({"model": "m", "one": []}), "one", Problem::Short { min: 1 }),
            (json!({"model": "m", "one": [1, 2, 3]}), "one", Problem::Long { max: 2, got: 3 }),
        ] {
            let violation = check(&BODY, &body).unwrap_err();
            assert_eq!((violation.dotted().as_str(), &violation.what), (path, &what), "{body}");
        }
        let violation = check(&BODY, &json!({"model": "m", "items": [{"type": "text"}]})).unwrap_err();
        assert_eq!(violation.steps(), "items.0.text.text");
    }

    #[test]
    fn what_the_table_allows_passes() {
        for body in [
            json!({"model": "m"}),
            json!({"model": "m", "n": null, "items": "x", "one": [null]}),
            json!({"model": "m", "n": 1.0, "t": 2, "items": [{"type": "text", "text": ""}, {"type": "end"}]}),
        ] {
            assert_eq!(check(&BODY, &body), Ok(()), "{body}");
        }
    }
}
