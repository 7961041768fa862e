//! One-time codes: typed by the person, bound to their flow, five tries (conventions 13).

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::FlowId;

/// A code that was sent.
#[derive(Clone, sqlx::FromRow)]
pub struct OneTimeCode {
    /// Blind index of the address it went to: a code for one address proves no other.
    pub target: Vec<u8>,
    /// Keyed digest of the digits.
    pub digest: Vec<u8>,
    /// Wrong tries so far.
    pub tries: i64,
    /// When it was sent.
    pub created_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// When it was typed.
    pub used_at: Option<Timestamp>,
}

/// Stores a new code in place of the flow's one before.
pub async fn put(tx: &mut Tx, flow: FlowId, purpose: &str, code: &OneTimeCode) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO one_time_codes (flow_id, purpose, target, digest, tries, created_at, expires_at)
         VALUES ($1, $2, $3, $4, 0, $5, $6)
         ON CONFLICT (flow_id, purpose) DO UPDATE SET target = excluded.target, digest = excluded.digest, tries = 0,
             created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL",
        flow,
        purpose,
        &code.target,
        &code.digest,
        code.created_at,
        code.expires_at
    )?;
    Ok(())
}

/// The flow's present code.
pub async fn find(tx: &mut Tx, flow: FlowId, purpose: &str) -> Result<Option<OneTimeCode>, Error> {
    fetch_optional!(
        tx,
        OneTimeCode,
        "SELECT target, digest, tries, created_at, expires_at, used_at FROM one_time_codes WHERE flow_id = $1 AND purpose = $2",
        flow,
        purpose
    )
}

/// Takes one of the tries before the digits are compared; `false` when there is none left or the code is over.
pub async fn take_try(tx: &mut Tx, flow: FlowId, purpose: &str, most: i64, now: Timestamp) -> Result<bool, Error> {
    let taken = execute!(
        tx,
        "UPDATE one_time_codes SET tries = tries + 1
         WHERE flow_id = $1 AND purpose = $2 AND tries < $3 AND used_at IS NULL AND expires_at > $4",
        flow,
        purpose,
        most,
        now
    )?;
    Ok(taken == 1)
}

/// Uses the code up, once.
pub async fn consume(tx: &mut Tx, flow: FlowId, purpose: &str, digest: &[u8], now: Timestamp) -> Result<bool, Error> {
    let used = execute!(
        tx,
        "UPDATE one_time_codes SET used_at = $4 WHERE flow_id = $1 AND purpose = $2 AND digest = $3 AND used_at IS NULL",
        flow,
        purpose,
        digest,
        now
    )?;
    Ok(used == 1)
}

/// Removes codes long over.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM one_time_codes WHERE expires_at < $1 AND (flow_id, purpose) IN (
             SELECT flow_id, purpose FROM one_time_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
        most
    )
}
