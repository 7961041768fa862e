//! A connection in use, and the four macros that run one SQL text on either database.

use sqlx::{Executor, Postgres, Sqlite};

use super::Error;
use super::error::Verdict;
use super::invalidations::Invalidation;
use super::lanes::Lane;

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
    Sqlite(Lane<Sqlite>),
    Postgres(Lane<Postgres>),
}

impl Link {
    /// Begins a transaction; it is open until [`Link::end`], or closed with its connection.
    pub(super) async fn begin(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(lane) => lane.open(),
            Self::Postgres(lane) => lane.open(),
        }
        let begun = self.say(statement).await;
        // Refused, for instance because SQLite's only lock is taken: nothing was opened.
        if matches!(begun, Err(sqlx::Error::Database(_))) {
            self.shut();
        }
        begun
    }

    /// Ends the transaction by `COMMIT` or `ROLLBACK`.
    async fn end(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let said = self.say(statement).await;
        // PostgreSQL has rolled back what it refuses to commit. SQLite has not: there the connection is closed.
        let over = matches!((&said, &*self), (Err(sqlx::Error::Database(_)), Self::Postgres(_)));
        if said.is_ok() || over {
            self.shut();
        }
        said
    }

    fn is_open(&self) -> bool {
        match self {
            Self::Sqlite(lane) => lane.is_open(),
            Self::Postgres(lane) => lane.is_open(),
        }
    }

    fn shut(&mut self) {
        match self {
            Self::Sqlite(lane) => lane.shut(),
            Self::Postgres(lane) => lane.shut(),
        }
    }

    async fn say(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let said = match self {
            Self::Sqlite(lane) => lane.connection()?.execute(statement).await.map(|_| lane.settle()),
            Self::Postgres(lane) => lane.connection()?.execute(statement).await.map(|_| lane.settle()),
        };
        said.inspect_err(|error| {
            if Verdict::of(error).is_gone() {
                self.suspect();
            }
        })
    }

    fn suspect(&self) {
        match self {
            Self::Sqlite(lane) => lane.suspect(),
            Self::Postgres(lane) => lane.suspect(),
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
        if verdict.is_gone() {
            self.link.suspect();
        }
        verdict.error
    }

    pub(super) async fn commit(mut self) -> Result<(), Verdict> {
        if !self.link.is_open() {
            return Ok(());
        }
        self.link.end("COMMIT").await.map_err(|error| Verdict::of(&error))
    }

    /// Rolls back at once: a transaction that is dropped costs its connection.
    pub(super) async fn rollback(mut self) {
        if !self.link.is_open() {
            return;
        }
        if let Err(error) = self.link.end("ROLLBACK").await {
            tracing::debug!(error = %Verdict::of(&error).error, "rollback failed; the connection is closed");
        }
    }
}

/// Runs one statement on whichever database the `Tx` belongs to: the same literal in both arms.
macro_rules! on_either {
    ($tx:expr, $query:ident, [$($row:ty)?], $sql:literal, [$($arg:expr),*], $finish:ident, $read:expr) => {{
        let tx: &mut $crate::storage::Tx = &mut *$tx;
        let outcome = match &mut tx.link {
            $crate::storage::tx::Link::Sqlite(lane) => match lane.connection() {
                Ok(connection) => ::sqlx::$query$(::<_, $row>)?($sql)$(.bind($arg))*.$finish(connection).await.map($read).inspect(|_| lane.settle()),
                Err(error) => Err(error),
            },
            $crate::storage::tx::Link::Postgres(lane) => match lane.connection() {
                Ok(connection) => ::sqlx::$query$(::<_, $row>)?($sql)$(.bind($arg))*.$finish(connection).await.map($read).inspect(|_| lane.settle()),
                Err(error) => Err(error),
            },
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
