//! What each family of Claude models can do, as data. A new family is a row here.
//!
//! Sources: Anthropic's pages on models (<https://platform.claude.com/docs/en/about-claude/models/overview>) and migration,
//! November 2026. The endpoint that lists models is silent on sampling, forced tools, prefill, later system messages and
//! bound thinking.

/// What the translation must know of a family.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::translation) struct ModelFamily {
    /// The name without a date: `claude-opus-5-5`.
    pub(in crate::translation) name: &'static str,
    /// The tokens of a conversation and its answer together.
    pub(in crate::translation) context: u32,
    /// The most tokens of one answer, sent when the caller names no limit.
    pub(in crate::translation) max_output: u32,
    /// Whether `temperature` and `top_p` are accepted (with the old API version).
    pub(in crate::translation) sampling: bool,
    /// Whether thinking takes a budget in tokens. Otherwise the model decides, guided by an effort.
    pub(in crate::translation) budget: bool,
    /// How thinking is turned off.
    pub(in crate::translation) off: ThinkingOff,
    /// Words for the effort; empty: not used.
    pub(in crate::translation) efforts: &'static [&'static str],
    /// Whether a tool call can be forced.
    pub(in crate::translation) forced_tool: bool,
    /// Whether the last message may be the assistant's.
    pub(in crate::translation) prefill: bool,
    /// Whether a later message may have the role `system`.
    pub(in crate::translation) mid_system: bool,
    /// Whether thinking blocks are bound to the messages before them.
    pub(in crate::translation) binding: bool,
}

/// How thinking is turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translation) enum ThinkingOff {
    /// It is off unless asked for.
    Default,
    /// `thinking: {"type":"disabled"}`.
    Disabled,
    /// `thinking: {"type":"between_tools"}` is the least.
    BetweenTools,
    /// Not at all; a low effort comes near.
    Impossible,
}

impl ModelFamily {
    /// Whether the model thinks when the request does not say.
    pub(super) fn thinks_by_default(&self) -> bool {
        self.off != ThinkingOff::Default
    }
}

const ALL_EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];

/// For names without a row: the most restrictive choices of the newest models.
const UNKNOWN: ModelFamily = ModelFamily {
    name: "",
    context: 0,
    max_output: 64_000,
    sampling: false,
    budget: false,
    off: ThinkingOff::Impossible,
    efforts: ALL_EFFORTS,
    forced_tool: true,
    prefill: false,
    mid_system: false,
    binding: false,
};

const FABLE_5: ModelFamily =
    ModelFamily { name: "claude-fable-5", context: 1_000_000, max_output: 128_000, mid_system: true, ..UNKNOWN };
const FABLE_5_1: ModelFamily = ModelFamily { name: "claude-fable-5-1", forced_tool: false, binding: true, ..FABLE_5 };
const OPUS_5: ModelFamily = ModelFamily { name: "claude-opus-5", off: ThinkingOff::Disabled, ..FABLE_5 };
const OPUS_4_8: ModelFamily = ModelFamily { name: "claude-opus-4-8", off: ThinkingOff::Default, ..FABLE_5 };
const OPUS_4_7: ModelFamily = ModelFamily { name: "claude-opus-4-7", mid_system: false, ..OPUS_4_8 };
const OPUS_4_6: ModelFamily =
    ModelFamily { name: "claude-opus-4-6", sampling: true, efforts: &["low", "medium", "high", "max"], ..OPUS_4_7 };
const OPUS_4_5: ModelFamily = ModelFamily {
    name: "claude-opus-4-5",
    context: 200_000,
    max_output: 64_000,
    budget: true,
    efforts: &[],
    prefill: true,
    ..OPUS_4_6
};

/// The order does not matter.
pub(in crate::translation) const FAMILIES: &[ModelFamily] = &[
    ModelFamily { name: "claude-fable-5-2", ..FABLE_5_1 },
    FABLE_5_1,
    ModelFamily { name: "claude-mythos-5-2", ..FABLE_5_1 },
    ModelFamily { name: "claude-mythos-5-1", ..FABLE_5_1 },
    ModelFamily { name: "claude-opus-5-5", ..FABLE_5_1 },
    ModelFamily { name: "claude-sonnet-5-5", off: ThinkingOff::BetweenTools, ..FABLE_5_1 },
    ModelFamily { name: "claude-haiku-5-5", off: ThinkingOff::Disabled, forced_tool: true, ..FABLE_5_1 },
    FABLE_5,
    ModelFamily { name: "claude-mythos-5", ..FABLE_5 },
    OPUS_5,
    ModelFamily { name: "claude-sonnet-5", mid_system: false, ..OPUS_5 },
    OPUS_4_8,
    OPUS_4_7,
    OPUS_4_6,
    ModelFamily { name: "claude-sonnet-4-6", ..OPUS_4_6 },
    OPUS_4_5,
    ModelFamily { name: "claude-sonnet-4-5", ..OPUS_4_5 },
    ModelFamily { name: "claude-haiku-4-5", ..OPUS_4_5 },
];

impl ModelFamily {
    /// The family of a model: its name alone, or with a date (`-20251001`) or `-latest` behind it.
    ///
    /// A version of a known line that is newer than all of its rows behaves like the newest of them.
    pub(super) fn for_model(model: &str) -> &'static Self {
        let name = undated(model);
        if let Some(family) = FAMILIES.iter().find(|family| family.name == name) {
            return family;
        }
        let newest = line_and_version(name).and_then(|(line, version)| {
            let of_line = FAMILIES.iter().filter_map(|family| Some((family, line_and_version(family.name)?)));
            let newest = of_line.filter(|(_, (known, _))| *known == line).max_by_key(|(_, (_, known))| *known)?;
            (version > newest.1.1).then_some(newest.0)
        });
        newest.unwrap_or(&UNKNOWN)
    }

    /// Whether the family has a row for exactly this model. A newer one may write longer answers.
    pub(super) fn has_row_for(&self, model: &str) -> bool {
        !self.name.is_empty() && self.name == undated(model)
    }
}

/// The name without a date or `-latest` at its end.
fn undated(model: &str) -> &str {
    match model.rsplit_once('-') {
        Some((name, "latest")) => name,
        Some((name, date)) if date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => model,
    }
}

/// `claude-opus-5-9` is 5.9 of the line `opus`. Names of the older order (`claude-3-opus`) have no line.
fn line_and_version(name: &str) -> Option<(&str, (u8, u8))> {
    let (line, version) = name.strip_prefix("claude-")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let (major, minor) = version.split_once('-').unwrap_or((version, "0"));
    Some((line, (number(major)?, number(minor)?)))
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
        ] {
            let found = ModelFamily::for_model(model);
            assert_eq!((found.name, found.has_row_for(model)), (family, true), "{model}");
        }
    }

    #[test]
    fn a_newer_version_of_a_known_line_is_taken_for_its_newest_row() {
        for (model, family) in [
            ("claude-opus-5-9", "claude-opus-5-5"),
            ("claude-opus-6", "claude-opus-5-5"),
            ("claude-opus-6-20270101", "claude-opus-5-5"),
            ("claude-sonnet-6", "claude-sonnet-5-5"),
            ("claude-haiku-10-latest", "claude-haiku-5-5"),
            ("claude-fable-5-3", "claude-fable-5-2"),
            ("claude-mythos-6-1", "claude-mythos-5-2"),
        ] {
            let found = ModelFamily::for_model(model);
            assert_eq!((found.name, found.has_row_for(model)), (family, false), "{model}");
        }
    }

    #[test]
    fn any_other_name_gets_the_careful_choices() {
        for model in [
            "claude-nova-9",
            "claude-3-opus-20240229",
            "claude-opus-4",
            "claude-opus-5-3",
            "claude-opus-5-5-5",
            "claude-opus-+9",
            "claude-opus-999",
            "claude-opus-",
            "claude-opus-latest",
            "claude-haiku-4-5-2025100",
            "claude",
            "",
        ] {
            let found = ModelFamily::for_model(model);
            assert_eq!((found.name, found.has_row_for(model)), ("", false), "{model}");
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
