//! The use case of a usage report.

use crate::domain::ids::{EndUser, ProjectId, Timestamp};
use crate::domain::{Day, UsageQuery, UsageRow};
use crate::error::RelayError;
use crate::relay::handle::Relay;

/// The number of days in a report by default, including today.
pub const DEFAULT_DAYS: u32 = 30;
/// The longest period, in days.
pub const MAX_DAYS: u32 = 366;
/// The most rows in one report.
pub const MAX_ROWS: u32 = 10_000;

/// The period and filter of a usage report.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct UsageFilter {
    /// First day, included: `YYYY-MM-DD` in UTC. `None`: the report covers [`DEFAULT_DAYS`] days.
    pub from: Option<String>,
    /// Last day, included: `YYYY-MM-DD` in UTC. `None`: today.
    pub to: Option<String>,
    /// Only this user.
    pub user: Option<EndUser>,
}

impl UsageFilter {
    /// The days from `from` to `to`, both included. The fields describe the meaning of `None`.
    #[must_use]
    pub fn days(mut self, from: Option<String>, to: Option<String>) -> Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// Only this user.
    #[must_use]
    pub fn user(mut self, user: Option<EndUser>) -> Self {
        self.user = user;
        self
    }
}

/// Metered usage of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageSummary {
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day, `YYYY-MM-DD`.
    pub to: String,
    /// Sorted by day, user, provider, model and tier; at most [`MAX_ROWS`].
    pub rows: Vec<UsageRow>,
    /// Whether there are more rows.
    pub has_more: bool,
}

impl Relay {
    /// A project's metered usage by day, user, provider, model and tier.
    ///
    /// # Errors
    /// `invalid_value` for an invalid date or more than [`MAX_DAYS`]; `storage_unavailable`.
    pub async fn usage(&self, project: &ProjectId, filter: UsageFilter) -> Result<UsageSummary, RelayError> {
        let (from_day, to_day) = period(filter.from.as_deref(), filter.to.as_deref(), self.ports.clock.now())?;
        let query = UsageQuery { project: project.clone(), user: filter.user, from_day, to_day, limit: MAX_ROWS + 1 };
        let mut rows = self.ports.usage_report.usage(&query).await?;
        let has_more = rows.len() > MAX_ROWS as usize;
        rows.truncate(MAX_ROWS as usize);
        Ok(UsageSummary { from: date(from_day), to: date(to_day), rows, has_more })
    }
}

/// A day, counted from 1970-01-01, as `YYYY-MM-DD`.
pub fn date(day: u32) -> String {
    Day(day).to_string()
}

fn period(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<(u32, u32), RelayError> {
    let to = to.map_or(Ok(now.day()), |text| day("to", text))?;
    let from = from.map_or(Ok(to.saturating_sub(DEFAULT_DAYS - 1)), |text| day("from", text))?;
    if from > to {
        return Err(RelayError::invalid_value("from", "`from` is after `to`"));
    }
    if to - from >= MAX_DAYS {
        return Err(RelayError::invalid_value("from", format!("a report covers at most {MAX_DAYS} days")));
    }
    Ok((from, to))
}

/// Parses `YYYY-MM-DD` into days since 1970-01-01.
fn day(param: &'static str, text: &str) -> Result<u32, RelayError> {
    let invalid = || RelayError::invalid_value(param, format!("`{param}` must be a date in the form YYYY-MM-DD"));
    Day::parse(text).map(|day| day.0).ok_or_else(invalid)
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
