//! `relay init`: creates a configuration, a master key, a store, a project and a first Relay key. Overwrites nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use relay_core::domain::secret::RelayKey;
use relay_core::domain::{Policy, Project};
use relay_core::relay::relay_keys::NewRelayKey;
use relay_server::config::Config;
use serde_json::json;

use super::{master_key, projects};
use crate::cli::InitArgs;
use crate::failure::Failure;
use crate::files;
use crate::local::{self, Local};
use crate::output::Out;

/// What to set up.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The folder.
    pub dir: &'a Path,
    /// The first project's name.
    pub name: &'a str,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Whether this is for the demo: simulated providers, and no settings from the environment, which may name a real
    /// store.
    pub demo: bool,
}

impl Plan<'_> {
    fn load(&self, file: &Path) -> Result<Config, Failure> {
        if !self.demo {
            return local::load(file);
        }
        let text = std::fs::read_to_string(file).map_err(Failure::config)?;
        Config::read(Some((file, &text)), &BTreeMap::new()).map_err(Failure::config)
    }
}

/// What exists after `init`.
#[derive(Debug)]
pub struct SetUp {
    /// The configuration file.
    pub file: PathBuf,
    /// The configuration.
    pub config: Config,
    /// The first project.
    pub project: Project,
    /// The first Relay key, if this call created it.
    pub relay_key: Option<RelayKey>,
    /// What this call created.
    pub created: Vec<&'static str>,
}

/// Runs `relay init`.
///
/// # Errors
/// If something else is in the place of a file, or a file cannot be written.
pub async fn run(args: InitArgs, out: Out) -> Result<(), Failure> {
    let made = set_up(Plan { dir: &args.dir, name: &args.name, listen: args.listen, demo: false }).await?;
    let master_key = made.config.master_key.origin.as_deref().unwrap_or_default();
    let store = local::store_path(&made.config)?;
    out.value(&json!({
        "config": made.file,
        "masterKeyFile": made.config.master_key.file,
        "store": store,
        "project": projects::describe(&made.project),
        "relayKey": made.relay_key.as_ref().map(RelayKey::expose),
        "created": made.created,
    }))?;
    let parts = [
        ("configuration", "configuration", made.file.display().to_string()),
        ("master key", "masterKey", master_key.to_owned()),
        ("store", "store", store.display().to_string()),
        ("project", "project", format!("{} \"{}\"", made.project.id, made.project.name)),
    ];
    for (what, name, text) in parts {
        let news = if made.created.contains(&name) { "new" } else { "exists" };
        out.line(&format!("{what:<14} {text}  ({news})"))?;
    }
    tell_key(&made, out)
}

fn tell_key(made: &SetUp, out: Out) -> Result<(), Failure> {
    let config = made.file.display();
    let Some(key) = &made.relay_key else {
        return out.line(&format!(
            "\nNothing was overwritten. There already are Relay keys; create another with\n  \
             relay keys create --project {} --config {config}",
            made.project.id
        ));
    };
    out.line(&format!(
        "\nThe first Relay key, shown once. It belongs on your server, never in a page:\n\n  {}",
        key.expose()
    ))?;
    out.line(&format!(
        "\nKeep a copy of the master key away from the store's backups: without it, no stored key can be opened again.\nNext:\n  \
         relay serve --config {config}"
    ))
}

/// Creates what is missing.
///
/// # Errors
/// If something else is in the place of a file, or a file cannot be written.
pub async fn set_up(plan: Plan<'_>) -> Result<SetUp, Failure> {
    files::create_dir(plan.dir)?;
    let mut created = Vec::new();
    let file = plan.dir.join("relay.toml");
    write_files(&plan, &file, &mut created)?;
    let config = plan.load(&file)?;
    let store = local::store_path(&config)?;
    let is_new = !store.exists();
    let local = Local::of(&config)?;
    if is_new {
        created.push("store");
    }
    let known = local.relay.projects().await?;
    let project = match known.into_iter().next() {
        Some(first) => first,
        None => {
            created.push("project");
            local.relay.create_project(plan.name, Policy::default()).await?
        }
    };
    let relay_keys = local.relay.relay_keys(&project.id).await?;
    let relay_key = if relay_keys.iter().any(|key| key.is_live(local.now())) {
        None
    } else {
        created.push("relayKey");
        Some(local.relay.create_relay_key(&project.id, NewRelayKey::new("first")).await?.key)
    };
    Ok(SetUp { file, config, project, relay_key, created })
}

/// Creates the master key, then the configuration that names it. A new master key is only created if there is no store
/// that needs an older one, and no configuration that names another.
fn write_files(plan: &Plan<'_>, file: &Path, created: &mut Vec<&'static str>) -> Result<(), Failure> {
    let master_key = plan.dir.join("master.key");
    let store = plan.dir.join("relay.db");
    if file.exists() {
        return Ok(());
    }
    if !master_key.exists() {
        if store.exists() {
            let (store, master_key) = (store.display(), master_key.display());
            return Err(Failure::config(format_args!("{store} exists, but its master key ({master_key}) is missing"))
                .hint(
                    "restore the master key, or choose another --dir; a new key could not open the keys in that store",
                ));
        }
        master_key::write(&master_key, &master_key::generate()?)?;
        created.push("masterKey");
    }
    files::create(file, 0o600, &[contents(plan).as_bytes()])?;
    created.push("configuration");
    Ok(())
}

fn contents(plan: &Plan<'_>) -> String {
    let mock = if plan.demo {
        "# Simulated providers answer. No real key is needed, and none works.\nmock = true\n\n"
    } else {
        ""
    };
    format!(
        r#"# Relay's configuration. docs/configuration.md lists every setting; a variable such as RELAY_SERVER_LISTEN overrides one.

{mock}[server]
listen = "{}"
# The address that browsers and backends use, once TLS stands in front:
# public_url = "https://relay.example.com"

[storage]
# Relative to this file.
path = "relay.db"

[master_key]
# Seals all stored provider keys. Keep a copy away from the store's backups.
file = "master.key"

[log]
level = "info"
# Without it: "json", and "text" in a terminal.
# format = "json"
"#,
        plan.listen
    )
}
