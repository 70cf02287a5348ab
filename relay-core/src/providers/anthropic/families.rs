//! What each Claude family can do, as data. A new model is a row here.
//!
//! Sources: Anthropic's model and migration pages and the catalogues of two other gateways, November 2026. The models
//! endpoint says nothing about sampling, forced tools, prefill, later system messages or prefix binding.

/// What the translation must know of a family.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// The name without a date: `claude-opus-5-5`.
    pub(super) name: &'static str,
    /// The most tokens of one answer, sent when the caller names no limit.
    pub(super) max_output: u32,
    /// Whether `temperature` and `top_p` are accepted (with the old API version).
    pub(super) sampling: bool,
    /// Whether thinking takes a budget in tokens. Otherwise the model decides, guided by an effort.
    pub(super) budget: bool,
    /// How thinking is turned off.
    pub(super) off: Off,
    /// Words for the effort; empty: not used.
    pub(super) efforts: &'static [&'static str],
    /// Whether a tool call can be forced.
    pub(super) forced_tool: bool,
    /// Whether the last message may be the assistant's.
    pub(super) prefill: bool,
    /// Whether a later message may have the role `system`.
    pub(super) mid_system: bool,
    /// Whether thinking blocks are bound to the messages before them.
    pub(super) binding: bool,
}

/// How thinking is turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Off {
    /// It is off unless asked for.
    Default,
    /// `thinking: {"type":"disabled"}`.
    Disabled,
    /// `thinking: {"type":"between_tools"}` is the least.
    BetweenTools,
    /// Not at all; a low effort comes near.
    Impossible,
}

impl Family {
    /// Whether the model thinks when the request does not say.
    pub(super) fn thinks_by_default(&self) -> bool {
        self.off != Off::Default
    }

    /// Whether the family is in the table, so that its limits are known.
    pub(super) fn is_known(&self) -> bool {
        !self.name.is_empty()
    }
}

const ALL_EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];

/// What a name that is not in the table is taken for: the careful choices of the newest models.
const UNKNOWN: Family = Family {
    name: "",
    max_output: 64_000,
    sampling: false,
    budget: false,
    off: Off::Impossible,
    efforts: ALL_EFFORTS,
    forced_tool: true,
    prefill: false,
    mid_system: false,
    binding: false,
};

const FABLE_5: Family = Family { name: "claude-fable-5", max_output: 128_000, mid_system: true, ..UNKNOWN };
const FABLE_5_1: Family = Family { name: "claude-fable-5-1", forced_tool: false, binding: true, ..FABLE_5 };
const OPUS_5: Family = Family { name: "claude-opus-5", off: Off::Disabled, ..FABLE_5 };
const OPUS_4_8: Family = Family { name: "claude-opus-4-8", off: Off::Default, ..FABLE_5 };
const OPUS_4_7: Family = Family { name: "claude-opus-4-7", mid_system: false, ..OPUS_4_8 };
const OPUS_4_6: Family =
    Family { name: "claude-opus-4-6", sampling: true, efforts: &["low", "medium", "high", "max"], ..OPUS_4_7 };
const OPUS_4_5: Family =
    Family { name: "claude-opus-4-5", max_output: 64_000, budget: true, efforts: &[], prefill: true, ..OPUS_4_6 };

const FAMILIES: &[Family] = &[
    Family { name: "claude-fable-5-2", ..FABLE_5_1 },
    FABLE_5_1,
    Family { name: "claude-mythos-5-2", ..FABLE_5_1 },
    Family { name: "claude-mythos-5-1", ..FABLE_5_1 },
    Family { name: "claude-opus-5-5", ..FABLE_5_1 },
    Family { name: "claude-sonnet-5-5", off: Off::BetweenTools, ..FABLE_5_1 },
    Family { name: "claude-haiku-5-5", off: Off::Disabled, forced_tool: true, ..FABLE_5_1 },
    FABLE_5,
    Family { name: "claude-mythos-5", ..FABLE_5 },
    OPUS_5,
    Family { name: "claude-sonnet-5", mid_system: false, ..OPUS_5 },
    OPUS_4_8,
    OPUS_4_7,
    OPUS_4_6,
    Family { name: "claude-sonnet-4-6", ..OPUS_4_6 },
    OPUS_4_5,
    Family { name: "claude-sonnet-4-5", ..OPUS_4_5 },
    Family { name: "claude-haiku-4-5", ..OPUS_4_5 },
];

/// The family of a model: its name alone, or with a date (`-20251001`) or `-latest` behind it.
pub(super) fn of(model: &str) -> &'static Family {
    let is_dated = |rest: &str| {
        let date = rest.strip_prefix('-').unwrap_or_default();
        rest.is_empty() || date == "latest" || (date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()))
    };
    FAMILIES.iter().find(|family| model.strip_prefix(family.name).is_some_and(is_dated)).unwrap_or(&UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_finds_its_family_with_and_without_a_date() {
        for (model, family) in [
            ("claude-fable-5-2", "claude-fable-5-2"),
            ("claude-fable-5", "claude-fable-5"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("claude-opus-5-5-latest", "claude-opus-5-5"),
            ("claude-opus-5-9", ""),
            ("claude-haiku-4-5-2025100", ""),
            ("claude-nova-9", ""),
        ] {
            assert_eq!(of(model).name, family, "{model}");
        }
    }

    #[test]
    fn no_family_is_there_twice() {
        let mut names: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAMILIES.len());
    }
}
