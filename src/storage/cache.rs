//! Memory that cannot be filled with what is already stale (conventions 8).
//!
//! Every entry remembers the stamp of what it depends on, read before the load began. An invalidation moves the stamp, so an
//! entry loaded before it, or while it arrived, no longer counts. Nothing is answered from memory while the node's reading of
//! the feed is older than [`FRESH`].

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;

use super::invalidations::{Invalidation, Kind};
use crate::clock;

/// How old the last successful poll may be, counted from its start.
pub const FRESH: Duration = Duration::from_millis(750);

const STRIPES: usize = 4096;

/// A stamp as it was when a load began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    stripe: usize,
    value: u64,
}

/// The node's knowledge of what changed, and of how fresh that knowledge is.
pub struct Truth {
    stripes: Box<[AtomicU64]>,
    hasher: RandomState,
    born: Instant,
    /// Start of the last successful poll, in milliseconds after `born`, plus one; 0 before the first.
    polled: AtomicU64,
}

impl Default for Truth {
    fn default() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            born: clock::monotonic(),
            polled: AtomicU64::new(0),
        }
    }
}

impl Truth {
    fn stripe(&self, kind: Kind, key: &str) -> usize {
        usize::try_from(self.hasher.hash_one((kind, key)) % STRIPES as u64).unwrap_or(0)
    }

    /// The stamp of one thing: take it before loading.
    pub fn stamp(&self, kind: Kind, key: &str) -> Stamp {
        let stripe = self.stripe(kind, key);
        Stamp { stripe, value: self.stripes[stripe].load(Ordering::Acquire) }
    }

    /// Whether nothing has changed since the stamp was taken.
    pub fn holds(&self, stamp: Stamp) -> bool {
        self.stripes[stamp.stripe].load(Ordering::Acquire) == stamp.value
    }

    /// Applies changes: whatever depends on them no longer counts.
    pub fn apply(&self, invalidations: &[Invalidation]) {
        for invalidation in invalidations {
            self.stripes[self.stripe(invalidation.kind, &invalidation.key)].fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Forgets everything: after falling behind the feed, or when the database was restored.
    pub fn forget_all(&self) {
        for stripe in &self.stripes {
            stripe.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Notes a poll that succeeded, by the time it began.
    pub fn polled(&self, began: Instant) {
        let millis = u64::try_from(began.saturating_duration_since(self.born).as_millis()).unwrap_or(u64::MAX - 1);
        self.polled.fetch_max(millis + 1, Ordering::AcqRel);
    }

    /// How long ago the last successful poll began; `None` before the first.
    pub fn age(&self) -> Option<Duration> {
        let polled = self.polled.load(Ordering::Acquire).checked_sub(1)?;
        Some(self.born.elapsed().saturating_sub(Duration::from_millis(polled)))
    }

    /// Whether memory may answer at all.
    pub fn is_fresh(&self) -> bool {
        self.age().is_some_and(|age| age <= FRESH)
    }
}

/// Values of one kind in memory, each true as long as its stamp holds and the node is fresh.
pub struct Cache<K, V> {
    truth: Arc<Truth>,
    entries: DashMap<K, (Stamp, Arc<V>)>,
    most: usize,
}

impl<K: Eq + Hash + Clone, V> Cache<K, V> {
    /// An empty cache of at most about `most` entries; 0 keeps nothing.
    pub fn new(truth: Arc<Truth>, most: usize) -> Self {
        Self { truth, entries: DashMap::new(), most }
    }

    /// The value, when it is certainly still true.
    pub fn get<Q>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if !self.truth.is_fresh() {
            return None;
        }
        let entry = self.entries.get(key)?;
        let (stamp, value) = entry.value();
        self.truth.holds(*stamp).then(|| Arc::clone(value))
    }

    /// Keeps a value whose load began after `stamp` was taken; kept or not, the caller may answer with it.
    pub fn put(&self, key: K, stamp: Stamp, value: impl Into<Arc<V>>) -> Arc<V> {
        let value = value.into();
        if self.most > 0 && self.truth.holds(stamp) {
            if self.entries.len() >= self.most {
                self.make_room();
            }
            self.entries.insert(key, (stamp, Arc::clone(&value)));
        }
        value
    }

    /// How many entries are held, true or not.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Drops what no longer counts, and an arbitrary eighth of the rest when that is not enough.
    fn make_room(&self) {
        let mut nth = 0_usize;
        let mut spare = |entries: &DashMap<K, (Stamp, Arc<V>)>, thin: bool| {
            entries.retain(|_, (stamp, _)| {
                nth += 1;
                self.truth.holds(*stamp) && !(thin && nth.is_multiple_of(8))
            });
        };
        spare(&self.entries, false);
        if self.entries.len() >= self.most {
            spare(&self.entries, true);
        }
    }
}
