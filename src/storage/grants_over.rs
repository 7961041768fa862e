//! Grants that nothing can be done with any more, noted and removed in batches.

use super::grants::Ended;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{ClientKey, SessionId};

/// How far the sessions that are over have been looked through, in the order in which they ran out.
pub type Place = (Timestamp, SessionId);

/// Looks at the next sessions after a place that were over before, and ends their grants without a refresh family: nobody holds a token of
/// theirs. Says how far it got; `None` at the end. A session once looked through need not be again: no grant is made for one that is over, and
/// the end of a family ends its grant.
pub async fn conclude(tx: &mut Tx, after: Place, before: Timestamp, now: Timestamp, most: i64) -> Result<Option<Place>, Error> {
    let sessions = fetch_all!(
        tx,
        Place,
        "SELECT expires_at, id FROM sessions WHERE expires_at >= $1 AND (expires_at, id) > ($1, $2) AND expires_at < $3
         ORDER BY expires_at, id LIMIT $4",
        after.0,
        after.1,
        before,
        most
    )?;
    let Some(last) = sessions.last().copied() else { return Ok(None) };
    execute!(
        tx,
        "UPDATE grants SET ended_at = $5, end_reason = 'over'
         WHERE ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM families f WHERE f.grant_id = grants.id) AND session_id IN (
             SELECT id FROM sessions WHERE expires_at >= $1 AND (expires_at, id) > ($1, $2) AND expires_at <= $3 AND (expires_at, id) <= ($3, $4))",
        after.0,
        after.1,
        last.0,
        last.1,
        now
    )?;
    Ok(Some(last))
}

/// Removes a batch of grants that ended before, with their items and families; their codes went earlier.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM families WHERE grant_id IN (
             SELECT g.id FROM grants g WHERE g.ended_at < $1 AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.grant_id = g.id)
             ORDER BY g.ended_at, g.id LIMIT $2)",
        before,
        most
    )?;
    execute!(
        tx,
        "DELETE FROM grant_items WHERE grant_id IN (
             SELECT g.id FROM grants g WHERE g.ended_at < $1 AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.grant_id = g.id)
             ORDER BY g.ended_at, g.id LIMIT $2)",
        before,
        most
    )?;
    execute!(
        tx,
        "DELETE FROM grants WHERE id IN (
             SELECT g.id FROM grants g WHERE g.ended_at < $1 AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.grant_id = g.id)
             ORDER BY g.ended_at, g.id LIMIT $2)",
        before,
        most
    )
}

/// Notes the end of a batch of grants of a client whose epochs, or its service's, they no longer have: they ended when it was
/// switched off.
pub async fn end_left_behind(tx: &mut Tx, client: ClientKey, reason: &str, now: Timestamp) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $2, end_reason = $3 WHERE id IN (
             SELECT g.id FROM grants g JOIN clients k ON k.id = g.client_key JOIN services s ON s.id = k.service_id
             WHERE g.client_key = $1 AND g.ended_at IS NULL AND (g.client_epoch <> k.epoch OR g.service_epoch <> s.epoch)
             ORDER BY g.id LIMIT 100)
         RETURNING id, customer_id, client_key, session_id",
        client,
        now,
        reason
    )
}
