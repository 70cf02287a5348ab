use async_trait::async_trait;
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId};
use relay_core::domain::trail::{By, user_erased};
use relay_core::domain::{UserState, UserSummary};
use relay_core::ports::{StoreError, Users};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::events;
use super::failure::Failure;
use super::rows;
use super::store::Sqlite;
use super::trail;
use super::usage_queue;
use super::worker::Db;

#[async_trait]
impl Users for Sqlite {
    async fn users(
        &self,
        project: &ProjectId,
        state: UserState,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError> {
        let project = project.clone();
        self.readers.run(move |db| users(db, &project, state, after.as_ref(), limit)).await
    }

    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError> {
        let (project, user) = (project.clone(), user.clone());
        self.readers.run(move |db| one_user(db.reader(), &project, &user)).await
    }

    async fn delete_user(&self, project: &ProjectId, user: &EndUser, by: &By) -> Result<bool, StoreError> {
        // Most deletions of somebody unknown need no write.
        let (project, user, by) = (project.clone(), user.clone(), by.clone());
        let (of, label) = (project.clone(), user.clone());
        let is_known = move |db: &mut Db| {
            Ok(one_user(db.reader(), &of, &label)?.is_some() || trail::names(db.reader(), &of, &label)?)
        };
        if !self.readers.run(is_known).await? {
            return Ok(false);
        }
        let queue = self.usage.clone();
        let write = move |db: &mut Db| {
            usage_queue::flush(db, &queue)?; // otherwise it would count for a later user with the same label
            let was_there = db.write(|t| erase(t, &project, &user, &by))?;
            db.shred();
            Ok(was_there)
        };
        self.writer.run(write).await
    }
}

/// Erases a user. Returns whether they were known.
fn erase(transaction: &Transaction<'_>, project: &ProjectId, user: &EndUser, by: &By) -> Result<bool, Failure> {
    // Everything else about the user refers to this row: `ON DELETE CASCADE`.
    const DELETE: &str = "DELETE FROM users WHERE project = ?1 AND user = ?2";
    let known = one_user(transaction, project, user)?;
    if known.is_none() && !trail::names(transaction, project, user)? {
        return Ok(false);
    }
    let providers = known.as_ref().map(|known| known.providers.clone()).unwrap_or_default();
    // Earlier events are of no use any more. The one about the erasure goes when it was delivered.
    events::erase(transaction, project, user)?;
    trail::write(transaction, project, &user_erased(user, &providers), by)?;
    trail::erase(transaction, project, user)?;
    transaction.prepare_cached(DELETE)?.execute(params![project.as_str(), user.as_str()])?;
    Ok(known.is_some())
}

macro_rules! select_users {
    ($which:literal) => {
        concat!(
            "SELECT user, created_at, ever_connected, (SELECT group_concat(provider) FROM connections
                WHERE connections.project = users.project AND connections.user = users.user) AS providers
             FROM users ",
            $which
        )
    };
}

fn users(
    db: &Db,
    project: &ProjectId,
    state: UserState,
    after: Option<&EndUser>,
    limit: u32,
) -> Result<Vec<UserSummary>, Failure> {
    const PAGE: &str = select_users!("WHERE project = ?1 AND user > ?2 AND ever_connected = ?4 ORDER BY user LIMIT ?3");
    let after = after.map(EndUser::as_str).unwrap_or_default(); // no label is empty
    let mut query = db.reader().prepare_cached(PAGE)?;
    let ever_connected = state == UserState::Connected;
    let page = query.query_map(params![project.as_str(), after, limit, ever_connected], summary)?;
    Ok(page.collect::<Result<_, _>>()?)
}

fn one_user(db: &Connection, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, Failure> {
    const ONE: &str = select_users!("WHERE project = ?1 AND user = ?2");
    let mut query = db.prepare_cached(ONE)?;
    Ok(query.query_row(params![project.as_str(), user.as_str()], summary).optional()?)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<UserSummary> {
    let names: Option<String> = row.get("providers")?;
    let providers = names.as_deref().unwrap_or_default().split(',').filter_map(Provider::from_name).collect();
    let state = UserState::of(row.get("ever_connected")?);
    Ok(UserSummary::new(rows::user(row)?, rows::time(row, "created_at")?, state, providers))
}
