//! The form of the price table.

use crate::domain::day::Day;
use crate::domain::price::rates::{Price, Rates};

/// A model, with its prices over time.
#[derive(Debug)]
#[non_exhaustive]
pub struct ListedModel {
    /// Every name with this price: the model's own, its dated snapshots, its aliases.
    pub names: &'static [&'static str],
    /// The most tokens that one answer can have, where the provider documents it.
    pub max_output: Option<u64>,
    /// Its prices, oldest first.
    pub prices: &'static [DatedPrice],
}

/// A price, from a day on.
#[derive(Debug)]
#[non_exhaustive]
pub struct DatedPrice {
    /// The first day on which it holds.
    pub since: Day,
    /// What tokens cost; `None` from a day on after which no price is known.
    pub price: Option<Price>,
    /// Where it was read.
    pub source: &'static str,
    /// When it was read there.
    pub read: Day,
}

impl ListedModel {
    /// The price on this day; `None` before the first.
    pub fn price_on(&self, day: Day) -> Option<Price> {
        self.prices.iter().rev().find(|price| price.since <= day).and_then(|price| price.price)
    }
}

/// The day on which the sources were last read.
pub(super) const READ: Day = Day::civil(2026, 11, 28);

/// Rates of a model whose cache writes cost as much as other input: dollars per million tokens, times 10,000.
pub(super) const fn rates(input: u64, cache_read: u64, output: u64) -> Rates {
    Rates {
        input: input * 100,
        cache_read: cache_read * 100,
        cache_write: input * 100,
        cache_write_1h: input * 100,
        output: output * 100,
    }
}

impl Rates {
    /// The same with prices for cache writes, in dollars per million tokens, times 10,000.
    pub(super) const fn writes(self, cache_write: u64, cache_write_1h: u64) -> Self {
        Self { cache_write: cache_write * 100, cache_write_1h: cache_write_1h * 100, ..self }
    }
}
