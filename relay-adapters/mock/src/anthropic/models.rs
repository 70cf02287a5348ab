//! What each of Anthropic's model families can do.

/// Ways of thinking that a family takes in `thinking.type`.
const ADAPTIVE: &[&str] = &["adaptive"];
const ADAPTIVE_OR_LESS: &[&str] = &["adaptive", "between_tools"];
const ADAPTIVE_OR_NONE: &[&str] = &["adaptive", "disabled"];
const ALL: &[&str] = &["adaptive", "enabled", "disabled"];
const BUDGET: &[&str] = &["enabled", "disabled"];

const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const NO_XHIGH: &[&str] = &["low", "medium", "high", "max"];
const TO_HIGH: &[&str] = &["low", "medium", "high"];

/// A model family.
pub(super) struct Family {
    pub(super) name: &'static str,
    /// The id in the model list.
    pub(super) listed: &'static str,
    pub(super) most_output: u64,
    pub(super) thinking: &'static [&'static str],
    /// Thinks unless told otherwise.
    pub(super) thinks: bool,
    /// Shows what it thinks unless told otherwise.
    pub(super) shows: bool,
    /// Words for the effort.
    pub(super) efforts: &'static [&'static str],
    /// Less thinking than usual needs an effort of at most `high`.
    pub(super) less_needs_high: bool,
    /// Thinking blocks are bound to what was said before them.
    pub(super) binds: bool,
    /// `temperature`, `top_p`, `top_k`.
    pub(super) sampling: bool,
    /// Tool choice `any` and `tool`.
    pub(super) forced: bool,
    /// A trailing assistant message.
    pub(super) prefill: bool,
    /// System messages among the others.
    pub(super) system: bool,
}

/// A family of generation 5.
const fn new(name: &'static str, listed: &'static str, thinking: &'static [&'static str]) -> Family {
    Family {
        name,
        listed,
        most_output: 128_000,
        thinking,
        thinks: true,
        shows: false,
        efforts: EFFORTS,
        less_needs_high: true,
        binds: false,
        sampling: false,
        forced: true,
        prefill: false,
        system: true,
    }
}

const fn bound(family: Family) -> Family {
    Family { binds: true, ..family }
}

const fn unforced(family: Family) -> Family {
    Family { forced: false, ..bound(family) }
}

const fn no_system(family: Family) -> Family {
    Family { system: false, ..family }
}

/// Generation 4: no thinking unless asked for.
const fn quiet(family: Family) -> Family {
    Family { thinks: false, ..family }
}

const fn sampling(family: Family) -> Family {
    Family { sampling: true, shows: true, efforts: NO_XHIGH, ..quiet(no_system(family)) }
}

const fn old(family: Family, efforts: &'static [&'static str]) -> Family {
    Family { prefill: true, most_output: 64_000, efforts, ..sampling(family) }
}

/// The longest name first.
pub(super) const FAMILIES: &[Family] = &[
    unforced(new("claude-mythos-5-2", "claude-mythos-5-2", ADAPTIVE)),
    unforced(new("claude-mythos-5-1", "claude-mythos-5-1", ADAPTIVE)),
    unforced(new("claude-sonnet-5-5", "claude-sonnet-5-5", ADAPTIVE_OR_LESS)),
    unforced(new("claude-fable-5-2", "claude-fable-5-2", ADAPTIVE)),
    unforced(new("claude-fable-5-1", "claude-fable-5-1", ADAPTIVE)),
    unforced(new("claude-opus-5-5", "claude-opus-5-5", ADAPTIVE)),
    bound(new("claude-haiku-5-5", "claude-haiku-5-5", ADAPTIVE_OR_NONE)),
    old(new("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", BUDGET), &[]),
    sampling(new("claude-sonnet-4-6", "claude-sonnet-4-6", ALL)),
    old(new("claude-haiku-4-5", "claude-haiku-4-5-20251001", BUDGET), &[]),
    no_system(quiet(new("claude-opus-4-7", "claude-opus-4-7", ADAPTIVE_OR_NONE))),
    quiet(new("claude-opus-4-8", "claude-opus-4-8", ADAPTIVE_OR_NONE)),
    sampling(new("claude-opus-4-6", "claude-opus-4-6", ALL)),
    old(new("claude-opus-4-5", "claude-opus-4-5-20251101", BUDGET), TO_HIGH),
    new("claude-mythos-5", "claude-mythos-5", ADAPTIVE),
    Family { less_needs_high: false, ..no_system(new("claude-sonnet-5", "claude-sonnet-5", ADAPTIVE_OR_NONE)) },
    new("claude-fable-5", "claude-fable-5", ADAPTIVE),
    new("claude-opus-5", "claude-opus-5", ADAPTIVE_OR_NONE),
];

/// A model that was added to the mock: it can do everything, and thinks when asked to.
pub(super) static ADDED: Family = Family {
    most_output: 1_000_000,
    thinking: &["adaptive", "enabled", "disabled", "between_tools"],
    sampling: true,
    prefill: true,
    less_needs_high: false,
    ..quiet(new("", "", &[]))
};

/// The family of a model: its name, or with a date or `-latest` behind.
pub(super) fn find(model: &str) -> Option<&'static Family> {
    let dated = |rest: &str| {
        rest.strip_prefix('-')
            .is_some_and(|date| date == "latest" || date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()))
    };
    FAMILIES.iter().find(|family| model.strip_prefix(family.name).is_some_and(|rest| rest.is_empty() || dated(rest)))
}
