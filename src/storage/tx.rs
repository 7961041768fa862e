//! A connection in use, and the four macros that run one SQL text on either database.

use std::time::Duration;

use sqlx::{Executor, Postgres, Sqlite};

use super::Error;
use super::error::Verdict;
use super::invalidations::Invalidation;
use super::pool::Pooled;

/// The same words for a connection of either kind.
macro_rules! either {
    ($link:expr, $connection:ident => $work:expr) => {
        match $link {
            $crate::storage::tx::Link::Sqlite($connection) => $work,
            $crate::storage::tx::Link::Postgres($connection) => $work,
        }
    };
}

/// A connection to one of the two databases: inside a transaction of [`super::Database::write`] or
/// [`super::Database::snapshot`], or outside one for single reads by [`super::Database::read`].
pub struct Tx {
    /// `None` when the database was lost on it.
    link: Option<Link>,
    /// A statement was begun and has not come to its end: left like that, the connection is closed.
    busy: bool,
    /// A transaction is open, or may be: left like that, the connection is closed.
    in_transaction: bool,
    /// How many statements may still run; `None`: any number.
    statements: Option<u32>,
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
    Sqlite(Pooled<Sqlite>),
    Postgres(Pooled<Postgres>),
}

impl Tx {
    pub(super) fn new(link: Link) -> Self {
        let (busy, in_transaction, statements) = (false, false, None);
        Self { link: Some(link), busy, in_transaction, statements, failed: false, again: false, collided: false, invalidated: Vec::new() }
    }

    /// Whether the database was lost on this connection.
    pub(super) const fn is_lost(&self) -> bool {
        self.link.is_none()
    }

    /// Whether this is PostgreSQL.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self.link, Some(Link::Postgres(_)))
    }

    /// Nothing is around the one statement that this is for: it commits by itself. A second one is refused.
    pub(super) fn for_one_statement(mut self) -> Self {
        self.statements = Some(1);
        self
    }

    /// The connection for a statement, and how long that may take; [`Tx::answered`] says how it ended.
    pub(super) fn statement(&mut self) -> Result<(&mut Link, Option<Duration>), Error> {
        if let Some(left) = &mut self.statements {
            let Some(less) = left.checked_sub(1) else {
                self.failed = true;
                return Err(Error::Corrupt("a second statement where one was to be its own transaction".into()));
            };
            *left = less;
        }
        let Some(link) = &mut self.link else {
            self.failed = true;
            return Err(Error::Unavailable("the connection was lost".into()));
        };
        self.busy = true;
        let limit = either!(link, connection => connection.answer_limit());
        Ok((link, limit))
    }

    /// How a statement ended; a failure is noted.
    pub(super) fn answered<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, Error> {
        self.ended(outcome).map_err(|verdict| {
            self.failed = true;
            self.again |= verdict.again;
            self.collided |= matches!(verdict.error, Error::NotUnique);
            verdict.error
        })
    }

    fn ended<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, Verdict> {
        let error = match outcome {
            Ok(value) => {
                self.busy = false;
                return Ok(value);
            }
            Err(error) => error,
        };
        let verdict = Verdict::of(&error);
        if verdict.lost {
            if let Some(link) = self.link.take() {
                either!(link, connection => connection.lost());
            }
        } else if matches!(error, sqlx::Error::Database(_)) {
            // It said no, and is ready for the next one.
            self.busy = false;
        }
        Err(verdict)
    }

    async fn say(&mut self, words: &'static str) -> Result<(), Verdict> {
        let (link, limit) = self.statement().map_err(|error| Verdict { error, again: false, lost: true })?;
        let said = either!(link, connection => within(limit, connection.connection().execute(words)).await.map(drop));
        self.ended(said)
    }

    /// Begins a transaction; it is open until [`Tx::commit`] or [`Tx::rollback`], or closed with its connection.
    pub(super) async fn begin(mut self, words: &'static str) -> Result<Self, Verdict> {
        self.in_transaction = true;
        let begun = self.say(words).await;
        // Refused, for instance because SQLite's only lock is taken: nothing was opened.
        self.in_transaction = begun.is_ok() || self.busy;
        begun.map(|()| self)
    }

    async fn end(&mut self, words: &'static str) -> Result<(), Verdict> {
        let ended = self.say(words).await;
        // PostgreSQL has rolled back what it refuses to commit. SQLite has not: there the connection is closed.
        let over = ended.is_ok() || !self.busy && self.is_shared();
        self.in_transaction = !over;
        ended
    }

    pub(super) async fn commit(mut self) -> Result<(), Verdict> {
        if self.in_transaction { self.end("COMMIT").await } else { Ok(()) }
    }

    /// Rolls back at once: a transaction that is dropped costs its connection.
    pub(super) async fn rollback(mut self) {
        if !self.in_transaction || self.link.is_none() {
            return;
        }
        if let Err(verdict) = self.end("ROLLBACK").await {
            tracing::debug!(error = %verdict.error, "rollback failed; the connection is closed");
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let in_order = !self.busy && !self.in_transaction;
        if let Some(link) = self.link.take().filter(|_| in_order) {
            either!(link, connection => connection.keep());
        }
    }
}

/// Waits for an answer until the limit. A database that can be heard ends its statements sooner itself.
pub(super) async fn within<T>(limit: Option<Duration>, statement: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match limit {
        None => statement.await,
        Some(limit) => {
            tokio::time::timeout(limit, statement).await.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
        }
    }
}

/// Runs one statement on whichever database the `Tx` belongs to: the same literal in both arms.
macro_rules! on_either {
    ($tx:expr, $query:ident, [$($row:ty)?], $sql:literal, [$($arg:expr),*], $finish:ident, $read:expr) => {{
        let tx: &mut $crate::storage::Tx = &mut *$tx;
        match tx.statement() {
            Ok((link, limit)) => {
                let outcome = either!(link, connection => {
                    let query = ::sqlx::$query$(::<_, $row>)?($sql)$(.bind($arg))*;
                    $crate::storage::tx::within(limit, query.$finish(connection.connection())).await.map($read)
                });
                tx.answered(outcome)
            }
            Err(error) => Err(error),
        }
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

/// `fetch_among!(tx, Row, "SQL .. IN ($1 to $16)", keys, args..)`: all rows of sixteen keys, the first parameters; `args` count from `$17`.
macro_rules! fetch_among {
    ($tx:expr, $row:ty, $sql:literal, $keys:expr $(, $arg:expr)* $(,)?) => {{
        let k: [_; 16] = $keys;
        fetch_all!(
            $tx, $row, $sql, k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7], k[8], k[9], k[10], k[11], k[12], k[13], k[14], k[15]
            $(, $arg)*
        )
    }};
}
