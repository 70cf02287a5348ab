//! OpenAI's models. Each dated snapshot is listed by name: a new one may have another price.

use crate::domain::day::Day;
use crate::domain::price::rates::Price;
use crate::domain::price::row::{DatedPrice, ListedModel, rates};

const PRICING: &str = "https://developers.openai.com/api/docs/pricing";

pub(super) const MODELS: &[ListedModel] = &[ListedModel {
    names: &["gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
    max_output: Some(16_384),
    prices: &[DatedPrice {
        since: Day::civil(2024, 10, 1),
        price: Price::flat(rates(1500, 750, 6000)),
        source: PRICING,
        read: Day::civil(2026, 11, 28),
    }],
}];
