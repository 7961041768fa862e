//! Pushed authorization requests (RFC 9126): found by the digest of their reference, bound to their client.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{ClientKey, FlowId};

/// A pushed request as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PushedRequest {
    /// SHA-256 of the reference.
    pub digest: Vec<u8>,
    /// The client that pushed it.
    pub client_key: ClientKey,
    /// The request, sealed.
    pub request: Vec<u8>,
    /// The flow that it became: a reload goes on there.
    pub flow_id: Option<FlowId>,
    /// When it was pushed.
    pub created_at: Timestamp,
    /// Until when it may start a flow.
    pub expires_at: Timestamp,
}

/// Adds a request.
pub async fn insert(tx: &mut Tx, pushed: &PushedRequest) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO pushed_requests (digest, client_key, request, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &pushed.digest,
        pushed.client_key,
        &pushed.request,
        pushed.created_at,
        pushed.expires_at
    )?;
    Ok(())
}

/// The request with this digest, expired or not.
pub async fn find(tx: &mut Tx, digest: &[u8; 32]) -> Result<Option<PushedRequest>, Error> {
    fetch_optional!(
        tx,
        PushedRequest,
        "SELECT digest, client_key, request, flow_id, created_at, expires_at FROM pushed_requests WHERE digest = $1",
        digest.as_slice()
    )
}

/// Binds a request to the flow that it becomes; `false` when it became one already.
pub async fn bind(tx: &mut Tx, digest: &[u8; 32], flow: FlowId) -> Result<bool, Error> {
    let rows = execute!(tx, "UPDATE pushed_requests SET flow_id = $2 WHERE digest = $1 AND flow_id IS NULL", digest.as_slice(), flow)?;
    Ok(rows == 1)
}

/// Removes a batch of requests that expired before.
pub async fn forget_expired(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM pushed_requests WHERE digest IN (SELECT digest FROM pushed_requests WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
        most
    )
}
