//! The arguments of `relay health`.

use clap::Args;

/// `relay health`
#[derive(Args, Debug)]
pub struct HealthArgs {
    /// Where the server is.
    #[arg(long, value_name = "URL", env = "RELAY_BASE_URL", default_value = "http://127.0.0.1:8080")]
    pub base_url: String,
}
