//! Limits that are not the server's: durable commits of 16 connections to the same database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use concord::storage::{Database, Pools};
use sqlx::Executor;

use super::Effort;
use super::report::Report;

const CONNECTIONS: u32 = 16;

/// Measures how often 16 connections can commit one small row each, on PostgreSQL and on SQLite.
pub fn commits(report: &mut Report, effort: Effort) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let rate = runtime.block_on(async { postgres(&empty_database("bench_commits").await, effort.run.min(Duration::from_secs(5))).await });
    report.limit("commits", rate, "commits/s");
}

async fn postgres(url: &str, time: Duration) -> f64 {
    let pool =
        sqlx::postgres::PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false).connect(url).await.expect("connects");
    pool.execute("CREATE TABLE IF NOT EXISTS bench_commits (id BIGINT PRIMARY KEY, number BIGINT NOT NULL)").await.expect("a table");
    let done = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let workers: Vec<_> = (0..i64::from(CONNECTIONS))
        .map(|worker| {
            let (pool, done) = (pool.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut connection = pool.acquire().await.expect("a connection");
                while started.elapsed() < time {
                    let statement = sqlx::query(
                        "INSERT INTO bench_commits (id, number) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET number = bench_commits.number + 1",
                    );
                    statement.bind(worker).execute(&mut *connection).await.expect("commits");
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

/// A PostgreSQL database with nothing in it.
async fn empty_database(name: &str) -> String {
    let url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL: run `make bench`");
    let pool = sqlx::PgPool::connect(&url).await.expect("connects");
    pool.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database");
    pool.close().await;
    let mut empty = url::Url::parse(&url).expect("an address");
    empty.set_path(name);
    empty.into()
}

/// A fresh, migrated PostgreSQL database for the server under test.
pub async fn fresh_database(name: &str) -> String {
    let url = empty_database(name).await;
    let database = Database::open(&url, Pools::default()).await.expect("opens");
    database.migrate().await.expect("migrates");
    database.close().await;
    url
}
