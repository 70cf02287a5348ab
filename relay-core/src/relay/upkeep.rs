//! Removes what nobody needs any more.

use crate::ports::StoreError;
use crate::relay::handle::Relay;

impl Relay {
    /// Removes one batch of what nobody needs any more: idempotency records and tokens past their time, and users who
    /// never connected a key and have no token left. Returns whether there may be more. A server calls it regularly.
    ///
    /// # Errors
    /// The store failed; nothing has changed.
    pub async fn clean_up(&self) -> Result<bool, StoreError> {
        self.ports.upkeep.clean_up(self.ports.clock.now()).await
    }
}
