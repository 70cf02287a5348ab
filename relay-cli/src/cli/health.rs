//! The arguments of `relay health`.

use clap::Args;

/// `relay health`
#[derive(Args, Debug)]
pub struct HealthArgs {
    /// Where the server is.
    #[arg(long, value_name = "URL", env = "RELAY_BASE_URL", default_value = "http://127.0.0.1:8080")]
    pub base_url: String,
    /// Wait until the server is ready, for at most this many seconds.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub wait: Option<u64>,
}
