//! Flows: one row per sign-in transaction; request and facts are sealed by the use cases.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{ClientKey, FlowId};

/// The browser of a flow that came without a cookie, by a POST from another site: its first page binds it.
pub const UNBOUND: [u8; 32] = [0; 32];

/// A flow as it is stored.
#[derive(Clone, sqlx::FromRow)]
pub struct FlowRow {
    /// Its row.
    pub id: FlowId,
    /// SHA-256 of the browser's cookie.
    pub browser: Vec<u8>,
    /// The client; none when the person came by themselves.
    pub client_key: Option<ClientKey>,
    /// The request, sealed.
    pub request: Vec<u8>,
    /// What the person did, sealed.
    pub facts: Vec<u8>,
    /// Counts changes of the facts.
    pub version: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it may go on.
    pub expires_at: Timestamp,
    /// When its answer was given.
    pub finished_at: Option<Timestamp>,
}

/// Adds a flow.
pub async fn insert(tx: &mut Tx, flow: &FlowRow) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO flows (id, browser, client_key, request, facts, version, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        flow.id,
        &flow.browser,
        flow.client_key,
        &flow.request,
        &flow.facts,
        flow.version,
        flow.created_at,
        flow.expires_at
    )?;
    Ok(())
}

/// A flow.
pub async fn find(tx: &mut Tx, id: FlowId) -> Result<Option<FlowRow>, Error> {
    fetch_optional!(
        tx,
        FlowRow,
        "SELECT id, browser, client_key, request, facts, version, created_at, expires_at, finished_at FROM flows WHERE id = $1",
        id
    )
}

/// Binds an unbound flow to the first browser that shows up with it; that browser may come twice at once.
pub async fn bind(tx: &mut Tx, id: FlowId, browser: &[u8; 32]) -> Result<bool, Error> {
    let bound =
        execute!(tx, "UPDATE flows SET browser = $2 WHERE id = $1 AND browser IN ($2, $3)", id, browser.as_slice(), UNBOUND.as_slice())?;
    Ok(bound == 1)
}

/// Whether the flow goes on and nobody changed its facts since they were read.
pub async fn is_at(tx: &mut Tx, id: FlowId, version: i64) -> Result<bool, Error> {
    let at = fetch_optional!(tx, (i64,), "SELECT version FROM flows WHERE id = $1 AND finished_at IS NULL", id)?;
    Ok(at == Some((version,)))
}

/// Replaces the facts, unless somebody else did since they were read, or the flow is over.
pub async fn replace_facts(tx: &mut Tx, id: FlowId, version: i64, facts: &[u8]) -> Result<bool, Error> {
    let replaced = execute!(
        tx,
        "UPDATE flows SET facts = $3, version = version + 1 WHERE id = $1 AND version = $2 AND finished_at IS NULL",
        id,
        version,
        facts
    )?;
    Ok(replaced == 1)
}

/// Ends the flow, once: whoever gets `true` gives its answer.
pub async fn finish(tx: &mut Tx, id: FlowId, version: i64, now: Timestamp) -> Result<bool, Error> {
    let finished =
        execute!(tx, "UPDATE flows SET finished_at = $3 WHERE id = $1 AND version = $2 AND finished_at IS NULL", id, version, now)?;
    Ok(finished == 1)
}

/// Removes flows that ended or expired before a time, a batch at once; codes and pushed requests that point at them go first.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM flows WHERE id IN (
             SELECT f.id FROM flows f WHERE f.expires_at < $1
               AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.flow_id = f.id)
               AND NOT EXISTS (SELECT 1 FROM pushed_requests p WHERE p.flow_id = f.id)
               AND NOT EXISTS (SELECT 1 FROM one_time_codes o WHERE o.flow_id = f.id)
             ORDER BY f.expires_at LIMIT $2)",
        before,
        most
    )
}
