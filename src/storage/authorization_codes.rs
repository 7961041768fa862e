//! Authorization codes: found by their digest, used once.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{ClientKey, FlowId, GrantId, LinkId};

/// A code as it is stored: the code itself is not.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AuthorizationCode {
    /// SHA-256 of the code.
    pub digest: Vec<u8>,
    /// The grant that its redemption opens.
    pub grant_id: GrantId,
    /// The flow that ended with it.
    pub flow_id: FlowId,
    /// The client it was made for.
    pub client_key: ClientKey,
    /// What redemption must match, sealed.
    pub request: Vec<u8>,
    /// The link that redemption activates (conventions 5).
    pub link_id: Option<LinkId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub used_at: Option<Timestamp>,
    /// When the browser session ended that its grant came from.
    pub session_ended_at: Option<Timestamp>,
}

/// Adds a code that was not used yet.
pub async fn insert(tx: &mut Tx, code: &AuthorizationCode) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO codes (digest, grant_id, flow_id, client_key, request, link_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &code.digest,
        code.grant_id,
        code.flow_id,
        code.client_key,
        &code.request,
        code.link_id,
        code.created_at,
        code.expires_at
    )?;
    Ok(())
}

/// The code with this digest, used or not.
pub async fn find(tx: &mut Tx, digest: &[u8; 32]) -> Result<Option<AuthorizationCode>, Error> {
    fetch_optional!(
        tx,
        AuthorizationCode,
        "SELECT o.digest, o.grant_id, o.flow_id, o.client_key, o.request, o.link_id, o.created_at, o.expires_at, o.used_at,
             s.ended_at AS session_ended_at
         FROM codes o JOIN grants g ON g.id = o.grant_id LEFT JOIN sessions s ON s.id = g.session_id WHERE o.digest = $1",
        digest.as_slice()
    )
}

/// Uses a code; `false` when somebody else did.
pub async fn consume(tx: &mut Tx, digest: &[u8], now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(tx, "UPDATE codes SET used_at = $2 WHERE digest = $1 AND used_at IS NULL", digest, now)?;
    Ok(rows == 1)
}

/// Removes a batch of codes that expired before: late enough that a replay of a used one has been noticed.
pub async fn forget_expired(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM codes WHERE digest IN (SELECT digest FROM codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
        most
    )
}
