#![doc = include_str!("../README.md")]

mod anthropic;
mod calls;
mod chat;
mod directives;
mod faults;
mod google;
mod hash;
mod key_behaviour;
mod members;
mod mock;
mod model;
mod named_errors;
mod openai;
mod rejection;
mod reply;
mod request;
mod sample;
mod schema;
mod script;
mod settings;
#[cfg(feature = "tcp")]
pub mod tcp;
mod text;
mod vectors;
mod wire;

pub use calls::{Aborted, Phase, Recorded};
pub use key_behaviour::sample_key;
pub use mock::Mock;
pub use request::Incoming;
pub use script::Scripted;
