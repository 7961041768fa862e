//! The feed of changes that alter what a cache may answer (conventions 8).
//!
//! A writer adds rows in its own transaction; every node polls them. Creation of a row that no cache can hold yet is no change.

use std::collections::HashSet;
use std::fmt::Display;

use super::{Database, Error, Tx};
use crate::clock::Timestamp;

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A customer, their links, consents, sessions or grants; the key is the customer id.
    Customer,
    /// A client, or a revocation of a token of its own; the key is the client's row id.
    Client,
    /// A service; the key is the service id.
    Service,
    /// The signing keys.
    Keys,
    /// The catalogue of product domains and scopes.
    Catalog,
    /// The database epoch: every token made before is refused.
    Epoch,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Customer, Self::Client, Self::Service, Self::Keys, Self::Catalog, Self::Epoch];

    /// The word in the `kind` column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Client => "client",
            Self::Service => "service",
            Self::Keys => "keys",
            Self::Catalog => "catalog",
            Self::Epoch => "epoch",
        }
    }

    /// Reads the word; a newer program may write one that this one does not know.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalidation {
    /// What kind of thing changed.
    pub kind: Kind,
    /// Which one; empty where there is only one.
    pub key: String,
}

impl Tx {
    /// Adds a change to the feed, in this transaction. Once per thing and transaction.
    pub async fn invalidate(&mut self, kind: Kind, key: impl Display, now: Timestamp) -> Result<(), Error> {
        let invalidation = Invalidation { kind, key: key.to_string() };
        if self.invalidated.contains(&invalidation) {
            return Ok(());
        }
        execute!(self, "INSERT INTO invalidations (kind, key, at) VALUES ($1, $2, $3)", kind.as_str(), &invalidation.key, now)?;
        self.invalidated.push(invalidation);
        Ok(())
    }
}

/// Where a node's reading of the feed stands.
#[derive(Debug, Default)]
pub struct Position {
    /// SQLite: the last number read. PostgreSQL: the oldest transaction still running at the poll before.
    from: i64,
    /// Numbers already applied that the next poll will see again.
    applied: HashSet<i64>,
}

#[derive(sqlx::FromRow)]
struct Entry {
    horizon: i64,
    number: Option<i64>,
    kind: Option<String>,
    key: Option<String>,
}

impl Position {
    /// The feed's present end: a node that starts with empty caches reads from here.
    pub async fn now(database: &Database) -> Result<Self, Error> {
        let mut position = Self { from: i64::MAX, applied: HashSet::new() };
        // Once for the horizon, and once more for what lies behind it already: on PostgreSQL the horizon is that of the whole
        // cluster, and a long transaction anywhere holds it back.
        position.poll(database).await?;
        position.poll(database).await?;
        Ok(position)
    }

    /// Reads what was committed since the last poll, each change once.
    pub async fn poll(&mut self, database: &Database) -> Result<Vec<Invalidation>, Error> {
        let mut tx = database.feed().await?;
        let entries = entries(&mut tx, self.from).await?;
        let fresh = entries
            .iter()
            .filter(|entry| entry.number.is_some_and(|number| !self.applied.contains(&number)))
            .filter_map(|entry| Some(Invalidation { kind: Kind::parse(entry.kind.as_deref()?)?, key: entry.key.clone()? }))
            .collect();
        self.advance(&entries);
        Ok(fresh)
    }

    fn advance(&mut self, entries: &[Entry]) {
        self.from = entries.first().map_or(self.from, |entry| entry.horizon);
        self.applied = entries.iter().filter_map(|entry| entry.number).collect();
    }
}

/// The feed from `from` on, in one statement so that horizon and rows are of one moment. The first row always carries the horizon.
async fn entries(tx: &mut Tx, from: i64) -> Result<Vec<Entry>, Error> {
    // The one place where the two databases need different texts: only PostgreSQL commits numbers out of order.
    if tx.is_shared() {
        fetch_all!(
            tx,
            Entry,
            "SELECT horizon, number, kind, key
             FROM (SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS horizon) AS moment
             LEFT JOIN invalidations ON xid >= CAST(CAST($1 AS TEXT) AS XID8)
             ORDER BY number",
            from.to_string()
        )
    } else {
        fetch_all!(
            tx,
            Entry,
            "SELECT horizon, number, kind, key
             FROM (SELECT COALESCE(MAX(number), 0) AS horizon FROM invalidations) AS moment
             LEFT JOIN invalidations ON number > $1
             ORDER BY number",
            from
        )
    }
}

/// Removes changes that every node has long read or, having fallen behind, must answer by emptying its caches.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM invalidations WHERE number IN (SELECT number FROM invalidations WHERE at < $1 ORDER BY at LIMIT $2)",
        before,
        most
    )
}
