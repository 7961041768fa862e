//! What `/readyz` looks at: everything without which this node should get no requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock;
use crate::crypto::signing::Algorithm;
use crate::http::health::Readiness;
use crate::storage::Database;
use crate::storage::ephemeral::Kind;
use crate::storage::migrations::Schema;
use crate::usecases::{Core, clocks};

/// How long an answer of the slower checks is good.
const CLOCKS_EVERY: Duration = Duration::from_mins(1);
const SCHEMA_EVERY: Duration = Duration::from_secs(10);
/// Older knowledge of what was invalidated than this is not just one missed poll.
const FEED_AGE: Duration = Duration::from_secs(2);

/// All checks.
pub(super) fn readiness(core: &Arc<Core>) -> Readiness {
    let (database, schema, keys, store, clocks, feed) =
        (Arc::clone(core), Arc::clone(core), Arc::clone(core), Arc::clone(core), Arc::clone(core), Arc::clone(core));
    let (schema_seen, clocks_seen) = (Seen::every(SCHEMA_EVERY), Seen::every(CLOCKS_EVERY));
    Readiness::new()
        .with("database", move || check_database(Arc::clone(&database)))
        .with("migrations", move || {
            let (core, seen) = (Arc::clone(&schema), Arc::clone(&schema_seen));
            async move { seen.or(check_schema(&core.database)).await }
        })
        .with("keys", move || std::future::ready(check_keys(&keys)))
        .with("ephemeral", move || check_store(Arc::clone(&store)))
        .with("clock", move || {
            let (core, seen) = (Arc::clone(&clocks), Arc::clone(&clocks_seen));
            async move { seen.or(clocks::check(&core)).await }
        })
        .with("invalidations", move || std::future::ready(check_feed(&feed)))
}

/// A transaction that writes can begin and end (it writes nothing), within a second.
async fn check_database(core: Arc<Core>) -> Result<(), String> {
    let probe = core.database.write(|_| Box::pin(async { Ok::<_, crate::storage::Error>(()) }));
    let outcome = tokio::time::timeout(Duration::from_secs(1), probe).await;
    outcome.map_err(|_| "no answer within a second".to_owned())?.map_err(|error| error.to_string())
}

/// The schema is at least this program's.
async fn check_schema(database: &Database) -> Result<(), String> {
    match database.schema().await {
        Ok(Schema::Ready) => Ok(()),
        Ok(Schema::Behind { applied, needed }) => {
            Err(format!("the schema is at version {applied}, this program needs {needed}: run `concord migrate up`"))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn check_keys(core: &Core) -> Result<(), String> {
    let keys = core.keys.load();
    match Algorithm::OWN.iter().find(|algorithm| !keys.can_sign(**algorithm)) {
        Some(missing) => Err(format!("no active key for {}: run `concord keys list`", missing.as_str())),
        None => Ok(()),
    }
}

/// The store keeps what it is given; requests go on without it, but a node that cannot reach it is cut off from something.
async fn check_store(core: Arc<Core>) -> Result<(), String> {
    let key = core.random.token();
    let failed = |error: crate::storage::ephemeral::Gone| error.to_string();
    core.ephemeral.put(Kind::Probe, &key, b"").await.map_err(failed)?;
    match core.ephemeral.take(Kind::Probe, &key).await.map_err(failed)? {
        Some(_) => Ok(()),
        None => Err("it does not keep what it is given".to_owned()),
    }
}

fn check_feed(core: &Core) -> Result<(), String> {
    match core.truth.age() {
        Some(age) if age <= FEED_AGE => Ok(()),
        Some(age) => Err(format!("the feed of changes was last read {} s ago", age.as_secs())),
        None => Err("the feed of changes was never read".to_owned()),
    }
}

/// An answer that is good for a while; a failure is looked at again each time.
struct Seen {
    every: Duration,
    well_at: Mutex<Option<Instant>>,
}

impl Seen {
    fn every(every: Duration) -> Arc<Self> {
        Arc::new(Self { every, well_at: Mutex::default() })
    }

    async fn or(&self, check: impl Future<Output = Result<(), String>>) -> Result<(), String> {
        let now = clock::monotonic();
        let well_at = *self.well_at.lock().unwrap_or_else(PoisonError::into_inner);
        if well_at.is_some_and(|at| now.duration_since(at) < self.every) {
            return Ok(());
        }
        let outcome = check.await;
        *self.well_at.lock().unwrap_or_else(PoisonError::into_inner) = outcome.is_ok().then_some(now);
        outcome
    }
}
