//! Short-lived things: in this process, or in Redis where several nodes share them.
//!
//! Nothing may live here whose absence means "accept": a flush loses everything (security.md, finding 8). Counters of
//! limits are the one exception; those that protect secrets are counted in SQL instead.

/// Every kind of thing, with its life.
pub mod keys;
mod memory;
mod redis;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

pub use keys::{Channel, Counter, Kind};
pub use memory::InProcess;
pub use redis::Redis;

use crate::config::EphemeralConfig;

/// The store did not answer in time, or not at all. Whether the command was carried out is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store of short-lived things does not answer: {0}")]
pub struct Gone(pub String);

/// Short-lived values, counters and messages. One contract, two stores.
pub trait Ephemeral: Send + Sync {
    /// Keeps a value for the life of its kind, in place of one that is there.
    fn put<'a>(&'a self, kind: Kind, key: &'a str, value: &'a [u8]) -> BoxFuture<'a, Result<(), Gone>>;

    /// Keeps a value unless one is there; `false` when one is. After [`Gone`], count it as there.
    fn put_new<'a>(&'a self, kind: Kind, key: &'a str, value: &'a [u8]) -> BoxFuture<'a, Result<bool, Gone>>;

    /// The value, as long as it lives.
    fn get<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Gone>>;

    /// The value, for one caller only: it is gone afterwards.
    fn take<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Gone>>;

    /// Removes a value; nothing happens when there is none.
    fn delete<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<(), Gone>>;

    /// Counts one more and returns how many there were in the window that began with the first. A shared store that does
    /// not answer is no error: the node counts by itself meanwhile.
    fn count<'a>(&'a self, counter: Counter, key: &'a str) -> BoxFuture<'a, Result<u64, Gone>>;

    /// Tells every subscriber, at most once: a message may be lost.
    fn publish<'a>(&'a self, channel: Channel, message: &'a [u8]) -> BoxFuture<'a, Result<(), Gone>>;

    /// What is published from now on. Subscribes again by itself after a lost connection; ends when the receiver is dropped.
    fn subscribe(&self, channel: Channel) -> mpsc::Receiver<Vec<u8>>;

    /// Whether the store answers.
    fn ping(&self) -> BoxFuture<'_, Result<(), Gone>>;
}

/// How many messages wait for a slow subscriber before the newest are dropped.
const WAITING: usize = 1024;

/// The store that the configuration names; nothing is connected to yet.
///
/// # Errors
/// The address is none of Redis.
pub fn open(config: &EphemeralConfig) -> Result<Arc<dyn Ephemeral>, Gone> {
    if config.url.is_empty() {
        return Ok(Arc::new(InProcess::default()));
    }
    let timeout: Duration = config.timeout.get();
    Ok(Arc::new(Redis::open(config.url.expose(), &config.prefix, timeout)?))
}
