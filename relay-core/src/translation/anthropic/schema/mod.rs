//! JSON schemas: a tool's parameters, which guide the model, and those that Anthropic compiles to constrain its output.
//!
//! A schema is edited as text: key order and the spelling of numbers stay as they came. What can't be sent becomes words in
//! the description.

mod compile;
mod hint;
mod keywords;
mod merge;
mod pattern;
mod plain;
mod refs;
mod text;

pub(super) use self::compile::{Compiled, Use, compile, is_limit};
pub(super) use self::hint::parameters;
