//! `GET /v1/usage`

use actix_web::HttpRequest;
use relay_core::RelayError;
use relay_core::domain::ids::EndUser;
use relay_core::domain::{Scope, UsageRow};
use relay_core::relay::usage::{UsageFilter, date};
use serde::Serialize;

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::extract;
use crate::http::response::json::json;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    from: String,
    to: String,
    usage: Vec<ShownRow>,
    has_more: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownRow {
    day: String,
    end_user_label: String,
    provider: &'static str,
    model: String,
    tier: &'static str,
    requests: u64,
    errors: u64,
    input_tokens: u64,
    cache_read_tokens: u64,
    cache_write_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
}

/// Metered usage by day, user, provider, model and tier.
pub(crate) async fn report(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let access = extract::access(&request, &context, Scope::Users).await?;
    let days = (extract::query(&request, "from")?, extract::query(&request, "to")?);
    let user = extract::query(&request, "user")?
        .map(|user| EndUser::parse(&user).map_err(|error| RelayError::invalid_user("user", error.0)));
    let filter = UsageFilter::default().days(days.0, days.1).user(user.transpose()?);
    let found = context.state().relay.usage(&access.project.id, filter).await?;
    let usage = found.rows.into_iter().map(row).collect();
    Ok(json(200, &Report { from: found.from, to: found.to, usage, has_more: found.has_more }))
}

fn row(row: UsageRow) -> ShownRow {
    ShownRow {
        day: date(row.day),
        end_user_label: row.user.to_string(),
        provider: row.provider.name(),
        model: row.model,
        tier: row.tier.as_str(),
        requests: row.requests,
        errors: row.errors,
        input_tokens: row.tokens.input,
        cache_read_tokens: row.tokens.cache_read,
        cache_write_tokens: row.tokens.cache_write,
        output_tokens: row.tokens.output,
        reasoning_tokens: row.tokens.reasoning,
    }
}
