//! `relay projects`: apps, in the local store.

use relay_core::domain::origin::{Origins, PublicSuffixes};
use relay_core::domain::return_url::ReturnUrl;
use relay_core::domain::{Policy, Project};
use relay_core::ports::{Projects as _, TokenIssuer as _};
use serde_json::{Map, Value, json};

use crate::cli::{ProjectChange, ProjectsCommand};
use crate::commands::keys::find_project;
use crate::failure::Failure;
use crate::local::Local;
use crate::output::{Out, Table};

/// The longest name of a project, in characters.
const MAX_NAME: usize = 80;

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
            (policy.allowed_origins, policy.return_urls) =
                (checked_origins(&origins)?, checked_return_urls(&return_urls)?);
            (policy.frame_only, policy.strict_params) = (frame_only, strict_params);
            policy.forced_tool_choice_auto = forced_tool_choice_auto;
            let project = create(&local, &name, policy).await?;
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

/// Stores a new project.
///
/// # Errors
/// When a name, origin or return URL is invalid, or the store fails.
pub async fn create(local: &Local, name: &str, policy: Policy) -> Result<Project, Failure> {
    let id = local.issuer()?.project_id().map_err(Failure::failed)?;
    let mut project = Project::new(id, checked_name(name)?, local.now());
    project.policy = policy;
    local.store.create_project(project.clone()).await.map_err(Failure::failed)?;
    Ok(project)
}

async fn update(local: &Local, wanted: &str, change: ProjectChange) -> Result<Project, Failure> {
    let mut project = find_project(local, Some(wanted)).await?;
    if let Some(name) = change.name {
        project.name = checked_name(&name)?;
    }
    if change.any_origin || !change.origins.is_empty() {
        project.policy.allowed_origins = checked_origins(&change.origins)?;
    }
    if change.no_return_urls || !change.return_urls.is_empty() {
        project.policy.return_urls = checked_return_urls(&change.return_urls)?;
    }
    if change.frame_only || change.no_frame_only {
        project.policy.frame_only = change.frame_only;
    }
    if !local.store.update_project(project.clone()).await.map_err(Failure::failed)? {
        return Err(Failure::failed("the project is gone"));
    }
    Ok(project)
}

fn checked_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Failure::usage(format_args!("a project's name has 1 to {MAX_NAME} characters, on one line")));
    }
    Ok(name.to_owned())
}

fn checked_origins(origins: &[String]) -> Result<Vec<String>, Failure> {
    Ok(Origins::parse(origins, PublicSuffixes::Refused).map_err(Failure::usage)?.to_stored())
}

fn checked_return_urls(urls: &[String]) -> Result<Vec<String>, Failure> {
    urls.iter().map(|url| ReturnUrl::parse(url).map(String::from).map_err(Failure::usage)).collect()
}

async fn list(local: &Local, out: Out) -> Result<(), Failure> {
    let projects = local.store.projects().await.map_err(Failure::failed)?;
    let mut table =
        Table::new(&["ID", "NAME", "ORIGINS", "CREATED"], "no projects; make one with `relay projects create`");
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
