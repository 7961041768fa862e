//! Browser sessions whose time is over.

use std::sync::Arc;

use super::{Means, Outcome, said};
use crate::storage::{Error, sessions};
use crate::usecases::backchannel;

/// At once.
const BATCH: i64 = 200;

/// Ends each in a transaction of its own.
pub(super) async fn end_overdue(means: &Means) -> Outcome {
    let core = &means.core;
    let now = core.clock.now();
    let overdue = sessions::overdue(&mut core.database.read().await.map_err(said)?, now, BATCH).await.map_err(said)?;
    for (session, customer) in &overdue {
        let (held, session, customer) = (Arc::clone(core), *session, *customer);
        let ended: Result<(), Error> = core
            .database
            .write(move |tx| {
                let core = Arc::clone(&held);
                Box::pin(async move {
                    if sessions::end(tx, customer, session, now).await? {
                        backchannel::session_ended(tx, &core, customer, session, now).await?;
                    }
                    Ok(())
                })
            })
            .await;
        ended.map_err(said)?;
    }
    Ok(overdue.len())
}
