//! The outbox: each message is claimed, sent, and noted as sent, tried again later, or given up.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::{Means, Outcome, mail, said};
use crate::clock::Timestamp;
use crate::storage::Error;
use crate::storage::outbox::{self, OutboxRow};
use crate::telemetry::metrics;
use crate::usecases::{backchannel, notices};

/// How long a claim holds: longer than any attempt.
const CLAIM: Duration = Duration::from_mins(1);
/// After this a message is given up.
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// Calls to clients at the same time.
const AT_ONCE: usize = 16;

/// What became of a try.
enum Try {
    Sent,
    /// Done in part: the rest at once.
    More,
    Again,
    Never,
}

/// Sends the mails that are due.
pub(super) async fn mails(means: &Means) -> Outcome {
    let now = means.core.clock.now();
    let oldest = outbox::oldest_due(&mut means.core.database.read().await.map_err(said)?, now).await.map_err(said)?;
    metrics::outbox_lag(oldest.map_or(Duration::ZERO, |due| now.since(due)));
    relay(means, notices::KIND, 1).await
}

/// Tells clients what people have ended.
pub(super) async fn logouts(means: &Means) -> Outcome {
    relay(means, backchannel::KIND, AT_ONCE).await
}

/// Tells clients what ended because they, or their service, were switched off.
pub(super) async fn switched_off(means: &Means) -> Outcome {
    let worked_off = relay(means, backchannel::SWITCHED_OFF, 1).await?;
    Ok(worked_off + relay(means, backchannel::AFTER_SWITCHED_OFF, AT_ONCE).await?)
}

async fn relay(means: &Means, kind: &'static str, at_once: usize) -> Outcome {
    let now = means.core.clock.now();
    let due = outbox::due_of_kind(&mut means.core.database.read().await.map_err(said)?, kind, now).await.map_err(said)?;
    let count = due.len();
    let mut tries = stream::iter(due).map(|row| handle(means, kind, row)).buffer_unordered(at_once);
    let mut failure = None;
    while let Some(outcome) = tries.next().await {
        failure = outcome.err().or(failure);
    }
    failure.map_or(Ok(count), |error| Err(said(error)))
}

async fn handle(means: &Means, kind: &'static str, row: OutboxRow) -> Result<(), Error> {
    let (database, now, id) = (&means.core.database, means.core.clock.now(), row.id);
    if !database.write(move |tx| Box::pin(outbox::claim(tx, id, now, now + CLAIM))).await? {
        return Ok(());
    }
    let outcome = match kind {
        notices::KIND => send_mail(means, &row, now).await,
        backchannel::SWITCHED_OFF => tell_switched_off(means, &row, now).await,
        _ => tell_client(means, &row, now).await,
    };
    let now = means.core.clock.now();
    match outcome {
        Try::Sent => database.write(move |tx| Box::pin(outbox::sent(tx, id, now))).await,
        Try::More => database.write(move |tx| Box::pin(outbox::failed(tx, id, Some(now), now))).await,
        Try::Again if now.since(row.created_at) < GIVE_UP_AFTER => {
            let due = now + pause(row.attempts);
            database.write(move |tx| Box::pin(outbox::failed(tx, id, Some(due), now))).await
        }
        Try::Again | Try::Never => {
            tracing::warn!(event = "outbox.given_up", kind, message = %id, "the message was not delivered and is given up");
            database.write(move |tx| Box::pin(outbox::failed(tx, id, None, now))).await
        }
    }
}

/// 2 s after the first failure, four times as long after each further one.
fn pause(attempts: i64) -> Duration {
    let times = 4_u32.saturating_pow(u32::try_from(attempts.clamp(0, 8)).unwrap_or(0));
    Duration::from_secs(2).saturating_mul(times).min(LONGEST_PAUSE)
}

async fn send_mail(means: &Means, row: &OutboxRow, now: Timestamp) -> Try {
    let Some(notice) = notices::open(&means.core, row.id, &row.payload) else {
        tracing::error!(event = "outbox.sealed", message = %row.id, "a message does not open: another key, or the row was changed");
        return Try::Never;
    };
    match means.mailer.send(row.id, &mail::render(&means.core, &notice), now).await {
        Ok(()) => Try::Sent,
        Err(error) => {
            tracing::warn!(event = "mail.failed", message = %row.id, reason = %error, "the mail will be tried again");
            Try::Again
        }
    }
}

async fn tell_switched_off(means: &Means, row: &OutboxRow, now: Timestamp) -> Try {
    match backchannel::tell_switched_off(&means.core, &row.payload, now).await {
        Ok(true) => Try::Sent,
        Ok(false) => Try::More,
        Err(_) => Try::Again,
    }
}

async fn tell_client(means: &Means, row: &OutboxRow, now: Timestamp) -> Try {
    let delivery = backchannel::deliver(&means.core, &means.http, row.id, &row.payload, now).await;
    match delivery {
        Ok(backchannel::Delivery::Done) => Try::Sent,
        Ok(backchannel::Delivery::Pointless) => Try::Never,
        Ok(backchannel::Delivery::Failed) | Err(_) => Try::Again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<_> = (0..8).map(|attempts| pause(attempts).as_secs()).collect();
        assert_eq!(pauses, [2, 8, 32, 128, 512, 2048, 3600, 3600]);
        assert_eq!(pause(i64::MAX), LONGEST_PAUSE);
        assert_eq!(pause(-1), Duration::from_secs(2));
    }
}
