//! JSON objects read lazily: each member stays text until someone asks for it, and knows its path for error messages.
//!
//! Numbers, key order and white space of what is passed on stay as they came, and nothing is copied.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::RelayError;

/// How deep arrays and objects may nest in a request.
pub const MAX_DEPTH: usize = 128;
/// How deep a JSON text may nest that becomes a value inside of a request: about half of what providers' parsers read.
const MAX_NESTED: usize = 64;

/// How many objects an array may hold where Relay reads them: an empty one takes over a hundred times its bytes in memory
///.
pub(crate) const MAX_ITEMS: usize = 4096;

/// How many members an object may have where Relay reads them.
pub(crate) const MAX_MEMBERS: usize = 65_536;

/// Checks that a body is UTF-8 and nests at most [`MAX_DEPTH`] deep.
///
/// # Errors
/// `invalid_json`.
pub(crate) fn text(body: &[u8]) -> Result<&str, RelayError> {
    // What has few openers can't be deep: most bodies, and those with large images, are only searched once.
    if memchr::memchr2_iter(b'{', b'[', body).count() > MAX_DEPTH && depth(body) > MAX_DEPTH {
        return Err(RelayError::invalid_json(format!("it nests more than {MAX_DEPTH} levels deep")));
    }
    std::str::from_utf8(body).map_err(|_| RelayError::invalid_json("it is not UTF-8"))
}

/// How deep arrays and objects nest, at most.
fn depth(body: &[u8]) -> usize {
    let (mut now, mut most, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// What the parser says, unless it would repeat the body: that may hold a key.
fn unreadable(error: &serde_json::Error) -> RelayError {
    if error.is_data() {
        RelayError::invalid_json(format!("it is not an object of at most {MAX_MEMBERS} members"))
    } else {
        RelayError::invalid_json(error)
    }
}

/// A JSON object: its members in order, unparsed.
#[derive(Default)]
pub struct Object<'a> {
    path: String,
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// Without the members, which may hold a prompt.
impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({:?}, {} members)", self.path, self.members.len())
    }
}

impl<'a> Object<'a> {
    /// Reads a request body. Of a member that is there twice the last one counts.
    ///
    /// # Errors
    /// `invalid_json` if it is not a JSON object.
    pub fn parse(body: &'a [u8]) -> Result<Self, RelayError> {
        let members: Members<'a> = serde_json::from_str(text(body)?).map_err(|error| unreadable(&error))?;
        Ok(Self { path: String::new(), members: members.0 })
    }

    /// Reads a member's value as an object, at `path`.
    ///
    /// # Errors
    /// `invalid_value` naming `path`.
    pub fn from_raw(raw: &'a RawValue, path: String) -> Result<Self, RelayError> {
        match serde_json::from_str::<Members<'a>>(raw.get()) {
            Ok(members) => Ok(Self { path, members: members.0 }),
            Err(_) => Err(RelayError::invalid_value(path.clone(), format!("`{path}` must be an object"))),
        }
    }

    /// Members in order, `null`s too.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }

    /// A member's value; `None` if it is absent or `null`.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.members.iter().rev().find(|(known, _)| known == name)?;
        (raw.get() != "null").then_some(*raw)
    }

    /// The path of a member, as it stands in `error.param`.
    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A member as a value of type `T`; `what` says in words what it must be ("a number").
    ///
    /// # Errors
    /// `invalid_value` naming the member.
    pub fn read<T: Deserialize<'a>>(&self, name: &str, what: &str) -> Result<Option<T>, RelayError> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| self.invalid(name, what))
    }

    /// A member as text, borrowed where it has no escapes.
    ///
    /// # Errors
    /// `invalid_value` naming the member.
    pub fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, RelayError> {
        Ok(self.read::<Text<'a>>(name, "a string")?.map(|text| text.0))
    }

    /// A member as `true` or `false`.
    ///
    /// # Errors
    /// `invalid_value` naming the member.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, RelayError> {
        self.read(name, "true or false")
    }

    /// A member as a number.
    ///
    /// # Errors
    /// `invalid_value` naming the member.
    pub fn number(&self, name: &str) -> Result<Option<f64>, RelayError> {
        self.read(name, "a number")
    }

    /// A member as an integer.
    ///
    /// # Errors
    /// `invalid_value` naming the member.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, RelayError> {
        self.read(name, "an integer")
    }

    /// A member as an object.
    ///
    /// # Errors
    /// `invalid_value` naming the member.
    pub fn object(&self, name: &str) -> Result<Option<Self>, RelayError> {
        self.get(name).map(|raw| Self::from_raw(raw, self.path(name))).transpose()
    }

    /// A member as an array of unparsed values.
    ///
    /// # Errors
    /// `invalid_value` naming the member.
    pub fn array(&self, name: &str) -> Result<Option<Vec<&'a RawValue>>, RelayError> {
        self.read(name, "an array")
    }

    /// A member as an array of objects, each with its path `name[i]`.
    ///
    /// # Errors
    /// `invalid_value` naming the member or the element.
    pub fn objects(&self, name: &str) -> Result<Option<Vec<Self>>, RelayError> {
        let Some(Items(items)) = self.read(name, "an array")? else { return Ok(None) };
        let path = self.path(name);
        if items.len() > MAX_ITEMS {
            let message = format!("`{path}` has more than {MAX_ITEMS} elements");
            return Err(RelayError::invalid_value(path, message));
        }
        items
            .into_iter()
            .enumerate()
            .map(|(i, raw)| Self::from_raw(raw, format!("{path}[{i}]")))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn invalid(&self, name: &str, what: &str) -> RelayError {
        let path = self.path(name);
        let message = format!("`{path}` must be {what}");
        RelayError::invalid_value(path, message)
    }
}

/// A string that borrows from the input where it has no escapes. (serde's own `Cow<str>` always copies.)
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Text(name), raw)) = map.next_entry()? {
                    if members.len() == MAX_MEMBERS {
                        return Err(A::Error::custom("too many members"));
                    }
                    members.push((name, raw));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The elements of an array, but no more than one beyond [`MAX_ITEMS`].
struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;
        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                    if items.len() > MAX_ITEMS {
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        break;
                    }
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

/// Where `part` lies in `whole`, if it was borrowed from it. This is how a body is edited without being rebuilt.
pub fn range_in(whole: &[u8], part: &str) -> Option<std::ops::Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// JSON text without the white space between tokens. Key order and numbers stay as they came.
pub fn compact(json: &str) -> Cow<'_, str> {
    let mut outside = Outside::default();
    if json.chars().all(|c| outside.keeps(c)) {
        return Cow::Borrowed(json);
    }
    let mut outside = Outside::default();
    Cow::Owned(json.chars().filter(|c| outside.keeps(*c)).collect())
}

/// Walks over JSON text and tells white space between tokens from white space in strings.
#[derive(Default)]
struct Outside {
    in_string: bool,
    escaped: bool,
}

impl Outside {
    fn keeps(&mut self, c: char) -> bool {
        if !self.in_string {
            self.in_string = c == '"';
            return !matches!(c, ' ' | '\t' | '\n' | '\r');
        }
        match c {
            _ if self.escaped => self.escaped = false,
            '\\' => self.escaped = true,
            '"' => self.in_string = false,
            _ => {}
        }
        true
    }
}

/// Whether a JSON text can stand as a value inside of a request. Providers read numbers as 64-bit floats and refuse larger ones,
/// and they refuse what is nested too deeply.
pub(crate) fn can_be_nested(text: &str) -> bool {
    let bytes = text.as_bytes();
    // A number that is too large takes an exponent, or hundreds of digits.
    let has_exponent = bytes.windows(2).any(|pair| matches!(pair, [digit, b'e' | b'E'] if digit.is_ascii_digit()));
    let is_long = || bytes.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() > 308);
    let is_large = (has_exponent || is_long()) && has_large_number(text);
    let is_deep = memchr::memchr2_iter(b'{', b'[', bytes).count() > MAX_NESTED && depth(bytes) > MAX_NESTED;
    !is_large && !is_deep
}

/// Whether JSON text holds a number that no 64-bit float can.
fn has_large_number(text: &str) -> bool {
    let mut in_string = false;
    let mut escaped = false;
    let outside = text.split(|c: char| {
        let was_in_string = in_string;
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        was_in_string || !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))
    });
    outside.filter(|piece| piece.len() > 4).any(|number| number.parse::<f64>().is_ok_and(f64::is_infinite))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stay_as_they_came() {
        let object = Object::parse(br#"{"a": 1.50, "b": {"x": [1 ,2]}, "n": null}"#).unwrap();
        assert_eq!(object.get("a").unwrap().get(), "1.50");
        assert_eq!(object.get("b").unwrap().get(), r#"{"x": [1 ,2]}"#);
        assert!(object.get("n").is_none() && object.get("z").is_none());
    }

    #[test]
    fn a_wrong_type_names_its_path() {
        let object = Object::parse(br#"{"messages":[{"role":"user"},{"role":7}]}"#).unwrap();
        let messages = object.objects("messages").unwrap().unwrap();
        let error = messages[1].text("role").unwrap_err();
        assert_eq!((error.code(), error.param()), ("invalid_value", Some("messages[1].role")));
    }

    #[test]
    fn what_would_take_much_more_memory_than_it_has_bytes_is_refused() {
        let many = |n: usize| format!("{{\"messages\":[{}{{}}]}}", "{},".repeat(n - 1));
        for (n, good) in [(MAX_ITEMS, true), (MAX_ITEMS + 1, false), (1_000_000, false)] {
            let body = many(n);
            let read = Object::parse(body.as_bytes()).unwrap().objects("messages").map(|_| ());
            assert_eq!(read.as_ref().err().map(RelayError::param), (!good).then_some(Some("messages")), "{n}");
        }
        let wide = |n: usize| format!("{{\"a\":{{{}\"b\":0}}}}", "\"\":0,".repeat(n - 1));
        for (n, good) in [(MAX_MEMBERS, true), (MAX_MEMBERS + 1, false)] {
            let body = wide(n);
            assert_eq!(Object::parse(body.as_bytes()).unwrap().object("a").is_ok(), good, "{n}");
            let inner = body.get(5..body.len() - 1).unwrap();
            assert_eq!(Object::parse(inner.as_bytes()).is_ok(), good, "{n}");
        }
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        for bad in ["", "[]", "{", "{\"a\":}", "{\"a\":1}x", "null", "\u{feff}{}"] {
            assert_eq!(Object::parse(bad.as_bytes()).unwrap_err().code(), "invalid_json", "{bad:?}");
        }
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}").unwrap_err().code(), "invalid_json");
    }

    #[test]
    fn nesting_is_bounded_and_strings_do_not_count() {
        let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(Object::parse(deep(127).as_bytes()).is_ok());
        assert!(Object::parse(deep(128).as_bytes()).is_err());
        assert!(Object::parse("[".repeat(100_000).as_bytes()).is_err());
        assert!(Object::parse(format!("{{\"a\":\"{}\"}}", "[\\\"".repeat(500)).as_bytes()).is_ok());
    }

    #[test]
    fn compacting_keeps_strings_and_numbers() {
        assert_eq!(compact(r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(compact("{ \"a b\" : 1e400,\n\t\"c\":\"\\\" é \" }"), "{\"a b\":1e400,\"c\":\"\\\" é \"}");
    }

    #[test]
    fn numbers_that_no_float_holds_are_found() {
        for (text, want) in [
            ("{\"a\":1e400}", true),
            ("[-1E+999]", true),
            ("{\"a\":1e308,\"b\":1e-999}", false),
            ("{\"a\":\"1e400\"}", false),
            ("{\"1e400\":\"\\\"1e400\"}", false),
            ("12345678901234567890123", false),
        ] {
            assert_eq!(has_large_number(text), want, "{text}");
        }
        assert!(has_large_number(&format!("[{}]", "9".repeat(400))));
        assert!(
            !can_be_nested(&format!("[{}]", "9".repeat(400))) && !can_be_nested("[1e400]") && can_be_nested("[1e4]")
        );
    }

    #[test]
    fn what_nests_deeply_can_not_be_nested() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(can_be_nested(&nested(MAX_NESTED)) && !can_be_nested(&nested(MAX_NESTED + 1)));
        assert!(can_be_nested(&format!("\"{}\"", nested(300))), "brackets in a text nest nothing");
    }
}
