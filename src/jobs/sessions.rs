//! Browser sessions whose time is over.

use std::sync::Arc;

use super::{Means, Outcome, said};
use crate::storage::{Error, sessions};
use crate::usecases::backchannel;
use crate::usecases::one_by_one::one_by_one;

/// At once.
const BATCH: i64 = 200;

/// Ends each in a transaction of its own.
pub(super) async fn end_overdue(means: &Means) -> Outcome {
    let core = &means.core;
    let now = core.clock.now();
    let overdue = sessions::overdue(&mut core.database.read().await.map_err(said)?, now, BATCH).await.map_err(said)?;
    let ended = one_by_one("sessions", &overdue, |session| {
        let held = Arc::clone(core);
        core.database.write(move |tx| {
            let core = Arc::clone(&held);
            Box::pin(async move {
                let Some(customer) = sessions::owner(tx, session).await? else { return Ok(()) };
                if sessions::end(tx, customer, session, now).await? {
                    backchannel::session_ended(tx, &core, customer, session, now).await?;
                }
                Ok::<(), Error>(())
            })
        })
    });
    ended.await.map_err(said)
}
