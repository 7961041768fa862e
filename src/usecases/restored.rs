//! After a restore: what ended since the backup was made must not live again.

use serde::Serialize;

use super::Core;
use crate::clock::Timestamp;
use crate::model::actor::Actor;
use crate::model::ids::EventId;
use crate::storage::events::{self, EventRow};
use crate::storage::invalidations::Kind;
use crate::storage::{Error, sessions, settings};

/// How many sessions end in one transaction.
const BATCH: i64 = 1000;

/// What was done.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Restored {
    /// The epoch that tokens carry from now on.
    pub database_epoch: i64,
    /// Browser sessions that ended.
    pub sessions: u64,
}

/// Refuses every token made before (conventions 7) and ends every browser session: the backup knows neither what was
/// revoked nor who signed out after it was made. Calling it again does the same again.
///
/// Sessions end before the new epoch, so that none of them gets tokens that count; and once more after it, for servers that
/// ran meanwhile, with a change in the feed that makes them forget what they hold.
///
/// # Errors
/// The database failed; calling it again finishes the rest.
pub async fn restored(core: &Core, actor: &Actor, now: Timestamp) -> Result<Restored, Error> {
    let before = end_sessions(core, now).await?;
    let database_epoch = new_epoch(core, actor, now).await?;
    let after = end_sessions(core, now).await?;
    core.database.write(move |tx| Box::pin(async move { tx.invalidate(Kind::Epoch, "", now).await })).await?;
    Ok(Restored { database_epoch, sessions: before + after })
}

async fn end_sessions(core: &Core, now: Timestamp) -> Result<u64, Error> {
    let mut ended = 0;
    loop {
        match core.database.write(move |tx| Box::pin(sessions::end_before(tx, now, BATCH))).await? {
            0 => return Ok(ended),
            batch => ended += batch,
        }
    }
}

async fn new_epoch(core: &Core, actor: &Actor, now: Timestamp) -> Result<i64, Error> {
    let (random, actor) = (core.random.clone(), actor.clone());
    core.database
        .write(move |tx| {
            let (random, actor) = (random.clone(), actor.clone());
            Box::pin(async move {
                let epoch = settings::bump_database_epoch(tx, now).await?;
                let event = EventRow {
                    id: EventId::new(random.uuid_v7(now)),
                    kind: "database.restored".to_owned(),
                    customer_id: None,
                    service_id: None,
                    actor: actor.to_string(),
                    detail: serde_json::json!({ "epoch": epoch }).to_string(),
                    at: now,
                };
                events::insert(tx, &event).await?;
                Ok(epoch)
            })
        })
        .await
}
