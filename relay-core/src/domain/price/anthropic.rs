//! Anthropic's models. It prices by version: a date (`-20251001`) or `-latest` behind a version changes nothing.

use crate::domain::day::Day;
use crate::domain::price::rates::{Price, Rates};
use crate::domain::price::row::{DatedPrice, ListedModel, rates};

const PRICING: &str = "https://platform.claude.com/docs/en/about-claude/pricing";

/// A row of the pricing page: input, cache hits, output, cache writes for 5 minutes and for an hour.
const fn card(input: u64, hit: u64, output: u64, write: u64, hour: u64) -> Rates {
    rates(input, hit, output).writes(write, hour)
}

const fn from(since: Day, rates: Rates) -> DatedPrice {
    DatedPrice { since, price: Price::flat(rates), source: PRICING, read: Day::civil(2026, 11, 28) }
}

pub(super) const MODELS: &[ListedModel] = &[ListedModel {
    names: &["claude-haiku-4-5", "claude-haiku-4-5-20251001"],
    max_output: Some(64_000),
    prices: &[from(Day::civil(2025, 10, 15), card(1_0000, 1000, 5_0000, 1_2500, 2_0000))],
}];

/// The name without a date or `-latest` at its end, if it has one.
pub(super) fn version_of(model: &str) -> Option<&str> {
    let (version, end) = model.rsplit_once('-')?;
    let dated = end.len() == 8 && end.bytes().all(|b| b.is_ascii_digit());
    (dated || end == "latest").then_some(version)
}
