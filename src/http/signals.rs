//! From a signal to the end: unready, then closed, then drained.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::health::Readiness;

/// SIGHUP, each time it comes: read again what can be read again.
///
/// # Errors
/// The signal cannot be listened to.
pub fn on_hangup<F>(work: impl Fn() -> F + Send + Sync + 'static) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            work().await;
        }
    });
    Ok(())
}

/// A token that is cancelled `delay` after SIGTERM or SIGINT; in between `/readyz` already says that the node is leaving.
/// A second signal cancels at once.
///
/// # Errors
/// The signals cannot be listened to.
pub fn shutdown_on_signal(readiness: Arc<Readiness>, delay: Duration) -> io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let _on_drop = cancelled.drop_guard();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        readiness.drain();
        tracing::info!(event = "http.server.stopping", "stopping: not ready any more, then no new connections, then running requests end");
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    Ok(token)
}
