//! The two databases behind one door for writing and one for reading.

use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};
use tokio_util::task::TaskTracker;

use super::error::Verdict;
use super::invalidations::Invalidation;
use super::tx::{Held, Link};
use super::{Error, Tx};
use crate::clock::{self, Timestamp};

/// How long a write is tried again while it meets other work; then 503 (conventions 9).
const WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// How often work is done again because a uniqueness rule refused a row; then the refusal is the answer.
const COLLISIONS: u32 = 3;

/// How many connections, and how long to wait for one.
#[derive(Clone, Copy, Debug)]
pub struct Pools {
    /// Connections for reading; on PostgreSQL for everything.
    pub connections: u32,
    /// How long a caller waits for a free connection.
    pub wait: Duration,
}

impl Default for Pools {
    fn default() -> Self {
        Self { connections: 8, wait: Duration::from_secs(2) }
    }
}

/// Called after a commit with what it changed, so that this node need not wait for its own poll.
type AfterCommit = Arc<dyn Fn(&[Invalidation]) + Send + Sync>;

/// A handle to the database; clones share it.
#[derive(Clone)]
pub struct Database {
    pub(super) engine: Engine,
    writes: TaskTracker,
    after_commit: Arc<OnceLock<AfterCommit>>,
}

#[derive(Clone)]
pub(super) enum Engine {
    /// One writer, many readers: SQLite has a single write lock, and waiting for it in our queue is fair.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Database {
    /// Opens `sqlite:PATH` (made when missing) or `postgres://..`. Does not touch the schema.
    pub async fn open(url: &str, pools: Pools) -> Result<Self, Error> {
        let engine = if url.starts_with("sqlite:") { open_sqlite(url, pools).await? } else { open_postgres(url, pools).await? };
        Ok(Self { engine, writes: TaskTracker::new(), after_commit: Arc::default() })
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
        let database = self.clone();
        let task = self.writes.spawn(async move { database.write_here(work).await });
        task.await.unwrap_or_else(|_| Err(Error::Unavailable("the write was abandoned".into()).into()))
    }

    async fn write_here<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
        E: From<Error>,
    {
        let started = clock::monotonic();
        for attempt in 0_u32.. {
            let verdict = match self.attempt(&work, attempt).await {
                Ok(done) => return done,
                Err(verdict) => verdict,
            };
            if !verdict.again || started.elapsed() >= WRITE_DEADLINE {
                return Err(verdict.error.into());
            }
            tokio::time::sleep(jitter(attempt)).await;
        }
        Err(Error::Unavailable("conflict with other work".into()).into())
    }

    /// One try: `Ok` is final (whatever `work` said), `Err` says whether to try again.
    async fn attempt<T, E, F>(&self, work: &F, attempt: u32) -> Result<Result<T, E>, Verdict>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        let mut tx = self.begin().await?;
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
                Err(Verdict { error: Error::Unavailable("a statement failed inside the transaction".into()), again })
            }
            Err(_) if again => {
                tx.rollback().await;
                Err(Verdict { error: Error::Unavailable("conflict with other work".into()), again })
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

    async fn begin(&self) -> Result<Tx, Verdict> {
        let begun = match &self.engine {
            Engine::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(|tx| Link::Sqlite(Held::Transaction(tx))),
            Engine::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await.map(|tx| Link::Postgres(Held::Transaction(tx)))
            }
        };
        begun.map(Tx::new).map_err(|error| Verdict::of(&error))
    }

    /// A connection for single statements that only read; each sees what is committed when it runs.
    pub async fn read(&self) -> Result<Tx, Error> {
        let acquired = match &self.engine {
            Engine::Sqlite { readers, .. } => readers.acquire().await.map(|held| Link::Sqlite(Held::Plain(held))),
            Engine::Postgres(pool) => pool.acquire().await.map(|held| Link::Postgres(Held::Plain(held))),
        };
        acquired.map(Tx::new).map_err(|error| Verdict::of(&error).error)
    }

    /// Runs several reading statements that must see the same moment.
    pub async fn snapshot<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let database = self.clone();
        // In a task of its own: a dropped BEGIN would leave its transaction open in the pool (sqlx 0.9.0).
        let task = self.writes.spawn(async move {
            let begun = match &database.engine {
                Engine::Sqlite { readers, .. } => readers.begin().await.map(|tx| Link::Sqlite(Held::Transaction(tx))),
                Engine::Postgres(pool) => {
                    pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(|tx| Link::Postgres(Held::Transaction(tx)))
                }
            };
            let mut tx = begun.map(Tx::new).map_err(|error| E::from(Verdict::of(&error).error))?;
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
            Engine::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}

/// A short pause that grows with the attempt, different for every caller.
fn jitter(attempt: u32) -> Duration {
    let chance = RandomState::new().hash_one(attempt);
    Duration::from_micros(500 + chance % (1_500 << attempt.min(5)))
}

async fn open_sqlite(url: &str, pools: Pools) -> Result<Engine, Error> {
    make_folder(url)?;
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| Error::Unavailable("database.url is not a SQLite address like sqlite:concord.sqlite".into()))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(pools.wait)
        .pragma("trusted_schema", "OFF")
        .pragma("secure_delete", "ON")
        .optimize_on_close(true, None);
    let opened = |error: sqlx::Error| Error::Unavailable(format!("cannot open the SQLite file: {}", Verdict::of(&error).error));
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(WRITE_DEADLINE.max(pools.wait))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(opened)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(pools.connections.max(4))
        .acquire_timeout(pools.wait)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(options.read_only(true).create_if_missing(false).optimize_on_close(false, None))
        .await
        .map_err(opened)?;
    Ok(Engine::Sqlite { writer, readers })
}

/// Makes the file's folder where there is none, for its owner only.
pub(super) fn make_folder(url: &str) -> Result<(), Error> {
    let Some(folder) = super::server_lock::sqlite_file(url).and_then(|file| Some(file.parent()?.to_owned())) else { return Ok(()) };
    if folder.as_os_str().is_empty() || folder.exists() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(|error| Error::Unavailable(format!("cannot make the folder {}: {error}", folder.display())))
}

async fn open_postgres(url: &str, pools: Pools) -> Result<Engine, Error> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Error::Unavailable("database.url is not an address like postgres://user@host/name".into()))?
        .application_name("concord")
        .options([("statement_timeout", "5s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "5s")]);
    let pool = PgPoolOptions::new()
        .max_connections(pools.connections.max(4))
        .acquire_timeout(pools.wait)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| Error::Unavailable(format!("cannot connect to PostgreSQL: {}", Verdict::of(&error).error)))?;
    Ok(Engine::Postgres(pool))
}
