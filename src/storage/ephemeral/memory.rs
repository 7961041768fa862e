//! The store of a single node: maps in this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{self, BoxFuture, FutureExt};
use tokio::sync::mpsc;

use super::{Channel, Counter, Ephemeral, Gone, Kind, WAITING};
use crate::clock;

/// Above this many entries, what is over is removed at the next write.
const SWEEP_FROM: usize = 4096;

/// The store in this process.
#[derive(Default)]
pub struct InProcess {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    values: HashMap<(Kind, String), (Instant, Vec<u8>)>,
    counts: HashMap<(Counter, String), (Instant, u64)>,
    subscribers: Vec<(Channel, mpsc::Sender<Vec<u8>>)>,
    sweep_at: usize,
}

impl Held {
    fn live(&mut self, kind: Kind, key: &str, now: Instant) -> Option<&Vec<u8>> {
        let (until, value) = self.values.get(&(kind, key.to_owned()))?;
        (*until > now).then_some(value)
    }

    /// Removes what is over, when there is much: the cost stays in proportion to the writes.
    fn sweep(&mut self, now: Instant) {
        if self.values.len() + self.counts.len() < self.sweep_at.max(SWEEP_FROM) {
            return;
        }
        self.values.retain(|_, (until, _)| *until > now);
        self.counts.retain(|_, (until, _)| *until > now);
        self.sweep_at = 2 * (self.values.len() + self.counts.len());
    }
}

impl InProcess {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now() -> Instant {
        clock::monotonic()
    }

    fn keep(&self, kind: Kind, key: &str, value: &[u8], life: Duration) {
        let now = Self::now();
        let mut held = self.held();
        held.sweep(now);
        held.values.insert((kind, key.to_owned()), (now + life, value.to_vec()));
    }
}

fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, Gone>> {
    future::ready(Ok(value)).boxed()
}

impl Ephemeral for InProcess {
    fn put<'a>(&'a self, kind: Kind, key: &'a str, value: &'a [u8]) -> BoxFuture<'a, Result<(), Gone>> {
        self.keep(kind, key, value, kind.life());
        done(())
    }

    fn put_new<'a>(&'a self, kind: Kind, key: &'a str, value: &'a [u8]) -> BoxFuture<'a, Result<bool, Gone>> {
        let now = Self::now();
        let mut held = self.held();
        held.sweep(now);
        let free = held.live(kind, key, now).is_none();
        if free {
            held.values.insert((kind, key.to_owned()), (now + kind.life(), value.to_vec()));
        }
        done(free)
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Gone>> {
        done(self.held().live(kind, key, Self::now()).cloned())
    }

    fn take<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Gone>> {
        let now = Self::now();
        let taken = self.held().values.remove(&(kind, key.to_owned()));
        done(taken.and_then(|(until, value)| (until > now).then_some(value)))
    }

    fn delete<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<(), Gone>> {
        self.held().values.remove(&(kind, key.to_owned()));
        done(())
    }

    fn count<'a>(&'a self, counter: Counter, key: &'a str) -> BoxFuture<'a, Result<u64, Gone>> {
        let now = Self::now();
        let mut held = self.held();
        held.sweep(now);
        let (until, count) = held.counts.entry((counter, key.to_owned())).or_insert((now + counter.window(), 0));
        if *until <= now {
            (*until, *count) = (now + counter.window(), 0);
        }
        *count += 1;
        done(*count)
    }

    fn publish<'a>(&'a self, channel: Channel, message: &'a [u8]) -> BoxFuture<'a, Result<(), Gone>> {
        self.held().subscribers.retain(|(of, subscriber)| {
            // A full queue loses the message, a dropped one the subscriber.
            *of != channel || !matches!(subscriber.try_send(message.to_vec()), Err(mpsc::error::TrySendError::Closed(_)))
        });
        done(())
    }

    fn subscribe(&self, channel: Channel) -> mpsc::Receiver<Vec<u8>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.held().subscribers.push((channel, sender));
        receiver
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), Gone>> {
        done(())
    }
}
