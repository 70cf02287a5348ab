//! `GET /v1/audit`

use actix_web::HttpRequest;
use relay_core::RelayError;
use relay_core::domain::Scope;
use relay_core::domain::ids::EndUser;
use relay_core::domain::trail::{AuditAction, AuditChain, AuditQuery};
use serde_json::{Value, json as value};

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::extract;
use crate::http::response::json::json;
use crate::routes::webhooks::time;

/// A page of the project's audit log, newest first.
pub(crate) async fn list(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let access = extract::access(&request, &context, Scope::Admin).await?;
    let query = parse(&request)?;
    let page = context.state().relay.audit(&AuditChain::Project(access.project.id.clone()), query).await?;
    let entries: Vec<Value> = page.entries.iter().map(|entry| entry.to_json()).collect();
    let next = page.next_before.map(|seq| seq.to_string());
    Ok(json(200, &value!({ "entries": entries, "hasMore": next.is_some(), "nextBefore": next })))
}

fn parse(request: &HttpRequest) -> Result<AuditQuery, RelayError> {
    let mut query = AuditQuery::default();
    // Text that is not a number counts as out of range, which the core refuses.
    query.limit = extract::query(request, "limit")?.map_or(50, |limit| limit.parse().unwrap_or(0));
    let number =
        |text: String| text.parse().map_err(|_| RelayError::invalid_value("before", "`before` must be a number"));
    query.before = extract::query(request, "before")?.map(number).transpose()?;
    query.action = extract::query(request, "action")?;
    if let Some(action) = &query.action
        && !AuditAction::ALL.iter().any(|known| known.as_str() == action)
    {
        return Err(RelayError::invalid_value("action", "`action` is not the name of an action"));
    }
    let user = |text: String| EndUser::parse(&text).map_err(|error| RelayError::invalid_user("user", error.0));
    query.user = extract::query(request, "user")?.map(user).transpose()?;
    query.since = extract::query(request, "since")?.map(|text| time("since", &text)).transpose()?;
    query.until = extract::query(request, "until")?.map(|text| time("until", &text)).transpose()?;
    Ok(query)
}
