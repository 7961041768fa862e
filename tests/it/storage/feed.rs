//! The feed of changes: each number once, whatever order they are committed in (conventions 8).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use concord::storage::invalidations::{Kind, Position};
use concord::storage::{Database, Error};
use sqlx::{Connection, Executor};

use crate::support::{Backend, World, on_both};

async fn invalidate(database: &Database, world: &World, key: String, pause: Duration) {
    let now = world.now();
    let written: Result<(), Error> = database
        .write(move |tx| {
            let key = key.clone();
            Box::pin(async move {
                tx.invalidate(Kind::Service, &key, now).await?;
                // The number is taken; the commit comes later, perhaps after those of others.
                tokio::time::sleep(pause).await;
                Ok(())
            })
        })
        .await;
    written.expect("written");
}

async fn keys(position: &mut Position, world: &World) -> Vec<String> {
    position.poll(&world.database).await.expect("polled").into_iter().map(|change| change.key).collect()
}

on_both! {
    async fn a_change_is_read_once_and_what_was_before_is_not(world: World) {
        invalidate(&world.database, &world, "before".into(), Duration::ZERO).await;
        let mut position = Position::now(&world.database).await.expect("the end");
        assert!(keys(&mut position, &world).await.is_empty());
        invalidate(&world.database, &world, "one".into(), Duration::ZERO).await;
        invalidate(&world.database, &world, "two".into(), Duration::ZERO).await;
        assert_eq!(keys(&mut position, &world).await, ["one", "two"]);
        assert!(keys(&mut position, &world).await.is_empty());
    }

    async fn many_writers_and_a_reader_meet_each_change_once(world: World) {
        let mut position = Position::now(&world.database).await.expect("the end");
        let done = AtomicBool::new(false);
        let writers = async {
            let each = (0..8_u64).map(|writer| {
                let world = &world;
                async move {
                    for number in 0..10_u64 {
                        let pause = Duration::from_millis((writer * 7 + number * 3) % 11);
                        invalidate(&world.database, world, format!("{writer}-{number}"), pause).await;
                    }
                }
            });
            futures_util::future::join_all(each).await;
            done.store(true, Ordering::SeqCst);
        };
        let reader = async {
            let mut seen = BTreeMap::<String, usize>::new();
            loop {
                let last = done.load(Ordering::SeqCst);
                for key in keys(&mut position, &world).await {
                    *seen.entry(key).or_default() += 1;
                }
                if last {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        let ((), seen) = tokio::join!(writers, reader);
        assert_eq!(seen.len(), 80);
        assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    }
}

/// On PostgreSQL a lower number may be committed after a higher one has been read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_of_an_early_number_is_not_missed() {
    let world = World::new(Backend::Postgres).await;
    let mut position = Position::now(&world.database).await.expect("the end");
    let mut slow = sqlx::PgConnection::connect(world.database_url()).await.expect("PostgreSQL answers");
    slow.execute("BEGIN").await.expect("begun");
    slow.execute("INSERT INTO invalidations (kind, key, at) VALUES ('service', 'early', 0)").await.expect("a low number");
    invalidate(&world.database, &world, "late".into(), Duration::ZERO).await;
    assert_eq!(keys(&mut position, &world).await, ["late"]);
    assert!(keys(&mut position, &world).await.is_empty());
    slow.execute("COMMIT").await.expect("committed");
    assert_eq!(keys(&mut position, &world).await, ["early"]);
    assert!(keys(&mut position, &world).await.is_empty());
}

/// The horizon is that of the whole cluster: a long transaction in another database holds it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_before_stays_read_while_a_neighbour_writes() {
    let (world, neighbour) = (World::new(Backend::Postgres).await, World::new(Backend::Postgres).await);
    let mut slow = sqlx::PgConnection::connect(neighbour.database_url()).await.expect("PostgreSQL answers");
    slow.execute("BEGIN").await.expect("begun");
    slow.execute("SELECT pg_current_xact_id()").await.expect("a number of its own");
    invalidate(&world.database, &world, "before".into(), Duration::ZERO).await;
    let mut position = Position::now(&world.database).await.expect("the end");
    assert!(keys(&mut position, &world).await.is_empty());
    invalidate(&world.database, &world, "after".into(), Duration::ZERO).await;
    assert_eq!(keys(&mut position, &world).await, ["after"]);
    assert!(keys(&mut position, &world).await.is_empty());
}
