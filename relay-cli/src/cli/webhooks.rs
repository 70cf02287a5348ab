//! The arguments of `relay webhooks`.

use clap::Subcommand;

use crate::cli::args::ProjectArgs;

/// `relay webhooks …`
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// Create a webhook. The secret that signs its events is printed once.
    #[command(after_help = "Example:\n  relay webhooks create https://app.example/hooks --event connection.invalid")]
    Create {
        /// Where events are sent.
        url: String,
        /// An event that it gets. Repeat it for more; none: all.
        #[arg(long = "event", value_name = "NAME")]
        events: Vec<String>,
        /// A note for people.
        #[arg(long, default_value = "")]
        description: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// List the project's webhooks.
    List(ProjectArgs),
    /// Send a test event.
    Test {
        /// The webhook's id.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// Show what was delivered, newest first.
    Deliveries {
        /// The webhook's id.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// Enable a webhook again.
    Enable {
        /// The webhook's id.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// Deliver nothing to a webhook until it is enabled again.
    Disable {
        /// The webhook's id.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// Make a new secret, and print it once. The old one signs too for a day.
    Roll {
        /// The webhook's id.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// Delete a webhook with its deliveries.
    Delete {
        /// The webhook's id.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
}
