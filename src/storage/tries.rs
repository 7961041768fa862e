//! Tries at secrets, counted in SQL: a flush of the fast store forgets none.

use super::{Error, Tx};
use crate::clock::Timestamp;

/// Counts one more try of a kind at a subject and says how many there are in the present window, this one included.
///
/// A window begins with its first try and lasts until `expires_at` of that try.
pub async fn count(tx: &mut Tx, kind: &str, subject: &[u8; 32], now: Timestamp, expires_at: Timestamp) -> Result<i64, Error> {
    let (count,) = fetch_one!(
        tx,
        (i64,),
        "INSERT INTO tries (kind, subject, window_start, count, expires_at) VALUES ($1, $2, $3, 1, $4)
         ON CONFLICT (kind, subject) DO UPDATE SET
             count = CASE WHEN tries.expires_at <= excluded.window_start THEN 1 ELSE tries.count + 1 END,
             window_start = CASE WHEN tries.expires_at <= excluded.window_start THEN excluded.window_start ELSE tries.window_start END,
             expires_at = CASE WHEN tries.expires_at <= excluded.window_start THEN excluded.expires_at ELSE tries.expires_at END
         RETURNING count",
        kind,
        subject.as_slice(),
        now,
        expires_at
    )?;
    Ok(count)
}

/// How many tries the present window has, and when it ends.
pub async fn present(tx: &mut Tx, kind: &str, subject: &[u8; 32], now: Timestamp) -> Result<(i64, Timestamp), Error> {
    let row = fetch_optional!(
        tx,
        (i64, Timestamp),
        "SELECT count, expires_at FROM tries WHERE kind = $1 AND subject = $2 AND expires_at > $3",
        kind,
        subject.as_slice(),
        now
    )?;
    Ok(row.unwrap_or((0, now)))
}

/// How many failures in a row there are, and when the last was.
pub async fn in_a_row(tx: &mut Tx, kind: &str, subject: &[u8; 32], now: Timestamp) -> Result<(i64, Timestamp), Error> {
    let row = fetch_optional!(
        tx,
        (i64, Timestamp),
        "SELECT count, window_start FROM tries WHERE kind = $1 AND subject = $2 AND expires_at > $3",
        kind,
        subject.as_slice(),
        now
    )?;
    Ok(row.unwrap_or((0, now)))
}

/// Counts one more failure in a row; all are forgotten at `expires_at` when none follows.
pub async fn one_more_in_a_row(tx: &mut Tx, kind: &str, subject: &[u8; 32], now: Timestamp, expires_at: Timestamp) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO tries (kind, subject, window_start, count, expires_at) VALUES ($1, $2, $3, 1, $4)
         ON CONFLICT (kind, subject) DO UPDATE SET
             count = CASE WHEN tries.expires_at <= excluded.window_start THEN 1 ELSE tries.count + 1 END,
             window_start = excluded.window_start,
             expires_at = excluded.expires_at",
        kind,
        subject.as_slice(),
        now,
        expires_at
    )?;
    Ok(())
}

/// Takes back a try that was counted at `taken`: it was none. A window that began later is left alone.
pub async fn take_back(tx: &mut Tx, kind: &str, subject: &[u8; 32], taken: Timestamp) -> Result<(), Error> {
    execute!(
        tx,
        "UPDATE tries SET count = count - 1 WHERE kind = $1 AND subject = $2 AND window_start <= $3 AND count > 0",
        kind,
        subject.as_slice(),
        taken
    )?;
    Ok(())
}

/// Begins again from none: after a success.
pub async fn clear(tx: &mut Tx, kind: &str, subject: &[u8; 32]) -> Result<(), Error> {
    execute!(tx, "DELETE FROM tries WHERE kind = $1 AND subject = $2", kind, subject.as_slice())?;
    Ok(())
}

/// Removes windows that are over.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM tries WHERE expires_at < $1 AND (kind, subject) IN (SELECT kind, subject FROM tries WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
        most
    )
}
