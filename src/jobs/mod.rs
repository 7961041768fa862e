//! What happens without a request.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::outbound::guarded::GuardedClient;
use crate::outbound::mail::Mailer;
use crate::storage;
use crate::usecases::Core;

/// Sending messages.
pub mod outbox;

/// Starts every job of a node; they end with `stop`.
///
/// # Errors
/// The way out of this process cannot be made as configured; a sentence for the operator.
pub fn start(core: &Arc<Core>, mailer: Mailer, stop: &CancellationToken) -> Result<(), String> {
    let http = GuardedClient::new(&core.config.outbound)?;
    let relay = Arc::new(outbox::Relay::new(Arc::clone(core), mailer, http));
    repeat("outbox", outbox::EVERY, stop, move || {
        let relay = Arc::clone(&relay);
        async move { relay.work().await.map(drop) }
    });
    Ok(())
}

/// Repeats some work until `stop`: never twice at the same time, and a failure is no end.
fn repeat<W, F>(job: &'static str, every: Duration, stop: &CancellationToken, work: W)
where
    W: Fn() -> F + Send + 'static,
    F: Future<Output = Result<(), storage::Error>> + Send + 'static,
{
    let stop = stop.clone();
    tokio::spawn(async move {
        let mut tick = interval(every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut well = true;
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let outcome = work().await;
            match (&outcome, well) {
                (Err(error), true) => tracing::warn!(event = "job.failed", job, %error, "a job cannot do its work; it goes on trying"),
                (Ok(()), false) => tracing::info!(event = "job.well", job, "a job does its work again"),
                _ => {}
            }
            well = outcome.is_ok();
        }
    });
}
