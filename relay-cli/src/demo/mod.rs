//! `relay demo`: the real server with simulated providers, a script of real requests, and an app to click through.

pub mod app;
pub mod narrator;
mod port;
pub mod print;
pub mod script;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use relay_core::Provider;
use relay_server::wiring::{Wired, wire};
use relay_server::{Options, Running, serve};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::app::App;
use self::narrator::Narrator;
use crate::cli::DemoArgs;
use crate::client::{Request, Server};
use crate::commands::init::{Plan, SetUp, set_up};
use crate::commands::master_key;
use crate::failure::{Exit, Failure};
use crate::files::TemporaryDir;
use crate::local;
use crate::output::Out;

/// How long running calls may take to end after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(1);

/// Runs `relay demo`.
///
/// # Errors
/// If it cannot be set up, or a step of the script did not go as expected.
pub async fn run(args: &DemoArgs, out: Out) -> Result<(), Failure> {
    // First of all: the folder has a store and a master key, which must not outlive the demo.
    let ending = Ending::listen()?;
    let folder = TemporaryDir::new(&format!("relay-demo-{}", master_key::generate()?.kid()))?;
    let listen = port::free_address(args.port)?;
    let plan = Plan { dir: folder.path(), name: "Demo app", listen, demo: true };
    let made = set_up(plan).await?;
    let wired = wire(&made.config).map_err(Failure::config)?;
    let played = serve_and_play(args, &made, &wired, ending, out).await;
    wired.close();
    played
}

/// The signals that end the demo: also those of a terminal that is closed, or in which Ctrl-\\ is pressed.
struct Ending([Signal; 4]);

impl Ending {
    fn listen() -> Result<Self, Failure> {
        Ok(Self([
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::quit())?,
        ]))
    }

    /// Resolves with the first of them, also if it came before this was called.
    async fn any(&mut self) {
        let [terminate, interrupt, hangup, quit] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
    }
}

/// Serves while the script runs, and then until a signal. When this returns, the server has always ended.
async fn serve_and_play(
    args: &DemoArgs,
    made: &SetUp,
    wired: &Wired,
    mut ending: Ending,
    out: Out,
) -> Result<(), Failure> {
    let running = start(made, wired)?;
    let stopper = running.stopper();
    let mut app = None;
    let played = tokio::select! {
        played = play(args, made, wired, running.addr, &mut app, out) => played,
        () = ending.any() => Ok(()),
    };
    if let Some(app) = app {
        app.stop().await?;
    }
    stopper.stop();
    running.join().await?;
    played
}

fn start(made: &SetUp, wired: &Wired) -> Result<Running, Failure> {
    let options = Options {
        workers: 2,
        drain: DRAIN,
        metrics_listen: None,
        simulator: wired.simulator.clone(),
        ..made.config.server.options(&made.config.metrics)
    };
    let listen = options.listen;
    serve(wired.relay.clone(), options)
        .map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot listen on {listen}: {error}")))
}

/// Runs the script. Then, without `--once`, starts the app and waits forever.
async fn play(
    args: &DemoArgs,
    made: &SetUp,
    wired: &Wired,
    addr: SocketAddr,
    app: &mut Option<app::Running>,
    out: Out,
) -> Result<(), Failure> {
    let base = format!("http://{addr}");
    let relay_key = made.relay_key.as_ref().ok_or_else(|| Failure::failed("the demo got no Relay key"))?.expose();
    out.line(&out.style().bold(&format!("Relay {} at {base}, with simulated providers", env!("CARGO_PKG_VERSION"))))?;
    out.line("Nothing leaves this machine. Every step is a real request; its curl command works in another terminal.")?;

    let mut narrator = Narrator::new(Server::at(&base)?, out);
    let command = format!("{} init --dir {} --name 'Demo app'", program(), made.file.with_file_name("").display());
    let result = format!("project {} · Relay key {relay_key}", made.project.id);
    narrator.local("The operator creates a project and its first Relay key", &command, &result, true)?;
    script::play(&mut narrator, relay_key, local::store_path(&made.config)?).await?;

    let (steps, failed) = narrator.score();
    let summary = format!("\n{} of {steps} steps went as expected.", steps - failed);
    out.line(&if failed == 0 { out.style().green(&summary) } else { out.style().red(&summary) })?;
    if !args.once {
        let (its, listener) = App::beside(addr, made, wired).await?;
        let app = app.insert(app::start(its, listener)?);
        // The calls of the script are not the user's.
        Server::at(&base)?.call(&Request::post("/__mock/reset")).await?.ok()?;
        what_now(&base, relay_key, &app.url, made, out)?;
        std::future::pending::<()>().await;
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::failed(format_args!("{failed} of {steps} steps did not go as expected")))
    }
}

fn what_now(base: &str, relay_key: &str, app: &str, made: &SetUp, out: Out) -> Result<(), Failure> {
    if out.is_json() {
        let ready = json!({ "ready": true, "baseUrl": format!("{base}/v1"), "relayKey": relay_key, "appUrl": app });
        return out.raw(&format!("{ready}\n"));
    }
    let (relay, rule, style) = (program(), "─".repeat(78), out.style());
    out.line(&format!(
        "\n{rule}\n{}\n\n  app        {}  an app with the widget: open it in a browser\n  base URL   {base}/v1\n  \
         Relay key  {relay_key}\n  user       {} ({})\n",
        style.bold("What now? This Relay keeps running until Ctrl-C."),
        style.bold(app),
        script::USER,
        listed(|provider| (provider != Provider::GOOGLE).then(|| provider.label().to_owned())),
    ))?;
    out.line("In another terminal:\n")?;
    let user = script::USER;
    for command in [
        format!("export RELAY_BASE_URL={base} RELAY_KEY={relay_key}"),
        format!("{relay} chat --user {} --model claude-haiku-4-5 \"Hello\"", script::SLOW_USER),
        format!(
            "echo {}mock-good-0000 | {relay} connections add --user {user} --provider {}",
            prefix_of(Provider::GOOGLE),
            Provider::GOOGLE
        ),
        format!("{relay} users show {user}"),
        format!("{relay} usage"),
        format!("{relay} keys list --config {}", made.file.display()),
        format!("curl {base}/__mock/calls  # what the providers were sent"),
    ] {
        out.line(&style.cyan(&format!("  {command}")))?;
    }
    out.line(&format!(
        "\nThe simulated providers know these keys, and others with slow, refused, revoked, nocredit, ratelimited or\n\
         overloaded in place of `good`:\n  {}\nTests script them at {base}/__mock: docs/mock.md.\nWith real keys:  {relay} init && {relay} serve\n{rule}",
        listed(|provider| Some(format!("{}mock-good-1234 ({})", prefix_of(provider), provider.label()))),
    ))
}

/// The prefix of a provider's keys.
fn prefix_of(provider: Provider) -> &'static str {
    provider.key_prefixes().first().unwrap_or(&"")
}

/// The values that `of` gives for the providers, separated by commas.
fn listed(of: impl Fn(Provider) -> Option<String>) -> String {
    Provider::ALL.iter().copied().filter_map(of).collect::<Vec<_>>().join(", ")
}

/// The command that starts this program: `relay`, or a path if it is not in `PATH`.
fn program() -> String {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if called.as_os_str().is_empty() { "relay".to_owned() } else { called.display().to_string() }
}
