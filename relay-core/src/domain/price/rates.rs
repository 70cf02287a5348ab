//! What tokens cost, and the arithmetic: integers only, rounded up once for each call.

use crate::domain::price::money::MicroDollars;
use crate::domain::usage::TokenUsage;

/// Prices in micro-dollars per million tokens: 2,500,000 is $2.50 per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Prompt tokens that came from no cache.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's cache for the usual time: 5 minutes at Anthropic.
    pub cache_write: u64,
    /// Prompt tokens written to the provider's cache for an hour.
    pub cache_write_1h: u64,
    /// Answer tokens, including reasoning.
    pub output: u64,
}

impl Rates {
    /// The cost of these tokens, in micro-dollars times a million.
    fn total(&self, tokens: &TokenUsage) -> u128 {
        let hour = tokens.cache_write_1h.min(tokens.cache_write);
        [
            (tokens.input, self.input),
            (tokens.cache_read, self.cache_read),
            (tokens.cache_write.saturating_sub(hour), self.cache_write),
            (hour, self.cache_write_1h),
            (tokens.output, self.output),
        ]
        .into_iter()
        .fold(0, |sum, (count, rate)| sum.saturating_add(u128::from(count) * u128::from(rate)))
    }

    /// The most that a prompt token can cost.
    fn dearest_input(&self) -> u64 {
        self.input.max(self.cache_read).max(self.cache_write).max(self.cache_write_1h)
    }
}

/// What the tokens of one model cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// For prompts of any length, or up to the length in [`Self::long`].
    pub(super) rates: Rates,
    /// Prompts with more tokens than this have these rates, for all tokens of the call.
    pub(super) long: Option<(u64, Rates)>,
}

impl Price {
    /// One price for prompts of any length.
    pub const fn flat(rates: Rates) -> Self {
        Self { rates, long: None }
    }

    /// The same, with other rates for calls whose prompt has more than `tokens` tokens.
    #[must_use]
    pub const fn above(self, tokens: u64, rates: Rates) -> Self {
        Self { long: Some((tokens, rates)), ..self }
    }

    /// What a call with these tokens costs, rounded up to a micro-dollar; the largest amount if it would be more.
    ///
    /// `None` if some tokens have a price of their own ([`TokenUsage::unpriced`]): it is not guessed.
    ///
    /// The length of the prompt is that of all prompt tokens, so a call that took several provider requests can only
    /// come out too high, never too low.
    pub fn cost(&self, tokens: &TokenUsage) -> Option<MicroDollars> {
        (tokens.unpriced == 0).then(|| rounded_up(self.rates_for(tokens.prompt()).total(tokens)))
    }

    /// The most that one provider request with up to this many tokens can cost on the standard service tier, however the
    /// provider's cache is used: the rates of the longest prompt, all of it written to the cache for the longest time.
    pub fn upper_bound(&self, input_tokens: u64, output_tokens: u64) -> MicroDollars {
        let rates = self.rates_for(input_tokens);
        let input = u128::from(input_tokens) * u128::from(rates.dearest_input());
        rounded_up(input.saturating_add(u128::from(output_tokens) * u128::from(rates.output)))
    }

    /// The shortest prompt with other rates, in tokens, if long ones have any.
    pub fn long_from(&self) -> Option<u64> {
        self.long.map(|(tokens, _)| tokens.saturating_add(1))
    }

    /// The rates of a prompt of this length.
    pub fn rates_for(&self, prompt_tokens: u64) -> &Rates {
        match &self.long {
            Some((tokens, rates)) if prompt_tokens > *tokens => rates,
            _ => &self.rates,
        }
    }
}

fn rounded_up(total: u128) -> MicroDollars {
    MicroDollars(u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX))
}
