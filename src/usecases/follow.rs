//! Following the feed of changes: what keeps a node's memory true to one second (conventions 8).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::signing_keys::KeysError;
use super::start::load_epoch;
use super::{Core, catalog, hints, signing_keys};
use crate::clock;
use crate::storage::Error;
use crate::storage::invalidations::{Kind, Position};

/// How often the feed is read.
pub const EVERY: Duration = Duration::from_millis(250);
/// How long one reading may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// After so long without a reading everything in memory is forgotten; entries of the feed are kept much longer.
pub const FORGET_AFTER: Duration = Duration::from_mins(1);

/// Follows the feed and the hints of other nodes until the core is dropped.
///
/// # Errors
/// The database failed.
pub(super) async fn keep_following(core: &Arc<Core>) -> Result<(), Error> {
    let mut follower = Follower::begin(core).await?;
    let wake = Arc::new(Notify::new());
    hints::exchange(core, Arc::clone(&wake));
    let core = Arc::downgrade(core);
    tokio::spawn(async move {
        let mut tick = interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut well = true;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = wake.notified() => {}
            }
            let Some(core) = core.upgrade() else { return };
            let read = timeout(PATIENCE, follower.poll(&core)).await;
            let failure = match read {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer in time".to_owned()),
            };
            match (&failure, well) {
                (Some(reason), true) => {
                    tracing::warn!(event = "feed.lost", reason, "the feed of changes cannot be read; memory stops answering");
                }
                (None, false) => tracing::info!(event = "feed.found", "the feed of changes is read again"),
                _ => {}
            }
            well = failure.is_none();
        }
    });
    Ok(())
}

/// A node's place in the feed.
pub struct Follower {
    position: Position,
    /// The epoch changed and could not be read yet.
    epoch_due: bool,
    /// The catalogue changed and could not be loaded yet.
    catalog_due: bool,
    /// It was said that it cannot be loaded.
    catalog_failed: bool,
    forget_after: Duration,
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
        Ok(Self { position, epoch_due: true, catalog_due: false, catalog_failed: false, forget_after: FORGET_AFTER })
    }

    /// With another patience than [`FORGET_AFTER`]: tests cannot wait for a minute.
    #[must_use]
    pub const fn forgetting_after(mut self, patience: Duration) -> Self {
        self.forget_after = patience;
        self
    }

    /// Reads what was committed since the last call and applies it; call it every 250 ms, and at once when somebody says so.
    ///
    /// # Errors
    /// The database failed, or holds a signing key that cannot be opened: memory stops answering 750 ms after the last call that succeeded began.
    pub async fn poll(&mut self, core: &Core) -> Result<usize, Error> {
        let began = clock::monotonic();
        let changes = self.position.poll(&core.database).await?;
        if core.truth.age().is_none_or(|age| age > self.forget_after) {
            core.truth.forget_all();
        }
        core.truth.apply(&changes);
        let changed = |kind| changes.iter().any(|change| change.kind == kind);
        if changed(Kind::Epoch) {
            core.truth.forget_all();
            self.epoch_due = true;
        }
        self.catalog_due |= changed(Kind::Catalog);
        if self.epoch_due {
            load_epoch(core, &mut core.database.feed().await?).await?;
            self.epoch_due = false;
        }
        signing_keys::refresh(core).await.map_err(|error| match error {
            KeysError::Storage(error) => error,
            other => Error::Unavailable(format!("signing keys cannot be loaded: {other}")),
        })?;
        // Only now is all that memory answers as true as the feed.
        core.truth.polled(began);
        if self.catalog_due {
            self.load_catalog(core).await;
        }
        Ok(changes.len())
    }

    /// A catalogue that cannot be used stays out and the one in force goes on; the next call tries again.
    async fn load_catalog(&mut self, core: &Core) {
        match catalog::load(core).await {
            Ok(()) => (self.catalog_due, self.catalog_failed) = (false, false),
            Err(error) => {
                if !std::mem::replace(&mut self.catalog_failed, true) {
                    tracing::error!(event = "catalog.refresh", error = %error, "the changed catalogue cannot be loaded");
                }
            }
        }
    }
}
