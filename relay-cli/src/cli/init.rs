//! The arguments of `relay init`.

use std::path::PathBuf;

use clap::Args;

/// `relay init`
#[derive(Args, Debug)]
pub struct InitArgs {
    /// Where to put the files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// The first project's name; users see it in the widget.
    #[arg(long, default_value = "My app")]
    pub name: String,
    /// The address to listen on.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
}
