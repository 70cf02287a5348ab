use async_trait::async_trait;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::By;
use relay_core::domain::{
    Connection, ConnectionState, Grant, IdempotencyRecord, KeySignal, Region, SecretHash, Slot, StoredGrant,
};
use relay_core::ports::{KeyStore, RedeemError, StoreError};

use super::store::Sqlite;
use super::worker::Db;
use super::{connections, grants};

#[async_trait]
impl KeyStore for Sqlite {
    async fn connection(&self, slot: &Slot) -> Result<Option<Connection>, StoreError> {
        let slot = slot.clone();
        self.readers.run(move |db| connections::in_slot(db.reader(), &slot)).await
    }

    async fn connections(&self, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, StoreError> {
        let (project, user) = (project.clone(), user.clone());
        self.readers.run(move |db| connections::of_user(db, &project, &user)).await
    }

    async fn observe(
        &self,
        slot: &Slot,
        version: u64,
        signal: KeySignal,
        checked: bool,
        now: Timestamp,
        by: &By,
    ) -> Result<Option<ConnectionState>, StoreError> {
        // Most signals do not change the state, and need no write.
        let Some(known) = self.connection(slot).await?.filter(|known| known.slot.version == version) else {
            return Ok(None);
        };
        let is_refusal = matches!(signal, KeySignal::Invalid | KeySignal::Revoked);
        if !is_refusal && signal.apply(known.state, known.refusals, checked) == (known.state, known.refusals) {
            return Ok(Some(known.state));
        }
        let seen = connections::Seen { version, signal, checked, refused_at: is_refusal.then_some(now) };
        let (slot, by) = (slot.clone(), by.clone());
        self.writer.run(move |db| db.write(|t| connections::observe(t, &slot, seen, &by))).await
    }

    async fn set_region(&self, slot: &Slot, version: u64, region: Option<Region>, by: &By) -> Result<bool, StoreError> {
        let (slot, by) = (slot.clone(), by.clone());
        self.writer.run(move |db| db.write(|t| connections::set_region(t, &slot, version, region, &by))).await
    }

    async fn delete_connection(&self, slot: &Slot, by: &By) -> Result<bool, StoreError> {
        // A deletion of what is not there needs no write.
        if self.connection(slot).await?.is_none() {
            return Ok(false);
        }
        let (slot, by) = (slot.clone(), by.clone());
        let write = move |db: &mut Db| {
            let was_there = db.write(|t| connections::delete(t, &slot, &by))?;
            if was_there {
                db.shred();
            }
            Ok(was_there)
        };
        self.writer.run(write).await
    }

    async fn put_grant(
        &self,
        hash: &SecretHash,
        grant: Grant,
        idempotency: Option<IdempotencyRecord>,
    ) -> Result<Option<(IdempotencyRecord, Grant)>, StoreError> {
        let hash = *hash;
        self.writer.run(move |db| db.write(|t| grants::put(t, &hash, &grant, idempotency.as_ref()))).await
    }

    async fn grant(&self, hash: &SecretHash) -> Result<Option<StoredGrant>, StoreError> {
        let hash = *hash;
        self.readers.run(move |db| grants::get(db.reader(), &hash)).await
    }

    async fn exchange_grant(&self, from: &SecretHash, to: &SecretHash, now: Timestamp) -> Result<bool, StoreError> {
        let (from, to) = (*from, *to);
        self.writer.run(move |db| db.write(|t| grants::exchange(t, &from, &to, now))).await
    }

    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError> {
        let hash = *hash;
        self.writer.run(move |db| db.write(|t| grants::count_refusal(t, &hash))).await
    }

    async fn redeem(
        &self,
        hash: &SecretHash,
        connection: Connection,
        now: Timestamp,
        by: &By,
    ) -> Result<(), RedeemError> {
        let (hash, by) = (*hash, by.clone());
        let write = move |db: &mut Db| {
            let outcome = db.write(|t| grants::redeem(t, &hash, &connection, now, &by))?;
            if matches!(outcome, Ok(grants::Redeemed::Replaced)) {
                db.shred();
            }
            Ok(outcome.map(drop))
        };
        Ok(self.writer.run(write).await??)
    }
}
