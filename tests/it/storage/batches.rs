//! Loads that go together: each caller has their own answer, and nobody has an answer older than their question.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use concord::storage::batches::{Batches, MOST};
use concord::storage::{Database, Error, Pools, settings};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use crate::support::{World, on_both};

async fn opened(world: &World) -> Database {
    Database::open(world.database_url(), Pools::default()).await.expect("the database opens")
}

/// Loads that say a third of the numbers twice over, have none for another third, and fail for the rest; each waits at the gate.
fn numbers(database: &Database, gate: Arc<Semaphore>, loads: Arc<AtomicUsize>) -> Batches<u32, u32> {
    Batches::new(database, move |tx, keys: Vec<u32>| {
        let (gate, loads) = (Arc::clone(&gate), Arc::clone(&loads));
        Box::pin(async move {
            assert!(!keys.is_empty() && keys.len() <= MOST);
            loads.fetch_add(1, Ordering::SeqCst);
            gate.acquire().await.expect("open").forget();
            settings::database_epoch(tx).await?;
            let found = keys.into_iter().filter(|key| key % 3 != 1);
            let said = found.map(|key| (key, if key % 3 == 0 { Ok(key * 2) } else { Err(Error::Corrupt(key.to_string())) }));
            Ok(said.collect::<HashMap<_, _>>())
        })
    })
}

fn is_right(key: u32, answer: Result<Option<Arc<u32>>, Error>) -> bool {
    match (key % 3, answer) {
        (0, Ok(Some(value))) => *value == key * 2,
        (1, Ok(None)) => true,
        (2, Err(Error::Corrupt(about))) => about == key.to_string(),
        _ => false,
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("in time");
}

on_both! {
    async fn everybody_has_their_own_answer_from_few_statements(world: World) {
        let database = opened(&world).await;
        let (gate, loads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let batches = Arc::new(numbers(&database, Arc::clone(&gate), Arc::clone(&loads)));
        let asked: Vec<_> = (0..400_u32).map(|key| {
            let batches = Arc::clone(&batches);
            tokio::spawn(async move { is_right(key / 2, batches.get(key / 2).await) })
        }).collect();
        until(|| loads.load(Ordering::SeqCst) == 4).await;
        gate.add_permits(1000);
        assert!(join_all(asked).await.into_iter().all(|right| right.expect("no panic")));
        // Four alone, the other keys sixteen at a time, and a few more for those who asked late.
        let loads = loads.load(Ordering::SeqCst);
        assert!((14..60).contains(&loads), "{loads} loads");
    }

    async fn nobody_joins_a_load_that_has_begun(world: World) {
        let database = opened(&world).await;
        let (gate, loads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let batches = Arc::new(numbers(&database, Arc::clone(&gate), Arc::clone(&loads)));
        let ask = || {
            let batches = Arc::clone(&batches);
            tokio::spawn(async move { batches.get(3).await })
        };
        let first = ask();
        until(|| loads.load(Ordering::SeqCst) == 1).await;
        let second = ask();
        until(|| loads.load(Ordering::SeqCst) == 2).await;
        gate.add_permits(2);
        for answer in [first, second] {
            assert!(is_right(3, answer.await.expect("no panic")));
        }
    }

    async fn who_goes_away_takes_nobody_along_and_a_panic_ends_one_load_only(world: World) {
        let database = opened(&world).await;
        let (gate, loads) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let batches = Arc::new(numbers(&database, Arc::clone(&gate), Arc::clone(&loads)));
        let asked: Vec<_> = (0..40_u32).map(|key| {
            let batches = Arc::clone(&batches);
            tokio::spawn(async move { is_right(key, batches.get(key).await) })
        }).collect();
        until(|| loads.load(Ordering::SeqCst) == 4).await;
        for (number, one) in asked.iter().enumerate() {
            if number % 2 == 0 {
                one.abort();
            }
        }
        gate.add_permits(1000);
        for (number, one) in asked.into_iter().enumerate() {
            let right = one.await;
            assert!(number % 2 == 0 || right.expect("no panic"), "caller {number}");
        }
        let breaking: Batches<u32, u32> = Batches::new(&database, |_, keys: Vec<u32>| Box::pin(async move {
            assert!(!keys.contains(&13), "as planned");
            Ok(keys.into_iter().map(|key| (key, Ok(key))).collect())
        }));
        for round in 0..10 {
            assert!(matches!(breaking.get(13).await, Err(Error::Unavailable(_))), "round {round}");
            assert_eq!(breaking.get(12).await.expect("loaded").as_deref(), Some(&12), "round {round}");
        }
    }
}
