//! Google's models. Previews and numbered versions are listed by name: they may have other prices than the stable name.

use crate::domain::day::Day;
use crate::domain::price::rates::Price;
use crate::domain::price::row::{DatedPrice, ListedModel, rates};

const PRICING: &str = "https://ai.google.dev/gemini-api/docs/pricing";

pub(super) const MODELS: &[ListedModel] = &[ListedModel {
    names: &["gemini-2.5-flash"],
    max_output: Some(65_536),
    prices: &[DatedPrice {
        since: Day::civil(2025, 6, 17),
        price: Price::flat(rates(3000, 300, 2_5000)),
        source: PRICING,
        read: Day::civil(2026, 11, 28),
    }],
}];
