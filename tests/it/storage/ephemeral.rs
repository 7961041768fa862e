//! One contract for both stores of short-lived things.

use std::time::{Duration, Instant};

use concord::config::Config;
use concord::storage::ephemeral::{self, Channel, Counter, Kind};

use crate::support::on_both;

const KIND: Kind = Kind::Probe;

on_both! {
    async fn values_are_kept_taken_once_and_end(world: World) {
        let store = ephemeral::open(&world.core.config.ephemeral).expect("a store");
        store.ping().await.expect("it answers");
        assert_eq!(store.get(KIND, "a").await, Ok(None));
        store.put(KIND, "a", b"one").await.expect("kept");
        store.put(KIND, "a", b"t\0wo").await.expect("replaced");
        assert_eq!(store.get(KIND, "a").await, Ok(Some(b"t\0wo".to_vec())));
        assert_eq!(store.get(KIND, "b").await, Ok(None));
        assert_eq!(store.put_new(KIND, "a", b"three").await, Ok(false));
        assert_eq!(store.take(KIND, "a").await, Ok(Some(b"t\0wo".to_vec())));
        assert_eq!(store.take(KIND, "a").await, Ok(None));
        assert_eq!(store.put_new(KIND, "a", b"").await, Ok(true));
        store.delete(KIND, "a").await.expect("removed");
        store.delete(KIND, "a").await.expect("nothing to remove");
        assert_eq!(store.get(KIND, "a").await, Ok(None));
        store.put(KIND, "ends", b"x").await.expect("kept");
        tokio::time::sleep(KIND.life() + Duration::from_millis(300)).await;
        assert_eq!(store.get(KIND, "ends").await, Ok(None));
        assert_eq!(store.take(KIND, "ends").await, Ok(None));
        assert_eq!(store.put_new(KIND, "ends", b"x").await, Ok(true));
    }

    async fn one_of_many_takes_and_one_of_many_is_first(world: World) {
        let store = ephemeral::open(&world.core.config.ephemeral).expect("a store");
        store.put(KIND, "one", b"x").await.expect("kept");
        let taken = futures_util::future::join_all((0..16).map(|_| store.take(KIND, "one"))).await;
        assert_eq!(taken.into_iter().filter(|taken| matches!(taken, Ok(Some(_)))).count(), 1);
        let first = futures_util::future::join_all((0..16).map(|_| store.put_new(KIND, "one", b"y"))).await;
        assert_eq!(first.into_iter().filter(|first| *first == Ok(true)).count(), 1);
    }

    async fn counters_count_in_windows(world: World) {
        let store = ephemeral::open(&world.core.config.ephemeral).expect("a store");
        let mut counts = futures_util::future::join_all((0..20).map(|_| store.count(Counter::Requests, "a"))).await;
        counts.sort_by_key(|count| *count.as_ref().expect("counted"));
        assert_eq!(counts, (1..=20).map(Ok).collect::<Vec<_>>());
        assert_eq!(store.count(Counter::Requests, "b").await, Ok(1));
        tokio::time::sleep(Counter::Requests.window() + Duration::from_millis(300)).await;
        assert_eq!(store.count(Counter::Requests, "a").await, Ok(1));
    }

    async fn messages_reach_every_subscriber(world: World) {
        let store = ephemeral::open(&world.core.config.ephemeral).expect("a store");
        let (mut one, mut other) = (store.subscribe(Channel::Invalidations), store.subscribe(Channel::Invalidations));
        // Subscribing takes a moment; a message before it is lost, as the contract says.
        let until = Instant::now() + Duration::from_secs(10);
        let (mut first, mut second) = (None, None);
        while Instant::now() < until && (first.is_none() || second.is_none()) {
            store.publish(Channel::Invalidations, b"hello").await.expect("published");
            tokio::time::sleep(Duration::from_millis(50)).await;
            first = first.or(one.try_recv().ok());
            second = second.or(other.try_recv().ok());
        }
        assert_eq!((first.as_deref(), second.as_deref()), (Some(&b"hello"[..]), Some(&b"hello"[..])));
        drop(one);
        store.publish(Channel::Invalidations, b"still").await.expect("a subscriber that left is no error");
    }
}

#[tokio::test]
async fn without_redis_values_say_so_in_time_and_counters_go_on() {
    let config = Config::from_toml("ephemeral.url = \"redis://127.0.0.1:1\"\nephemeral.timeout = \"300ms\"\n").expect("a configuration");
    let store = ephemeral::open(&config.ephemeral).expect("a store");
    let began = Instant::now();
    assert!(store.put(KIND, "a", b"x").await.is_err());
    assert!(store.put_new(KIND, "a", b"x").await.is_err());
    assert_eq!(store.count(Counter::Requests, "a").await, Ok(1));
    let count = Instant::now();
    assert_eq!(store.count(Counter::Requests, "a").await, Ok(2));
    assert!(count.elapsed() < Duration::from_millis(100), "it does not ask again at once");
    assert!(began.elapsed() < Duration::from_secs(3));
}
