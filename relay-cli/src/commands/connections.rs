//! `relay connections`: users' connected provider keys, over HTTP.

use serde_json::{Value, json};

use crate::cli::{ConnectionArgs, ConnectionsCommand};
use crate::client::{Remote, Request, segment};
use crate::commands::confirm;
use crate::failure::Failure;
use crate::json;
use crate::output::{Out, Table};
use crate::secrets;

/// Runs `relay connections …`.
///
/// # Errors
/// When the server or the provider refuses, or is not there.
pub async fn run(command: ConnectionsCommand, out: Out) -> Result<(), Failure> {
    match command {
        ConnectionsCommand::List { user, remote } => {
            let path = format!("/v1/users/{}/connections", segment(&user)?);
            let found = Remote::new(&remote)?.json(Request::get(path)).await?;
            out.table(&table(&found), &found)
        }
        ConnectionsCommand::Add { provider_key_file, workspace_id, organization_id, project_id, connection } => {
            let remote = Remote::new(&connection.remote)?;
            let key = secrets::provider_key(provider_key_file.as_deref())?;
            let ids = [("workspaceId", workspace_id), ("organizationId", organization_id), ("projectId", project_id)];
            add(&remote, &connection, &key, ids, out).await
        }
        ConnectionsCommand::Verify(connection) => {
            let path = format!("{}/verify", path(&connection)?);
            let found = Remote::new(&connection.remote)?.json(Request::post(path)).await?;
            out.table(&table(&json!({ "connections": [found] })), &found)
        }
        ConnectionsCommand::Delete { yes, connection } => {
            let (path, provider) = (path(&connection)?, connection.provider.name());
            confirm(yes, &format!("Shred the {provider} key of {}?", connection.user))?;
            Remote::new(&connection.remote)?.json(Request::delete(path)).await?;
            out.value(&json!({ "user": connection.user, "provider": provider, "deleted": true }))?;
            out.line(&format!("Disconnected {} from {provider}.", connection.user))
        }
    }
}

/// The two calls that a backend and the widget would make.
async fn add(
    remote: &Remote,
    connection: &ConnectionArgs,
    key: &str,
    ids: [(&str, Option<String>); 3],
    out: Out,
) -> Result<(), Failure> {
    let provider = connection.provider.name();
    let grant = json!({ "endUserLabel": connection.user, "provider": provider, "expiresInSeconds": 60 });
    let issued = remote.json(Request::post("/v1/registration-tokens").json(grant)).await?;
    let token = json::text(&issued, "/registrationToken").unwrap_or_default();
    let mut body = json!({ "provider": provider, "apiKey": key });
    if let Some(body) = body.as_object_mut() {
        let given = ids.into_iter().filter_map(|(name, id)| Some((name.to_owned(), json!(id?))));
        body.extend(given);
    }
    let request = Request::post("/v1/registration").bearer(token).json(body);
    let stored = remote.server.call(&request).await?.ok()?;
    out.table(&table(&json!({ "connections": [stored] })), &stored)
}

fn path(connection: &ConnectionArgs) -> Result<String, Failure> {
    Ok(format!("/v1/users/{}/connections/{}", segment(&connection.user)?, connection.provider.name()))
}

/// The `connections` of an answer.
pub fn table(found: &Value) -> Table {
    let headings = ["PROVIDER", "STATE", "KEY", "CONNECTED", "LAST USED", "ACCOUNT"];
    let mut table = Table::new(&headings, "no provider key is connected");
    for connection in json::list(found, "/connections") {
        let text = |name: &str| json::text(connection, &format!("/{name}")).unwrap_or("-").to_owned();
        table.row([
            text("provider"),
            text("state"),
            format!("…{}", text("last4")),
            text("connectedAt"),
            text("lastUsedAt"),
            account(connection),
        ]);
    }
    table
}

/// The key's region, and the ids that it needs beside it.
fn account(connection: &Value) -> String {
    let members = [("/region", "region "), ("/workspaceId", ""), ("/organizationId", ""), ("/projectId", "")];
    let known = members.iter().filter_map(|(at, before)| Some(format!("{before}{}", json::text(connection, at)?)));
    let known: Vec<_> = known.collect();
    if known.is_empty() { "-".to_owned() } else { known.join(", ") }
}
