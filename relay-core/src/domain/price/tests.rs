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
