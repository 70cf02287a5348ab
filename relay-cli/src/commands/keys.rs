//! `relay keys`: Relay keys (`rly-…`), in the local store.

use relay_core::domain::ids::Timestamp;
use relay_core::domain::secret::RelayKey;
use relay_core::domain::{Project, RelayKeyRecord, Scope};
use relay_core::relay::relay_keys::NewRelayKey;
use serde_json::{Value, json};

use crate::cli::{KeysCommand, ScopeName};
use crate::failure::Failure;
use crate::local::Local;
use crate::output::{Out, Table};

const DAY_SECONDS: u64 = 86_400;

/// Runs `relay keys …`.
///
/// # Errors
/// If the store cannot be used, or the project or key does not exist.
pub async fn run(command: KeysCommand, out: Out) -> Result<(), Failure> {
    match command {
        KeysCommand::Create { name, scopes, expires_in_days, project } => {
            let local = Local::open(&project.local.config)?;
            let project = find_project(&local, project.project.as_deref()).await?;
            let mut new = NewRelayKey::new(name).scopes(scopes.into_iter().map(scope));
            new.seconds = expires_in_days.map(|days| u64::from(days) * DAY_SECONDS);
            let issued = local.relay.create_relay_key(&project.id, new).await?;
            show_new(&issued.key, &issued.record, out)
        }
        KeysCommand::List(project) => {
            let local = Local::open(&project.local.config)?;
            let project = find_project(&local, project.project.as_deref()).await?;
            list(&local, &project, out).await
        }
        KeysCommand::Roll { id, overlap_hours, project } => {
            let local = Local::open(&project.local.config)?;
            let project = find_project(&local, project.project.as_deref()).await?;
            let overlap = Some(u64::from(overlap_hours) * 3600);
            let issued = local.relay.roll_relay_key(&project.id, &id, overlap).await?;
            show_new(&issued.key, &issued.record, out)
        }
        KeysCommand::Revoke { id, project } => {
            let local = Local::open(&project.local.config)?;
            revoke(&local, &id, project.project.as_deref(), out).await
        }
    }
}

fn scope(name: ScopeName) -> Scope {
    match name {
        ScopeName::Inference => Scope::Inference,
        ScopeName::Users => Scope::Users,
        ScopeName::Tokens => Scope::Tokens,
        ScopeName::Webhooks => Scope::Webhooks,
        ScopeName::Admin => Scope::Admin,
    }
}

fn show_new(key: &RelayKey, record: &RelayKeyRecord, out: Out) -> Result<(), Failure> {
    let mut value = describe(record, record.created_at);
    if let Some(value) = value.as_object_mut() {
        value.insert("relayKey".to_owned(), json!(key.expose()));
    }
    out.value(&value)?;
    out.line(key.expose())?;
    let scopes = scopes(record);
    out.note(&format!(
        "\nThe Relay key {} \"{}\" ({scopes}), shown once: keep it on your server.",
        record.id, record.name
    ));
    Ok(())
}

async fn list(local: &Local, project: &Project, out: Out) -> Result<(), Failure> {
    let keys = local.relay.relay_keys(&project.id).await?;
    let now = local.now();
    let mut table = Table::new(
        &["ID", "NAME", "KEY", "SCOPES", "STATE", "CREATED", "LAST USED", "EXPIRES"],
        "no Relay keys; create one with `relay keys create`",
    );
    for key in &keys {
        table.row([
            key.id.clone(),
            key.name.clone(),
            format!("rly-…{}", key.last4),
            scopes(key),
            state(key, now).to_owned(),
            key.created_at.to_string(),
            moment(key.last_used_at),
            moment(key.expires_at),
        ]);
    }
    let all: Vec<_> = keys.iter().map(|key| describe(key, now)).collect();
    out.table(&table, &json!({ "project": project.id.as_str(), "keys": all }))
}

async fn revoke(local: &Local, id: &str, project: Option<&str>, out: Out) -> Result<(), Failure> {
    let projects = match project {
        Some(_) => vec![find_project(local, project).await?],
        None => local.relay.projects().await?,
    };
    for project in &projects {
        if local.relay.revoke_relay_key(&project.id, id).await? {
            out.value(&json!({ "id": id, "project": project.id.as_str(), "revoked": true }))?;
            return out.line(&format!("Revoked {id}."));
        }
    }
    Err(Failure::failed(format_args!("there is no active Relay key {id}")).hint("`relay keys list` lists the ids"))
}

/// The project with this id or name; without one, the only project.
///
/// # Errors
/// When there is no project, or more than one.
pub async fn find_project(local: &Local, wanted: Option<&str>) -> Result<Project, Failure> {
    let projects = local.relay.projects().await?;
    let matches =
        |project: &Project| wanted.is_none_or(|wanted| project.id.as_str() == wanted || project.name == wanted);
    let mut found: Vec<Project> = projects.into_iter().filter(matches).collect();
    match (found.pop(), found.as_slice()) {
        (Some(only), []) => Ok(only),
        (None, _) => Err(Failure::failed("the project does not exist")
            .hint("`relay projects list` lists them, `relay projects create` creates one")),
        (Some(last), others) => {
            let shown = |project: &Project| format!("{} \"{}\"", project.id, project.name);
            let all: Vec<_> = others.iter().chain([&last]).map(shown).collect();
            Err(Failure::usage("more than one project matches")
                .hint(format_args!("name one by its id: {}", all.join(", "))))
        }
    }
}

fn describe(key: &RelayKeyRecord, now: Timestamp) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    json!({
        "id": key.id,
        "name": key.name,
        "project": key.project.as_str(),
        "last4": key.last4,
        "scopes": key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "state": state(key, now),
        "createdAt": key.created_at.to_string(),
        "lastUsedAt": time(key.last_used_at),
        "expiresAt": time(key.expires_at),
        "revokedAt": time(key.revoked_at),
    })
}

fn state(key: &RelayKeyRecord, now: Timestamp) -> &'static str {
    match (key.revoked_at, key.is_live(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "live",
        (None, false) => "expired",
    }
}

fn scopes(key: &RelayKeyRecord) -> String {
    key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

fn moment(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.to_string())
}
