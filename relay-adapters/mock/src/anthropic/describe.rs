//! What Anthropic says of a member that is missing, unknown or of another type or value.

use super::refusals::{
    LIST_LONG, MEMBER_HIGH, MEMBER_LOW, MEMBER_TAG, MEMBER_TYPE, MEMBER_VALUE, MISSING_MEMBER, UNKNOWN_MEMBER,
};
use crate::schema::{Problem, Type, Violation};

/// The message of Anthropic for a violation.
pub(super) fn describe(violation: &Violation) -> String {
    let path = violation.steps();
    match &violation.what {
        Problem::Missing => MISSING_MEMBER.say(&[&path]),
        Problem::Unknown => UNKNOWN_MEMBER.say(&[&path]),
        Problem::Type { want, .. } => MEMBER_TYPE.say(&[&path, name(*want)]),
        Problem::Value { allowed, .. } => {
            let list = allowed.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>();
            let list = match list.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => list.concat(),
            };
            MEMBER_VALUE.say(&[&path, &list])
        }
        Problem::Tag { tag, got, allowed } => {
            let list = allowed.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
            MEMBER_TAG.say(&[&path, got, tag, &list])
        }
        Problem::Low { min, .. } => MEMBER_LOW.say(&[&path, &min.to_string()]),
        Problem::High { max, .. } => MEMBER_HIGH.say(&[&path, &max.to_string()]),
        Problem::Short { min } => format!("{path}: List should have at least {min} items after validation"),
        Problem::Long { max, got } => LIST_LONG.say(&[&path, &max.to_string(), &got.to_string()]),
    }
}

fn name(kind: Type) -> &'static str {
    match kind {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Decimal => "number",
        Type::String => "string",
        Type::Array => "list",
        Type::Object => "dictionary",
    }
}
