//! The arguments of `relay projects`.

use clap::Subcommand;

use crate::cli::args::LocalArgs;
use crate::cli::policy::{PolicyFlags, ProjectChange};

/// `relay projects …`
#[derive(Debug, Subcommand)]
pub enum ProjectsCommand {
    /// List the projects.
    List(LocalArgs),
    /// Create a project.
    #[command(after_help = "\
Example:
  relay projects create \"My app\" --origin https://app.example.com --return-url https://app.example.com/keys")]
    Create {
        /// Its name; users see it in the widget.
        name: String,
        /// Its policy.
        #[command(flatten)]
        policy: PolicyFlags,
        /// The configuration.
        #[command(flatten)]
        local: LocalArgs,
    },
    /// Delete a project: its Relay keys, its users and their keys, tokens and usage. This can't be undone.
    #[command(after_help = "Example:\n  relay projects delete \"My app\"")]
    Delete {
        /// Which project, by id or name.
        #[arg(value_name = "ID|NAME")]
        project: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// The configuration.
        #[command(flatten)]
        local: LocalArgs,
    },
    /// Change a project. What is not named stays as it is; a running server follows within a second.
    #[command(after_help = "\
Examples:
  relay projects update \"My app\" --origin https://app.example.com --origin https://beta.example.com
  relay projects update prj_4kQ0vN2mXw8sRt6uYb1cZe --frame-only --no-return-urls")]
    Update {
        /// Which project, by id or name.
        #[arg(value_name = "ID|NAME")]
        project: String,
        /// What to change.
        #[command(flatten)]
        change: ProjectChange,
        /// The configuration.
        #[command(flatten)]
        local: LocalArgs,
    },
}
