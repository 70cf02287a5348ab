//! The command line: what can be asked for. What is done about it is in `commands`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use relay_core::Provider;

const AFTER: &str = "\
Exit codes: 0 done · 1 failed · 2 wrong command line · 69 unavailable · 77 refused · 78 configuration

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

/// Commands that work on the local store, beside a running server or without one.
#[derive(Args, Clone, Debug)]
pub struct LocalArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "RELAY_CONFIG", default_value = "relay.toml")]
    pub config: PathBuf,
}

/// Commands that speak to a server over HTTP. The Relay key itself comes from RELAY_KEY or a file.
#[derive(Args, Clone, Debug)]
pub struct RemoteArgs {
    /// Where the server is.
    #[arg(long, value_name = "URL", env = "RELAY_BASE_URL", default_value = "http://127.0.0.1:8080")]
    pub base_url: String,
    /// Read the Relay key (rly-…) from this file rather than from RELAY_KEY. `-` is standard input.
    #[arg(long, value_name = "FILE", visible_alias = "key-file")]
    pub relay_key_file: Option<PathBuf>,
}

/// `relay serve`
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// The configuration file. Without it: relay.toml here, or /etc/relay/relay.toml, or none.
    #[arg(long, value_name = "FILE", env = "RELAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Let simulated providers answer: for tests, costs nothing.
    #[arg(long)]
    pub mock: bool,
}

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

/// `relay demo`
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// End after the script.
    #[arg(long)]
    pub once: bool,
    /// The port to listen on; if it is taken, the next one that is free.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
}

/// `relay doctor`
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// The configuration.
    #[command(flatten)]
    pub local: LocalArgs,
    /// Do not try to reach the providers.
    #[arg(long)]
    pub offline: bool,
}

/// `relay config …`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and print what is in effect, secrets masked.
    #[command(after_help = "Example:\n  relay config check --config /etc/relay/relay.toml")]
    Check(LocalArgs),
}

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
        /// An origin whose pages may register keys, such as `https://app.example.com`, or a wildcard for all subdomains, such
        /// as `https://*.preview.example.com`. Repeat it for more; none: any.
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// Allow origins such as `https://*.vercel.app`, below which anyone can get a host.
        #[arg(long, requires = "origins")]
        allow_public_suffix: bool,
        /// Where the hosted page may send users afterwards: a whole `https:` address, or one of an app (`myapp://done`).
        /// Repeat it for more; none: nowhere.
        #[arg(long = "return-url", value_name = "URL")]
        return_urls: Vec<String>,
        /// Take keys from Relay's own frame only, not from a page's script.
        #[arg(long)]
        frame_only: bool,
        /// Refuse calls with parameters that a provider has no match for, rather than dropping and naming them.
        #[arg(long)]
        strict_params: bool,
        /// Send `auto` where a model can't be forced to call a tool, and name it as adjusted, rather than refusing the call.
        #[arg(long)]
        forced_tool_choice_auto: bool,
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

/// The changes to a project. A list replaces the previous list.
#[derive(Args, Clone, Debug, Default)]
#[group(required = true, multiple = true)]
pub struct ProjectChange {
    /// Its name; users see it in the widget.
    #[arg(long)]
    pub name: Option<String>,
    /// An origin whose pages may register keys, or a wildcard such as `https://*.preview.example.com`. Repeat it for more.
    #[arg(long = "origin", value_name = "ORIGIN", conflicts_with = "any_origin")]
    pub origins: Vec<String>,
    /// Allow origins such as `https://*.vercel.app`, below which anyone can get a host.
    #[arg(long, requires = "origins", conflicts_with = "any_origin")]
    pub allow_public_suffix: bool,
    /// Let pages of any origin register keys.
    #[arg(long)]
    pub any_origin: bool,
    /// Where the hosted page may send users afterwards. Repeat it for more.
    #[arg(long = "return-url", value_name = "URL", conflicts_with = "no_return_urls")]
    pub return_urls: Vec<String>,
    /// Let the hosted page send users nowhere.
    #[arg(long)]
    pub no_return_urls: bool,
    /// Take keys from Relay's own frame only, not from a page's script.
    #[arg(long, conflicts_with = "no_frame_only")]
    pub frame_only: bool,
    /// Take keys from a page's script, too.
    #[arg(long)]
    pub no_frame_only: bool,
}

/// What a Relay key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScopeName {
    /// Chat, embeddings, models.
    Inference,
    /// Read and delete users and connections; usage.
    Users,
    /// Issue registration tokens.
    Tokens,
}

/// `relay keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Create a Relay key. It is printed once.
    #[command(
        after_help = "Example:\n  relay keys create --name backend --scope inference --scope tokens --expires-in-days 90"
    )]
    Create {
        /// A name for people: where the key is used.
        #[arg(long, default_value = "default")]
        name: String,
        /// What it may do. Repeat it for more; none: everything.
        #[arg(long = "scope", value_enum)]
        scopes: Vec<ScopeName>,
        /// When it ends; without it, never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires_in_days: Option<u32>,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
    /// List the project's Relay keys, without the keys themselves.
    List(ProjectArgs),
    /// Revoke a Relay key, at once and for good.
    #[command(after_help = "Example:\n  relay keys revoke 3f9a1c04be77")]
    Revoke {
        /// The key's id, as `relay keys list` shows it.
        id: String,
        /// Of which project.
        #[command(flatten)]
        project: ProjectArgs,
    },
}

/// Which project of the local store.
#[derive(Args, Clone, Debug)]
pub struct ProjectArgs {
    /// The project, by id or name. Not needed while there is only one.
    #[arg(long, value_name = "ID|NAME")]
    pub project: Option<String>,
    /// The configuration.
    #[command(flatten)]
    pub local: LocalArgs,
}

/// A provider by its name in the API; the help lists them all.
fn provider() -> impl TypedValueParser<Value = Provider> {
    let names = Provider::ALL.iter().map(|provider| PossibleValue::new(provider.name()).help(provider.label()));
    PossibleValuesParser::new(names).try_map(|name| Provider::from_name(&name).ok_or("unknown provider"))
}

/// `relay tokens …`
#[derive(Debug, Subcommand)]
pub enum TokensCommand {
    /// Issue a registration token: short-lived, good for one key. It is printed once.
    #[command(after_help = "Example:\n  relay tokens create --user jieun_123 --provider openai")]
    Create {
        /// Whose key it stores: your own id of the user.
        #[arg(long, value_name = "LABEL")]
        user: String,
        /// For which provider only; without it the user picks.
        #[arg(long, value_parser = provider())]
        provider: Option<Provider>,
        /// How long it lives, in seconds.
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(60..=3600))]
        expires_in: Option<u32>,
        /// An origin whose pages may use it. Repeat it for more; none: the project's.
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// Do not replace a key that is connected already.
        #[arg(long)]
        no_replace: bool,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

/// `relay users …`
#[derive(Debug, Subcommand)]
pub enum UsersCommand {
    /// List all users.
    List(RemoteArgs),
    /// Show a user and their connections.
    Show {
        /// Your own id of the user.
        user: String,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Erase a user: keys, tokens, usage.
    #[command(after_help = "Example:\n  relay users delete jieun_123 --yes")]
    Delete {
        /// Your own id of the user.
        user: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

/// Whose connection, to which provider.
#[derive(Args, Clone, Debug)]
pub struct ConnectionArgs {
    /// Your own id of the user.
    #[arg(long, value_name = "LABEL")]
    pub user: String,
    /// Which provider.
    #[arg(long, value_parser = provider())]
    pub provider: Provider,
    /// The server.
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// `relay connections …`
#[derive(Debug, Subcommand)]
pub enum ConnectionsCommand {
    /// List a user's connections.
    List {
        /// Your own id of the user.
        #[arg(long, value_name = "LABEL")]
        user: String,
        /// The server.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Connect a provider key, to try things out. The key comes from standard input or a file.
    #[command(after_help = "\
Examples:
  relay connections add --user me --provider openai                      asks for the key
  relay connections add --user me --provider openai < key.txt
  relay connections add --user me --provider openai --provider-key-file key.txt

Real users connect their keys in the widget: neither you nor your server ever sees them.")]
    Add {
        /// Read the provider key from this file rather than from standard input.
        #[arg(long, value_name = "FILE")]
        provider_key_file: Option<PathBuf>,
        /// Anthropic's workspace id, where the key needs one.
        #[arg(long, value_name = "ID")]
        workspace_id: Option<String>,
        /// Whose, and for which provider.
        #[command(flatten)]
        connection: ConnectionArgs,
    },
    /// Ask the provider now whether the key is still good.
    Verify(ConnectionArgs),
    /// Disconnect: shred the stored key.
    Delete {
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Whose, and for which provider.
        #[command(flatten)]
        connection: ConnectionArgs,
    },
}

/// `relay usage`
#[derive(Args, Debug)]
pub struct UsageArgs {
    /// Only this user.
    #[arg(long, value_name = "LABEL")]
    pub user: Option<String>,
    /// First day, as 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last day.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// The server.
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// `relay chat`
#[derive(Args, Debug)]
pub struct ChatArgs {
    /// On whose key: your own id of the user.
    #[arg(long, value_name = "LABEL")]
    pub user: String,
    /// The model; its name picks the provider.
    #[arg(long)]
    pub model: String,
    /// A system message.
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Maximum number of tokens in the answer.
    #[arg(long, value_name = "TOKENS")]
    pub max_tokens: Option<u32>,
    /// Wait for the whole answer. Always so with --json.
    #[arg(long)]
    pub no_stream: bool,
    /// Meter the call under the free tier (`X-Relay-Paid: false`).
    #[arg(long)]
    pub free: bool,
    /// The message; without it, or as `-`, standard input.
    pub message: Option<String>,
    /// The server.
    #[command(flatten)]
    pub remote: RemoteArgs,
}

/// `relay health`
#[derive(Args, Debug)]
pub struct HealthArgs {
    /// Where the server is.
    #[arg(long, value_name = "URL", env = "RELAY_BASE_URL", default_value = "http://127.0.0.1:8080")]
    pub base_url: String,
}

/// `relay master-key …`
#[derive(Debug, Subcommand)]
pub enum MasterKeyCommand {
    /// Make a master key. Keep a copy away from the store's backups: without it, no stored key can be opened again.
    #[command(after_help = "\
Examples:
  relay master-key generate --out /etc/relay/master.key     a new file, readable for its owner only
  relay master-key generate | your-secret-store             the key alone on standard output")]
    Generate {
        /// Write it to this new file (mode 0600) rather than to standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

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
