//! `relay users`: the project's users, over HTTP.

use serde_json::{Value, json};

use crate::cli::UsersCommand;
use crate::client::{Remote, Request, percent_encode, segment};
use crate::commands::{confirm, connections};
use crate::failure::Failure;
use crate::json;
use crate::output::{Out, Table};

/// The number of users that are requested at once.
const PAGE: usize = 100;

/// Runs `relay users …`.
///
/// # Errors
/// If the server refuses the request, or does not respond.
pub async fn run(command: UsersCommand, out: Out) -> Result<(), Failure> {
    match command {
        UsersCommand::List { pending, remote } => list(&Remote::new(&remote)?, pending, out).await,
        UsersCommand::Show { user, remote } => show(&Remote::new(&remote)?, &user, out).await,
        UsersCommand::Delete { user, yes, remote } => {
            let path = format!("/v1/users/{}", segment(&user)?);
            confirm(yes, &format!("Erase {user} with all their keys, tokens and usage?"))?;
            Remote::new(&remote)?.json(Request::delete(path)).await?;
            out.value(&json!({ "user": user, "deleted": true }))?;
            out.line(&format!("Erased {user}."))
        }
    }
}

async fn list(remote: &Remote, pending: bool, out: Out) -> Result<(), Failure> {
    let mut users = Vec::new();
    let base = format!("/v1/users?limit={PAGE}&state={}", if pending { "pending" } else { "connected" });
    let mut path = base.clone();
    loop {
        let page = remote.json(Request::get(path)).await?;
        users.extend(json::list(&page, "/users").iter().cloned());
        let Some(next) = json::text(&page, "/nextAfter") else { break };
        path = format!("{base}&after={}", percent_encode(next));
    }
    let mut table = Table::new(&["USER", "PROVIDERS", "SINCE"], "no users yet");
    for user in &users {
        table.row([text(user, "endUserLabel"), providers(user), text(user, "createdAt")]);
    }
    out.table(&table, &json!({ "users": users }))
}

async fn show(remote: &Remote, user: &str, out: Out) -> Result<(), Failure> {
    let found = remote.json(Request::get(format!("/v1/users/{}", segment(user)?))).await?;
    out.line(&format!("{}  since {}\n", text(&found, "endUserLabel"), text(&found, "createdAt")))?;
    out.table(&connections::table(&found), &found)
}

fn providers(user: &Value) -> String {
    let names: Vec<_> = json::list(user, "/providers").iter().filter_map(Value::as_str).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn text(value: &Value, name: &str) -> String {
    json::text(value, &format!("/{name}")).unwrap_or("-").to_owned()
}
