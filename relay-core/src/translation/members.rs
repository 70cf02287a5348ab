//! A JSON object that is put together or changed member by member. What is not touched stays as it came: numbers, key
//! order and white space.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::RelayError;
use crate::translation::json::Object;

/// An object's members in order, unparsed and owned.
#[derive(Debug, Default)]
pub(crate) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// The members of an object.
    ///
    /// # Errors
    /// A value that is not an object, or has too many members.
    pub(crate) fn from_raw(raw: &RawValue) -> Result<Self, RelayError> {
        let object = Object::from_raw(raw, String::new())?;
        Ok(Self(object.members().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// A member's value; `None` if it is absent or `null`.
    pub(crate) fn get(&self, name: &str) -> Option<&RawValue> {
        let (_, value) = self.0.iter().rev().find(|(known, _)| known == name)?;
        (value.get() != "null").then_some(value)
    }

    /// A member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// Puts a value in the member's place, or behind the last member.
    pub(crate) fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.0.iter_mut().rev().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// As [`Self::set`], of a value that is not JSON yet.
    pub(crate) fn write(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        // Strings, numbers and parts that were JSON before can always be written.
        if let Ok(value) = to_raw_value(value) {
            self.set(name, value);
        }
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Takes over another object's members, but for those that are `null`.
    pub(crate) fn overlay(&mut self, other: &RawValue) {
        let Ok(other) = Self::from_raw(other) else { return };
        for (name, value) in other.0.into_iter().filter(|(_, value)| value.get() != "null") {
            self.set(&name, value);
        }
    }

    /// Adds another object's whole numbers to those of the same name, and its lists' items; members of other kinds stay.
    pub(crate) fn add(&mut self, other: &RawValue) {
        let Ok(other) = Self::from_raw(other) else { return };
        for (name, value) in other.0 {
            let Some(own) = self.get(&name).map(ToOwned::to_owned) else {
                self.set(&name, value);
                continue;
            };
            if let Some((own, more)) = count(&own).zip(count(&value)) {
                self.write(&name, &own.saturating_add(more));
            } else if let Some((own, more)) = list(&own).zip(list(&value)) {
                self.write(&name, &[own, more].concat());
            } else if let Ok(mut inner) = Self::from_raw(&own) {
                inner.add(&value);
                self.write(&name, &inner);
            }
        }
    }

    /// How many it has.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object's JSON text.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A whole number. Protobuf writes large ones as text.
fn count(raw: &RawValue) -> Option<u64> {
    raw.get().trim_matches('"').parse().ok()
}

fn list(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Members {
        Members::from_raw(serde_json::from_str(json).unwrap()).unwrap()
    }

    fn text(members: &Members) -> String {
        String::from_utf8(members.to_bytes()).unwrap()
    }

    #[test]
    fn what_is_not_touched_stays_as_it_came() {
        let mut object = members(r#"{"z":1.50,"a":{"y": [1 ,12345678901234567890123]},"n":null}"#);
        object.write("a2", "x\n");
        object.write("z", &2);
        assert_eq!(text(&object), r#"{"z":2,"a":{"y": [1 ,12345678901234567890123]},"n":null,"a2":"x\n"}"#);
        assert!(object.get("n").is_none() && object.text("a2").as_deref() == Some("x\n"));
    }

    #[test]
    fn nulls_overlay_nothing() {
        let mut object = members(r#"{"a":1,"b":2}"#);
        object.overlay(serde_json::from_str(r#"{"a":null,"b":3,"c":4}"#).unwrap());
        assert_eq!(text(&object), r#"{"a":1,"b":3,"c":4}"#);
    }

    #[test]
    fn counts_are_summed_at_every_depth() {
        let mut object = members(r#"{"in":1,"deep":{"x":2},"tier":"a","gone":null}"#);
        object.add(serde_json::from_str(r#"{"in":10,"deep":{"x":20,"y":1},"tier":"b","gone":5,"more":7}"#).unwrap());
        assert_eq!(text(&object), r#"{"in":11,"deep":{"x":22,"y":1},"tier":"a","gone":5,"more":7}"#);
    }

    #[test]
    fn lists_are_joined_and_counts_may_be_text() {
        let mut object = members(r#"{"list":[{"n":1.50}],"none":[],"large":"9007199254740993","tier":"a"}"#);
        object.add(serde_json::from_str(r#"{"list":[2],"none":[3],"large":"7","tier":"7"}"#).unwrap());
        assert_eq!(text(&object), r#"{"list":[{"n":1.50},2],"none":[3],"large":9007199254741000,"tier":"a"}"#);
    }
}
