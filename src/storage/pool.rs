//! Connections of one database, handed out again without a test.
//!
//! sqlx's own pool tests a connection whenever it is given back: one round trip more for every statement, and one that never ends
//! when the other host has fallen silent. Here a connection is kept for the next caller when whoever used it says that it is in
//! order. Every other one is dropped, which closes it and waits for nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::clock;

/// What a pool promises and asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The most connections at the same time.
    pub connections: u32,
    /// How long a caller waits for a free one, and how long for a new one.
    pub wait: Duration,
    /// After this a statement is taken for lost, with its connection; `None`: never.
    pub answer: Option<Duration>,
    /// How old a connection may become.
    pub age: Duration,
    /// How long a connection may lie unused: whatever stands between two hosts forgets silent connections, and tells nobody.
    pub unused: Duration,
}

type Options<D> = <<D as sqlx::Database>::Connection as Connection>::Options;

/// The connections of one database; clones share them.
pub(super) struct Pool<D: sqlx::Database> {
    shared: Arc<Shared<D>>,
}

impl<D: sqlx::Database> Clone for Pool<D> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<D: sqlx::Database> {
    options: Options<D>,
    terms: Terms,
    /// One per connection.
    places: Arc<Semaphore>,
    kept: Mutex<Kept<D>>,
}

struct Kept<D: sqlx::Database> {
    /// The one used last is at the back, and is used next.
    free: VecDeque<Free<D>>,
    closed: bool,
}

struct Free<D: sqlx::Database> {
    connection: D::Connection,
    born: Instant,
    since: Instant,
}

impl<D: sqlx::Database> Shared<D> {
    fn kept(&self) -> MutexGuard<'_, Kept<D>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection used last, if it is still good.
    fn take(&self) -> Option<Free<D>> {
        let now = clock::monotonic();
        let mut kept = self.kept();
        std::iter::from_fn(|| kept.free.pop_back()).find(|free| !self.is_worn(free, now))
    }

    fn is_worn(&self, free: &Free<D>, now: Instant) -> bool {
        now.duration_since(free.born) >= self.terms.age || now.duration_since(free.since) >= self.terms.unused
    }

    fn keep(&self, connection: D::Connection, born: Instant) {
        let free = Free { connection, born, since: clock::monotonic() };
        let mut kept = self.kept();
        while kept.free.front().is_some_and(|oldest| self.is_worn(oldest, free.since)) {
            kept.free.pop_front();
        }
        if !kept.closed && !self.is_worn(&free, free.since) {
            kept.free.push_back(free);
        }
    }
}

impl<D: sqlx::Database> Pool<D> {
    /// A pool without any connection yet.
    pub fn new(options: Options<D>, terms: Terms) -> Self {
        let terms = Terms { connections: terms.connections.max(1), ..terms };
        let places = usize::try_from(terms.connections).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let kept = Mutex::new(Kept { free: VecDeque::new(), closed: false });
        Self { shared: Arc::new(Shared { options, terms, places: Arc::new(Semaphore::new(places)), kept }) }
    }

    /// A connection. It is closed when it is dropped; [`Pooled::keep`] gives it back.
    pub async fn acquire(&self) -> Result<Pooled<D>, sqlx::Error> {
        let place = self.place().await?;
        let (connection, born) = match self.shared.take() {
            Some(free) => (free.connection, free.born),
            None => (self.connect().await?, clock::monotonic()),
        };
        Ok(Pooled { connection, born, pool: self.clone(), _place: place })
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        let places = &self.shared.places;
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Ok(place);
        }
        match timeout(self.shared.terms.wait, Arc::clone(places).acquire_owned()).await {
            Ok(place) => place.map_err(|_| sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// A new connection; a database that is just starting, or full, is asked again.
    async fn connect(&self) -> Result<D::Connection, sqlx::Error> {
        let wait = self.shared.terms.wait;
        let began = clock::monotonic();
        let mut pause = Duration::from_millis(10);
        loop {
            let left = wait.saturating_sub(began.elapsed());
            match timeout(left, D::Connection::connect_with(&self.shared.options)).await {
                Ok(Err(error)) if may_pass(&error) && began.elapsed() + pause < wait => sleep(pause).await,
                Ok(outcome) => return outcome,
                Err(_) => return Err(sqlx::Error::PoolTimedOut),
            }
            pause = (pause * 2).min(wait / 5);
        }
    }

    /// Closes whatever is kept: the database was lost on another connection.
    fn forget(&self) {
        let lost = std::mem::take(&mut self.shared.kept().free);
        drop(lost);
    }

    /// Waits for connections in use, as long as a caller would, and closes every one; those still in use when they come back.
    pub async fn close(&self) {
        let Shared { terms, places, .. } = &*self.shared;
        let _all = timeout(terms.wait, places.acquire_many(terms.connections)).await;
        places.close();
        let free = {
            let mut kept = self.shared.kept();
            kept.closed = true;
            std::mem::take(&mut kept.free)
        };
        for Free { connection, .. } in free {
            if !matches!(timeout(terms.wait, connection.close()).await, Ok(Ok(()))) {
                tracing::debug!(event = "database.close", "a connection was not closed in order");
            }
        }
    }
}

/// Whether the same try can succeed a moment later: refused by the host, or the database starts or has too many connections.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}

/// A connection in use.
pub(super) struct Pooled<D: sqlx::Database> {
    connection: D::Connection,
    born: Instant,
    pool: Pool<D>,
    _place: OwnedSemaphorePermit,
}

impl<D: sqlx::Database> Pooled<D> {
    /// The connection itself.
    pub fn connection(&mut self) -> &mut D::Connection {
        &mut self.connection
    }

    /// After this a statement is taken for lost.
    pub fn answer_limit(&self) -> Option<Duration> {
        self.pool.shared.terms.answer
    }

    /// It is in order, and for the next caller.
    pub fn keep(self) {
        let Self { connection, born, pool, _place } = self;
        pool.shared.keep(connection, born);
    }

    /// The database was lost: this connection is closed, and whatever is kept with it.
    pub fn lost(self) {
        self.pool.forget();
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{Executor, Sqlite};

    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    fn pool(connections: u32, age: Duration, unused: Duration) -> Pool<Sqlite> {
        let options = SqliteConnectOptions::new().filename(":memory:");
        Pool::new(options, Terms { connections, wait: Duration::from_millis(50), answer: None, age, unused })
    }

    /// Writes on a connection's own memory.
    async fn mark(pooled: &mut Pooled<Sqlite>) {
        pooled.connection().execute("CREATE TABLE mark (x)").await.expect("a table");
    }

    async fn is_marked(pooled: &mut Pooled<Sqlite>) -> bool {
        pooled.connection().execute("SELECT x FROM mark").await.is_ok()
    }

    async fn comes_back(pool: &Pool<Sqlite>) -> bool {
        let mut first = pool.acquire().await.expect("a connection");
        mark(&mut first).await;
        first.keep();
        is_marked(&mut pool.acquire().await.expect("a connection")).await
    }

    #[tokio::test]
    async fn a_connection_in_order_is_used_again_until_it_is_old_or_lay_unused() {
        assert!(comes_back(&pool(1, LONG, LONG)).await);
        assert!(!comes_back(&pool(1, Duration::ZERO, LONG)).await, "too old");
        assert!(!comes_back(&pool(1, LONG, Duration::ZERO)).await, "unused for too long");
    }

    #[tokio::test]
    async fn what_lies_unused_goes_when_others_come_back() {
        let pool = pool(3, LONG, Duration::from_millis(200));
        let (first, second) = (pool.acquire().await.expect("one"), pool.acquire().await.expect("another"));
        first.keep();
        tokio::time::sleep(Duration::from_millis(300)).await;
        second.keep();
        assert_eq!(pool.shared.kept().free.len(), 1);
    }

    #[tokio::test]
    async fn a_connection_that_is_dropped_or_lost_is_closed_and_its_place_is_free() {
        let pool = pool(2, LONG, LONG);
        let (mut first, mut second) = (pool.acquire().await.expect("one"), pool.acquire().await.expect("another"));
        mark(&mut first).await;
        mark(&mut second).await;
        assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolTimedOut)));
        first.keep();
        drop(second);
        assert!(is_marked(&mut pool.acquire().await.expect("the first")).await);
        let mut third = pool.acquire().await.expect("a new one");
        mark(&mut third).await;
        third.keep();
        pool.acquire().await.expect("the third").lost();
        assert!(!is_marked(&mut pool.acquire().await.expect("a new one")).await, "what was kept beside it is closed");
    }

    #[tokio::test]
    async fn a_closed_pool_gives_nothing_and_keeps_nothing() {
        let pool = pool(2, LONG, LONG);
        let held = pool.acquire().await.expect("one");
        pool.close().await;
        held.keep();
        assert!(pool.shared.kept().free.is_empty());
        assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolClosed)));
    }
}
