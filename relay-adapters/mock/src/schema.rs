//! Checks a JSON body against a table. A provider's table says what is allowed; its `words` say it as the provider would.

use serde_json::{Map, Value};

/// What a value must be.
pub(super) enum Kind {
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
    kind: Kind,
    required: bool,
}

/// A member that must be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// A member that may be there.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// Any whole number.
pub(super) const INT: Kind = Kind::Int(i64::MIN, i64::MAX);
/// Any number.
pub(super) const NUM: Kind = Kind::Num(f64::MIN, f64::MAX);

/// An array of any length.
pub(super) const fn list(of: &'static Kind) -> Kind {
    Kind::List(of, 0, usize::MAX)
}

/// A step from the body to the place of a fault.
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
pub(super) enum What {
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
pub(super) struct Fault {
    pub(super) path: Vec<Step>,
    pub(super) what: What,
}

impl Fault {
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

/// Checks a value and returns the first fault: members in the order of the table, then those that it does not know.
///
/// # Errors
/// The fault.
pub(super) fn check(kind: &'static Kind, value: &Value) -> Result<(), Fault> {
    walk(kind, value).map_err(|mut fault| {
        fault.path.reverse();
        fault
    })
}

/// Paths are collected inside out.
fn walk(kind: &'static Kind, value: &Value) -> Result<(), Fault> {
    match kind {
        Kind::Any => Ok(()),
        Kind::Bool => expect(value.is_boolean(), Type::Boolean, value),
        Kind::Text => expect(value.is_string(), Type::String, value),
        Kind::Map => expect(value.is_object(), Type::Object, value),
        Kind::Int(min, max) => integer(value, *min, *max),
        Kind::Num(min, max) => {
            let Some(number) = value.as_f64() else { return wrong(Type::Decimal, value) };
            bounds(number, (*min, *max), value, true)
        }
        Kind::Enum(allowed) => {
            let Some(text) = value.as_str() else { return wrong(Type::String, value) };
            if allowed.contains(&text) {
                return Ok(());
            }
            fault(What::Value { got: text.to_owned(), allowed: allowed.to_vec() })
        }
        Kind::List(of, min, max) => elements(of, *min, *max, value),
        Kind::Object(fields) => object(&[fields], None, value),
        Kind::Both(first, second) => object(&[first, second], None, value),
        Kind::MapOf(of) => {
            let Some(map) = value.as_object() else { return wrong(Type::Object, value) };
            map.iter()
                .try_for_each(|(name, value)| walk(of, value).map_err(|fault| under(fault, Step::Key(name.clone()))))
        }
        Kind::Ref(kind) => walk(kind, value),
        Kind::Tagged(tag, variants) => tagged(tag, variants, value),
        Kind::Either(kinds) => {
            let fitting = kinds.iter().find(|kind| accepts(kind, value)).or(kinds.first());
            fitting.map_or(Ok(()), |kind| walk(kind, value))
        }
    }
}

fn integer(value: &Value, min: i64, max: i64) -> Result<(), Fault> {
    // 1.0 is a whole number for all three providers.
    let whole = value.as_i64().is_some() || value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let Some(number) = value.as_f64().filter(|_| whole) else { return wrong(Type::Integer, value) };
    if min == i64::MIN && max == i64::MAX {
        return Ok(());
    }
    bounds(number, (min as f64, max as f64), value, false)
}

fn bounds(number: f64, (min, max): (f64, f64), value: &Value, decimal: bool) -> Result<(), Fault> {
    if number < min {
        return fault(What::Low { min, got: value.clone(), decimal });
    }
    if number > max {
        return fault(What::High { max, got: value.clone(), decimal });
    }
    Ok(())
}

fn elements(of: &'static Kind, min: usize, max: usize, value: &Value) -> Result<(), Fault> {
    let Some(items) = value.as_array() else { return wrong(Type::Array, value) };
    if items.len() < min {
        return fault(What::Short { min });
    }
    if items.len() > max {
        return fault(What::Long { max, got: items.len() });
    }
    items.iter().enumerate().try_for_each(|(at, item)| walk(of, item).map_err(|fault| under(fault, Step::Index(at))))
}

fn object(fields: &[&'static [Field]], tag: Option<&'static str>, value: &Value) -> Result<(), Fault> {
    let Some(map) = value.as_object() else { return wrong(Type::Object, value) };
    for field in fields.iter().copied().flatten() {
        match map.get(field.name) {
            None | Some(Value::Null)
                if !field.required || matches!(field.kind, Kind::Any) && map.contains_key(field.name) => {}
            None | Some(Value::Null) => return Err(at(field.name, What::Missing)),
            Some(value) => {
                walk(&field.kind, value).map_err(|fault| under(fault, Step::Key(field.name.to_owned())))?;
            }
        }
    }
    unknown(fields, tag, map)
}

fn unknown(fields: &[&[Field]], tag: Option<&'static str>, map: &Map<String, Value>) -> Result<(), Fault> {
    let known = |name: &str| tag == Some(name) || fields.iter().copied().flatten().any(|field| field.name == name);
    map.keys().find(|name| !known(name)).map_or(Ok(()), |name| Err(at(name, What::Unknown)))
}

fn tagged(
    tag: &'static str,
    variants: &'static [(&'static str, &'static [Field])],
    value: &Value,
) -> Result<(), Fault> {
    let Some(map) = value.as_object() else { return wrong(Type::Object, value) };
    let Some(got) = map.get(tag) else { return Err(at(tag, What::Missing)) };
    let Some(got) = got.as_str() else {
        return wrong(Type::String, got).map_err(|fault| under(fault, Step::Key(tag.to_owned())));
    };
    match variants.iter().find(|(name, _)| *name == got) {
        Some((name, fields)) => object(&[fields], Some(tag), value).map_err(|fault| under(fault, Step::Tag(name))),
        None => {
            fault(What::Tag { tag, got: got.to_owned(), allowed: variants.iter().map(|(name, _)| *name).collect() })
        }
    }
}

fn accepts(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Any => true,
        Kind::Bool => value.is_boolean(),
        Kind::Int(..) | Kind::Num(..) => value.is_number(),
        Kind::Text | Kind::Enum(_) => value.is_string(),
        Kind::List(of, ..) => value.as_array().is_some_and(|items| items.first().is_none_or(|item| accepts(of, item))),
        Kind::Object(_) | Kind::Both(..) | Kind::Map | Kind::MapOf(_) | Kind::Tagged(..) => value.is_object(),
        Kind::Ref(kind) => accepts(kind, value),
        Kind::Either(kinds) => kinds.iter().any(|kind| accepts(kind, value)),
    }
}

fn expect(fits: bool, want: Type, value: &Value) -> Result<(), Fault> {
    if fits { Ok(()) } else { wrong(want, value) }
}

fn wrong(want: Type, value: &Value) -> Result<(), Fault> {
    fault(What::Type { want, got: value.clone() })
}

fn fault(what: What) -> Result<(), Fault> {
    Err(Fault { path: Vec::new(), what })
}

fn at(name: &str, what: What) -> Fault {
    Fault { path: vec![Step::Key(name.to_owned())], what }
}

fn under(mut fault: Fault, step: Step) -> Fault {
    fault.path.push(step);
    fault
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static ITEM: Kind = Kind::Tagged("type", &[("text", &[must("text", Kind::Text)]), ("end", &[])]);
    static BODY: Kind = Kind::Object(&[
        must("model", Kind::Text),
        may("n", Kind::Int(1, 8)),
        may("t", Kind::Num(0.0, 2.0)),
        may("items", Kind::Either(&[Kind::Text, list(&ITEM)])),
        may("one", Kind::List(&Kind::Any, 1, 2)),
    ]);

    #[test]
    fn a_fault_says_what_and_where() {
        for (body, path, what) in [
            (json!({}), "model", What::Missing),
            (json!({"model": null}), "model", What::Missing),
            (json!({"model": "m", "x": 1}), "x", What::Unknown),
            (json!({"model": 1}), "model", What::Type { want: Type::String, got: json!(1) }),
            (json!({"model": "m", "n": 1.5}), "n", What::Type { want: Type::Integer, got: json!(1.5) }),
            (json!({"model": "m", "n": 9}), "n", What::High { max: 8.0, got: json!(9), decimal: false }),
            (json!({"model": "m", "t": -1}), "t", What::Low { min: 0.0, got: json!(-1), decimal: true }),
            (json!({"model": "m", "items": [{"type": "text"}]}), "items[0].text", What::Missing),
            (json!({"model": "m", "items": [{"type": "end", "a": 1}]}), "items[0].a", What::Unknown),
            (json!({"model": "m", "items": [{}]}), "items[0].type", What::Missing),
            (json!({"model": "m", "one": []}), "one", What::Short { min: 1 }),
            (json!({"model": "m", "one": [1, 2, 3]}), "one", What::Long { max: 2, got: 3 }),
        ] {
            let fault = check(&BODY, &body).unwrap_err();
            assert_eq!((fault.dotted().as_str(), &fault.what), (path, &what), "{body}");
        }
        let fault = check(&BODY, &json!({"model": "m", "items": [{"type": "text"}]})).unwrap_err();
        assert_eq!(fault.steps(), "items.0.text.text");
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
