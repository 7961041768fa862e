//! The two databases behind one door for writing and one for reading.

use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, PgPool, SqlitePool};
use tokio_util::task::TaskTracker;

use super::error::Verdict;
use super::invalidations::Invalidation;
use super::tx::{Held, Link};
use super::{Error, Tx};
use crate::clock::{self, Timestamp};
use crate::config::DatabaseConfig;
use crate::telemetry::metrics;

/// The fewest connections for reading: sqlx hops to a thread per SQLite connection, and a few keep a core busy (performance.md).
const FEWEST: u32 = 4;

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

/// A handle to the database; clones share it.
#[derive(Clone)]
pub struct Database {
    pub(super) engine: Engine,
    writes: TaskTracker,
    write_deadline: Duration,
    after_commit: Arc<OnceLock<AfterCommit>>,
}

/// Besides what requests use, one connection that only reads the feed of changes: a node whose requests wait for connections
/// must still learn in time what its memory may not answer any more (conventions 8). It is opened when it is first used.
#[derive(Clone)]
pub(super) enum Engine {
    /// One writer, many readers: SQLite has a single write lock, and waiting for it in our queue is fair.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        feed: SqlitePool,
    },
    Postgres {
        pool: PgPool,
        feed: PgPool,
    },
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
        matches!(self.engine, Engine::Postgres { .. })
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
            Engine::Postgres { pool, .. } => {
                pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await.map(|tx| Link::Postgres(Held::Transaction(tx)))
            }
        };
        begun.map(Tx::new).map_err(|error| Verdict::of(&error))
    }

    /// A connection for single statements that only read; each sees what is committed when it runs.
    pub async fn read(&self) -> Result<Tx, Error> {
        let acquired = match &self.engine {
            Engine::Sqlite { readers, .. } => readers.acquire().await.map(|held| Link::Sqlite(Held::Plain(held))),
            Engine::Postgres { pool, .. } => pool.acquire().await.map(|held| Link::Postgres(Held::Plain(held))),
        };
        acquired.map(Tx::new).map_err(|error| Verdict::of(&error).error)
    }

    /// The connection of the feed of changes: one, and nobody else's.
    pub(super) async fn feed(&self) -> Result<Tx, Error> {
        let acquired = match &self.engine {
            Engine::Sqlite { feed, .. } => feed.acquire().await.map(|held| Link::Sqlite(Held::Plain(held))),
            Engine::Postgres { feed, .. } => feed.acquire().await.map(|held| Link::Postgres(Held::Plain(held))),
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
                Engine::Postgres { pool, .. } => {
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
            Engine::Sqlite { writer, readers, feed } => {
                feed.close().await;
                readers.close().await;
                writer.close().await;
            }
            Engine::Postgres { pool, feed } => {
                feed.close().await;
                pool.close().await;
            }
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
    let pool = |connections: u32, wait: Duration| {
        let lasting = SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).test_before_acquire(false);
        lasting.max_connections(connections).acquire_timeout(wait)
    };
    let writer = pool(1, pools.write_deadline.max(pools.wait)).connect_with(options.clone()).await.map_err(opened)?;
    let reading = options.read_only(true).create_if_missing(false).optimize_on_close(false, None);
    let readers = pool(pools.connections.max(FEWEST), pools.wait).connect_with(reading.clone()).await.map_err(opened)?;
    let feed = pool(1, pools.wait).connect_lazy_with(reading);
    Ok(Engine::Sqlite { writer, readers, feed })
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
    let millis = |period: Duration| period.as_millis().to_string();
    let options = PgConnectOptions::from_str(url)
        .ok()
        .filter(|_| url.starts_with("postgres"))
        .ok_or_else(|| Error::Unavailable("database.url is no address like postgres://user@host/name or sqlite:path".into()))?
        .application_name("concord")
        .options([
            ("statement_timeout", millis(pools.statement)),
            ("lock_timeout", millis(pools.write_deadline)),
            ("idle_in_transaction_session_timeout", millis(pools.idle_in_transaction)),
        ]);
    // Not tested before use: that would be a round trip for every statement. A connection is tested when it is given back, and
    // a statement on one that broke since is answered 503. No ROLLBACK when it is given back either: a transaction begins and
    // ends inside a task that nobody drops (see `write`), and PostgreSQL would log a warning for each that finds nothing to undo.
    let pool = |connections: u32| PgPoolOptions::new().max_connections(connections).acquire_timeout(pools.wait).test_before_acquire(false);
    let feed = pool(1).connect_lazy_with(options.clone());
    let pool = pool(pools.connections.max(FEWEST)).connect_lazy_with(options.clone());
    first_connection(&pool, &options, pools.connect).await?;
    Ok(Engine::Postgres { pool, feed })
}

/// What stands in the way of a connection, in the words of the system or of the database; both name nothing but the role and the database.
async fn obstacle(options: &PgConnectOptions) -> String {
    let place = format!("cannot connect to PostgreSQL at {}:{}", options.get_host(), options.get_port());
    let reason = match tokio::time::timeout(Duration::from_secs(2), PgConnection::connect_with(options)).await {
        Ok(Err(sqlx::Error::Io(error))) => error.to_string(),
        Ok(Err(sqlx::Error::Database(error))) => error.message().to_owned(),
        Ok(Err(sqlx::Error::Tls(_))) => "TLS failed".to_owned(),
        Ok(Err(_)) => "the connection failed".to_owned(),
        Ok(Ok(_)) | Err(_) => "no answer in time".to_owned(),
    };
    format!("{place}: {reason}; see database.url")
}

/// A database that is just starting is waited for.
async fn first_connection(pool: &PgPool, options: &PgConnectOptions, patience: Duration) -> Result<(), Error> {
    let started = clock::monotonic();
    loop {
        match pool.acquire().await {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::PoolTimedOut) if started.elapsed() < patience => {}
            Err(_) => return Err(Error::Unavailable(obstacle(options).await)),
        }
    }
}
