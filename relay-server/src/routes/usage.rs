//! `GET /v1/usage`

use actix_web::HttpRequest;
use relay_core::RelayError;
use relay_core::domain::ids::{EndUser, Timestamp, civil_from_days, days_from_civil};
use relay_core::domain::{Scope, UsageQuery, UsageRow};
use serde::Serialize;

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::extract;
use crate::http::response::json::json;

/// Days that are reported if nothing is said, today among them.
const DEFAULT_DAYS: u32 = 30;
/// The longest period, in days.
const MAX_DAYS: u32 = 366;
/// Rows in one answer at most.
const MAX_ROWS: u32 = 10_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    from: String,
    to: String,
    usage: Vec<Row>,
    has_more: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
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
    let ports = context.state().relay.ports();
    let (from_day, to_day) = period(
        extract::query(&request, "from")?.as_deref(),
        extract::query(&request, "to")?.as_deref(),
        ports.clock.now(),
    )?;
    let user = extract::query(&request, "user")?.map(|user| {
        EndUser::parse(&user).map_err(|error| {
            RelayError::new(relay_core::Class::InvalidRequest, "invalid_user", error.0).with_param("user")
        })
    });
    let mut query = UsageQuery::new(access.project.id, from_day..=to_day, MAX_ROWS + 1);
    query.user = user.transpose()?;
    let mut rows = ports.usage_report.usage(&query).await.map_err(RelayError::from)?;
    let has_more = rows.len() > MAX_ROWS as usize;
    rows.truncate(MAX_ROWS as usize);
    let usage = rows.into_iter().map(row).collect();
    Ok(json(200, &Report { from: date(from_day), to: date(to_day), usage, has_more }))
}

fn period(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<(u32, u32), RelayError> {
    let to = to.map_or(Ok(now.day()), |text| day("to", text))?;
    let from = from.map_or(Ok(to.saturating_sub(DEFAULT_DAYS - 1)), |text| day("from", text))?;
    if from > to {
        return Err(RelayError::invalid_value("from", "`from` is after `to`"));
    }
    if to - from >= MAX_DAYS {
        return Err(RelayError::invalid_value("from", format!("at most {MAX_DAYS} days can be reported at once")));
    }
    Ok((from, to))
}

/// Days since 1970 of `YYYY-MM-DD`.
fn day(param: &'static str, text: &str) -> Result<u32, RelayError> {
    let invalid = || RelayError::invalid_value(param, format!("`{param}` must be a date, as YYYY-MM-DD"));
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, date] = parts.as_slice() else { return Err(invalid()) };
    let number = |text: &str, digits| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(date)) = (number(year, 4), number(month, 2), number(date, 2)) else {
        return Err(invalid());
    };
    let days = days_from_civil(i64::from(year), month.clamp(1, 12), date);
    // A day that does not exist comes back as another one.
    let real = civil_from_days(days) == (i64::from(year), month, date);
    u32::try_from(days).ok().filter(|_| real).ok_or_else(invalid)
}

fn date(day: u32) -> String {
    let (year, month, day) = civil_from_days(i64::from(day));
    format!("{year:04}-{month:02}-{day:02}")
}

fn row(row: UsageRow) -> Row {
    Row {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_must_exist() {
        assert_eq!(date(day("from", "2028-02-29").unwrap()), "2028-02-29");
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "26-01-01",
            "2026-01-32",
            "",
            "1969-12-31",
            "+026-01-01",
        ] {
            assert_eq!(day("from", bad).unwrap_err().param(), Some("from"), "{bad}");
        }
    }

    #[test]
    fn thirty_days_up_to_today_are_reported() {
        let now = Timestamp(1_795_423_644_007);
        let (from, to) = period(None, None, now).unwrap();
        assert_eq!((date(from), date(to)), ("2026-10-25".to_owned(), "2026-11-23".to_owned()));
        assert!(period(Some("2026-11-24"), None, now).is_err());
        assert!(period(Some("2025-01-01"), Some("2026-11-23"), now).is_err());
    }
}
