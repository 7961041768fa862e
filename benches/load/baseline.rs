//! Limits that are not the server's: durable commits of 16 callers to the same kind of database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor, SqlitePool};

use super::Effort;
use super::report::Report;
use crate::support::database::{Folder, service_url};

const CALLERS: u32 = 16;

/// After so many commits SQLite writes over its log instead of making it longer, which a file system is slower at.
const WARM: u64 = 2000;

/// Name of the limit: commits of 16 connections to PostgreSQL.
pub const COMMITS: &str = "commits";
/// Name of the limit: commits of 16 callers to SQLite, which has one writer.
pub const COMMITS_SQLITE: &str = "commits, SQLite";

/// The same statement for both.
macro_rules! statement {
    () => {
        "INSERT INTO bench_commits (id, number) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET number = bench_commits.number + 1"
    };
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS bench_commits (id BIGINT PRIMARY KEY, number BIGINT NOT NULL)";

/// Measures how often 16 callers can commit one small row each: the median of the runs.
pub fn commits(report: &mut Report, effort: Effort) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let time = effort.run.min(Duration::from_secs(5));
    let rates = |one: &dyn Fn() -> f64| {
        let mut rates: Vec<f64> = (0..effort.runs).map(|_| one()).collect();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let url = runtime.block_on(empty_database(&format!("bench_commits_{}", std::process::id())));
    report.limit(COMMITS, rates(&|| runtime.block_on(postgres(&url, time))), "commits/s");
    let folder = Folder::new();
    report.limit(COMMITS_SQLITE, rates(&|| runtime.block_on(sqlite(&folder, time))), "commits/s");
}

async fn postgres(url: &str, time: Duration) -> f64 {
    let pool =
        sqlx::postgres::PgPoolOptions::new().max_connections(CALLERS).test_before_acquire(false).connect(url).await.expect("connects");
    pool.execute(TABLE).await.expect("a table");
    let done = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let workers: Vec<_> = (0..i64::from(CALLERS))
        .map(|worker| {
            let (pool, done) = (pool.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut connection = pool.acquire().await.expect("a connection");
                while started.elapsed() < time {
                    sqlx::query(statement!()).bind(worker).execute(&mut *connection).await.expect("commits");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker");
    }
    let rate = done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    pool.close().await;
    rate
}

/// One connection, as the server writes; the callers wait for it in turn.
async fn sqlite(folder: &Folder, time: Duration) -> f64 {
    let options = SqliteConnectOptions::new().filename(folder.path().join("commits.sqlite")).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let pool: SqlitePool =
        SqlitePoolOptions::new().max_connections(1).test_before_acquire(false).connect_with(options).await.expect("opens");
    pool.execute(TABLE).await.expect("a table");
    let mut connection = pool.acquire().await.expect("a connection");
    let (mut done, mut started) = (0_u64, None);
    while started.is_none_or(|started: Instant| started.elapsed() < time) {
        let worker = i64::try_from(done % u64::from(CALLERS)).unwrap_or_default();
        sqlx::query(statement!()).bind(worker).execute(&mut *connection).await.expect("commits");
        done += 1;
        if started.is_none() && done == WARM {
            (done, started) = (0, Some(Instant::now()));
        }
    }
    let rate = done as f64 / started.map_or(1.0, |started| started.elapsed().as_secs_f64());
    drop(connection);
    pool.close().await;
    rate
}

/// A PostgreSQL database with nothing in it.
async fn empty_database(name: &str) -> String {
    let url = service_url("TEST_DATABASE_URL");
    let pool = sqlx::PgPool::connect(&url).await.expect("connects");
    pool.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
    pool.close().await;
    let mut empty = url::Url::parse(&url).expect("an address");
    empty.set_path(name);
    empty.into()
}
