use std::sync::Arc;

use async_trait::async_trait;
use relay_core::domain::ids::Tier;
use relay_core::domain::{TokenUsage, UsageEvent, UsageQuery, UsageRow};
use relay_core::ports::{StoreError, UsageReport, UsageSink};
use rusqlite::{Row, params};

use super::failure::Failure;
use super::rows;
use super::store::Sqlite;
use super::usage_queue::flush;
use super::worker::Db;
use crate::rollup::{Counters, Group};

impl UsageSink for Sqlite {
    fn record(&self, event: UsageEvent) {
        self.usage.push(event);
    }

    fn dropped(&self) -> u64 {
        self.usage.dropped()
    }
}

#[async_trait]
impl UsageReport for Sqlite {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        let (queue, query) = (Arc::clone(&self.usage), query.clone());
        // The writer runs one job after another, so this also waits for a batch that is being written.
        self.writer.run(move |db| flush(db, &queue)).await?;
        self.readers.run(move |db| report(db, &query)).await
    }
}

fn report(db: &Db, query: &UsageQuery) -> Result<Vec<UsageRow>, Failure> {
    const REPORT: &str = "SELECT * FROM usage_days
        WHERE project = ?1 AND day BETWEEN ?2 AND ?3
        ORDER BY day, user, provider, model, tier LIMIT ?4";
    const REPORT_OF_USER: &str = "SELECT * FROM usage_days
        WHERE project = ?1 AND day BETWEEN ?2 AND ?3 AND user = ?5
        ORDER BY day, user, provider, model, tier LIMIT ?4";
    let project = query.project.as_str();
    let (from, to, limit) = (query.from_day, query.to_day, query.limit);
    let mut statement;
    let rows = match &query.user {
        None => {
            statement = db.reader().prepare_cached(REPORT)?;
            statement.query_map(params![project, from, to, limit], usage_row)?
        }
        Some(user) => {
            statement = db.reader().prepare_cached(REPORT_OF_USER)?;
            statement.query_map(params![project, from, to, limit, user.as_str()], usage_row)?
        }
    };
    Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

/// A row, or `None` if this program does not know its provider.
fn usage_row(row: &Row<'_>) -> rusqlite::Result<Option<UsageRow>> {
    let Some(provider) = rows::provider(row)? else { return Ok(None) };
    let group = Group {
        project: rows::project(row, "project")?,
        day: row.get("day")?,
        user: rows::user(row)?,
        provider,
        model: row.get("model")?,
        tier: if row.get("tier")? { Tier::Free } else { Tier::Paid },
    };
    let tokens = TokenUsage {
        input: rows::counter(row, "input")?,
        cache_read: rows::counter(row, "cache_read")?,
        cache_write: rows::counter(row, "cache_write")?,
        output: rows::counter(row, "output")?,
        reasoning: rows::counter(row, "reasoning")?,
        ..TokenUsage::default()
    };
    let sum = Counters { requests: rows::counter(row, "requests")?, errors: rows::counter(row, "errors")?, tokens };
    Ok(Some(group.row(sum)))
}
