//! Everything one test has to itself: a database, a key prefix, a clock.

use std::time::Duration;

use concord::clock::{Clock, Timestamp};
use concord::storage::{Database, Pools};

use super::database::{Backend, FreshDatabase, service_url, unique};

/// A world of its own: nothing in it is seen by another test.
pub struct World {
    pub backend: Backend,
    /// Stands still until the test moves it. It starts at the real time, because nodes compare theirs with the database's.
    pub clock: Clock,
    pub database: Database,
    /// Before every key in Redis.
    pub prefix: String,
    /// Dropped last: the database goes with it.
    fresh: FreshDatabase,
}

impl World {
    pub async fn new(backend: Backend) -> Self {
        let fresh = FreshDatabase::new(backend).await;
        let database = Database::open(&fresh.url, Pools::default()).await.expect("the database opens");
        let clock = Clock::fixed(Clock::System.now());
        Self { backend, clock, database, prefix: format!("test-{}-{}:", std::process::id(), unique()), fresh }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The database's address, for a second handle or another process.
    pub fn database_url(&self) -> &str {
        &self.fresh.url
    }

    /// The address of Redis; only where the world has one.
    pub fn redis_url(&self) -> Option<String> {
        (self.backend == Backend::Postgres).then(|| service_url("TEST_REDIS_URL"))
    }
}
