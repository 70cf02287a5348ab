//! The prices of the providers' models, dated, and what a call costs.
//!
//! The table has list prices of text on the standard service tier, read from the providers' own pages; each row has its
//! source and the day it was read, and `docs/prices.md` is made from it. A price is never guessed: a name that is not in
//! the table has none.

mod anthropic;
mod google;
mod money;
mod openai;
mod rates;
mod row;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use money::MicroDollars;
pub use rates::{Price, Rates};
pub use row::{DatedPrice, ListedModel};

use crate::domain::day::Day;
use crate::domain::provider::Provider;

/// The rows of one provider, by name.
type Table = HashMap<&'static str, &'static ListedModel>;

static OPENAI: LazyLock<Table> = LazyLock::new(|| by_name(openai::MODELS));
static ANTHROPIC: LazyLock<Table> = LazyLock::new(|| by_name(anthropic::MODELS));
static GOOGLE: LazyLock<Table> = LazyLock::new(|| by_name(google::MODELS));

fn by_name(rows: &'static [ListedModel]) -> Table {
    rows.iter().flat_map(|row| row.names.iter().map(move |name| (*name, row))).collect()
}

/// Every model of this provider that has a price.
pub fn models(provider: Provider) -> &'static [ListedModel] {
    if provider == Provider::OPENAI {
        openai::MODELS
    } else if provider == Provider::ANTHROPIC {
        anthropic::MODELS
    } else if provider == Provider::GOOGLE {
        google::MODELS
    } else {
        &[]
    }
}

/// What the tokens of this model cost on this day; `None` for a model or a day without a price.
///
/// `model` is the name that a request or an answer has: `gpt-4o-2024-08-06`, `claude-haiku-4-5`, `models/gemini-2.5-pro`.
/// A dated snapshot has a price if the provider lists it with that price. Fine-tuned models (`ft:...`) have none, except
/// for the base models whose prices are listed.
pub fn price_of(provider: Provider, model: &str, day: Day) -> Option<Price> {
    row_of(provider, model)?.price_on(day)
}

/// The most tokens that one answer of this model can have, if the provider documents it.
pub fn max_output(provider: Provider, model: &str) -> Option<u64> {
    row_of(provider, model)?.max_output
}

fn row_of(provider: Provider, model: &str) -> Option<&'static ListedModel> {
    let row = if provider == Provider::OPENAI {
        OPENAI.get(openai::base_of(model).unwrap_or(model))
    } else if provider == Provider::ANTHROPIC {
        ANTHROPIC.get(model).or_else(|| ANTHROPIC.get(anthropic::version_of(model)?))
    } else if provider == Provider::GOOGLE {
        GOOGLE.get(model.strip_prefix("models/").unwrap_or(model))
    } else {
        None
    };
    row.copied()
}
