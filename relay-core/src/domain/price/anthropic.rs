//! Anthropic's models. It prices by version: a date (`-20251001`) or `-latest` behind a version changes nothing.

use crate::domain::day::Day;
use crate::domain::price::rates::{Price, Rates};
use crate::domain::price::row::{DatedPrice, ListedModel, READ, rates};

const PRICING: &str = "https://platform.claude.com/docs/en/about-claude/pricing";
const NOTES: &str = "https://platform.claude.com/docs/en/release-notes/overview";
const SONNET_5_5: &str = "https://platform.claude.com/docs/en/models/sonnet-5-5/overview";
const HAIKU_5_5: &str = "https://platform.claude.com/docs/en/models/haiku-5-5/overview";
/// The release notes have input and output; this report of the pricing page has the cache too.
const FABLE_5_2: &str = "https://github.com/archid21/rightsize/releases/tag/v0.10.2";
/// A report of the pricing page after the price of cache hits changed.
const HITS_CUT: &str = "https://github.com/kurofune/claudit/releases/tag/v1.9.2";

/// A row of the pricing page, in its order: input, cache writes for 5 minutes and for an hour, cache hits, output.
const fn card(input: u64, write: u64, hour: u64, hit: u64, output: u64) -> Rates {
    rates(input, hit, output).writes(write, hour)
}

const fn from(since: Day, rates: Rates, source: &'static str) -> DatedPrice {
    DatedPrice { since, price: Some(Price::flat(rates)), source, read: READ }
}

const fn model(names: &'static [&'static str], max_output: u64, prices: &'static [DatedPrice]) -> ListedModel {
    ListedModel { names, max_output: Some(max_output), prices }
}

const FABLE_5: Rates = card(10_0000, 12_5000, 20_0000, 1_0000, 50_0000);
const FABLE_5_1: Rates = card(10_0000, 12_5000, 20_0000, 2500, 50_0000);
const FABLE_5_2_CARD: Rates = card(8_0000, 10_0000, 16_0000, 2000, 40_0000);
const OPUS: Rates = card(5_0000, 6_2500, 10_0000, 5000, 25_0000);
const OPUS_4: Rates = card(15_0000, 18_7500, 30_0000, 1_5000, 75_0000);
const SONNET: Rates = card(3_0000, 3_7500, 6_0000, 3000, 15_0000);
const SONNET_5: Rates = card(2_0000, 2_5000, 4_0000, 2000, 10_0000);

pub(super) const MODELS: &[ListedModel] = &[
    model(
        &["claude-fable-5-2", "claude-mythos-5-2"],
        128_000,
        &[from(Day::civil(2026, 11, 9), FABLE_5_2_CARD, FABLE_5_2)],
    ),
    model(&["claude-fable-5-1", "claude-mythos-5-1"], 128_000, &[from(Day::civil(2026, 9, 1), FABLE_5_1, PRICING)]),
    model(&["claude-fable-5", "claude-mythos-5"], 128_000, &[from(Day::civil(2026, 6, 9), FABLE_5, PRICING)]),
    model(
        &["claude-opus-5-5"],
        128_000,
        &[from(Day::civil(2026, 9, 22), card(4_0000, 5_0000, 8_0000, 2000, 20_0000), NOTES)],
    ),
    model(&["claude-opus-5"], 128_000, &[from(Day::civil(2026, 7, 24), OPUS, PRICING)]),
    model(&["claude-opus-4-8"], 128_000, &[from(Day::civil(2026, 6, 10), OPUS, PRICING)]),
    model(&["claude-opus-4-7"], 128_000, &[from(Day::civil(2026, 4, 30), OPUS, PRICING)]),
    model(&["claude-opus-4-6"], 128_000, &[from(Day::civil(2026, 3, 13), OPUS, PRICING)]),
    model(&["claude-opus-4-5"], 64_000, &[from(Day::civil(2025, 11, 24), OPUS, PRICING)]),
    model(&["claude-opus-4-1"], 32_000, &[from(Day::civil(2025, 8, 5), OPUS_4, PRICING)]),
    model(&["claude-opus-4", "claude-opus-4-0"], 32_000, &[from(Day::civil(2025, 5, 22), OPUS_4, PRICING)]),
    model(
        &["claude-sonnet-5-5"],
        128_000,
        &[
            from(Day::civil(2026, 9, 28), SONNET_5, SONNET_5_5),
            from(Day::civil(2026, 10, 7), card(2_0000, 2_5000, 4_0000, 1000, 10_0000), HITS_CUT),
        ],
    ),
    model(&["claude-sonnet-5"], 128_000, &[from(Day::civil(2026, 7, 3), SONNET_5, PRICING)]),
    model(&["claude-sonnet-4-6"], 128_000, &[from(Day::civil(2026, 3, 13), SONNET, PRICING)]),
    model(&["claude-sonnet-4-5"], 64_000, &[from(Day::civil(2025, 9, 29), SONNET, PRICING)]),
    model(&["claude-sonnet-4", "claude-sonnet-4-0"], 64_000, &[from(Day::civil(2025, 5, 22), SONNET, PRICING)]),
    model(&["claude-3-7-sonnet"], 64_000, &[from(Day::civil(2025, 2, 24), SONNET, PRICING)]),
    model(
        &["claude-3-5-sonnet"],
        8192,
        &[from(Day::civil(2024, 10, 22), SONNET, "https://www.anthropic.com/news/3-5-models-and-computer-use")],
    ),
    model(
        &["claude-haiku-5-5"],
        128_000,
        &[DatedPrice {
            since: Day::civil(2026, 10, 7),
            price: Some(
                Price::flat(card(1000, 1250, 2000, 100, 5000)).above(100_000, card(5000, 6250, 1_0000, 500, 2_5000)),
            ),
            source: HAIKU_5_5,
            read: READ,
        }],
    ),
    model(
        &["claude-haiku-4-5"],
        64_000,
        &[from(Day::civil(2025, 10, 15), card(1_0000, 1_2500, 2_0000, 1000, 5_0000), PRICING)],
    ),
    model(
        &["claude-3-5-haiku"],
        8192,
        &[from(Day::civil(2024, 12, 5), card(8000, 1_0000, 1_6000, 800, 4_0000), PRICING)],
    ),
    model(&["claude-3-opus"], 4096, &[from(Day::civil(2024, 10, 8), OPUS_4, PRICING)]),
    model(&["claude-3-haiku"], 4096, &[from(Day::civil(2024, 10, 8), card(2500, 3000, 5000, 300, 1_2500), PRICING)]),
];

/// The name without a date or `-latest` at its end, if it has one.
pub(super) fn version_of(model: &str) -> Option<&str> {
    let (version, end) = model.rsplit_once('-')?;
    let dated = end.len() == 8 && end.bytes().all(|b| b.is_ascii_digit());
    (dated || end == "latest").then_some(version)
}
