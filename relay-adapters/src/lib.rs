#![doc = include_str!("../README.md")]

#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "ring")]
pub mod ring;
#[cfg(any(feature = "memory", feature = "sqlite"))]
mod rollup;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod system_clock;
