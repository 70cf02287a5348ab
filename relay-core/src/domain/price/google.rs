//! Google's models on the paid tier. Previews and numbered versions are listed by name: they may have other prices than the
//! stable name.
//!
//! A cache that a request names (`cachedContent`) also costs by the hour while it is kept; that is no part of a call.

use crate::domain::day::Day;
use crate::domain::price::rates::{Price, Rates};
use crate::domain::price::row::{DatedPrice, ListedModel, READ, rates};

const PRICING: &str = "https://ai.google.dev/gemini-api/docs/pricing";
/// Reports of the pricing page.
const NEON_HYDROGEN: &str = "https://github.com/iyulab/TokenMeter/releases/tag/v0.17.0";
const ARGON: &str = "https://github.com/BerriAI/litellm/discussions/46238";
const CARBON: &str = "https://github.com/BerriAI/litellm/discussions/50970";
const FLASH_3_8: &str = "https://github.com/BerriAI/litellm/discussions/39357";
const FLASH_3_7: &str = "https://github.com/anchpop/tysm/pull/60";
const FLASH_3_6: &str = "https://github.com/theopenco/llmgateway/pull/3593";
const FLASH_3_1: &str = "https://github.com/simonw/llm-prices/blob/main/data/google.json";

const fn from(since: Day, price: Price, source: &'static str) -> DatedPrice {
    DatedPrice { since, price: Some(price), source, read: READ }
}

const fn flat(input: u64, cached: u64, output: u64) -> Price {
    Price::flat(rates(input, cached, output))
}

const fn model(names: &'static [&'static str], max_output: u64, prices: &'static [DatedPrice]) -> ListedModel {
    ListedModel { names, max_output: Some(max_output), prices }
}

/// The half price of the Flash models, which ends on 2026-12-31.
const FLASH_HALF: Price = flat(7500, 750, 3_7500);
const FLASH: Price = flat(1_5000, 1500, 7_5000);
const NEW_YEAR: Day = Day::civil(2027, 1, 1);
/// Argon and Carbon, until 2026-11-30.
const GEMINI_4_HALF: Price = flat(2_0000, 1000, 10_0000);
const GEMINI_4: Price = flat(4_0000, 2000, 20_0000);
const DECEMBER: Day = Day::civil(2026, 12, 1);
const PRO_3_LONG: Rates = rates(4_0000, 4000, 18_0000);
const PRO_3: Price = flat(2_0000, 2000, 12_0000).above(200_000, PRO_3_LONG);
const PRO_2_5: Price = flat(1_2500, 1250, 10_0000).above(200_000, rates(2_5000, 2500, 15_0000));

pub(super) const MODELS: &[ListedModel] = &[
    model(
        &["gemini-4-argon"],
        1_048_576,
        &[from(Day::civil(2026, 11, 10), GEMINI_4_HALF, ARGON), from(DECEMBER, GEMINI_4, ARGON)],
    ),
    model(
        &["gemini-4-carbon"],
        1_048_576,
        &[from(Day::civil(2026, 11, 10), GEMINI_4_HALF, CARBON), from(DECEMBER, GEMINI_4, CARBON)],
    ),
    model(
        &["gemini-4-hydrogen"],
        1_048_576,
        &[from(Day::civil(2026, 11, 17), flat(1_5000, 750, 7_5000), NEON_HYDROGEN)],
    ),
    model(&["gemini-4-neon"], 1_048_576, &[from(Day::civil(2026, 11, 18), flat(3_0000, 1500, 15_0000), NEON_HYDROGEN)]),
    model(
        &["gemini-3.8-flash"],
        65_536,
        &[from(Day::civil(2026, 9, 2), FLASH_HALF, FLASH_3_8), from(NEW_YEAR, FLASH, FLASH_3_8)],
    ),
    model(
        &["gemini-3.7-flash"],
        65_536,
        &[from(Day::civil(2026, 8, 13), FLASH_HALF, FLASH_3_7), from(NEW_YEAR, FLASH, FLASH_3_7)],
    ),
    model(
        &["gemini-3.6-flash"],
        65_536,
        &[
            from(Day::civil(2026, 7, 21), FLASH, PRICING),
            from(Day::civil(2026, 8, 13), FLASH_HALF, FLASH_3_6),
            from(NEW_YEAR, FLASH, FLASH_3_6),
        ],
    ),
    model(&["gemini-3.5-flash"], 65_536, &[from(Day::civil(2026, 5, 19), flat(1_5000, 1500, 9_0000), PRICING)]),
    model(&["gemini-3.5-flash-lite"], 65_536, &[from(Day::civil(2026, 7, 21), flat(3000, 300, 2_5000), PRICING)]),
    model(
        &["gemini-3.1-pro-preview", "gemini-3.1-pro-preview-customtools"],
        65_536,
        &[from(Day::civil(2026, 2, 19), PRO_3, PRICING)],
    ),
    model(&["gemini-3-pro-preview"], 65_536, &[from(Day::civil(2025, 11, 18), PRO_3, PRICING)]),
    model(
        &["gemini-3.1-flash-lite", "gemini-3.1-flash-lite-preview"],
        65_536,
        &[from(Day::civil(2026, 3, 3), flat(2500, 250, 1_5000), FLASH_3_1)],
    ),
    model(&["gemini-3-flash-preview"], 65_536, &[from(Day::civil(2025, 12, 17), flat(5000, 500, 3_0000), PRICING)]),
    model(&["gemini-2.5-pro"], 65_536, &[from(Day::civil(2025, 12, 1), PRO_2_5, PRICING)]),
    model(
        &["gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025"],
        65_536,
        &[from(Day::civil(2025, 12, 1), flat(3000, 300, 2_5000), PRICING)],
    ),
    model(
        &["gemini-2.5-flash-lite", "gemini-2.5-flash-lite-preview-09-2025"],
        65_536,
        &[from(Day::civil(2025, 12, 1), flat(1000, 100, 4000), PRICING)],
    ),
    model(
        &["gemini-2.0-flash", "gemini-2.0-flash-001"],
        8192,
        &[from(Day::civil(2025, 2, 5), flat(1000, 250, 4000), PRICING)],
    ),
    model(
        &["gemini-2.0-flash-lite", "gemini-2.0-flash-lite-001"],
        8192,
        &[from(Day::civil(2025, 2, 25), flat(750, 750, 3000), PRICING)],
    ),
    model(&["gemini-embedding-001"], 0, &[from(Day::civil(2025, 7, 14), flat(1500, 1500, 0), PRICING)]),
    model(
        &["gemini-embedding-2", "gemini-embedding-2-preview"],
        0,
        &[from(Day::civil(2026, 4, 22), flat(2000, 2000, 0), PRICING)],
    ),
];
