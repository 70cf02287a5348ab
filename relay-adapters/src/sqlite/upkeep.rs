use async_trait::async_trait;
use relay_core::domain::ids::{ProjectId, Timestamp};
use relay_core::ports::{StoreError, Upkeep};
use rusqlite::OptionalExtension;

use super::events;
use super::grants;
use super::store::Sqlite;
use super::worker::Db;

/// Rows of each kind in one batch, which hold the writer for a few milliseconds.
const BATCH: u32 = 256;

#[async_trait]
impl Upkeep for Sqlite {
    async fn pending_users(&self, project: &ProjectId) -> Result<u64, StoreError> {
        const READ: &str = "SELECT number FROM pending_users WHERE project = ?1";
        let project = project.clone();
        let read = move |db: &mut Db| {
            let number = db.reader().prepare_cached(READ)?.query_row([project.as_str()], |row| row.get::<_, i64>(0));
            Ok(number.optional()?.map(u64::try_from).transpose()?.unwrap_or(0))
        };
        self.readers.run(read).await
    }

    async fn clean_up(&self, now: Timestamp) -> Result<bool, StoreError> {
        let write = move |db: &mut Db| {
            let changed = db.write(|transaction| {
                let closed = grants::close_expired(transaction, now, BATCH)?;
                let events = events::forget(transaction, now, BATCH)?;
                Ok(grants::forget(transaction, now, BATCH)?.max(closed).max(events))
            })?;
            Ok(changed >= BATCH as usize)
        };
        self.writer.run(write).await
    }
}
