//! Everything that grows with time, how long it is kept, and why.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Means, Outcome, said};
use crate::clock::Timestamp;
use crate::storage::{
    Error, Tx, assertions, authorization_codes, families, flows, grants_over, invalidations, one_time_codes, outbox, pushed_requests,
    revocations, sessions, tries,
};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// The most batches of one table in one run: a backlog is worked off over many runs, not at once.
const BATCHES: usize = 20;

struct Table {
    name: &'static str,
    /// How long after its end a row stays.
    keep: Duration,
    #[allow(dead_code, reason = "read by people")]
    why: &'static str,
    /// Removes a batch of what was over before the first time; the second is now.
    remove: for<'t> fn(&'t mut Tx, Timestamp, Timestamp) -> BoxFuture<'t, Result<u64, Error>>,
}

macro_rules! table {
    ($name:literal, $keep:expr, $remove:path, $why:literal) => {
        Table { name: $name, keep: $keep, why: $why, remove: |tx, before, _| Box::pin($remove(tx, before)) }
    };
}

/// Those that point at others come first.
const TABLES: &[Table] = &[
    table!("one_time_codes", DAY, one_time_codes::forget_before, "a late code is told from a wrong one"),
    table!("codes", DAY, authorization_codes::forget_expired, "a code used twice ends what it issued"),
    table!("pushed_requests", DAY, pushed_requests::forget_expired, "a reload finds the flow"),
    table!("flows", DAY, flows::forget_before, "a late reload says what became of it"),
    table!("tries", MINUTE, tries::forget_before, "the window is over"),
    table!("used_assertions", MINUTE, assertions::forget_expired, "it could not be accepted any more anyway"),
    table!("token_revocations", MINUTE, revocations::forget_expired, "its token has expired"),
    Table {
        name: "families",
        keep: DAY,
        why: "its last access token has expired",
        remove: |tx, before, now| {
            Box::pin(async move {
                families::conclude_grants(tx, before, now).await?;
                families::forget_before(tx, before).await
            })
        },
    },
    Table {
        name: "grants of sessions",
        keep: DAY,
        why: "its last access token has expired",
        remove: |tx, before, now| Box::pin(grants_over::conclude(tx, before, now)),
    },
    table!("grants", DAY.saturating_mul(30), grants_over::forget_before, "the person's own list of what had access"),
    table!("sessions", DAY.saturating_mul(30), sessions::forget_before, "the person's own list of sign-ins"),
    table!("outbox", DAY.saturating_mul(7), outbox::forget_before, "whether a message was sent; its content goes at once"),
    table!(
        "invalidations",
        MINUTE.saturating_mul(10),
        invalidations::forget_before,
        "a node that missed a minute forgets everything instead"
    ),
];

/// Every table, batch after batch.
pub(super) async fn all(means: &Means) -> Outcome {
    let mut removed = 0;
    for table in TABLES {
        removed += clean(means, table).await.map_err(|error| format!("{}: {error}", table.name))?;
    }
    Ok(usize::try_from(removed).unwrap_or(usize::MAX))
}

async fn clean(means: &Means, table: &'static Table) -> Result<u64, String> {
    let mut removed = 0;
    for _ in 0..BATCHES {
        let now = means.core.clock.now();
        let before = now - table.keep;
        let batch: Result<u64, Error> = means.core.database.write(move |tx| (table.remove)(tx, before, now)).await;
        let batch = batch.map_err(said)?;
        removed += batch;
        if batch == 0 {
            break;
        }
    }
    if removed > 0 {
        tracing::debug!(event = "cleanup.removed", table = table.name, removed, "removed what was over");
    }
    Ok(removed)
}
