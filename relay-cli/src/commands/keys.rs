//! `relay keys`: Relay keys (`rly-…`), in the local store.

use relay_core::domain::ids::Timestamp;
use relay_core::domain::secret::RelayKey;
use relay_core::domain::{Project, RelayKeyRecord, Scope};
use relay_core::ports::{Projects as _, TokenIssuer as _};
use serde_json::{Value, json};

use crate::cli::{KeysCommand, ScopeName};
use crate::failure::Failure;
use crate::local::Local;
use crate::output::{Out, Table};

const DAY_SECONDS: u64 = 86_400;
/// The longest name of a key, in characters.
const MAX_NAME: usize = 80;

/// Runs `relay keys …`.
///
/// # Errors
/// When the store can't be used, or there is no such project or key.
pub async fn run(command: KeysCommand, out: Out) -> Result<(), Failure> {
    match command {
        KeysCommand::Create { name, scopes, expires_in_days, project } => {
            let local = Local::open(&project.local.config)?;
            let project = find_project(&local, project.project.as_deref()).await?;
            let days = expires_in_days.map(|days| u64::from(days) * DAY_SECONDS);
            let (key, record) = create(&local, &project, &name, &scopes, days).await?;
            tell_new(&key, &record, out)
        }
        KeysCommand::List(project) => {
            let local = Local::open(&project.local.config)?;
            let project = find_project(&local, project.project.as_deref()).await?;
            list(&local, &project, out).await
        }
        KeysCommand::Revoke { id, project } => {
            let local = Local::open(&project.local.config)?;
            revoke(&local, &id, project.project.as_deref(), out).await
        }
    }
}

/// Stores a new Relay key.
///
/// # Errors
/// When there is no randomness, or the store fails.
pub async fn create(
    local: &Local,
    project: &Project,
    name: &str,
    scopes: &[ScopeName],
    lives_seconds: Option<u64>,
) -> Result<(RelayKey, RelayKeyRecord), Failure> {
    if name.trim().is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Failure::usage(format_args!("a key's name has 1 to {MAX_NAME} characters, on one line")));
    }
    let issuer = local.issuer()?;
    let key = issuer.relay_key().map_err(Failure::failed)?;
    let hash =
        issuer.hash_relay_key(&key).ok_or_else(|| Failure::failed("the new key does not check; nothing was stored"))?;
    let text = key.expose();
    let now = local.now();
    let last4 = text.get(text.len().saturating_sub(4)..).unwrap_or_default();
    let mut record = RelayKeyRecord::new(hash, project.id.clone(), name.trim(), last4, now);
    record.scopes = wanted(scopes);
    record.expires_at = lives_seconds.map(|seconds| now.plus_seconds(seconds));
    local.store.create_relay_key(record.clone()).await.map_err(Failure::failed)?;
    Ok((key, record))
}

/// The scopes asked for, each once, in the order in which they are shown; all of them if none was asked for.
fn wanted(scopes: &[ScopeName]) -> Vec<Scope> {
    let name = |scope: Scope| match scope {
        Scope::Inference => ScopeName::Inference,
        Scope::Users => ScopeName::Users,
        Scope::Tokens => ScopeName::Tokens,
    };
    Scope::ALL.into_iter().filter(|scope| scopes.is_empty() || scopes.contains(&name(*scope))).collect()
}

fn tell_new(key: &RelayKey, record: &RelayKeyRecord, out: Out) -> Result<(), Failure> {
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
    let keys = local.store.relay_keys(&project.id).await.map_err(Failure::failed)?;
    let now = local.now();
    let mut table = Table::new(
        &["ID", "NAME", "KEY", "SCOPES", "STATE", "CREATED", "LAST USED", "EXPIRES"],
        "no Relay keys; make one with `relay keys create`",
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
        None => local.store.projects().await.map_err(Failure::failed)?,
    };
    for project in &projects {
        if local.store.revoke_relay_key(&project.id, id, local.now()).await.map_err(Failure::failed)? {
            out.value(&json!({ "id": id, "project": project.id.as_str(), "revoked": true }))?;
            return out.line(&format!("Revoked {id}."));
        }
    }
    Err(Failure::failed(format_args!("there is no live Relay key {id}")).hint("`relay keys list` shows the ids"))
}

/// The project of this id or name; without one, the only project.
///
/// # Errors
/// When there is none, or more than one.
pub async fn find_project(local: &Local, wanted: Option<&str>) -> Result<Project, Failure> {
    let projects = local.store.projects().await.map_err(Failure::failed)?;
    let matches =
        |project: &Project| wanted.is_none_or(|wanted| project.id.as_str() == wanted || project.name == wanted);
    let mut found = projects.into_iter().filter(matches);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Failure::failed("there is no such project")
            .hint("`relay projects list` shows them, `relay projects create` makes one")),
        (Some(_), Some(_)) => {
            Err(Failure::usage("there is more than one such project").hint("name it by its id: --project prj_…"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_scopes_a_key_may_do_everything() {
        assert_eq!(wanted(&[]), Scope::ALL);
        assert_eq!(
            wanted(&[ScopeName::Tokens, ScopeName::Inference, ScopeName::Tokens]),
            [Scope::Inference, Scope::Tokens]
        );
    }
}
