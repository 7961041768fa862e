//! Grants that nothing can be done with any more, noted and removed in batches.

use super::grants::Ended;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::ClientKey;

/// Ends a batch of grants without a refresh family whose session was over before: nobody holds a token of theirs.
pub async fn conclude(tx: &mut Tx, before: Timestamp, now: Timestamp) -> Result<u64, Error> {
    execute!(
        tx,
        "UPDATE grants SET ended_at = $2, end_reason = 'over' WHERE id IN (
             SELECT g.id FROM sessions s JOIN grants g ON g.session_id = s.id
             WHERE s.expires_at < $1 AND g.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM families f WHERE f.grant_id = g.id)
             ORDER BY s.expires_at LIMIT 500)",
        before,
        now
    )
}

/// Removes a batch of grants that ended before, with their items and families; their codes went earlier.
pub async fn forget_before(tx: &mut Tx, before: Timestamp) -> Result<u64, Error> {
    let ended = fetch_all!(
        tx,
        (crate::model::ids::GrantId,),
        "SELECT g.id FROM grants g WHERE g.ended_at < $1 AND NOT EXISTS (SELECT 1 FROM codes c WHERE c.grant_id = g.id)
         ORDER BY g.ended_at LIMIT 200",
        before
    )?;
    let mut removed = 0;
    for (grant,) in ended {
        execute!(tx, "DELETE FROM families WHERE grant_id = $1", grant)?;
        execute!(tx, "DELETE FROM grant_items WHERE grant_id = $1", grant)?;
        removed += execute!(tx, "DELETE FROM grants WHERE id = $1", grant)?;
    }
    Ok(removed)
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
