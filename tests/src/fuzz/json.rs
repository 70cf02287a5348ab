//! The JSON envelope: what is read, refused and passed on.

use std::collections::HashMap;

use relay_core::translation::json::{MAX_DEPTH, Object, compact, range_in};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A body is refused, or its members are spans of it: numbers, order and doubled keys as they came, no deeper than allowed.
pub fn json(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        compacted(text);
    }
    let object = match Object::parse(data) {
        Ok(object) => object,
        Err(error) => {
            assert_eq!(error.code(), "invalid_json");
            let good = super::is_json(data) && serde_json::from_slice::<HashMap<String, &RawValue>>(data).is_ok();
            assert!(!good || depth(data) > MAX_DEPTH, "a good object was refused: {error:?}");
            return;
        }
    };
    assert!(super::is_json(data) && depth(data) <= MAX_DEPTH, "more was read than there is");
    let mut at = 0;
    for (name, raw) in object.members() {
        let range = range_in(data, raw.get()).expect("a value is a span of the body");
        assert!(range.start >= at, "members are in order");
        at = range.end;
        assert!(super::is_json(raw.get().as_bytes()));
        compacted(raw.get());
        let last = object.members().filter(|(other, _)| *other == name).last().expect("the member itself");
        let found = object.get(name).map(RawValue::get);
        assert_eq!(found, (last.1.get() != "null").then_some(last.1.get()), "the last one counts");
        read_as_everything(&object, name);
    }
}

/// Whatever a member is read as, it is a value or a refusal that names it.
fn read_as_everything(object: &Object<'_>, name: &str) {
    let refusals = [
        object.text(name).err(),
        object.flag(name).err(),
        object.number(name).err(),
        object.integer(name).err(),
        object.object(name).err(),
        object.array(name).err(),
        object.objects(name).err(),
    ];
    for refusal in refusals.into_iter().flatten() {
        assert!(refusal.param().is_some_and(|path| path.starts_with(name)), "{refusal:?} does not name {name:?}");
    }
}

/// Compacting takes white space between tokens and nothing else.
fn compacted(text: &str) {
    let short = compact(text);
    assert_eq!(compact(&short), short, "twice is once");
    let black = |text: &str| text.chars().filter(|c| !" \t\r\n".contains(*c)).collect::<String>();
    assert_eq!(black(text), black(&short), "a character was lost");
    if super::is_json(text.as_bytes()) {
        assert!(super::is_json(short.as_bytes()), "{text:?} became {short:?}");
        // (A float may be too large for `Value`; then there is nothing to compare.)
        if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
            assert_eq!(serde_json::from_str::<serde_json::Value>(&short).expect("as good as the original"), value);
        }
    }
}

/// How deep JSON nests, by asking a parser for its tokens.
fn depth(text: &[u8]) -> usize {
    let (mut now, mut most, mut at) = (0_usize, 0, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                let rest = text.get(at..).unwrap_or_default();
                let mut strings = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
                if strings.next().is_none_or(|string| string.is_err()) {
                    return most;
                }
                at += strings.byte_offset();
                continue;
            }
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    most
}
