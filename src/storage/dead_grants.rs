//! Removing grants that nothing can come of any more, with all that hangs on them, a window of ids at a time.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::GrantId;

/// How many grants one step looks at.
const WINDOW: i64 = 500;

/// Looks at the next grants after `after` that were made before `before` and removes those whose family and browser session are
/// over (a session that lives may still have to tell their client of its end). Says where to go on; `None` at the end.
pub async fn forget(tx: &mut Tx, after: GrantId, before: Timestamp, now: Timestamp) -> Result<Option<GrantId>, Error> {
    let window =
        fetch_all!(tx, (GrantId,), "SELECT id FROM grants WHERE id > $1 AND created_at < $2 ORDER BY id LIMIT $3", after, before, WINDOW)?;
    let Some((last,)) = window.last().copied() else { return Ok(None) };
    // First, because what follows keeps every grant that still has one.
    execute!(
        tx,
        "DELETE FROM families WHERE grant_id > $1 AND grant_id <= $2 AND (ended_at IS NOT NULL OR idle_until <= $3
             OR grant_id IN (SELECT id FROM grants WHERE id > $1 AND id <= $2 AND ended_at IS NOT NULL))",
        after,
        last,
        now
    )?;
    execute!(
        tx,
        "DELETE FROM codes WHERE grant_id IN (
             SELECT g.id FROM grants g LEFT JOIN sessions s ON s.id = g.session_id LEFT JOIN families f ON f.grant_id = g.id
             WHERE g.id > $1 AND g.id <= $2 AND f.id IS NULL AND (s.id IS NULL OR s.ended_at IS NOT NULL OR s.expires_at <= $3))",
        after,
        last,
        now
    )?;
    execute!(
        tx,
        "DELETE FROM grant_items WHERE grant_id IN (
             SELECT g.id FROM grants g LEFT JOIN sessions s ON s.id = g.session_id LEFT JOIN families f ON f.grant_id = g.id
             WHERE g.id > $1 AND g.id <= $2 AND f.id IS NULL AND (s.id IS NULL OR s.ended_at IS NOT NULL OR s.expires_at <= $3))",
        after,
        last,
        now
    )?;
    execute!(
        tx,
        "DELETE FROM grants WHERE id IN (
             SELECT g.id FROM grants g LEFT JOIN sessions s ON s.id = g.session_id LEFT JOIN families f ON f.grant_id = g.id
             WHERE g.id > $1 AND g.id <= $2 AND f.id IS NULL AND (s.id IS NULL OR s.ended_at IS NOT NULL OR s.expires_at <= $3))",
        after,
        last,
        now
    )?;
    Ok(Some(last))
}
