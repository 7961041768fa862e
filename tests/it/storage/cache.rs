//! Memory cannot be filled with what is already stale (conventions 8).

use std::sync::Arc;
use std::time::Duration;

use concord::clock;
use concord::storage::cache::{Cache, Truth};
use concord::storage::invalidations::{Invalidation, Kind};

fn fresh() -> (Arc<Truth>, Cache<String, i64>) {
    let truth = Arc::new(Truth::default());
    truth.polled(clock::monotonic());
    (Arc::clone(&truth), Cache::new(truth, 100))
}

fn change(key: &str) -> Invalidation {
    Invalidation { kind: Kind::Service, key: key.into() }
}

#[test]
fn a_load_that_began_before_the_change_is_not_kept() {
    let (truth, cache) = fresh();
    let stamp = truth.stamp(Kind::Service, "a");
    truth.apply(&[change("a")]);
    assert_eq!(*cache.put("a".into(), stamp, 1), 1, "its caller may still answer with it");
    assert!(cache.get("a").is_none());
    let stamp = truth.stamp(Kind::Service, "a");
    cache.put("a".into(), stamp, 2);
    assert_eq!(cache.get("a").as_deref(), Some(&2));
    truth.apply(&[change("a")]);
    assert!(cache.get("a").is_none());
}

#[test]
fn nothing_is_answered_before_the_first_poll_and_after_falling_behind() {
    let truth = Arc::new(Truth::default());
    let cache = Cache::new(Arc::clone(&truth), 100);
    cache.put("a".to_owned(), truth.stamp(Kind::Service, "a"), 1);
    assert!(cache.get("a").is_none(), "never polled");
    truth.polled(clock::monotonic());
    assert!(cache.get("a").is_some());
    std::thread::sleep(Duration::from_millis(800));
    assert!(cache.get("a").is_none(), "the last poll is too old");
    truth.polled(clock::monotonic());
    assert!(cache.get("a").is_some());
    truth.forget_all();
    assert!(cache.get("a").is_none());
}
