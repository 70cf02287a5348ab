use std::collections::BTreeMap;

use async_trait::async_trait;
use relay_core::domain::MasterKeyId;
use relay_core::ports::{Meta, StoreError};

use super::state::Memory;

#[async_trait]
impl Meta for Memory {
    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().meta.get(key).cloned())
    }

    async fn put_meta(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.state().meta.insert(key.to_owned(), value);
        Ok(())
    }

    async fn master_keys_in_use(&self) -> Result<Vec<MasterKeyId>, StoreError> {
        Ok(self.count_by_master_key().await?.into_iter().map(|(id, _)| id).collect())
    }

    async fn count_by_master_key(&self) -> Result<Vec<(MasterKeyId, u64)>, StoreError> {
        let mut counts = BTreeMap::<MasterKeyId, u64>::new();
        for connection in self.state().users.values().flat_map(|user| &user.connections) {
            *counts.entry(connection.sealed.master_key).or_default() += 1;
        }
        for webhook in &self.state().webhooks {
            let sealed = std::iter::once(&webhook.secret).chain(webhook.previous.as_ref().map(|(secret, _)| secret));
            sealed.for_each(|secret| *counts.entry(secret.master_key).or_default() += 1);
        }
        Ok(counts.into_iter().collect())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
