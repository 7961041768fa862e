//! Revoked access tokens, kept until they would have expired anyway.

use uuid::Uuid;

use super::batches::MOST;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::TokenId;

/// Revokes an access token of `holder`: a grant, or a client for a token of its own. `false` when it was already revoked.
pub async fn insert(tx: &mut Tx, token: TokenId, holder: Uuid, expires: Timestamp, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "INSERT INTO token_revocations (token_id, holder, revoked_at, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (token_id) DO NOTHING",
        token,
        holder,
        now,
        expires
    )?;
    Ok(rows == 1)
}

/// Every revoked token of so many holders: loaded whole, so that it proves an absence.
pub async fn of_holders(tx: &mut Tx, holders: [Uuid; MOST]) -> Result<Vec<(Uuid, TokenId)>, Error> {
    fetch_among!(
        tx,
        (Uuid, TokenId),
        "SELECT holder, token_id FROM token_revocations
         WHERE holder IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        holders
    )
}

/// Removes a batch of revocations whose tokens have expired.
pub async fn forget_expired(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM token_revocations
         WHERE token_id IN (SELECT token_id FROM token_revocations WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
        most
    )
}
