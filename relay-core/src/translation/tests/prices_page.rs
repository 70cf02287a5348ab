//! `docs/prices.md`, of which the tables between the markers are made from the price table, and the recorded traffic whose
//! models must have a price or stand on the page with the reason.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use super::support::corpus;
use crate::domain::price::{DatedPrice, ListedModel, Rates, models, price_of};
use crate::domain::{Day, Provider};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/prices.md");

/// Models without a price, and why. A `*` stands for any end of a name.
const UNPRICED: &[(Provider, &[&str], &str)] = &[
    (
        Provider::OPENAI,
        &["gpt-5.6-sol", "gpt-5.6"],
        "its lower price was promised until 2026-11-21, and no later one was found",
    ),
    (
        Provider::OPENAI,
        &["gpt-4o-audio-preview*", "gpt-4o-mini-audio-preview*", "gpt-audio*"],
        "made for audio, which has prices of its own",
    ),
    (
        Provider::OPENAI,
        &["gpt-4o-search-preview*", "gpt-4o-mini-search-preview*", "gpt-5-search-api*"],
        "a fee for each call",
    ),
    (
        Provider::OPENAI,
        &["*-codex*", "*-pro", "*-pro-20*", "*-deep-research*", "computer-use-preview*", "gpt-3.5-turbo-instruct*"],
        "not for Chat Completions",
    ),
    (
        Provider::OPENAI,
        &["gpt-3.5-turbo-0613", "gpt-3.5-turbo-1106", "gpt-3.5-turbo-16k*", "gpt-4-32k*", "o1-preview*"],
        "no longer listed",
    ),
    (Provider::OPENAI, &["ft:*"], "fine-tuned from a model whose price for that is not in the table"),
    (Provider::ANTHROPIC, &["claude-2*", "claude-instant*", "claude-3-sonnet*"], "retired"),
    (Provider::GOOGLE, &["gemini-1.*", "gemini-2.0-*-exp*"], "retired"),
    (
        Provider::GOOGLE,
        &["gemini-2.5-*-preview*", "gemini-2.5-flash-preview"],
        "replaced by the stable name; some had other prices",
    ),
    (Provider::GOOGLE, &["gemini-*-image*", "gemini-nano-banana*"], "makes pictures, which have prices of their own"),
    (Provider::GOOGLE, &["gemini-*-tts*", "gemini-*-live*", "gemini-*-native-audio*"], "made for audio"),
    (
        Provider::GOOGLE,
        &["gemini-flash-latest", "gemini-flash-lite-latest", "gemini-pro-latest"],
        "the name moves on; a call is priced by the model that the answer names",
    ),
    (Provider::GOOGLE, &["gemma-*", "learnlm-*"], "only without charge"),
];

#[test]
fn docs_prices_md_is_what_the_table_says() {
    let found = std::fs::read_to_string(PAGE).unwrap();
    let mut page = found.clone();
    for provider in Provider::ALL {
        page = super::providers_page::with_section(&page, provider.name(), &prices(*provider));
    }
    page = super::providers_page::with_section(&page, "unpriced", &unpriced());
    if std::env::var_os("RELAY_WRITE_DOCS").is_some() {
        std::fs::write(PAGE, page).unwrap();
    } else {
        assert!(page == found, "docs/prices.md is not what the table says: RELAY_WRITE_DOCS=1 writes it");
    }
}

fn prices(provider: Provider) -> String {
    let mut page = "\n| model | from | input | cache read | cache write | longer cache write | output | largest answer | source |\n\
                    | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for model in models(provider) {
        for row in model.prices {
            page.push_str(&price(model, row));
        }
    }
    page.push('\n');
    page
}

/// A row of the page, or two if long prompts have other prices.
fn price(model: &ListedModel, row: &DatedPrice) -> String {
    let names: Vec<_> = model.names.iter().map(|name| format!("`{name}`")).collect();
    let (names, since) = (names.join(", "), row.since);
    let most = match model.max_output {
        Some(0) | None => "–".to_owned(),
        Some(tokens) => tokens.to_string(),
    };
    let own = ["openai.com/", "claude.com/", "anthropic.com/", "ai.google.dev/"];
    let report = if own.iter().any(|host| row.source.contains(host)) { "" } else { "a report: " };
    let source = format!("{report}<{}>, read {}", row.source, row.read);
    let Some(price) = row.price else {
        return format!(
            "| {names} | {since} | unknown | unknown | unknown | unknown | unknown | {most} | {source} |\n"
        );
    };
    let mut text = format!("| {names} | {since} | {} | {most} | {source} |\n", cells(price.rates_for(0)));
    if let Some(border) = price.long_from() {
        let long = cells(price.rates_for(border));
        let _ = writeln!(text, "| – prompts over {} tokens | {since} | {long} | {most} | {source} |", border - 1);
    }
    text
}

fn cells(rates: &Rates) -> String {
    let kinds = [rates.input, rates.cache_read, rates.cache_write, rates.cache_write_1h, rates.output];
    kinds.map(dollars).join(" | ")
}

/// Dollars with two decimals at least.
fn dollars(micro: u64) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    let end = text.trim_end_matches('0').len().max(text.len() - 4);
    format!("${}", &text[..end])
}

fn unpriced() -> String {
    let mut page = "\n| provider | models | why |\n| --- | --- | --- |\n".to_owned();
    for (provider, models, why) in UNPRICED {
        let models: Vec<_> = models.iter().map(|model| format!("`{model}`")).collect();
        let _ = writeln!(page, "| {} | {} | {why} |", provider.label(), models.join(", "));
    }
    page.push('\n');
    page
}

/// Whether the page says why this model has no price.
fn is_listed(provider: Provider, model: &str) -> bool {
    let rows = UNPRICED.iter().filter(|(owner, ..)| *owner == provider);
    rows.flat_map(|(_, models, _)| models.iter()).any(|pattern| fits(pattern, model))
}

/// Whether a name fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| fits(rest, &name[at..]))
        }),
    }
}

#[test]
fn every_recorded_model_has_a_price_or_a_reason() {
    let today = Day::parse("2026-11-28").unwrap();
    let mut missing = BTreeSet::new();
    for file in [
        "openai-chat.jsonl",
        "openai-chat-stream.jsonl",
        "anthropic-messages.jsonl",
        "anthropic-messages-stream.jsonl",
        "gemini-generate.jsonl",
        "gemini-generate-stream.jsonl",
        "embeddings.jsonl",
    ] {
        for line in corpus::lines(file).unwrap_or_default() {
            let row: Value = serde_json::from_str(&line).unwrap();
            let Some(model) = row["model"].as_str().filter(|_| row["status"] == 200 && row["variant"].is_null()) else {
                continue;
            };
            // Other providers speak the same formats.
            let Some((provider, name)) = Provider::for_model(model) else { continue };
            let bare = name.strip_prefix("models/").unwrap_or(name);
            if price_of(provider, name, today).is_none() && !is_listed(provider, bare) {
                missing.insert(format!("{provider}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn no_model_of_the_table_is_on_the_list_of_those_without() {
    let later = Day::parse("2027-06-01").unwrap();
    for provider in Provider::ALL {
        for name in models(*provider).iter().flat_map(|model| model.names) {
            let is_unknown = price_of(*provider, name, later).is_none();
            // Two patterns have exceptions, which the page names in its tables.
            let is_exception = name.starts_with("ft:") || name.contains("-preview-09-2025");
            assert!(is_unknown || is_exception || !is_listed(*provider, name), "{name}");
        }
    }
}

#[test]
fn an_amount_has_two_decimals_at_least() {
    for (micro, text) in
        [(10_000_000, "$10.00"), (125_000, "$0.125"), (5_000, "$0.005"), (0, "$0.00"), (1, "$0.000001")]
    {
        assert_eq!(dollars(micro), text);
    }
}
