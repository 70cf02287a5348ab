//! `docs/providers.md`, of which the tables between the markers are made from the mappings and the lists of models.

use std::fmt::Write;

use super::mapping::{anthropic, google, google_embeddings};
use crate::domain::provider::{Format, Provider};
use crate::translation::anthropic::models::{FAMILIES, ThinkingOff};
use crate::translation::google::models::{self as gemini, ModelFamily, Thinking};
use crate::translation::mapping::{Effect, Group, Mapping, MemberRow, Treatment};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/providers.md");

#[test]
fn docs_providers_md_is_what_the_tables_say() {
    let found = std::fs::read_to_string(PAGE).unwrap();
    let mut page = found.clone();
    for (name, text) in [
        ("providers", providers()),
        ("members", members()),
        ("embeddings", embeddings()),
        ("claude", claude()),
        ("gemini", gemini()),
    ] {
        page = with_section(&page, name, &text);
    }
    if std::env::var_os("RELAY_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, page).unwrap();
    } else {
        assert!(page == found, "docs/providers.md is not what the tables say: RELAY_WRITE_DOCS=1 writes it");
    }
}

/// The page with `text` between the markers of this name.
pub(super) fn with_section(page: &str, name: &str, text: &str) -> String {
    let (start, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page has no {start}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has no {end}"));
    format!("{before}{start}{text}{end}{after}")
}

/// The rows of the providers.
fn providers() -> String {
    let mut page = "\n| provider | name | models | request format | embeddings | base URL | keys begin with |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for provider in Provider::ALL {
        let format = match provider.format() {
            Format::OpenAi => "OpenAI's",
            Format::Anthropic => "Anthropic's",
            Format::Google => "Google's",
        };
        let prefixes: Vec<_> = provider.key_prefixes().iter().map(|prefix| format!("`{prefix}`")).collect();
        let _ = writeln!(
            page,
            "| [{}]({}) | `{provider}` | {} | {format} | {} | `{}` | {} |",
            provider.label(),
            provider.key_url(),
            provider.model_patterns().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(", "),
            yes(provider.embeds()),
            provider.base_url(),
            if prefixes.is_empty() { "–".to_owned() } else { prefixes.join(", ") }
        );
    }
    page.push('\n');
    page
}

/// Both providers side by side, a table for each subject.
fn members() -> String {
    let (one, other) = (anthropic().mapping, google().mapping);
    let mut page = String::new();
    for (left, right) in one.groups.iter().zip(other.groups) {
        assert_eq!(left.title, right.title);
        let _ = write!(page, "\n### {}\n\n| member | Anthropic | Google |\n| --- | --- | --- |\n", left.title);
        let named = |group: &Group, name: &str| group.rows.iter().find(|row| row.name == name);
        for row in left.rows.iter().chain(right.rows.iter().filter(|row| named(left, row.name).is_none())) {
            let (left, right) = (named(left, row.name), named(right, row.name));
            let _ = writeln!(page, "| {} | {} | {} |", member(row), cell(&one, row, left), cell(&other, row, right));
        }
    }
    page.push('\n');
    page
}

fn embeddings() -> String {
    let mapping = google_embeddings().mapping;
    let mut page = "\n| member | Google |\n| --- | --- |\n".to_owned();
    for row in mapping.rows() {
        let _ = writeln!(page, "| {} | {} |", member(row), cell(&mapping, row, Some(row)));
    }
    page.push('\n');
    page
}

fn member(row: &MemberRow) -> String {
    if row.name.contains(' ') { row.name.to_owned() } else { format!("`{}`", row.name) }
}

fn cell(mapping: &Mapping, asked: &MemberRow, found: Option<&MemberRow>) -> String {
    let Some(row) = found else {
        let has_inner = mapping.rows().any(|row| row.at.starts_with(asked.at));
        return if has_inner { "member by member: see the rows below it" } else { "**dropped**" }.to_owned();
    };
    row.treatments.iter().map(described).collect::<Vec<_>>().join("<br>")
}

/// One treatment in a few words.
fn described(treatment: &Treatment) -> String {
    let when = treatment.when.words;
    let behind = |text: String| if when.is_empty() { text } else { format!("{text}: {when}") };
    let then = |text: String| if when.is_empty() { text } else { format!("{text} {when}") };
    match &treatment.effect {
        Effect::Sent(to) => behind(format!("`{to}`")),
        Effect::InPath(_) => behind("in the URL".to_owned()),
        Effect::Relay(what) => {
            if when.is_empty() {
                format!("Relay {what}")
            } else {
                format!("Relay {what} {when}")
            }
        }
        Effect::Adjusted(to) => format!("**adjusted** {when}: {to}"),
        Effect::Dropped => then("**dropped**".to_owned()),
        Effect::Silent(why) => format!("{}: {why}", then("left out".to_owned())),
        Effect::Refused { code, .. } => then(format!("**400** `{}`", code.as_str())),
    }
}

const fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}

fn thousands(number: u32) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", thousands(number / 1000), number % 1000) }
}

fn claude() -> String {
    let mut page =
        "\n| family | context | longest answer | `temperature`, `top_p` | thinking | effort | forced call | \
                    goes on from an assistant message | later `system` | thinking bound to the history |\n\
                    | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for family in FAMILIES {
        let thinking = match (family.budget, family.off) {
            (true, _) => "a budget, off by default",
            (false, ThinkingOff::Default) => "off by default",
            (false, ThinkingOff::Disabled) => "on, can be turned off",
            (false, ThinkingOff::BetweenTools) => "on, `none` is between tools",
            (false, ThinkingOff::Impossible) => "always on",
        };
        let efforts = if family.efforts.is_empty() { "–".to_owned() } else { family.efforts.join(", ") };
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {thinking} | {efforts} | {} | {} | {} | {} |",
            family.name,
            thousands(family.context),
            thousands(family.max_output),
            yes(family.sampling),
            yes(family.forced_tool),
            yes(family.prefill),
            yes(family.mid_system),
            yes(family.binding)
        );
    }
    page.push('\n');
    page
}

fn gemini() -> String {
    let mut page =
        "\n| names that begin with | thinking | `temperature`, `top_p` | most `n` | goes on from an assistant \
                    message | tool call ids, signatures | long answers in pieces | system text | most tokens of an answer |\n\
                    | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for family in gemini::FAMILIES.iter().chain([&gemini::NEWEST]) {
        let name = if family.prefix.is_empty() { "all other names".to_owned() } else { format!("`{}`", family.prefix) };
        let _ = writeln!(
            page,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
            thinking(family),
            if family.sampling { "yes" } else { "ignored" },
            family.candidates,
            yes(family.prefill),
            yes(family.since_gemini_3),
            yes(family.long_answers),
            if family.system { "yes" } else { "before the user's first words" },
            thousands(u32::try_from(family.max_output).unwrap())
        );
    }
    page.push('\n');
    page
}

fn thinking(family: &ModelFamily) -> String {
    match family.thinking {
        Thinking::Never => "no".to_owned(),
        Thinking::Unknown => "as `thinking_config` says".to_owned(),
        Thinking::Budget { least, most, off } => {
            let off = if off { "0 or " } else { "" };
            format!("a budget of {off}{} to {}", thousands(least), thousands(most))
        }
        Thinking::Levels(levels) => {
            levels.iter().map(|level| level.as_str().to_lowercase()).collect::<Vec<_>>().join(", ")
        }
    }
}
