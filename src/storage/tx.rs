//! A connection in use, and the four macros that run one SQL text on either database.

use sqlx::pool::PoolConnection;
use sqlx::{Postgres, Sqlite, Transaction};

use super::Error;
use super::error::Verdict;
use super::invalidations::Invalidation;

/// A connection to one of the two databases: inside a transaction of [`super::Database::write`] or
/// [`super::Database::snapshot`], or outside one for single reads by [`super::Database::read`].
pub struct Tx {
    pub(super) link: Link,
    /// A statement failed: on PostgreSQL the transaction is lost, whatever the caller made of the error.
    pub(super) failed: bool,
    /// The failure was a conflict: the work may be done again.
    pub(super) again: bool,
    /// A uniqueness rule refused a row: on PostgreSQL that can be how a conflict with other work shows first.
    pub(super) collided: bool,
    /// What this transaction changes that caches may hold.
    pub(super) invalidated: Vec<Invalidation>,
}

pub(super) enum Link {
    Sqlite(Held<Sqlite>),
    Postgres(Held<Postgres>),
}

pub(super) enum Held<D: sqlx::Database> {
    Transaction(Transaction<'static, D>),
    Plain(PoolConnection<D>),
}

impl<D: sqlx::Database> Held<D> {
    pub(super) fn connection(&mut self) -> &mut D::Connection {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Plain(connection) => connection,
        }
    }
}

impl Tx {
    pub(super) fn new(link: Link) -> Self {
        Self { link, failed: false, again: false, collided: false, invalidated: Vec::new() }
    }

    /// Notes that a statement failed and says what it means.
    pub(super) fn fail(&mut self, error: &sqlx::Error) -> Error {
        let verdict = Verdict::of(error);
        self.failed = true;
        self.again |= verdict.again;
        self.collided |= matches!(verdict.error, Error::NotUnique);
        verdict.error
    }

    pub(super) async fn commit(self) -> Result<(), Verdict> {
        let done = match self.link {
            Link::Sqlite(Held::Transaction(transaction)) => transaction.commit().await,
            Link::Postgres(Held::Transaction(transaction)) => transaction.commit().await,
            Link::Sqlite(Held::Plain(_)) | Link::Postgres(Held::Plain(_)) => Ok(()),
        };
        done.map_err(|error| Verdict::of(&error))
    }

    /// Rolls back at once: a dropped transaction would hold its locks until the connection is used again.
    pub(super) async fn rollback(self) {
        let done = match self.link {
            Link::Sqlite(Held::Transaction(transaction)) => transaction.rollback().await,
            Link::Postgres(Held::Transaction(transaction)) => transaction.rollback().await,
            Link::Sqlite(Held::Plain(_)) | Link::Postgres(Held::Plain(_)) => Ok(()),
        };
        if let Err(error) = done {
            tracing::debug!(error = %Verdict::of(&error).error, "rollback failed; the connection is discarded");
        }
    }
}

/// Runs one statement on whichever database the `Tx` belongs to: the same literal in both arms.
macro_rules! on_either {
    ($tx:expr, $query:ident, [$($row:ty)?], $sql:literal, [$($arg:expr),*], $finish:ident, $read:expr) => {{
        let tx: &mut $crate::storage::Tx = &mut *$tx;
        let outcome = match &mut tx.link {
            $crate::storage::tx::Link::Sqlite(held) => {
                ::sqlx::$query$(::<_, $row>)?($sql)$(.bind($arg))*.$finish(held.connection()).await.map($read)
            }
            $crate::storage::tx::Link::Postgres(held) => {
                ::sqlx::$query$(::<_, $row>)?($sql)$(.bind($arg))*.$finish(held.connection()).await.map($read)
            }
        };
        outcome.map_err(|error| tx.fail(&error))
    }};
}

/// `execute!(tx, "SQL", args..)`: the number of rows changed.
macro_rules! execute {
    ($tx:expr, $sql:literal $(, $arg:expr)* $(,)?) => { on_either!($tx, query, [], $sql, [$($arg),*], execute, |done| done.rows_affected()) };
}

/// `fetch_one!(tx, Row, "SQL", args..)`: exactly one row, or an error.
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $sql:literal $(, $arg:expr)* $(,)?) => { on_either!($tx, query_as, [$row], $sql, [$($arg),*], fetch_one, |row| row) };
}

/// `fetch_optional!(tx, Row, "SQL", args..)`: the row, if there is one.
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:literal $(, $arg:expr)* $(,)?) => { on_either!($tx, query_as, [$row], $sql, [$($arg),*], fetch_optional, |row| row) };
}

/// `fetch_all!(tx, Row, "SQL .. LIMIT n", args..)`: all rows; the statement bounds them.
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:literal $(, $arg:expr)* $(,)?) => { on_either!($tx, query_as, [$row], $sql, [$($arg),*], fetch_all, |rows| rows) };
}
