//! Callers that go away in the middle, and many that meet on one row (security.md, finding 1).

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use concord::storage::batches::Batches;
use concord::storage::invalidations::Position;
use concord::storage::{Apart, Database, Error, Pools, settings, tries};

use crate::support::{Backend, World, on_both};

/// Polls a future so often and drops it.
async fn dropped_after<F: Future>(work: F, polls: usize) {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 || work.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn subject(number: usize) -> [u8; 32] {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

async fn count(database: &Database, world: &World, subject: [u8; 32]) -> Result<i64, Error> {
    let (now, until) = (world.now(), world.now() + Duration::from_secs(600));
    database.write(move |tx| Box::pin(async move { tries::count(tx, "test", &subject, now, until).await })).await
}

/// As `count`, kept apart so much.
async fn count_apart(database: &Database, world: &World, apart: Apart, subject: [u8; 32]) -> Result<i64, Error> {
    let (now, until) = (world.now(), world.now() + Duration::from_secs(600));
    match apart {
        Apart::ReadCommitted => {
            database.write_cas(move |tx| Box::pin(async move { tries::count(tx, "test", &subject, now, until).await })).await
        }
        _ => database.write_apart(apart, move |tx| Box::pin(async move { tries::count(tx, "test", &subject, now, until).await })).await,
    }
}

/// Loads of one kind, by one statement.
fn loads(database: &Database) -> Batches<usize, i64> {
    Batches::new(database, |tx, keys: Vec<usize>| {
        Box::pin(async move {
            let epoch = settings::database_epoch(tx).await?;
            Ok(keys.into_iter().map(|key| (key, Ok(epoch))).collect())
        })
    })
}

async fn feed(database: &Database) -> Result<i64, Error> {
    settings::database_epoch(&mut database.feed().await?).await
}

async fn read(database: &Database) -> Result<i64, Error> {
    settings::database_epoch(&mut database.read().await?).await
}

const CONNECTIONS: usize = 4;

on_both! {
    /// A dropped caller cuts nothing in half and leaves nothing behind on its connection.
    async fn dropped_callers_leave_a_clean_pool(world: World) {
        let pools = Pools { connections: CONNECTIONS as u32, wait: Duration::from_secs(5), ..Pools::default() };
        let database = Database::open(world.database_url(), pools).await.expect("the database opens");
        let batches = loads(&database);
        for round in 0..60 {
            // Different points: after so many polls, and after so many microseconds.
            dropped_after(count(&database, &world, subject(round)), 1 + round % 3).await;
            dropped_after(read(&database), 1 + round % 8).await;
            dropped_after(database.snapshot(|tx| Box::pin(settings::database_epoch(tx))), 1 + round % 4).await;
            dropped_after(count_apart(&database, &world, Apart::ReadCommitted, subject(2000 + round)), 1 + round % 3).await;
            dropped_after(count_apart(&database, &world, Apart::Single, subject(3000 + round)), 1 + round % 3).await;
            dropped_after(feed(&database), 1 + round % 8).await;
            dropped_after(Position::now(&database), 1 + round % 12).await;
            dropped_after(batches.get(round), 1 + round % 2).await;
            let brief = Duration::from_micros(round as u64 * 37);
            let _ = tokio::time::timeout(brief, count_apart(&database, &world, Apart::Single, subject(4000 + round))).await;
            let _ = tokio::time::timeout(brief, batches.get(1000 + round)).await;
            let _ = tokio::time::timeout(brief, Position::now(&database)).await;
            let _ = tokio::time::timeout(brief, count(&database, &world, subject(1000 + round))).await;
            let _ = tokio::time::timeout(brief, read(&database)).await;
            count(&database, &world, subject(5000)).await.expect("a whole write beside them");
        }
        // Every connection is taken at once and works.
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut tx = database.read().await.expect("a connection");
            settings::database_epoch(&mut tx).await.expect("it works");
            held.push(tx);
        }
        drop(held);
        Position::now(&database).await.expect("the feed's connection works");
        for key in 0..64 {
            assert!(batches.get(key).await.expect("no turn was lost").is_some());
        }
        assert_eq!(count(&database, &world, subject(5000)).await.expect("written"), 61);
        // Writes that had begun are done, whole, although nobody waited for them.
        database.close().await;
        for round in (0..60).chain(2000..2060).chain(3000..3060) {
            let hex: String = subject(round).iter().map(|byte| format!("{byte:02x}")).collect();
            let query = match world.backend {
                Backend::Sqlite => format!("SELECT COUNT(*) FROM tries WHERE subject = X'{hex}' AND count = 1"),
                Backend::Postgres => format!("SELECT COUNT(*) FROM tries WHERE subject = decode('{hex}', 'hex') AND count = 1"),
            };
            assert_eq!(world.count(&query).await, 1, "round {round}");
        }
        if world.backend == Backend::Postgres {
            let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
            assert_eq!(world.count(open).await, 0);
        }
        world.tamper("UPDATE tries SET count = count WHERE kind = 'test'").await.expect("no lock was left");
    }

    /// A fixed number of tries would let some give up; a deadline lets all through (conventions 9).
    async fn sixty_four_writers_of_one_row_all_get_through(world: World) {
        let writers = (0..64).map(|_| count(&world.database, &world, subject(1)));
        for outcome in futures_util::future::join_all(writers).await {
            outcome.expect("written");
        }
        assert_eq!(count(&world.database, &world, subject(1)).await.expect("written"), 65);
    }
}
