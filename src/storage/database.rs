//! The two databases behind one door for writing and one for reading.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{Postgres, Sqlite};
use tokio_util::task::TaskTracker;

use super::error::Verdict;
use super::invalidations::Invalidation;
use super::open::{open_postgres, open_sqlite};
use super::pool::Pool;
use super::tx::Link;
use super::{Error, Tx};
use crate::clock::{self, Timestamp};
use crate::config::DatabaseConfig;
use crate::telemetry::metrics;

/// How often work is done again because a uniqueness rule refused a row; then the refusal is the answer.
const COLLISIONS: u32 = 3;

/// How many connections, and how patient they are.
#[derive(Clone, Copy, Debug)]
pub struct Pools {
    /// Connections for reading; on PostgreSQL for everything.
    pub connections: u32,
    /// How long opening the first connection may take.
    pub connect: Duration,
    /// How long a caller waits for a free connection.
    pub wait: Duration,
    /// PostgreSQL: how long one statement may run; the database ends it. Zero: for ever.
    pub statement: Duration,
    /// PostgreSQL: how long a transaction may do nothing; the database ends it with its connection.
    pub idle_in_transaction: Duration,
    /// How long a write is tried again while it meets other work; then 503 (conventions 9).
    pub write_deadline: Duration,
}

impl Default for Pools {
    fn default() -> Self {
        Self {
            connections: 8,
            connect: Duration::from_secs(5),
            wait: Duration::from_secs(2),
            statement: Duration::from_secs(5),
            idle_in_transaction: Duration::from_secs(5),
            write_deadline: Duration::from_secs(2),
        }
    }
}

impl Pools {
    /// As the operator set them.
    pub fn of(settings: &DatabaseConfig) -> Self {
        let embedded = is_embedded(settings.url.expose());
        Self {
            connections: if embedded { settings.read_connections } else { settings.max_connections },
            connect: settings.connect_timeout.get(),
            wait: settings.acquire_timeout.get(),
            statement: settings.statement_timeout.get(),
            idle_in_transaction: settings.idle_in_transaction_timeout.get(),
            write_deadline: settings.write_deadline.get(),
        }
    }
}

fn is_embedded(url: &str) -> bool {
    url.starts_with("sqlite:")
}

/// Called after a commit with what it changed, so that this node need not wait for its own poll.
type AfterCommit = Arc<dyn Fn(&[Invalidation]) + Send + Sync>;

/// How much a transaction on PostgreSQL is kept apart from others. SQLite has one writer at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// As if it were alone.
    Serializable,
    /// Each statement sees what is committed when it runs.
    ReadCommitted,
    /// No transaction around it: the work is a single statement, which commits by itself. A second one is an error.
    Single,
}

/// A handle to the database; clones share it.
#[derive(Clone)]
pub struct Database {
    engine: Engine,
    writes: TaskTracker,
    write_deadline: Duration,
    after_commit: Arc<OnceLock<AfterCommit>>,
}

#[derive(Clone)]
pub(super) enum Engine {
    /// One writer, many readers: SQLite has a single write lock, and waiting for it in our queue is fair.
    Sqlite(Arc<ByUse<Sqlite>>),
    /// The same connections for both.
    Postgres(Arc<ByUse<Postgres>>),
}

/// What a connection is wanted for.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Write,
    Read,
    Feed,
}

/// Besides what requests use, one connection that only reads the feed of changes: a node whose requests wait for connections
/// must still learn in time what its memory may not answer any more (conventions 8). It is opened when it is first used.
pub(super) struct ByUse<D: sqlx::Database> {
    pub(super) write: Pool<D>,
    pub(super) read: Pool<D>,
    pub(super) feed: Pool<D>,
}

impl<D: sqlx::Database> ByUse<D> {
    fn pool(&self, purpose: Use) -> &Pool<D> {
        match purpose {
            Use::Write => &self.write,
            Use::Read => &self.read,
            Use::Feed => &self.feed,
        }
    }

    /// The writer last: it leaves SQLite's file in order.
    async fn close(&self) {
        for pool in [&self.feed, &self.read, &self.write] {
            pool.close().await;
        }
    }
}

impl Database {
    /// Opens `sqlite:PATH` (made when missing) or `postgres://..`. Does not touch the schema.
    pub async fn open(url: &str, pools: Pools) -> Result<Self, Error> {
        let engine = if is_embedded(url) { open_sqlite(url, pools).await? } else { open_postgres(url, pools).await? };
        Ok(Self { engine, writes: TaskTracker::new(), write_deadline: pools.write_deadline, after_commit: Arc::default() })
    }

    /// The database's own clock; `None` for the embedded database, which has none but ours. The one statement that asks the
    /// database for the time (conventions 8).
    pub async fn time(&self) -> Result<Option<Timestamp>, Error> {
        if !self.is_shared() {
            return Ok(None);
        }
        let mut tx = self.read().await?;
        let (now,) = fetch_one!(&mut tx, (Timestamp,), "SELECT CAST(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000 AS BIGINT)")?;
        Ok(Some(now))
    }

    /// Whether this is PostgreSQL: more than one node may share it.
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Sets what is called after each commit that invalidated something; the first caller wins.
    pub fn after_commit(&self, call: impl Fn(&[Invalidation]) + Send + Sync + 'static) {
        let _ = self.after_commit.set(Arc::new(call));
    }

    /// Runs `work` in one transaction, serialisable, and commits it; done again from the start while it meets other work.
    ///
    /// The transaction runs in a task of its own: a caller that goes away cannot cut it in half. `work` may be called
    /// several times and must not act outside the transaction. A use case that must commit and refuse returns the refusal as a value.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_apart(Apart::Serializable, work).await
    }

    /// As [`Database::write`], for work whose every decision is a compare-and-set on a row, or rests on epochs that are compared
    /// again whenever they matter. On PostgreSQL at READ COMMITTED: whoever loses a compare-and-set waits for the winner and
    /// finds zero rows.
    ///
    /// Serialisable transactions refuse each other for rows that merely share an index page, and rows made at the same time do:
    /// codes, flows and families of busy minutes would mostly be tried again (docs/decisions/0005).
    pub async fn write_cas<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.write_apart(Apart::ReadCommitted, work).await
    }

    /// As [`Database::write`] or [`Database::write_cas`], or as a single statement, as the caller says.
    pub async fn write_apart<T, E, F>(&self, apart: Apart, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let database = self.clone();
        let task = self.writes.spawn(async move { database.write_here(apart, work).await });
        task.await.unwrap_or_else(|_| Err(Error::Unavailable("the write was abandoned".into()).into()))
    }

    async fn write_here<T, E, F>(&self, apart: Apart, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
        E: From<Error>,
    {
        let started = clock::monotonic();
        for attempt in 0_u32.. {
            let verdict = match self.attempt(apart, &work, attempt).await {
                Ok(done) => {
                    metrics::db_operation("write", started.elapsed());
                    return done;
                }
                Err(verdict) => verdict,
            };
            if !verdict.again || started.elapsed() >= self.write_deadline {
                return Err(verdict.error.into());
            }
            tokio::time::sleep(jitter(attempt)).await;
        }
        Err(Error::Unavailable("conflict with other work".into()).into())
    }

    /// One try: `Ok` is final (whatever `work` said), `Err` says whether to try again.
    async fn attempt<T, E, F>(&self, apart: Apart, work: &F, attempt: u32) -> Result<Result<T, E>, Verdict>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        let mut tx = self.begin(apart).await?;
        let outcome = work(&mut tx).await;
        // A row that another transaction has just made: done again, the work sees it and says what it means.
        let collided = tx.collided && self.is_shared() && attempt < COLLISIONS;
        let (failed, again) = (tx.failed, tx.again || collided);
        let invalidated = std::mem::take(&mut tx.invalidated);
        match outcome {
            Ok(value) if !failed => {
                tx.commit().await?;
                self.tell(&invalidated);
                Ok(Ok(value))
            }
            // A swallowed failure: PostgreSQL would answer the commit with a silent rollback.
            Ok(_) => {
                tx.rollback().await;
                Err(Verdict { error: Error::Unavailable("a statement failed inside the transaction".into()), again, lost: false })
            }
            Err(_) if again => {
                tx.rollback().await;
                Err(Verdict { error: Error::Unavailable("conflict with other work".into()), again, lost: false })
            }
            Err(error) => {
                tx.rollback().await;
                Ok(Err(error))
            }
        }
    }

    fn tell(&self, invalidated: &[Invalidation]) {
        if let (false, Some(call)) = (invalidated.is_empty(), self.after_commit.get()) {
            call(invalidated);
        }
    }

    pub(super) async fn acquire(&self, purpose: Use) -> Result<Tx, Verdict> {
        let acquired = match &self.engine {
            Engine::Sqlite(pools) => pools.pool(purpose).acquire().await.map(Link::Sqlite),
            Engine::Postgres(pools) => pools.pool(purpose).acquire().await.map(Link::Postgres),
        };
        acquired.map(Tx::new).map_err(|error| Verdict::of(&error))
    }

    async fn begin(&self, apart: Apart) -> Result<Tx, Verdict> {
        let tx = self.acquire(Use::Write).await?;
        let words = match (apart, self.is_shared()) {
            (Apart::Single, _) => return Ok(tx.for_one_statement()),
            (_, false) => "BEGIN IMMEDIATE",
            (Apart::Serializable, true) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            (Apart::ReadCommitted, true) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        // Nothing was done yet: another connection may be a better one.
        tx.begin(words).await.map_err(|verdict| Verdict { again: verdict.again || verdict.lost, ..verdict })
    }

    /// A connection for single statements that only read; each sees what is committed when it runs.
    pub async fn read(&self) -> Result<Tx, Error> {
        self.acquire(Use::Read).await.map_err(|verdict| verdict.error)
    }

    /// The connection of the feed of changes, for whoever follows it: one, and nobody else's.
    pub async fn feed(&self) -> Result<Tx, Error> {
        self.acquire(Use::Feed).await.map_err(|verdict| verdict.error)
    }

    /// Runs several reading statements that must see the same moment.
    pub async fn snapshot<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let database = self.clone();
        // In a task of its own: a caller that goes away would cost the connection.
        let task = self.writes.spawn(async move {
            let begin = if database.is_shared() { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" } else { "BEGIN" };
            let begun = async { database.acquire(Use::Read).await?.begin(begin).await };
            let mut tx = begun.await.map_err(|verdict| E::from(verdict.error))?;
            let outcome = work(&mut tx).await;
            tx.rollback().await;
            outcome
        });
        task.await.unwrap_or_else(|_| Err(Error::Unavailable("the read was abandoned".into()).into()))
    }

    /// Waits until every write that began has ended, then closes the pools.
    pub async fn close(&self) {
        self.writes.close();
        self.writes.wait().await;
        match &self.engine {
            Engine::Sqlite(pools) => pools.close().await,
            Engine::Postgres(pools) => pools.close().await,
        }
    }
}

/// A short pause that grows with the attempt, different for every caller.
fn jitter(attempt: u32) -> Duration {
    let chance = RandomState::new().hash_one(attempt);
    Duration::from_micros(500 + chance % (1_500 << attempt.min(5)))
}
