//! Loads of one kind that are wanted at the same time, answered by one statement.
//!
//! A busy node asks the database for many grants at once, each by the same joins: sixteen of them cost little more than one. A load
//! begins when it is asked for, alone if nothing else waits, as long as no more than [`AT_ONCE`] are under way; what is asked for
//! meanwhile waits for its turn and then goes together. Nobody joins a load that has begun: an answer is never older than its question.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Database, Error, Tx};

/// How many keys one statement names.
pub const MOST: usize = 16;
/// How many loads of one kind are under way at most.
const AT_ONCE: usize = 4;
/// How often a load is begun again because its connection was lost.
const SPARE: usize = 1;
/// How long a load may take, whatever the limits of the database are set to: nobody waits for an answer any longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a load found, by key; what is not in it does not exist. One row that cannot be read spoils no other answer.
pub type Found<K, V> = HashMap<K, Result<V, Error>>;
type Load<K, V> = Box<dyn for<'t> Fn(&'t mut Tx, Vec<K>) -> BoxFuture<'t, Result<Found<K, V>, Error>> + Send + Sync>;
type Answer<V> = Result<Option<Arc<V>>, Error>;

/// The loads of one kind; clones share them.
pub struct Batches<K, V> {
    shared: Arc<Shared<K, V>>,
}

struct Shared<K, V> {
    database: Database,
    load: Load<K, V>,
    queue: Mutex<Queue<K, V>>,
}

struct Queue<K, V> {
    waiting: VecDeque<(K, oneshot::Sender<Answer<V>>)>,
    under_way: usize,
}

/// Whoever asked for the same key gets the same answer.
type Batch<K, V> = HashMap<K, Vec<oneshot::Sender<Answer<V>>>>;

impl<K, V> Batches<K, V>
where
    K: Eq + Hash + Copy + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Loads by `load`, which gets at least one and at most [`MOST`] keys, each once.
    pub fn new<F>(database: &Database, load: F) -> Self
    where
        F: for<'t> Fn(&'t mut Tx, Vec<K>) -> BoxFuture<'t, Result<Found<K, V>, Error>> + Send + Sync + 'static,
    {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), under_way: 0 });
        Self { shared: Arc::new(Shared { database: database.clone(), load: Box::new(load), queue }) }
    }

    /// What the database says of `key`, asked after this call; `None` when there is nothing.
    ///
    /// # Errors
    /// The database could not be asked, or what it said cannot be read.
    pub async fn get(&self, key: K) -> Result<Option<Arc<V>>, Error> {
        let (answer, answered) = oneshot::channel();
        self.shared.queue().waiting.push_back((key, answer));
        self.shared.begin();
        answered.await.unwrap_or_else(|_| Err(Error::Unavailable("the load was abandoned".into())))
    }
}

impl<K, V> Shared<K, V> {
    fn queue(&self) -> MutexGuard<'_, Queue<K, V>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Shared<K, V>
where
    K: Eq + Hash + Copy + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Begins the next load when one is due. It runs in a task of its own: no caller who goes away takes the others' answers with it.
    fn begin(self: &Arc<Self>) {
        let Some(batch) = self.queue().next() else { return };
        let turn = Turn(Arc::clone(self));
        // Without a runtime nobody is left who waits.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                let turn = turn;
                turn.0.answer(batch).await;
            });
        }
    }

    /// What the database says; asked again by another connection when the one it had was lost, as all are after a restart.
    async fn loaded(&self, keys: Vec<K>) -> Result<Found<K, V>, Error> {
        for _ in 0..SPARE {
            let mut tx = self.database.read().await?;
            let loaded = (self.load)(&mut tx, keys.clone()).await;
            if loaded.is_ok() || !tx.is_lost() {
                return loaded;
            }
        }
        (self.load)(&mut self.database.read().await?, keys).await
    }

    async fn answer(&self, batch: Batch<K, V>) {
        let loaded = timeout(PATIENCE, self.loaded(batch.keys().copied().collect())).await;
        let loaded = loaded.unwrap_or_else(|_| Err(Error::Unavailable("the database did not answer in time".into())));
        let mut found = loaded.unwrap_or_else(|error| batch.keys().map(|key| (*key, Err(error.clone()))).collect());
        for (key, waiting) in batch {
            let answer = found.remove(&key).transpose().map(|value| value.map(Arc::new));
            for one in waiting {
                // Whoever went away needs no answer.
                let _ = one.send(answer.clone());
            }
        }
    }
}

impl<K: Eq + Hash + Copy, V> Queue<K, V> {
    /// The next batch, if somebody waits and a load may begin.
    fn next(&mut self) -> Option<Batch<K, V>> {
        if self.under_way == AT_ONCE {
            return None;
        }
        let mut batch = Batch::new();
        while let Some((key, _)) = self.waiting.front()
            && (batch.len() < MOST || batch.contains_key(key))
            && let Some((key, answer)) = self.waiting.pop_front()
        {
            if !answer.is_closed() {
                batch.entry(key).or_default().push(answer);
            }
        }
        if batch.is_empty() {
            return None;
        }
        self.under_way += 1;
        Some(batch)
    }
}

/// A load under way; when it is over, however it ends, the next may begin.
struct Turn<K, V>(Arc<Shared<K, V>>)
where
    K: Eq + Hash + Copy + Send + Sync + 'static,
    V: Send + Sync + 'static;

impl<K, V> Drop for Turn<K, V>
where
    K: Eq + Hash + Copy + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.0.queue().under_way -= 1;
        self.0.begin();
    }
}

/// `keys` as the sixteen parameters of a statement: the last one fills the places that are left.
pub(super) fn sixteen<K: Copy>(keys: &[K]) -> Option<[K; MOST]> {
    let last = *keys.last()?;
    let mut all = [last; MOST];
    for (place, key) in all.iter_mut().zip(keys) {
        *place = *key;
    }
    Some(all)
}
