//! What can go wrong with the database, in the three ways a caller may have to tell apart.

/// A failed statement or transaction. Never carries values, which may be personal.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A uniqueness rule refused the row.
    #[error("not unique")]
    NotUnique,
    /// The database cannot be reached, is too busy, or the outcome of a commit is unknown: answer 503, never a guess.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// What was found, or was to be written, contradicts the schema: a fault of ours.
    #[error("database contradiction: {0}")]
    Corrupt(String),
}

/// What an error of the driver means.
pub(super) struct Verdict {
    pub(super) error: Error,
    /// The same work can succeed when it is done again from the start.
    pub(super) again: bool,
    /// The connection is of no more use, and others may be broken, too.
    pub(super) lost: bool,
}

impl Verdict {
    fn unavailable(detail: &str) -> Self {
        Self { error: Error::Unavailable(detail.to_owned()), again: false, lost: false }
    }

    fn corrupt(detail: String) -> Self {
        Self { error: Error::Corrupt(detail), again: false, lost: false }
    }

    /// Reads a driver's error; texts of the database are kept only where they cannot carry values.
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(database) => Self::of_database(database.as_ref()),
            sqlx::Error::PoolTimedOut => Self::unavailable("no connection was free in time"),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => {
                Self { lost: true, ..Self::unavailable("the connection failed") }
            }
            sqlx::Error::RowNotFound => Self::corrupt("a row that must exist is missing".into()),
            sqlx::Error::ColumnDecode { index, .. } => Self::corrupt(format!("column {index} cannot be read")),
            _ => Self::corrupt("unexpected driver error".into()),
        }
    }

    fn of_database(error: &dyn sqlx::error::DatabaseError) -> Self {
        if error.is_unique_violation() {
            return Self { error: Error::NotUnique, again: false, lost: false };
        }
        let code = error.code().unwrap_or_default();
        match code.as_ref() {
            // PostgreSQL: serialization failure, deadlock, lock not available. SQLite: busy and its extended codes, locked.
            "40001" | "40P01" | "55P03" | "5" | "261" | "517" | "773" | "6" | "262" => {
                Self { again: true, ..Self::unavailable("conflict with other work") }
            }
            // The connection is being ended: shutting down, cannot connect now, idle for too long, inside a transaction or not.
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Self { lost: true, ..Self::unavailable(&format!("refused with {code}")) },
            code if code.starts_with("08") => Self { lost: true, ..Self::unavailable(&format!("refused with {code}")) },
            // Query cancelled, too many connections, the transaction is already lost; SQLite: disk I/O error, full.
            "57014" | "53300" | "25P02" | "53100" | "10" | "13" => Self::unavailable(&format!("refused with {code}")),
            code => Self::corrupt(format!("statement refused with {code}")),
        }
    }
}

impl From<Error> for crate::protocol::Error {
    /// A database that does not answer is `temporarily_unavailable`, everything else `server_error`; the log says which.
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        let (code, description) = match &error {
            Error::Unavailable(_) => (ErrorCode::TemporarilyUnavailable, "the service is temporarily unavailable"),
            Error::NotUnique | Error::Corrupt(_) => (ErrorCode::ServerError, "something went wrong on our side"),
        };
        Self::new(code, description).with_detail(error.to_string())
    }
}
