//! `relay projects`: apps, in the local store.

use relay_core::RelayError;
use relay_core::domain::ids::ProjectId;
use relay_core::domain::origin::{InvalidOriginList, OriginPattern, Origins, PublicSuffixes};
use relay_core::domain::{Policy, PolicyField, Project, UserState};
use relay_core::relay::projects::ProjectChange;
use relay_core::relay::users::MAX_PAGE;
use serde_json::{Map, Value, json};

use crate::cli::{ProjectChange as ProjectChangeArgs, ProjectsCommand};
use crate::commands::confirm;
use crate::commands::keys::find_project;
use crate::failure::Failure;
use crate::local::Local;
use crate::output::{Out, Table};

/// Runs `relay projects …`.
///
/// # Errors
/// When the store can't be used, there is no such project, or a name, origin or return URL is invalid.
pub async fn run(command: ProjectsCommand, out: Out) -> Result<(), Failure> {
    match command {
        ProjectsCommand::List(local) => list(&Local::open(&local.config)?, out).await,
        ProjectsCommand::Create { name, policy: flags, local } => {
            let local = Local::open(&local.config)?;
            refuse_taken(&local, &name, None).await?;
            let mut policy = Policy::default();
            flags.apply(&mut policy);
            let created = local.relay.create_project(&name, policy.clone()).await;
            let project = created.map_err(|error| explained(error, &policy))?;
            out.value(&described_with_warnings(&project))?;
            out.line(&format!("Created project {} \"{}\".", project.id, project.name))?;
            warn(&project, out);
            out.note(&format!("Next: relay keys create --project {}", project.id));
            Ok(())
        }
        ProjectsCommand::Delete { project, yes, local } => {
            delete(&Local::open(&local.config)?, &project, yes, out).await
        }
        ProjectsCommand::Update { project, change, local } => {
            let local = Local::open(&local.config)?;
            let project = update(&local, &project, change).await?;
            out.value(&described_with_warnings(&project))?;
            out.line(&format!("Updated project {} \"{}\".", project.id, project.name))?;
            warn(&project, out);
            Ok(())
        }
    }
}

async fn delete(local: &Local, wanted: &str, yes: bool, out: Out) -> Result<(), Failure> {
    let project = find_project(local, Some(wanted)).await?;
    let keys = local.relay.relay_keys(&project.id).await?.len();
    let users = local.relay.users(&project, UserState::Connected, None, Some(MAX_PAGE)).await?;
    let more = if users.next_after.is_some() { "more than " } else { "" };
    let (id, name, users) = (&project.id, &project.name, users.users.len());
    confirm(
        yes,
        &format!("Delete project {id} \"{name}\", its {keys} Relay keys and all keys of its {more}{users} users?"),
    )?;
    local.relay.delete_project(id).await?;
    out.value(&json!({ "id": id.as_str(), "name": name, "deleted": true }))?;
    out.line(&format!("Deleted project {id} \"{name}\"."))
}

/// Two projects of one name could only be told apart by their ids.
async fn refuse_taken(local: &Local, name: &str, own: Option<&ProjectId>) -> Result<(), Failure> {
    let projects = local.relay.projects().await?;
    match projects.iter().find(|project| project.name == name.trim() && Some(&project.id) != own) {
        None => Ok(()),
        Some(taken) => {
            Err(Failure::usage(format_args!("the project {} is already called \"{}\"", taken.id, taken.name))
                .hint("choose another name, or change that project with `relay projects update`"))
        }
    }
}

async fn update(local: &Local, wanted: &str, asked: ProjectChangeArgs) -> Result<Project, Failure> {
    let project = find_project(local, Some(wanted)).await?;
    if let Some(name) = &asked.name {
        refuse_taken(local, name, Some(&project.id)).await?;
    }
    let mut policy = project.policy;
    asked.policy.apply(&mut policy);
    let mut change = ProjectChange::default().policy(policy.clone());
    change.name = asked.name;
    let updated = local.relay.update_project(&project.id, change).await;
    updated.map_err(|error| explained(error, &policy))
}

/// The failure, and the way to allow a public suffix nevertheless if that is all that is wrong.
fn explained(error: RelayError, policy: &Policy) -> Failure {
    let failure = Failure::from(error);
    match Origins::parse(&policy.allowed_origins, PublicSuffixes::Refused) {
        Err(InvalidOriginList::Entry(_, origin)) if origin.public_suffix().is_some() && !policy.allow_public_suffix => {
            failure.hint("if that is what you want, repeat the command with --allow-public-suffix")
        }
        _ => failure,
    }
}

/// What each wildcard of the project means that reaches beyond one owner's hosts.
fn warnings(project: &Project) -> Vec<String> {
    let meaning = |pattern: &OriginPattern| {
        let suffix = pattern.public_suffix()?;
        Some(format!(
            "{pattern} allows {suffix}. Such a page can show Relay's frame as its own, and register keys with a \
             registration token of this project that it gets hold of."
        ))
    };
    project.origins().patterns().iter().filter_map(meaning).collect()
}

fn warn(project: &Project, out: Out) {
    for warning in warnings(project) {
        out.note(&format!("Warning: {warning}"));
    }
}

fn described_with_warnings(project: &Project) -> Value {
    let mut value = describe(project);
    let warnings = warnings(project);
    if let Some(members) = value.as_object_mut().filter(|_| !warnings.is_empty()) {
        members.insert("warnings".to_owned(), json!(warnings));
    }
    value
}

async fn list(local: &Local, out: Out) -> Result<(), Failure> {
    let projects = local.relay.projects().await?;
    let columns = ["ID", "NAME", "ORIGINS", "POLICY", "CREATED"];
    let mut table = Table::new(&columns, "no projects; create one with `relay projects create`");
    for Project { id, name, policy, created_at, .. } in &projects {
        let origins =
            if policy.allowed_origins.is_empty() { "any".to_owned() } else { policy.allowed_origins.join(", ") };
        table.row([id.to_string(), name.clone(), origins, rest_of(policy), created_at.to_string()]);
    }
    let all: Vec<_> = projects.iter().map(describe).collect();
    out.table(&table, &json!({ "projects": all }))
}

/// What a policy says beside its origins, as the flags that set it.
fn rest_of(policy: &Policy) -> String {
    let flag = |field: &PolicyField| match field.value(policy) {
        Value::Bool(true) => Some(field.flag.to_owned()),
        Value::Array(entries) if field.flag != "origin" && !entries.is_empty() => {
            let entries: Vec<_> = entries.iter().filter_map(Value::as_str).collect();
            Some(format!("{} {}", field.flag, entries.join(" ")))
        }
        _ => None,
    };
    let flags: Vec<_> = Policy::FIELDS.iter().filter_map(flag).collect();
    if flags.is_empty() { "-".to_owned() } else { flags.join(", ") }
}

/// A project as `--json` shows it.
pub fn describe(project: &Project) -> Value {
    let mut members = Map::new();
    members.insert("id".to_owned(), json!(project.id.as_str()));
    members.insert("name".to_owned(), json!(project.name));
    members.extend(Policy::FIELDS.iter().map(|field| (field.json_name(), field.value(&project.policy))));
    members.insert("createdAt".to_owned(), json!(project.created_at.to_string()));
    members.into()
}
