//! Grants that nothing can be done with any more.

use super::{Error, Tx};
use crate::clock::Timestamp;

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
