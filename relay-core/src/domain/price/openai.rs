//! OpenAI's models. Each dated snapshot is listed by name: a new one may have another price.
//!
//! GPT-5.6 and later bill cache writes, for 30 minutes, and for 12 hours where their page has a price for it. Earlier models
//! bill them as other input.

use crate::domain::day::Day;
use crate::domain::price::rates::{Price, Rates};
use crate::domain::price::row::{DatedPrice, ListedModel, READ, rates};

const SOL_6_2: &str = "https://developers.openai.com/api/docs/models/gpt-6.2-sol";
const TERRA_6_1: &str = "https://developers.openai.com/api/docs/models/gpt-6.1-terra";
const SOL_6: &str = "https://developers.openai.com/api/docs/models/gpt-6-sol";
const SOL_5_6: &str = "https://developers.openai.com/api/docs/models/gpt-5.6-sol";
const LUNA_5_6: &str = "https://developers.openai.com/api/docs/models/gpt-5.6-luna";
const EMBEDDINGS: &str = "https://developers.openai.com/api/docs/models/text-embedding-3-large";
const GPT_4: &str = "https://developers.openai.com/api/docs/models/gpt-4";
/// Reports of the pricing page.
const ASTRA_6_2: &str = "https://github.com/iyulab/TokenMeter/releases/tag/v0.17.0";
const SOL_6_1: &str = "https://github.com/TheKrush/PromptFuel/releases/tag/v1.0.22";
const LUNA_6: &str = "https://github.com/TheKrush/PromptFuel/releases/tag/v1.0.21";
const ASTRA_6: &str = "https://github.com/prefect12/codex-token-meter/releases/tag/v0.2.22";
const GPT_5_6: &str = "https://github.com/TheKrush/PromptFuel/releases/tag/v1.0.19";
const FINE_TUNED: &str = "https://tokonomics.ca/blog/llm-fine-tuning-costs-guide";
const CATALOG: &str = "https://github.com/iyulab/TokenMeter/blob/main/src/TokenMeter/Pricing/openai.json";
const MODELS_DEV: &str = "https://github.com/anomalyco/models.dev/tree/dev/providers/openai/models";
const HISTORY: &str = "https://github.com/simonw/llm-prices/blob/main/data/openai.json";

const fn from(since: Day, price: Price, source: &'static str) -> DatedPrice {
    DatedPrice { since, price: Some(price), source, read: READ }
}

const fn flat(input: u64, cached: u64, output: u64) -> Price {
    Price::flat(rates(input, cached, output))
}

/// GPT-5.4 and 5.5: a prompt of more than 272,000 tokens doubles the input's price and adds half to the output's.
const fn long(input: u64, cached: u64, output: u64) -> Price {
    with_long(rates(input, cached, output))
}

/// GPT-5.6 and later: the same, and cache writes cost a quarter more than other input, for whatever time.
const fn cached(input: u64, cached: u64, output: u64) -> Price {
    let write = input * 5 / 4;
    with_long(rates(input, cached, output).writes(write, write))
}

/// GPT-6.1 and later: the same, and cache writes for 12 hours cost two and a half times as much as other input.
const fn cached_12h(input: u64, cached: u64, output: u64) -> Price {
    with_long(rates(input, cached, output).writes(input * 5 / 4, input * 5 / 2))
}

const fn with_long(short: Rates) -> Price {
    Price::flat(short).above(
        272_000,
        Rates {
            input: short.input * 2,
            cache_read: short.cache_read * 2,
            cache_write: short.cache_write * 2,
            cache_write_1h: short.cache_write_1h * 2,
            output: short.output * 3 / 2,
        },
    )
}

const fn model(names: &'static [&'static str], max_output: u64, prices: &'static [DatedPrice]) -> ListedModel {
    ListedModel { names, max_output: Some(max_output), prices }
}

/// A model for embeddings.
const fn embedding(names: &'static [&'static str], prices: &'static [DatedPrice]) -> ListedModel {
    ListedModel { names, max_output: Some(0), prices }
}

pub(super) const MODELS: &[ListedModel] = &[
    model(&["gpt-6.2-astra"], 128_000, &[from(Day::civil(2026, 11, 17), cached_12h(8_0000, 4000, 40_0000), ASTRA_6_2)]),
    model(&["gpt-6.2-sol"], 128_000, &[from(Day::civil(2026, 11, 17), cached_12h(2_0000, 1000, 10_0000), SOL_6_2)]),
    model(&["gpt-6.1-sol"], 128_000, &[from(Day::civil(2026, 9, 29), cached_12h(2_0000, 1000, 10_0000), SOL_6_1)]),
    model(&["gpt-6.1-terra"], 128_000, &[from(Day::civil(2026, 10, 26), cached_12h(1_0000, 500, 5_0000), TERRA_6_1)]),
    model(&["gpt-6-astra"], 128_000, &[from(Day::civil(2026, 9, 3), cached(10_0000, 1_0000, 50_0000), ASTRA_6)]),
    model(&["gpt-6-sol"], 128_000, &[from(Day::civil(2026, 9, 22), cached(2_0000, 2000, 10_0000), SOL_6)]),
    model(&["gpt-6-luna"], 128_000, &[from(Day::civil(2026, 9, 22), cached(1000, 100, 5000), LUNA_6)]),
    model(
        &["gpt-5.6-sol", "gpt-5.6", "gpt-5.6-sol-2026-07-09"],
        128_000,
        &[
            from(Day::civil(2026, 7, 9), cached(5_0000, 5000, 30_0000), GPT_5_6),
            from(Day::civil(2026, 8, 21), cached(4_0000, 4000, 20_0000), SOL_5_6),
            // The lower price was promised until 2026-11-21, and no later one was found.
            DatedPrice { since: Day::civil(2026, 11, 22), price: None, source: SOL_5_6, read: READ },
        ],
    ),
    model(
        &["gpt-5.6-terra"],
        128_000,
        &[
            from(Day::civil(2026, 7, 9), cached(2_5000, 2500, 15_0000), GPT_5_6),
            from(Day::civil(2026, 7, 30), cached(2_0000, 2000, 12_0000), GPT_5_6),
        ],
    ),
    model(
        &["gpt-5.6-luna"],
        128_000,
        &[
            from(Day::civil(2026, 7, 9), cached(1_0000, 1000, 6_0000), GPT_5_6),
            from(Day::civil(2026, 7, 30), cached(2000, 200, 1_2000), LUNA_5_6),
        ],
    ),
    model(
        &["gpt-5.5", "gpt-5.5-2026-04-23"],
        128_000,
        &[from(Day::civil(2026, 4, 23), long(5_0000, 5000, 30_0000), HISTORY)],
    ),
    model(
        &["gpt-5.4", "gpt-5.4-2026-03-05"],
        128_000,
        &[from(Day::civil(2026, 3, 5), long(2_5000, 2500, 15_0000), HISTORY)],
    ),
    model(
        &["gpt-5.4-mini", "gpt-5.4-mini-2026-03-17"],
        128_000,
        &[from(Day::civil(2026, 3, 17), flat(7500, 750, 4_5000), HISTORY)],
    ),
    model(
        &["gpt-5.4-nano", "gpt-5.4-nano-2026-03-17"],
        128_000,
        &[from(Day::civil(2026, 3, 17), flat(2000, 200, 1_2500), HISTORY)],
    ),
    model(
        &["gpt-5.2", "gpt-5.2-2025-12-11"],
        128_000,
        &[from(Day::civil(2025, 12, 11), flat(1_7500, 1750, 14_0000), HISTORY)],
    ),
    model(&["gpt-5.2-chat-latest"], 16_384, &[from(Day::civil(2025, 12, 11), flat(1_7500, 1750, 14_0000), MODELS_DEV)]),
    model(
        &["gpt-5.1", "gpt-5.1-2025-11-13"],
        128_000,
        &[from(Day::civil(2025, 11, 13), flat(1_2500, 1250, 10_0000), HISTORY)],
    ),
    model(&["gpt-5.1-chat-latest"], 16_384, &[from(Day::civil(2025, 11, 13), flat(1_2500, 1250, 10_0000), MODELS_DEV)]),
    model(
        &["gpt-5", "gpt-5-2025-08-07"],
        128_000,
        &[from(Day::civil(2025, 8, 7), flat(1_2500, 1250, 10_0000), HISTORY)],
    ),
    model(&["gpt-5-chat-latest"], 16_384, &[from(Day::civil(2025, 8, 7), flat(1_2500, 1250, 10_0000), MODELS_DEV)]),
    model(
        &["gpt-5-mini", "gpt-5-mini-2025-08-07"],
        128_000,
        &[from(Day::civil(2025, 8, 7), flat(2500, 250, 2_0000), HISTORY)],
    ),
    model(
        &["gpt-5-nano", "gpt-5-nano-2025-08-07"],
        128_000,
        &[from(Day::civil(2025, 8, 7), flat(500, 50, 4000), HISTORY)],
    ),
    model(
        &["gpt-4.1", "gpt-4.1-2025-04-14"],
        32_768,
        &[from(Day::civil(2025, 4, 14), flat(2_0000, 5000, 8_0000), HISTORY)],
    ),
    model(
        &["gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"],
        32_768,
        &[from(Day::civil(2025, 4, 14), flat(4000, 1000, 1_6000), HISTORY)],
    ),
    model(
        &["gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"],
        32_768,
        &[from(Day::civil(2025, 4, 14), flat(1000, 250, 4000), HISTORY)],
    ),
    model(
        &["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20"],
        16_384,
        &[from(Day::civil(2024, 11, 20), flat(2_5000, 1_2500, 10_0000), HISTORY)],
    ),
    model(&["gpt-4o-2024-05-13"], 4096, &[from(Day::civil(2024, 5, 13), flat(5_0000, 5_0000, 15_0000), MODELS_DEV)]),
    model(
        &["gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
        16_384,
        &[from(Day::civil(2024, 10, 1), flat(1500, 750, 6000), HISTORY)],
    ),
    model(&["chatgpt-4o-latest"], 16_384, &[from(Day::civil(2024, 8, 14), flat(5_0000, 5_0000, 15_0000), HISTORY)]),
    model(
        &["gpt-4.5-preview", "gpt-4.5-preview-2025-02-27"],
        16_384,
        &[from(Day::civil(2025, 2, 27), flat(75_0000, 37_5000, 150_0000), HISTORY)],
    ),
    model(
        &["o4-mini", "o4-mini-2025-04-16"],
        100_000,
        &[from(Day::civil(2025, 4, 16), flat(1_1000, 2750, 4_4000), HISTORY)],
    ),
    model(
        &["o3", "o3-2025-04-16"],
        100_000,
        &[from(Day::civil(2025, 6, 10), flat(2_0000, 5000, 8_0000), "https://github.com/simonw/llm-prices/pull/66")],
    ),
    model(
        &["o3-mini", "o3-mini-2025-01-31"],
        100_000,
        &[from(Day::civil(2025, 1, 31), flat(1_1000, 5500, 4_4000), HISTORY)],
    ),
    model(
        &["o1", "o1-2024-12-17"],
        100_000,
        &[from(Day::civil(2024, 12, 17), flat(15_0000, 7_5000, 60_0000), HISTORY)],
    ),
    model(
        &["o1-mini", "o1-mini-2024-09-12"],
        65_536,
        &[from(Day::civil(2025, 2, 1), flat(1_1000, 5500, 4_4000), HISTORY)],
    ),
    model(
        &[
            "gpt-4-turbo",
            "gpt-4-turbo-2024-04-09",
            "gpt-4-turbo-preview",
            "gpt-4-0125-preview",
            "gpt-4-1106-preview",
            "gpt-4-1106-vision-preview",
            "gpt-4-vision-preview",
        ],
        4096,
        &[from(Day::civil(2024, 4, 9), flat(10_0000, 10_0000, 30_0000), CATALOG)],
    ),
    model(&["gpt-4", "gpt-4-0613"], 8192, &[from(Day::civil(2023, 6, 13), flat(30_0000, 30_0000, 60_0000), GPT_4)]),
    model(
        &["gpt-3.5-turbo", "gpt-3.5-turbo-0125"],
        4096,
        &[from(Day::civil(2024, 2, 16), flat(5000, 5000, 1_5000), CATALOG)],
    ),
    // Fine-tuned models, by what they were made from.
    model(
        &["ft:gpt-4o-2024-08-06"],
        16_384,
        &[from(Day::civil(2024, 10, 1), flat(3_7500, 1_8750, 15_0000), FINE_TUNED)],
    ),
    model(
        &["ft:gpt-4o-mini-2024-07-18"],
        16_384,
        &[from(Day::civil(2024, 10, 1), flat(3000, 1500, 1_2000), FINE_TUNED)],
    ),
    embedding(&["text-embedding-3-small"], &[from(Day::civil(2024, 1, 25), flat(200, 200, 0), EMBEDDINGS)]),
    embedding(&["text-embedding-3-large"], &[from(Day::civil(2024, 1, 25), flat(1300, 1300, 0), EMBEDDINGS)]),
    embedding(
        &["text-embedding-ada-002", "text-embedding-ada-002-v2"],
        &[from(Day::civil(2023, 6, 13), flat(1000, 1000, 0), MODELS_DEV)],
    ),
];

/// `ft:gpt-4o-mini-2024-07-18` of a fine-tuned model `ft:gpt-4o-mini-2024-07-18:acme::id`; `None` for all other names.
pub(super) fn base_of(model: &str) -> Option<&str> {
    let (base, _) = model.strip_prefix("ft:")?.split_once(':')?;
    model.get(..base.len() + "ft:".len())
}
