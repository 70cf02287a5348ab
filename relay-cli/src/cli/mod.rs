//! The arguments of each command, a file for each. What a command does is in the file of the same name in `commands`.

mod args;
mod audit;
mod chat;
mod config;
mod connections;
mod demo;
mod doctor;
mod health;
mod init;
mod keys;
mod master_key;
mod policy;
mod projects;
mod serve;
mod tokens;
mod usage;
mod users;
mod webhooks;

use clap::{Parser, Subcommand};
use clap_complete::Shell;

pub use args::{ConnectionArgs, LocalArgs, ProjectArgs, RemoteArgs};
pub use audit::{AuditCommand, ChainArgs};
pub use chat::ChatArgs;
pub use config::ConfigCommand;
pub use connections::ConnectionsCommand;
pub use demo::DemoArgs;
pub use doctor::DoctorArgs;
pub use health::HealthArgs;
pub use init::InitArgs;
pub use keys::{KeysCommand, ScopeName};
pub use master_key::MasterKeyCommand;
pub use policy::{PolicyFlags, ProjectChange};
pub use projects::ProjectsCommand;
pub use serve::ServeArgs;
pub use tokens::TokensCommand;
pub use usage::UsageArgs;
pub use users::UsersCommand;
pub use webhooks::WebhooksCommand;

const AFTER: &str = "\
Exit codes: 0 done · 1 failed · 2 wrong command line · 69 unavailable · 75 temporary · 77 refused · 78 configuration

Try it without any key:  relay demo
Set up your own:         relay init && relay serve

Secrets never go into the arguments, where every process of the machine can read them: set RELAY_KEY, name a file
(--relay-key-file, --provider-key-file), or use standard input.";

/// Run, set up and operate Relay: your users bring their own AI keys, your app calls one API.
#[derive(Debug, Parser)]
#[command(name = "relay", version, after_help = AFTER, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(term_width = 0)] // the terminal wraps; clap's own wrapping depends on what else is in the build
pub struct Cli {
    /// Print JSON, for scripts: results on stdout, errors on stderr.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a configuration, a master key, a store, a project and a first Relay key.
    #[command(after_help = "\
Example:
  relay init && relay serve
  relay init --dir /var/lib/relay --name \"My app\" --json

Nothing is ever overwritten: run it again and it adds what is missing.")]
    Init(InitArgs),
    /// Run the server, as `relay-server` does.
    #[command(after_help = "Example:\n  relay serve --config /etc/relay/relay.toml")]
    Serve(ServeArgs),
    /// Start a complete Relay with simulated providers and walk through it: no key, no network, no set-up.
    #[command(after_help = "\
Examples:
  relay demo             play the script, then stay up until Ctrl-C
  relay demo --once      play it and end: 0 if every step was as expected, else 1")]
    Demo(DemoArgs),
    /// Check the configuration, the master key, the store, the port and the way to the providers.
    #[command(after_help = "\
Example:
  relay doctor --config /etc/relay/relay.toml

Ends with 0 if nothing failed (warnings are no failure), 78 if the configuration is not usable, 1 for any other failure.")]
    Doctor(DoctorArgs),
    /// The configuration file.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Projects: a project is an app with its own users and Relay keys (local store).
    #[command(subcommand)]
    Projects(ProjectsCommand),
    /// Relay keys (`rly-…`), with which an app's backend calls Relay (local store).
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Webhooks, to which events are delivered (local store).
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// The audit log: who changed what (local store).
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Registration tokens, with which a user connects a key (HTTP).
    #[command(subcommand)]
    Tokens(TokensCommand),
    /// The project's users (HTTP).
    #[command(subcommand)]
    Users(UsersCommand),
    /// Users' connected provider keys (HTTP).
    #[command(subcommand)]
    Connections(ConnectionsCommand),
    /// Metered calls and tokens (HTTP).
    #[command(after_help = "Example:\n  relay usage --user jieun_123 --from 2026-11-01")]
    Usage(UsageArgs),
    /// Chat on behalf of a user; the answer appears as it arrives (HTTP).
    #[command(after_help = "\
Examples:
  relay chat --user jieun_123 --model claude-haiku-4-5 \"Hello\"
  cat report.txt | relay chat --user jieun_123 --model gpt-4o-mini --system \"Summarise in three lines.\"")]
    Chat(ChatArgs),
    /// Ask a server whether it is well; for container health checks (HTTP, no Relay key).
    Health(HealthArgs),
    /// Master keys, under which users' provider keys are sealed.
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  relay completions bash > ~/.local/share/bash-completion/completions/relay")]
    Completions {
        /// For which shell.
        shell: Shell,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use relay_core::Provider;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_provider_can_be_named() {
        for provider in Provider::ALL {
            let line = ["relay", "connections", "verify", "--user", "u", "--provider", provider.name()];
            let Command::Connections(ConnectionsCommand::Verify(read)) = Cli::try_parse_from(line).unwrap().command
            else {
                panic!("another command")
            };
            assert_eq!(read.provider, *provider);
        }
    }

    #[test]
    fn no_argument_takes_a_secret() {
        let mut commands = vec![Cli::command()];
        while let Some(command) = commands.pop() {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let secret = id.ends_with("key") || id.ends_with("token") || id.contains("secret");
                assert!(!secret, "{} {id}", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
