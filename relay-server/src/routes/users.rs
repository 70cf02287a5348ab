//! `/v1/users` and the routes below it: the developer's view of users and their connections.

use actix_web::{HttpRequest, HttpResponse};
use relay_core::RelayError;
use relay_core::domain::ids::EndUser;
use relay_core::domain::trail::Actor;
use relay_core::domain::{Connection, Region, Scope, UserState, UserSummary};
use serde::Serialize;

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::extract;
use crate::http::response::json::json;
use crate::routes::connection::ShownConnection;

/// The index of the provider in `/v1/users/{label}/connections/{provider}`.
const PROVIDER: usize = 4;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    users: Vec<ShownUser>,
    has_more: bool,
    next_after: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownUser {
    end_user_label: String,
    created_at: String,
    state: &'static str,
    providers: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserAndConnections {
    #[serde(flatten)]
    user: ShownUser,
    connections: Vec<UsedConnection>,
}

#[derive(Serialize)]
struct Connections {
    connections: Vec<UsedConnection>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsedConnection {
    #[serde(flatten)]
    connection: ShownConnection,
    last_used_at: Option<String>,
    region: Option<&'static str>,
    workspace_id: Option<String>,
    organization_id: Option<String>,
    project_id: Option<String>,
}

/// A page of the project's users, in the order of their labels: those who connected a key, or with `?state=pending` those who
/// never did.
pub(crate) async fn list(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let access = extract::access(&request, &context, Scope::Users).await?;
    // Text that is not a number counts as out of range, which the core refuses.
    let limit = extract::query(&request, "limit")?.map(|limit| limit.parse().unwrap_or(0));
    let after = extract::query(&request, "after")?.map(|after| parse_user("after", &after)).transpose()?;
    let state = extract::query(&request, "state")?.map(|state| parse_state(&state)).transpose()?.unwrap_or_default();
    let page = context.state().relay.users(&access.project, state, after, limit).await?;
    let next_after = page.next_after.map(|user| user.to_string());
    let users = page.users.into_iter().map(shown_user).collect();
    Ok(json(200, &Page { users, has_more: next_after.is_some(), next_after }))
}

/// One user and their connections.
pub(crate) async fn show(request: HttpRequest) -> ApiResult {
    let (user, connections) = found(&request).await?;
    Ok(json(200, &UserAndConnections { user: shown_user(user), connections: shown(&connections) }))
}

/// A user's connections.
pub(crate) async fn connections(request: HttpRequest) -> ApiResult {
    let (_, connections) = found(&request).await?;
    Ok(json(200, &Connections { connections: shown(&connections) }))
}

/// Checks a stored key with the provider now.
pub(crate) async fn verify(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let access = extract::access(&request, &context, Scope::Users).await?;
    let (user, provider) = (extract::path_user(&request)?, extract::path_provider(&request, PROVIDER)?);
    let connection =
        context.relay_by(Actor::RelayKey(access.key.hash)).verify_connection(&access.project, &user, provider).await?;
    Ok(json(200, &shown_connection(&connection)))
}

/// Deletes a user's key.
pub(crate) async fn disconnect(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let access = extract::access(&request, &context, Scope::Users).await?;
    let (user, provider) = (extract::path_user(&request)?, extract::path_provider(&request, PROVIDER)?);
    context.relay_by(Actor::RelayKey(access.key.hash)).disconnect(&access.project, &user, provider).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Erases a user and all rows about them.
pub(crate) async fn erase(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let access = extract::access(&request, &context, Scope::Users).await?;
    let user = extract::path_user(&request)?;
    context.relay_by(Actor::RelayKey(access.key.hash)).erase_user(&access.project, &user).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn found(request: &HttpRequest) -> Result<(UserSummary, Vec<Connection>), RelayError> {
    let context = RequestContext::of(request)?;
    let access = extract::access(request, &context, Scope::Users).await?;
    let user = extract::path_user(request)?;
    context.state().relay.user(&access.project, &user).await
}

fn parse_state(text: &str) -> Result<UserState, RelayError> {
    UserState::from_name(text)
        .ok_or_else(|| RelayError::invalid_value("state", "`state` must be `connected` or `pending`"))
}

fn parse_user(param: &'static str, text: &str) -> Result<EndUser, RelayError> {
    EndUser::parse(text).map_err(|error| RelayError::invalid_user(param, error.0))
}

fn shown_user(user: UserSummary) -> ShownUser {
    ShownUser {
        end_user_label: user.user.to_string(),
        created_at: user.created_at.to_string(),
        state: user.state.as_str(),
        providers: user.providers.into_iter().map(|provider| provider.name()).collect(),
    }
}

fn shown(connections: &[Connection]) -> Vec<UsedConnection> {
    connections.iter().map(shown_connection).collect()
}

fn shown_connection(connection: &Connection) -> UsedConnection {
    let ids = connection.ids.clone();
    UsedConnection {
        connection: connection.into(),
        last_used_at: connection.last_used_at.map(|at| at.to_string()),
        region: connection.region.map(Region::name),
        workspace_id: ids.workspace,
        organization_id: ids.organization,
        project_id: ids.project,
    }
}
