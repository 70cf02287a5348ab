use super::*;
use crate::domain::TokenUsage;

/// $2.50 a million tokens, from the cache $0.25, written to it $3.125, for an hour $5, output $15.
const RATES: Rates = Rates {
    input: 2_500_000,
    cache_read: 250_000,
    cache_write: 3_125_000,
    cache_write_1h: 5_000_000,
    output: 15_000_000,
};

fn twice(rates: Rates) -> Rates {
    Rates {
        input: rates.input * 2,
        cache_read: rates.cache_read * 2,
        cache_write: rates.cache_write * 2,
        cache_write_1h: rates.cache_write_1h * 2,
        output: rates.output * 2,
    }
}

fn uncached(tokens: u64) -> TokenUsage {
    TokenUsage { input: tokens, ..TokenUsage::default() }
}

#[test]
fn each_kind_of_token_has_its_price() {
    let tokens = TokenUsage {
        input: 1000,
        cache_read: 2000,
        cache_write: 3000,
        cache_write_1h: 1000,
        output: 400,
        reasoning: 300,
        unpriced: 0,
    };
    // 2,500 + 500 + (2,000 for 5 minutes) 6,250 + (1,000 for an hour) 5,000 + 6,000.
    assert_eq!(Price::flat(RATES).cost(&tokens), Some(MicroDollars(20_250)));
    let odd = TokenUsage { cache_write: 10, cache_write_1h: 11, ..TokenUsage::default() };
    assert_eq!(Price::flat(RATES).cost(&odd), Some(MicroDollars(50)), "at most what was written");
}

#[test]
fn a_call_is_rounded_up_once() {
    let price = Price::flat(Rates { input: 1, cache_read: 1, cache_write: 1, cache_write_1h: 1, output: 1 });
    let one = TokenUsage { input: 1, cache_read: 1, cache_write: 2, cache_write_1h: 1, output: 1, ..uncached(0) };
    assert_eq!(price.cost(&uncached(0)), Some(MicroDollars(0)));
    assert_eq!(price.cost(&one), Some(MicroDollars(1)), "not one for each kind");
    assert_eq!(price.cost(&uncached(1_000_000)), Some(MicroDollars(1)));
    assert_eq!(price.cost(&uncached(1_000_001)), Some(MicroDollars(2)));
    // 3 tokens at $2.50 are 7.5 micro-dollars.
    assert_eq!(Price::flat(RATES).cost(&uncached(3)), Some(MicroDollars(8)));
}

#[test]
fn impossible_counts_cost_the_largest_amount() {
    let most = Rates { input: u64::MAX, cache_read: u64::MAX, cache_write: u64::MAX, output: u64::MAX, ..RATES };
    let all =
        TokenUsage { input: u64::MAX, cache_read: u64::MAX, cache_write: u64::MAX, output: u64::MAX, ..uncached(0) };
    for rates in [RATES, most] {
        let price = Price::flat(rates).above(1, rates);
        assert_eq!(price.cost(&all), Some(MicroDollars(u64::MAX)));
        assert_eq!(price.upper_bound(u64::MAX, u64::MAX), MicroDollars(u64::MAX));
    }
    assert_eq!(MicroDollars(u64::MAX).saturating_add(MicroDollars(1)), MicroDollars(u64::MAX));
    assert_eq!(MicroDollars(1).saturating_sub(MicroDollars(2)), MicroDollars(0));
}

#[test]
fn a_prompt_beyond_the_border_costs_more_with_all_its_tokens() {
    let price = Price::flat(RATES).above(200_000, twice(RATES));
    let prompt = |input, output| TokenUsage { input, cache_read: 100_000, cache_write: 50_000, output, ..uncached(0) };
    // 125,000 + 25,000 + 156,250 + 15,000: the prompt has exactly 200,000 tokens.
    assert_eq!(price.cost(&prompt(50_000, 1000)), Some(MicroDollars(321_250)));
    assert_eq!(price.cost(&prompt(50_001, 1000)), Some(MicroDollars(642_505)));
    assert_eq!(price.upper_bound(200_000, 1000), MicroDollars(1_015_000));
    assert_eq!(price.upper_bound(200_001, 1000), MicroDollars(2_030_010));
}

#[test]
fn no_call_costs_more_than_its_upper_bound() {
    let price = Price::flat(RATES).above(100, twice(RATES));
    for prompt in [0, 1, 50, 100, 101, 5000] {
        let bound = price.upper_bound(prompt, 70);
        for (read, write, hour) in
            [(0, 0, 0), (prompt, 0, 0), (0, prompt, 0), (0, prompt, prompt), (prompt / 2, prompt / 3, 1)]
        {
            let input = prompt - read - write;
            let tokens = TokenUsage {
                input,
                cache_read: read,
                cache_write: write,
                cache_write_1h: hour,
                output: 70,
                ..uncached(0)
            };
            assert!(price.cost(&tokens).unwrap() <= bound, "{tokens:?}");
        }
    }
}

#[test]
fn tokens_of_another_price_are_not_guessed() {
    let tokens = TokenUsage { unpriced: 1, ..uncached(10) };
    assert_eq!(Price::flat(RATES).cost(&tokens), None);
}

#[test]
fn an_amount_is_shown_in_dollars() {
    for (amount, text) in
        [(0, "0.000000"), (1, "0.000001"), (1_250_000, "1.250000"), (u64::MAX, "18446744073709.551615")]
    {
        assert_eq!(MicroDollars(amount).to_string(), text);
    }
}

const TODAY: Day = Day::civil(2026, 11, 28);

fn costs(provider: Provider, model: &str, day: Day, tokens: TokenUsage) -> u64 {
    price_of(provider, model, day).unwrap().cost(&tokens).unwrap().0
}

/// A million tokens of one kind cost what the page says.
fn million(provider: Provider, model: &str, day: Day) -> [u64; 5] {
    let price = price_of(provider, model, day).unwrap();
    let Rates { input, cache_read, cache_write, cache_write_1h, output } = price.rates;
    [input, cache_read, cache_write, cache_write_1h, output]
}

/// Numbers copied from the pages that the rows name, apart from the table.
#[test]
fn rows_are_what_their_pages_say() {
    for (model, dollars) in [
        ("claude-fable-5-2", [8.0, 0.2, 10.0, 16.0, 40.0]),
        ("claude-mythos-5-1", [10.0, 0.25, 12.5, 20.0, 50.0]),
        ("claude-opus-5-5", [4.0, 0.2, 5.0, 8.0, 20.0]),
        ("claude-sonnet-5-5", [2.0, 0.1, 2.5, 4.0, 10.0]),
        ("claude-haiku-5-5", [0.1, 0.01, 0.125, 0.2, 0.5]),
        ("claude-haiku-4-5-20251001", [1.0, 0.1, 1.25, 2.0, 5.0]),
        ("claude-sonnet-4-20250514", [3.0, 0.3, 3.75, 6.0, 15.0]),
    ] {
        assert_eq!(million(Provider::ANTHROPIC, model, TODAY).map(|micro| micro as f64 / 1e6), dollars, "{model}");
    }
    for (model, dollars) in [
        ("gpt-6.2-astra", [8.0, 0.4, 10.0, 20.0, 40.0]),
        ("gpt-6.1-terra", [1.0, 0.05, 1.25, 2.5, 5.0]),
        ("gpt-6-luna", [0.1, 0.01, 0.125, 0.125, 0.5]),
        ("gpt-5.6-luna", [0.2, 0.02, 0.25, 0.25, 1.2]),
        ("gpt-5-nano", [0.05, 0.005, 0.05, 0.05, 0.4]),
        ("gpt-4o-2024-05-13", [5.0, 5.0, 5.0, 5.0, 15.0]),
        ("text-embedding-3-small", [0.02, 0.02, 0.02, 0.02, 0.0]),
    ] {
        assert_eq!(million(Provider::OPENAI, model, TODAY).map(|micro| micro as f64 / 1e6), dollars, "{model}");
    }
    for (model, dollars) in [
        ("gemini-4-neon", [3.0, 0.15, 3.0, 3.0, 15.0]),
        ("models/gemini-2.5-flash", [0.3, 0.03, 0.3, 0.3, 2.5]),
        ("gemini-embedding-2", [0.2, 0.2, 0.2, 0.2, 0.0]),
    ] {
        assert_eq!(million(Provider::GOOGLE, model, TODAY).map(|micro| micro as f64 / 1e6), dollars, "{model}");
    }
}

/// A stand-alone example: a question with a long cached manual.
#[test]
fn whole_calls_cost_what_is_worked_out_by_hand() {
    let call = TokenUsage { input: 2000, cache_read: 90_000, output: 700, ..uncached(2000) };
    // $4 x 0.002 + $0.20 x 0.09 + $20 x 0.0007 = $0.008 + $0.018 + $0.014.
    assert_eq!(costs(Provider::ANTHROPIC, "claude-opus-5-5", TODAY, call), 40_000);
    // $2 x 0.002 + $0.10 x 0.09 + $10 x 0.0007.
    assert_eq!(costs(Provider::OPENAI, "gpt-6.2-sol", TODAY, call), 20_000);
    // $1.25 x 0.002 + $0.125 x 0.09 + $10 x 0.0007 = 20,750 micro-dollars.
    assert_eq!(costs(Provider::GOOGLE, "gemini-2.5-pro", TODAY, call), 20_750);
}

#[test]
fn a_long_prompt_is_dearer_from_one_token_beyond_the_border() {
    for (provider, model, border, [at, beyond]) in [
        // 100,000 x $0.10; 100,001 x $0.50.
        (Provider::ANTHROPIC, "claude-haiku-5-5", 100_000, [10_000, 50_001]),
        (Provider::OPENAI, "gpt-6.2-sol", 272_000, [544_000, 1_088_004]),
        (Provider::OPENAI, "gpt-5.5", 272_000, [1_360_000, 2_720_010]),
        (Provider::GOOGLE, "gemini-2.5-pro", 200_000, [250_000, 500_003]),
        (Provider::GOOGLE, "gemini-3.1-pro-preview", 200_000, [400_000, 800_004]),
    ] {
        let seen = [border, border + 1].map(|tokens| costs(provider, model, TODAY, uncached(tokens)));
        assert_eq!(seen, [at, beyond], "{model}");
    }
    let answer = |input| TokenUsage { output: 1_000_000, ..uncached(input) };
    assert_eq!(costs(Provider::ANTHROPIC, "claude-haiku-5-5", TODAY, answer(100_001)), 2_550_001);
    assert_eq!(costs(Provider::OPENAI, "gpt-6.2-sol", TODAY, answer(300_000)), 16_200_000);
}

#[test]
fn a_price_holds_from_its_day_on() {
    let hits = TokenUsage { cache_read: 1_000_000, ..uncached(0) };
    for (provider, model, day, cost) in [
        (Provider::ANTHROPIC, "claude-sonnet-5-5", Day::civil(2026, 10, 6), 200_000),
        (Provider::ANTHROPIC, "claude-sonnet-5-5", Day::civil(2026, 10, 7), 100_000),
        (Provider::OPENAI, "gpt-5.6-sol", Day::civil(2026, 8, 20), 1_000_000),
        (Provider::OPENAI, "gpt-5.6-sol", Day::civil(2026, 8, 21), 800_000),
        (Provider::GOOGLE, "gemini-4-argon", Day::civil(2026, 11, 30), 100_000),
        (Provider::GOOGLE, "gemini-4-argon", Day::civil(2026, 12, 1), 200_000),
        (Provider::GOOGLE, "gemini-3.6-flash", Day::civil(2026, 8, 12), 150_000),
        (Provider::GOOGLE, "gemini-3.6-flash", Day::civil(2026, 12, 31), 75_000),
        (Provider::GOOGLE, "gemini-3.6-flash", Day::civil(2027, 1, 1), 150_000),
    ] {
        assert_eq!(costs(provider, model, day, hits), cost, "{model} on {day}");
    }
    for (provider, model, day) in [
        (Provider::ANTHROPIC, "claude-haiku-5-5", Day::civil(2026, 10, 6)),
        (Provider::OPENAI, "gpt-6.2-sol", Day::civil(2026, 11, 16)),
        (Provider::OPENAI, "gpt-5.6", Day::civil(2026, 11, 22)),
        (Provider::OPENAI, "gpt-4o", Day(0)),
    ] {
        assert_eq!(price_of(provider, model, day), None, "{model} on {day}");
    }
}

#[test]
fn a_name_has_a_price_only_if_it_is_known() {
    let priced = |provider, model| price_of(provider, model, TODAY).is_some();
    for model in
        ["gpt-4o-2024-08-06", "gpt-5.2-chat-latest", "ft:gpt-4o-mini-2024-07-18:acme::abc", "text-embedding-ada-002-v2"]
    {
        assert!(priced(Provider::OPENAI, model), "{model}");
    }
    for model in ["claude-haiku-4-5", "claude-3-5-haiku-latest", "claude-3-5-sonnet-20240620", "claude-opus-4-0"] {
        assert!(priced(Provider::ANTHROPIC, model), "{model}");
    }
    assert!(priced(Provider::GOOGLE, "models/gemini-2.0-flash-001"));
    for model in [
        "",
        "gpt-4o-2027-01-01",
        "gpt-4o-mini-tts",
        "GPT-4o",
        "gpt-7",
        "openai/gpt-4o",
        "models/gpt-4o",
        "ft:",
        "ft:gpt-4o-mini",
        "ft:o4-mini-2025-04-16:acme::abc",
        "claude-haiku-4-5",
        "gpt-4o ",
        "gpt-4o-search-preview",
    ] {
        assert!(!priced(Provider::OPENAI, model), "{model}");
    }
    for model in [
        "claude-haiku-4-6",
        "claude-haiku-4-5-2025100",
        "claude-haiku",
        "claude-latest",
        "claude-haiku-4-5-thinking",
        "-latest",
    ] {
        assert!(!priced(Provider::ANTHROPIC, model), "{model}");
    }
    for model in [
        "gemini-2.5-flash-preview-05-20",
        "gemini-2.5-flash-image",
        "models/models/gemini-2.5-flash",
        "gemini-flash-latest",
    ] {
        assert!(!priced(Provider::GOOGLE, model), "{model}");
    }
}

#[test]
fn the_table_holds_together() {
    for provider in Provider::ALL {
        let mut names: Vec<_> = models(*provider).iter().flat_map(|model| model.names).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name stands there twice");
        for model in models(*provider) {
            let name = model.names[0];
            assert!(model.prices.windows(2).all(|pair| pair[0].since < pair[1].since), "{name}: the days");
            assert!(model.prices[0].price.is_some(), "{name}");
            for row in model.prices {
                assert!(row.source.starts_with("https://"), "{name}");
                assert!(Day::parse(&row.since.to_string()) == Some(row.since), "{name}");
                let Some(Price { rates, long }) = row.price else { continue };
                let is_plausible = |rates: Rates| {
                    rates.input > 0
                        && rates.cache_read <= rates.input
                        && rates.input <= rates.cache_write
                        && rates.cache_write <= rates.cache_write_1h
                        && (rates.output >= rates.input || model.max_output == Some(0))
                };
                assert!(is_plausible(rates), "{name}: {rates:?}");
                if let Some((border, long)) = long {
                    assert!(border >= 100_000 && is_plausible(long) && long.output > rates.output, "{name}: {long:?}");
                    assert!(long.input > rates.input && long.cache_read > rates.cache_read, "{name}: {long:?}");
                }
            }
        }
    }
}

#[test]
fn a_largest_answer_is_known_for_names_with_a_price() {
    assert_eq!(max_output(Provider::OPENAI, "gpt-4o-mini-2024-07-18"), Some(16_384));
    assert_eq!(max_output(Provider::ANTHROPIC, "claude-haiku-4-5-20251001"), Some(64_000));
    assert_eq!(max_output(Provider::GOOGLE, "models/gemini-2.5-pro"), Some(65_536));
    assert_eq!(max_output(Provider::OPENAI, "gpt-99"), None);
}
