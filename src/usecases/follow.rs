//! Following the feed of changes: what keeps a node's memory true to one second (conventions 8).

use super::start::load_epoch;
use super::{Core, signing_keys};
use crate::clock;
use crate::storage::Error;
use crate::storage::invalidations::{Kind, Position};

/// A node's place in the feed.
pub struct Follower {
    position: Position,
    /// The epoch changed and could not be read yet.
    epoch_due: bool,
}

impl Follower {
    /// Begins at the feed's present end, with empty memory.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin(core: &Core) -> Result<Self, Error> {
        let began = clock::monotonic();
        let position = Position::now(&core.database).await?;
        core.truth.forget_all();
        core.truth.polled(began);
        Ok(Self { position, epoch_due: true })
    }

    /// Reads what was committed since the last call and applies it; call it every 250 ms, and at once when somebody says so.
    ///
    /// # Errors
    /// The database failed: memory stops answering 750 ms after the last call that succeeded began.
    pub async fn poll(&mut self, core: &Core) -> Result<usize, Error> {
        let began = clock::monotonic();
        let changes = self.position.poll(&core.database).await?;
        core.truth.apply(&changes);
        self.epoch_due |= changes.iter().any(|change| change.kind == Kind::Epoch);
        if self.epoch_due {
            load_epoch(core).await?;
            self.epoch_due = false;
        }
        core.truth.polled(began);
        // The keys in use go on working while new ones cannot be read; the next call tries again.
        if let Err(error) = signing_keys::refresh(core).await {
            tracing::error!(event = "keys.refresh", error = %error, "signing keys cannot be loaded");
        }
        Ok(changes.len())
    }
}
