#![doc = include_str!("../README.md")]

mod anthropic;
mod between;
mod calls;
mod chat;
pub mod control;
mod directives;
mod faults;
mod google;
mod hash;
mod json_text;
mod key_behaviour;
mod media;
mod members;
mod meta_schema;
mod mock;
mod model;
mod named_errors;
mod openai;
mod play;
mod queue;
mod rejection;
mod reply;
mod request;
mod rule;
mod sample;
mod schema;
mod script;
mod seen;
mod settings;
#[cfg(feature = "tcp")]
pub mod tcp;
mod text;
mod vectors;
mod wire;

use relay_core::Provider;
use relay_core::domain::provider::Format;

pub use between::{BETWEEN, Between};
pub use calls::{Aborted, Phase, Recorded};
pub use key_behaviour::sample_key;
pub use mock::Mock;
pub use request::Incoming;
pub use rule::{Evidence, Rule};
pub use script::Scripted;
pub use wire::CallKind;

/// The rules by which a provider refuses chat requests, those of its request format. `docs/mock.md` shows them all.
pub fn rules(provider: Provider) -> &'static [&'static Rule] {
    match provider.format() {
        Format::Anthropic => anthropic::refusals::ALL,
        Format::Google => google::refusals::ALL,
        _ => openai::refusals::ALL,
    }
}
