//! Connections of one database, handed out again without a test.
//!
//! sqlx tests a connection whenever it is given back, in a task of its own: one round trip more for every statement, and the same
//! again at COMMIT. Here a connection that has done what it was asked is simply kept for the next caller. One that failed, or was left
//! in the middle, goes back to sqlx, which tests it; one with an open transaction is closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Pool;
use sqlx::pool::PoolConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock;

/// So long a connection is kept; then sqlx looks after it again, and replaces it.
const LIFETIME: Duration = Duration::from_mins(30);

/// The connections of one database; clones share them.
pub(super) struct Lanes<D: sqlx::Database> {
    shared: Arc<Shared<D>>,
    wait: Duration,
}

impl<D: sqlx::Database> Clone for Lanes<D> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), wait: self.wait }
    }
}

struct Shared<D: sqlx::Database> {
    pool: Pool<D>,
    /// One per connection: whoever has a place finds a connection kept, or room for one in the pool.
    places: Arc<Semaphore>,
    kept: Mutex<Kept<D>>,
}

struct Kept<D: sqlx::Database> {
    free: Vec<(PoolConnection<D>, Instant)>,
    closed: bool,
}

impl<D: sqlx::Database> Shared<D> {
    fn kept(&self) -> MutexGuard<'_, Kept<D>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what is kept back to sqlx.
    fn give_back(&self) {
        let free = std::mem::take(&mut self.kept().free);
        for (connection, _) in free {
            give_back(connection);
        }
    }
}

impl<D: sqlx::Database> Drop for Shared<D> {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// sqlx tests in a task, for which it needs a runtime; without one the connection ends.
fn give_back<D: sqlx::Database>(connection: PoolConnection<D>) {
    if tokio::runtime::Handle::try_current().is_err() {
        drop(connection.detach());
    }
}

impl<D: sqlx::Database> Lanes<D> {
    /// Takes over a pool of so many connections; a caller waits so long for one.
    pub fn new(pool: Pool<D>, connections: u32, wait: Duration) -> Self {
        let places = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)));
        let kept = Mutex::new(Kept { free: Vec::new(), closed: false });
        Self { shared: Arc::new(Shared { pool, places, kept }), wait }
    }

    /// A connection.
    pub async fn acquire(&self) -> Result<Lane<D>, sqlx::Error> {
        let place = self.place().await?;
        let kept = self.shared.kept().free.pop();
        let (connection, since) = match kept {
            Some(kept) => kept,
            None => (self.shared.pool.acquire().await?, clock::monotonic()),
        };
        Ok(Lane { connection: Some(connection), since, settled: true, open: false, shared: Arc::clone(&self.shared), _place: place })
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        if let Ok(place) = Arc::clone(&self.shared.places).try_acquire_owned() {
            return Ok(place);
        }
        match tokio::time::timeout(self.wait, Arc::clone(&self.shared.places).acquire_owned()).await {
            Ok(place) => place.map_err(|_| sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// The pool itself, for migrations: nothing is kept from it.
    pub fn pool(&self) -> &Pool<D> {
        self.shared.give_back();
        &self.shared.pool
    }

    /// Closes every connection; those in use when they are given back.
    pub async fn close(&self) {
        self.shared.kept().closed = true;
        self.shared.give_back();
        self.shared.pool.close().await;
    }
}

/// A connection in use.
pub(super) struct Lane<D: sqlx::Database> {
    connection: Option<PoolConnection<D>>,
    since: Instant,
    /// The last statement came to its end, well.
    settled: bool,
    /// A transaction is open, or may be.
    open: bool,
    shared: Arc<Shared<D>>,
    _place: OwnedSemaphorePermit,
}

impl<D: sqlx::Database> Lane<D> {
    /// The connection, for one statement; [`Lane::settle`] says that it came to its end.
    pub fn connection(&mut self) -> Result<&mut D::Connection, sqlx::Error> {
        self.settled = false;
        self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// The statement came to its end, well.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    /// A transaction begins with the next statement.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Whether a transaction is open, or may be.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The transaction has ended.
    pub fn shut(&mut self) {
        self.open = false;
    }

    /// The database is gone, or was: whatever is kept may be broken, too.
    pub fn suspect(&self) {
        self.shared.give_back();
    }
}

impl<D: sqlx::Database> Drop for Lane<D> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.open {
            connection.close_on_drop();
        } else if self.settled && self.since.elapsed() < LIFETIME {
            let mut kept = self.shared.kept();
            if !kept.closed {
                kept.free.push((connection, self.since));
                return;
            }
        }
        give_back(connection);
    }
}
