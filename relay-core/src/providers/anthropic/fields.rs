//! What becomes of each top-level member that has no counterpart, as data.
//!
//! The rule: refuse what would change what is asked, its price or its safety; drop and report what only steers style.

use serde_json::value::RawValue;

use crate::error::RelayError;
use crate::json::Object;
use crate::providers::Notes;

enum Rule {
    /// Another file reads it.
    Carried,
    /// Left out without a word: a label, or it changes nothing.
    Silent,
    /// Left out and reported.
    Reported,
    /// Left out; reported unless it has this value, which changes nothing.
    ReportedUnless(fn(&RawValue) -> bool),
    /// Refused as `unsupported_parameter` unless it has this value.
    RefusedUnless(fn(&RawValue) -> bool),
    /// Refused as `unsupported_value` unless it has this value.
    OnlyValue(fn(&RawValue) -> bool),
}

const RULES: &[(&str, Rule)] = &[
    ("audio", Rule::Silent),
    ("cache_control", Rule::Carried),
    ("frequency_penalty", Rule::ReportedUnless(is_zero)),
    ("function_call", Rule::Carried),
    ("functions", Rule::Carried),
    ("logit_bias", Rule::RefusedUnless(is_empty)),
    ("logprobs", Rule::RefusedUnless(is_false)),
    ("max_completion_tokens", Rule::Carried),
    ("max_tokens", Rule::Carried),
    ("messages", Rule::Carried),
    ("metadata", Rule::Silent),
    ("modalities", Rule::OnlyValue(has_no_audio)),
    ("model", Rule::Carried),
    ("moderation", Rule::RefusedUnless(|_| false)),
    ("n", Rule::OnlyValue(is_one)),
    ("parallel_tool_calls", Rule::Carried),
    ("prediction", Rule::Reported),
    ("presence_penalty", Rule::ReportedUnless(is_zero)),
    ("prompt_cache_key", Rule::Silent),
    ("prompt_cache_options", Rule::Silent),
    ("prompt_cache_retention", Rule::Silent),
    ("reasoning_effort", Rule::Carried),
    ("response_format", Rule::Carried),
    ("safety_identifier", Rule::Carried),
    ("seed", Rule::Reported),
    ("service_tier", Rule::Carried),
    ("stop", Rule::Carried),
    ("store", Rule::ReportedUnless(is_false)),
    ("stream", Rule::Carried),
    ("stream_options", Rule::Carried),
    ("temperature", Rule::Carried),
    ("thinking", Rule::Carried),
    ("tool_choice", Rule::Carried),
    ("tools", Rule::Carried),
    ("top_logprobs", Rule::RefusedUnless(is_zero)),
    ("top_p", Rule::Carried),
    ("user", Rule::Carried),
    ("verbosity", Rule::Reported),
    ("web_search_options", Rule::Carried),
];

/// How many unknown members are reported by name, and how long a name may be: they end up in a header.
const MAX_UNKNOWN: usize = 32;
const MAX_NAME: usize = 64;

/// Applies the table. An explicit `null` counts as absent. Unknown members are never sent, since Anthropic refuses them.
///
/// # Errors
/// Members that must not be left out.
pub(super) fn check(request: &Object<'_>, notes: &mut Notes) -> Result<(), RelayError> {
    let mut unknown = 0;
    for (name, value) in request.members().filter(|(_, value)| value.get() != "null") {
        let known = RULES.binary_search_by(|(known, _)| (*known).cmp(name)).ok().and_then(|at| RULES.get(at));
        match known.map(|(name, rule)| (*name, rule)) {
            Some((_, Rule::Carried | Rule::Silent)) => {}
            Some((name, Rule::Reported)) => notes.drop(name),
            Some((_, Rule::ReportedUnless(is_harmless))) if is_harmless(value) => {}
            Some((name, Rule::ReportedUnless(_))) => notes.drop(name),
            Some((_, Rule::RefusedUnless(is_harmless) | Rule::OnlyValue(is_harmless))) if is_harmless(value) => {}
            Some((name, Rule::RefusedUnless(_))) => {
                let message = format!("Anthropic has no counterpart for `{name}`; leave it out for Claude models");
                return Err(RelayError::unsupported_parameter(name, message));
            }
            Some((name, Rule::OnlyValue(_))) => {
                let message = format!("Anthropic has no counterpart for this value of `{name}`");
                return Err(RelayError::unsupported_value(name, message));
            }
            None => {
                unknown += 1;
                if unknown <= MAX_UNKNOWN {
                    notes.drop(name.chars().take(MAX_NAME).map(header_safe).collect::<String>());
                }
            }
        }
    }
    Ok(())
}

fn header_safe(c: char) -> char {
    if c.is_ascii_graphic() && c != ',' { c } else { '_' }
}

fn is_number(value: &RawValue, wanted: f64) -> bool {
    serde_json::from_str::<f64>(value.get()).is_ok_and(|number| number == wanted)
}

fn is_zero(value: &RawValue) -> bool {
    is_number(value, 0.0)
}

fn is_one(value: &RawValue) -> bool {
    is_number(value, 1.0)
}

fn is_false(value: &RawValue) -> bool {
    value.get() == "false"
}

fn is_empty(value: &RawValue) -> bool {
    Object::of(value, String::new()).is_ok_and(|object| object.members().next().is_none())
}

fn has_no_audio(value: &RawValue) -> bool {
    serde_json::from_str::<Vec<&RawValue>>(value.get())
        .is_ok_and(|words| words.iter().all(|word| word.get() == "\"text\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(RULES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn thousands_of_unknown_members_are_not_all_reported() {
        let members: Vec<_> = (0..5000).map(|i| format!("\"x{i}\":1")).collect();
        let body = format!("{{{}}}", members.join(","));
        let mut notes = Notes::default();
        check(&Object::parse(body.as_bytes()).unwrap(), &mut notes).unwrap();
        assert_eq!(notes.dropped.len(), MAX_UNKNOWN);
    }

    #[test]
    fn a_name_from_the_caller_fits_into_a_header() {
        let mut notes = Notes::default();
        check(&Object::parse("{\"a\\r\\nb,é\":1}".as_bytes()).unwrap(), &mut notes).unwrap();
        assert_eq!(notes.dropped, ["a__b__"]);
    }
}
