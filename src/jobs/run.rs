//! Runs the table: a task per job, its lease where only one node should work, and an orderly end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::{Job, Outcome, SCHEDULE, said};
use crate::clock::Timestamp;
use crate::model::ids::SessionId;
use crate::outbound::guarded::GuardedClient;
use crate::outbound::mail::Mailer;
use crate::storage::grants_over::Place;
use crate::storage::{Error, leases};
use crate::usecases::Core;

/// Added to a lease, so that a slow run does not lose it.
const LEASE_MORE: Duration = Duration::from_mins(1);

/// What jobs work with.
pub struct Means {
    /// The use cases' world.
    pub core: Arc<Core>,
    /// The way out for mails.
    pub mailer: Mailer,
    /// The way out for calls to clients.
    pub http: GuardedClient,
    /// This node, as leases name it.
    node: Uuid,
    /// How far cleanup has looked through the sessions that are over.
    concluded: Mutex<Place>,
}

impl Means {
    /// For this process.
    ///
    /// # Errors
    /// A sentence: the HTTP client cannot be made as configured.
    pub fn new(core: Arc<Core>, mailer: Mailer) -> Result<Self, String> {
        let http = GuardedClient::new(&core.config.outbound)?;
        let node = core.random.uuid_v7(core.clock.now());
        let concluded = Mutex::new((Timestamp::default(), SessionId::new(Uuid::nil())));
        Ok(Self { core, mailer, http, node, concluded })
    }

    pub(super) fn concluded(&self) -> MutexGuard<'_, Place> {
        self.concluded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one job once, now and whoever holds its lease; `None` when there is no such job.
    pub async fn run_once(&self, name: &str) -> Option<Result<usize, String>> {
        let job = SCHEDULE.iter().find(|job| job.name == name)?;
        Some((job.run)(self).await)
    }

    /// Runs one job once, if it is this node's turn; `None` when there is no such job.
    pub async fn take_turn(&self, name: &str) -> Option<Result<usize, String>> {
        let job = SCHEDULE.iter().find(|job| job.name == name)?;
        Some(self.turn(job).await)
    }

    /// Runs a job if it is this node's turn.
    async fn turn(&self, job: &'static Job) -> Outcome {
        if job.alone && !self.take_lease(job).await.map_err(said)? {
            return Ok(0);
        }
        (job.run)(self).await
    }

    async fn take_lease(&self, job: &'static Job) -> Result<bool, Error> {
        let (node, now) = (self.node, self.core.clock.now());
        let until = now + job.every + LEASE_MORE;
        self.core.database.write(move |tx| Box::pin(leases::take(tx, job.name, node, until, now))).await
    }

    /// Another node may go on at once.
    async fn give_back(&self, job: &'static Job) {
        let node = self.node;
        let given: Result<(), Error> = self.core.database.write(move |tx| Box::pin(leases::give_back(tx, job.name, node))).await;
        if let Err(error) = given {
            tracing::debug!(event = "job.lease", job = job.name, reason = %error, "the lease runs out by itself");
        }
    }
}

/// Running jobs.
pub struct Jobs(TaskTracker);

impl Jobs {
    /// Waits, after the end was called for, until every run that had begun is done.
    pub async fn ended(&self) {
        self.0.close();
        self.0.wait().await;
    }
}

/// Starts every job of a node; none begins another run after `stop`.
///
/// # Errors
/// A sentence: the HTTP client cannot be made as configured.
pub fn start(core: &Arc<Core>, mailer: Mailer, stop: &CancellationToken) -> Result<Jobs, String> {
    let means = Arc::new(Means::new(Arc::clone(core), mailer)?);
    let tasks = TaskTracker::new();
    for job in SCHEDULE {
        tasks.spawn(repeat(job, Arc::clone(&means), stop.clone()));
    }
    Ok(Jobs(tasks))
}

async fn repeat(job: &'static Job, means: Arc<Means>, stop: CancellationToken) {
    // Nodes that start together do not work in step.
    let first = job.every.mul_f64(f64::from(u8::try_from(means.core.random.u64() % 100).unwrap_or(0)) / 100.0);
    let mut pause = first;
    let mut well = true;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        let outcome = means.turn(job).await;
        match &outcome {
            Ok(0) => {}
            Ok(done) => tracing::debug!(event = "job.done", job = job.name, done, "done"),
            Err(reason) if well => tracing::warn!(event = "job.failed", job = job.name, reason, "will be tried again"),
            Err(_) => {}
        }
        well = outcome.is_ok();
        pause = if well { job.every } else { job.every.max(Duration::from_secs(2)) };
    }
    if job.alone {
        means.give_back(job).await;
    }
}
