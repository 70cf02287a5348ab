//! Tests of the adapters: what each must do, and what each does beyond it.

#[cfg(feature = "ring")]
mod ring;
mod stores;
