//! `relay projects`: apps, in the local store.

use relay_core::domain::{Policy, Project};
use relay_core::relay::projects::ProjectChange;
use serde_json::{Map, Value, json};

use crate::cli::{ProjectChange as ProjectChangeArgs, ProjectsCommand};
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
        ProjectsCommand::Create {
            name,
            origins,
            return_urls,
            frame_only,
            strict_params,
            forced_tool_choice_auto,
            local,
        } => {
            let local = Local::open(&local.config)?;
            let mut policy = Policy::default();
            (policy.allowed_origins, policy.return_urls) = (origins, return_urls);
            (policy.frame_only, policy.strict_params) = (frame_only, strict_params);
            policy.forced_tool_choice_auto = forced_tool_choice_auto;
            let project = local.relay.create_project(&name, policy).await?;
            out.value(&describe(&project))?;
            out.line(&format!("Created project {} \"{}\".", project.id, project.name))?;
            out.note(&format!("Next: relay keys create --project {}", project.id));
            Ok(())
        }
        ProjectsCommand::Update { project, change, local } => {
            let local = Local::open(&local.config)?;
            let project = update(&local, &project, change).await?;
            out.value(&describe(&project))?;
            out.line(&format!("Updated project {} \"{}\".", project.id, project.name))
        }
    }
}

async fn update(local: &Local, wanted: &str, asked: ProjectChangeArgs) -> Result<Project, Failure> {
    let project = find_project(local, Some(wanted)).await?;
    let mut policy = project.policy;
    if asked.any_origin || !asked.origins.is_empty() {
        policy.allowed_origins = asked.origins;
    }
    if asked.no_return_urls || !asked.return_urls.is_empty() {
        policy.return_urls = asked.return_urls;
    }
    if asked.frame_only || asked.no_frame_only {
        policy.frame_only = asked.frame_only;
    }
    let mut change = ProjectChange::default().policy(policy);
    change.name = asked.name;
    Ok(local.relay.update_project(&project.id, change).await?)
}

async fn list(local: &Local, out: Out) -> Result<(), Failure> {
    let projects = local.relay.projects().await?;
    let mut table =
        Table::new(&["ID", "NAME", "ORIGINS", "CREATED"], "no projects; create one with `relay projects create`");
    for project in &projects {
        let origins = if project.policy.allowed_origins.is_empty() {
            "any".to_owned()
        } else {
            project.policy.allowed_origins.join(", ")
        };
        table.row([project.id.to_string(), project.name.clone(), origins, project.created_at.to_string()]);
    }
    let all: Vec<_> = projects.iter().map(describe).collect();
    out.table(&table, &json!({ "projects": all }))
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
