//! Assertions that were used: a replay guard, so it lives where a flush cannot forget it.

use super::{Error, Tx};
use crate::clock::Timestamp;

/// Notes one `jti` (by its SHA-256) of an issuer as used; `false` when it was used before.
///
/// Keep it until the assertion could no longer be accepted: `exp` and the clock skew.
pub async fn use_once(tx: &mut Tx, issuer: &str, jti: &[u8; 32], expires_at: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "INSERT INTO used_assertions (issuer, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT (issuer, jti) DO NOTHING",
        issuer,
        jti.as_slice(),
        expires_at
    )?;
    Ok(rows == 1)
}

/// Removes a batch of what could no longer be accepted anyway.
pub async fn forget_expired(tx: &mut Tx, now: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM used_assertions WHERE (issuer, jti) IN (SELECT issuer, jti FROM used_assertions WHERE expires_at < $1 LIMIT $2)",
        now,
        most
    )
}
