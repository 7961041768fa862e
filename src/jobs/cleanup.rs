//! Everything that grows with time, how long it is kept, and why.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{Means, Outcome};
use crate::clock::{self, Timestamp};
use crate::storage::{
    Error, Tx, assertions, authorization_codes, families, flows, grants_over, invalidations, one_time_codes, outbox, pushed_requests,
    revocations, sessions, tries,
};
use crate::telemetry::metrics;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// The longest a batch should take: whoever writes waits for it.
const LONGEST: Duration = Duration::from_millis(5);
/// How many rows the first batch of a run has, and the bounds of those that follow. The least is what a slow disk still gains by.
const FIRST: i64 = 50;
const LEAST: i64 = 20;
const MOST: i64 = 5_000;
/// How long one table may take in one run; what is left then is for the next.
const SHARE: Duration = Duration::from_millis(1500);

/// Removes at most so many rows of what was over before the first time; the second is now.
type Remove = for<'t> fn(&'t mut Tx, Timestamp, Timestamp, i64) -> BoxFuture<'t, Result<u64, Error>>;

struct Table {
    name: &'static str,
    /// How long after its end a row stays.
    keep: Duration,
    #[allow(dead_code, reason = "read by people")]
    why: &'static str,
    remove: Remove,
}

macro_rules! table {
    ($name:literal, $keep:expr, $remove:path, $why:literal) => {
        Table { name: $name, keep: $keep, why: $why, remove: |tx, before, _, most| Box::pin($remove(tx, before, most)) }
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
        remove: |tx, before, now, most| {
            Box::pin(async move {
                families::conclude_grants(tx, before, now, most).await?;
                families::forget_before(tx, before, most).await
            })
        },
    },
    table!("grants", DAY.saturating_mul(30), grants_over::forget_before, "the person's own list of what had access"),
    // Longer than the grants that end with them, which keep them.
    table!("sessions", DAY.saturating_mul(32), sessions::forget_before, "the person's own list of sign-ins"),
    table!("outbox", DAY.saturating_mul(7), outbox::forget_before, "whether a message was sent; its content goes at once"),
    table!(
        "invalidations",
        MINUTE.saturating_mul(10),
        invalidations::forget_before,
        "a node that missed a minute forgets everything instead"
    ),
];

/// Every table, batch after batch. One that fails does not keep the others from being cleaned.
pub(super) async fn all(means: &Means) -> Outcome {
    let (mut removed, mut failed) = (0, Vec::new());
    let mut failure = |name: &str, error: &Error| {
        metrics::job_failure("cleanup");
        failed.push(format!("{name}: {error}"));
    };
    conclude(means).await.unwrap_or_else(|error| failure("grants of sessions", &error));
    for table in TABLES {
        match clean(means, table).await {
            Ok(rows) => removed += rows,
            Err(error) => failure(table.name, &error),
        }
    }
    if failed.is_empty() { Ok(usize::try_from(removed).unwrap_or(usize::MAX)) } else { Err(failed.join("; ")) }
}

async fn clean(means: &Means, table: &'static Table) -> Result<u64, Error> {
    let (began, mut pace, mut removed) = (clock::monotonic(), Pace::default(), 0);
    while began.elapsed() < SHARE {
        let (now, size) = (means.core.clock.now(), pace.size);
        let before = now - table.keep;
        // Each statement looks for itself at what it removes, and a row that is over stays over (docs/decisions/0005).
        let batch: u64 = pace.measured(means.core.database.write_cas(move |tx| (table.remove)(tx, before, now, size))).await?;
        removed += batch;
        if batch == 0 {
            break;
        }
        pace.rest().await;
    }
    if removed > 0 {
        tracing::debug!(event = "cleanup.removed", table = table.name, removed, "removed what was over");
    }
    Ok(removed)
}

/// Ends what is left of sessions that were over a day ago: their last access tokens have expired. Goes on where the run before stopped.
async fn conclude(means: &Means) -> Result<(), Error> {
    let (began, mut pace) = (clock::monotonic(), Pace::default());
    while began.elapsed() < SHARE {
        let (now, size) = (means.core.clock.now(), pace.size);
        let after = *means.concluded();
        let work = means.core.database.write_cas(move |tx| Box::pin(grants_over::conclude(tx, after, now - DAY, now, size)));
        let Some(last) = pace.measured::<_, Error>(work).await? else { break };
        *means.concluded() = last;
        pace.rest().await;
    }
    Ok(())
}

/// How large the next batch is, and how long the last one took.
struct Pace {
    size: i64,
    took: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { size: FIRST, took: Duration::ZERO }
    }
}

impl Pace {
    async fn measured<T, E>(&mut self, batch: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let began = clock::monotonic();
        let done = batch.await;
        self.took = began.elapsed();
        self.size = next_size(self.size, self.took);
        done
    }

    /// As long for the others as for this.
    async fn rest(&self) {
        tokio::time::sleep(self.took).await;
    }
}

/// Half of what took too long, twice of what was quick.
fn next_size(size: i64, took: Duration) -> i64 {
    let next = if took > LONGEST {
        size / 2
    } else if took < LONGEST / 2 {
        size * 2
    } else {
        size
    };
    next.clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_they_are_quick_and_shrink_when_they_are_not() {
        let after = |size, millis| next_size(size, Duration::from_millis(millis));
        assert_eq!((after(FIRST, 1), after(FIRST, 3), after(100, 6)), (FIRST * 2, FIRST, 50));
        assert_eq!((after(LEAST, 100), after(MOST, 0)), (LEAST, MOST));
        let mut size = FIRST;
        // A hundred rows in a millisecond: where it settles is within the bound.
        for _ in 0..50 {
            size = next_size(size, Duration::from_micros(u64::try_from(size).expect("positive") * 10));
        }
        assert!((250..=500).contains(&size), "{size}");
    }
}
