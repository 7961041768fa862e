//! The signing keys: public halves in clear, private ones wrapped by the caller.

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;

/// A signing key's row.
#[derive(Clone, sqlx::FromRow)]
pub struct Row {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// `ES256` or `RS256`.
    pub algorithm: String,
    /// `pending`, `active`, `retired` or `destroyed`.
    pub state: String,
    /// The public JWK as JSON.
    pub public_jwk: String,
    /// The private key, sealed; `None` once destroyed.
    pub wrapped: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it begins, or began, to sign.
    pub activates_at: Timestamp,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
    /// When its private half was removed.
    pub destroyed_at: Option<Timestamp>,
}

/// Every key, the oldest first: a stable order for the JWKS.
pub async fn all(tx: &mut Tx) -> Result<Vec<Row>, Error> {
    fetch_all!(
        tx,
        Row,
        "SELECT kid, algorithm, state, public_jwk, wrapped, created_at, activates_at, retired_at, destroyed_at
         FROM signing_keys ORDER BY created_at, kid LIMIT 10000"
    )
}

/// Adds a key; `false` when its algorithm already has an active one, or the key is there already.
pub async fn insert(tx: &mut Tx, row: &Row, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "INSERT INTO signing_keys (kid, algorithm, state, public_jwk, wrapped, created_at, activates_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING",
        &row.kid,
        &row.algorithm,
        &row.state,
        &row.public_jwk,
        row.wrapped.as_deref(),
        row.created_at,
        row.activates_at
    )?;
    changed(tx, rows, now).await
}

/// `pending` begins to sign. The active key of its algorithm must have been retired before, in the same transaction.
pub async fn activate(tx: &mut Tx, kid: &str, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(tx, "UPDATE signing_keys SET state = 'active', activates_at = $2 WHERE kid = $1 AND state = 'pending'", kid, now)?;
    changed(tx, rows, now).await
}

/// `active` or `pending` stops signing and stays published.
pub async fn retire(tx: &mut Tx, kid: &str, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "UPDATE signing_keys SET state = 'retired', retired_at = $2 WHERE kid = $1 AND state IN ('active', 'pending')",
        kid,
        now
    )?;
    changed(tx, rows, now).await
}

/// The private half is removed and the public one no longer published. `lost`: others may know the private half, so the public
/// one is removed as well and nothing the key has signed can be verified.
pub async fn destroy(tx: &mut Tx, kid: &str, lost: bool, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "UPDATE signing_keys SET state = 'destroyed', wrapped = NULL, destroyed_at = $2, retired_at = COALESCE(retired_at, $2),
             public_jwk = CASE WHEN $3 THEN '' ELSE public_jwk END
         WHERE kid = $1 AND state <> 'destroyed'",
        kid,
        now,
        lost
    )?;
    changed(tx, rows, now).await
}

/// A change of keys is told to every node, a new key too: all must publish it before it signs.
async fn changed(tx: &mut Tx, rows: u64, now: Timestamp) -> Result<bool, Error> {
    if rows == 1 {
        tx.invalidate(Kind::Keys, "", now).await?;
    }
    Ok(rows == 1)
}
