//! How patient the doors are: the settings of `[database]` act, and the feed has a connection of its own.

use std::time::{Duration, Instant};

use concord::config::Config;
use concord::storage::invalidations::{Kind, Position};
use concord::storage::{Apart, Database, Error, Pools, settings, tries};
use sqlx::{Connection, Executor};

use crate::support::proxy::Proxy;
use crate::support::{Backend, World, on_both};

const SUBJECT: [u8; 32] = [9; 32];

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

async fn open(world: &World, pools: Pools) -> Database {
    Database::open(world.database_url(), pools).await.expect("the database opens")
}

/// Writes a row; `pause` before the commit.
async fn count(database: &Database, world: &World, pause: Duration) -> Result<i64, Error> {
    let (now, until) = (world.now(), world.now() + Duration::from_secs(600));
    database
        .write(move |tx| {
            Box::pin(async move {
                tries::count(tx, "test", &SUBJECT, now, until).await?;
                tokio::time::sleep(pause).await;
                tries::count(tx, "test", &SUBJECT, now, until).await
            })
        })
        .await
}

async fn stranger(world: &World) -> sqlx::PgConnection {
    sqlx::PgConnection::connect(world.database_url()).await.expect("PostgreSQL answers")
}

#[test]
fn the_settings_are_taken_over() {
    let text = "[database]\nmax_connections = 31\nread_connections = 7\nconnect_timeout = \"11s\"\nacquire_timeout = \"12s\"\n\
        statement_timeout = \"13s\"\nidle_in_transaction_timeout = \"14s\"\nwrite_deadline = \"15s\"\n";
    let mut config = Config::from_toml(text).expect("a configuration");
    assert_eq!(Pools::of(&config.database).connections, 7, "SQLite");
    let text = format!("{text}url = \"postgres://localhost/x\"\n");
    config = Config::from_toml(&text).expect("a configuration");
    let pools = Pools::of(&config.database);
    let seconds = [pools.connect, pools.wait, pools.statement, pools.idle_in_transaction, pools.write_deadline].map(|p| p.as_secs());
    assert_eq!((pools.connections, seconds), (31, [11, 12, 13, 14, 15]));
}

on_both! {
    /// A node whose requests hold every connection still learns what its memory may not answer any more (conventions 8).
    async fn the_feed_is_read_while_requests_hold_every_connection(world: World) {
        let database = open(&world, Pools { connections: 3, wait: Duration::from_secs(2), ..Pools::default() }).await;
        let mut held = Vec::new();
        while let Ok(tx) = database.read().await {
            held.push(tx);
        }
        assert_eq!(held.len(), 3, "as many as were asked for");
        let mut position = Position::now(&database).await.expect("the feed has a connection");
        assert!(position.poll(&database).await.expect("it has").is_empty());
        assert!(matches!(database.read().await, Err(Error::Unavailable(_))));
        drop(held);
        settings::database_epoch(&mut database.read().await.expect("a connection")).await.expect("it works");
        database.close().await;
    }

    /// Work without a transaction around it is one statement; a second one is refused, whatever becomes of the refusal.
    async fn a_single_statement_is_a_single_statement(world: World) {
        let (now, until) = (world.now(), world.now() + Duration::from_secs(600));
        let once = world.database.write_apart(Apart::Single, move |tx| Box::pin(tries::count(tx, "test", &SUBJECT, now, until))).await;
        assert_eq!(once.expect("written"), 1);
        let twice: Result<i64, Error> = world
            .database
            .write_apart(Apart::Single, move |tx| {
                Box::pin(async move {
                    tries::count(tx, "test", &SUBJECT, now, until).await?;
                    tries::count(tx, "test", &SUBJECT, now, until).await
                })
            })
            .await;
        assert!(matches!(twice, Err(Error::Corrupt(_))), "{twice:?}");
        let told: Result<(), Error> = world
            .database
            .write_apart(Apart::Single, move |tx| {
                Box::pin(async move {
                    tries::count(tx, "test", &SUBJECT, now, until).await?;
                    let _ = tx.invalidate(Kind::Service, "x", now).await;
                    Ok(())
                })
            })
            .await;
        assert!(told.is_err(), "swallowed");
        assert_eq!(count(&world.database, &world, Duration::ZERO).await.expect("written"), 5);
    }

    /// A write that meets other work is tried again until its deadline, and then given up.
    async fn a_write_is_given_up_at_its_deadline(world: World) {
        // SQLite waits so long for the lock each time; PostgreSQL may need longer to open a connection.
        let wait = if world.backend == Backend::Sqlite { millis(100) } else { Duration::from_secs(5) };
        let pools = Pools { wait, write_deadline: millis(400), ..Pools::default() };
        let database = open(&world, pools).await;
        count(&database, &world, Duration::ZERO).await.expect("written");
        // Somebody else holds what it needs, for longer.
        let (mut other, mut file) = (None, None);
        if world.backend == Backend::Postgres {
            let connection = other.insert(stranger(&world).await);
            connection.execute("BEGIN").await.expect("begun");
            connection.execute("UPDATE tries SET count = count WHERE kind = 'test'").await.expect("locked");
        } else {
            let connection = file.insert(sqlx::SqliteConnection::connect(world.database_url()).await.expect("SQLite opens"));
            connection.execute("BEGIN IMMEDIATE").await.expect("locked");
        }
        let started = Instant::now();
        assert!(matches!(count(&database, &world, Duration::ZERO).await, Err(Error::Unavailable(_))));
        assert!(started.elapsed() >= millis(400), "given up after {:?}", started.elapsed());
        if let Some(connection) = &mut other {
            connection.execute("ROLLBACK").await.expect("free again");
        }
        if let Some(connection) = &mut file {
            connection.execute("ROLLBACK").await.expect("free again");
        }
        assert_eq!(count(&database, &world, Duration::ZERO).await.expect("written"), 4);
        database.close().await;
    }
}

/// PostgreSQL ends a statement that takes too long; the connection is of use again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_is_ended() {
    let world = World::new(Backend::Postgres).await;
    let database = open(&world, Pools { statement: millis(300), write_deadline: Duration::from_secs(60), ..Pools::default() }).await;
    let mut other = stranger(&world).await;
    other.execute("BEGIN").await.expect("begun");
    other.execute("LOCK TABLE settings IN ACCESS EXCLUSIVE MODE").await.expect("locked");
    let mut tx = database.read().await.expect("a connection");
    assert!(matches!(settings::database_epoch(&mut tx).await, Err(Error::Unavailable(_))));
    other.execute("ROLLBACK").await.expect("free again");
    settings::database_epoch(&mut tx).await.expect("the same connection works");
    drop(tx);
    database.close().await;
}

/// PostgreSQL ends a transaction that does nothing for too long: nothing of it is kept, and the pool is of use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_does_nothing_is_ended() {
    let world = World::new(Backend::Postgres).await;
    let database = open(&world, Pools { idle_in_transaction: millis(200), ..Pools::default() }).await;
    assert!(matches!(count(&database, &world, Duration::from_secs(3)).await, Err(Error::Unavailable(_))));
    assert_eq!(count(&database, &world, Duration::ZERO).await.expect("written"), 2, "nothing of the first was kept");
    database.close().await;
}

/// Every connection has been used and is kept.
async fn all_in_use_once(database: &Database, connections: usize) {
    let mut held = Vec::new();
    for _ in 0..connections {
        let mut tx = database.read().await.expect("a connection");
        settings::database_epoch(&mut tx).await.expect("it works");
        held.push(tx);
    }
}

/// A host that has fallen silent breaks no connection: whoever asks is told in time, and the connections are replaced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_a_silent_host_are_given_up() {
    let world = World::new(Backend::Postgres).await;
    let mut url = url::Url::parse(world.database_url()).expect("an address");
    let proxy = Proxy::to([([127, 0, 0, 1], url.port().expect("a port")).into()]).await;
    url.set_port(Some(proxy.address.port())).expect("a port");
    let long = Duration::from_secs(60);
    let pools = Pools { connections: 3, wait: Duration::from_secs(3), statement: millis(500), write_deadline: long, ..Pools::default() };
    let database = Database::open(url.as_str(), pools).await.expect("the database opens");

    // Callers that did not wait for the answer: what they leave in the middle is closed, and keeps nobody out.
    all_in_use_once(&database, 3).await;
    proxy.strand();
    let mut left = Vec::new();
    for _ in 0..3 {
        left.push(database.read().await.expect("a connection"));
    }
    for tx in &mut left {
        assert!(tokio::time::timeout(millis(50), settings::database_epoch(tx)).await.is_err(), "an answer from a silent host");
    }
    drop(left);
    all_in_use_once(&database, 3).await;

    // One that waits for the answer pays for all.
    proxy.strand();
    let mut tx = database.read().await.expect("a connection");
    let answer = tokio::time::timeout(long, settings::database_epoch(&mut tx)).await.expect("it does not wait for ever");
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    assert!(matches!(settings::database_epoch(&mut tx).await, Err(Error::Unavailable(_))), "the connection is gone");
    drop(tx);
    // What was kept beside it was closed with it.
    all_in_use_once(&database, 3).await;

    // A write that could not even begin is done on another connection.
    proxy.strand();
    let written = tokio::time::timeout(long, count(&database, &world, Duration::ZERO)).await.expect("it does not wait for ever");
    assert_eq!(written.expect("written"), 2);
    database.close().await;
}
