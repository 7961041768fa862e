//! Messages waiting to be sent: written in the transaction of what they tell, sealed, claimed by a lease.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, MessageId};

/// A message due.
#[derive(Clone, sqlx::FromRow)]
pub struct OutboxRow {
    /// Its row; the sealing is bound to it.
    pub id: MessageId,
    /// What kind of message: who renders and sends it.
    pub kind: String,
    /// The message, sealed.
    pub payload: Vec<u8>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was written.
    pub created_at: Timestamp,
}

/// Adds a message, due at once.
pub async fn insert(
    tx: &mut Tx,
    id: MessageId,
    kind: &str,
    customer: Option<CustomerId>,
    payload: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO outbox (id, kind, customer_id, payload, attempts, created_at, due_at, leased_until)
         VALUES ($1, $2, $3, $4, 0, $5, $5, 0)",
        id,
        kind,
        customer,
        payload,
        now
    )?;
    Ok(())
}

/// Messages due and not leased, oldest first.
pub async fn due(tx: &mut Tx, now: Timestamp) -> Result<Vec<OutboxRow>, Error> {
    fetch_all!(
        tx,
        OutboxRow,
        "SELECT id, kind, payload, attempts, created_at FROM outbox
         WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= $1 AND leased_until <= $1 ORDER BY due_at, id LIMIT 64",
        now
    )
}

/// Messages of a kind that are due and not leased, oldest first. Claim each before sending it.
pub async fn due_of_kind(tx: &mut Tx, kind: &str, now: Timestamp) -> Result<Vec<OutboxRow>, Error> {
    fetch_all!(
        tx,
        OutboxRow,
        "SELECT id, kind, payload, attempts, created_at FROM outbox
         WHERE sent_at IS NULL AND given_up_at IS NULL AND kind = $1 AND due_at <= $2 AND leased_until <= $2 ORDER BY due_at, id LIMIT 64",
        kind,
        now
    )
}

/// Claims a message until a time; `false` when another worker was faster.
pub async fn claim(tx: &mut Tx, id: MessageId, now: Timestamp, until: Timestamp) -> Result<bool, Error> {
    let claimed = execute!(
        tx,
        "UPDATE outbox SET leased_until = $3, attempts = attempts + 1
         WHERE id = $1 AND leased_until <= $2 AND sent_at IS NULL AND given_up_at IS NULL",
        id,
        now,
        until
    )?;
    Ok(claimed == 1)
}

/// Notes a success: the content is not needed any more.
pub async fn sent(tx: &mut Tx, id: MessageId, now: Timestamp) -> Result<(), Error> {
    execute!(tx, "UPDATE outbox SET sent_at = $2, payload = $3 WHERE id = $1 AND sent_at IS NULL", id, now, Vec::<u8>::new())?;
    Ok(())
}

/// Notes a failure: due again later, or given up.
pub async fn failed(tx: &mut Tx, id: MessageId, due_at: Option<Timestamp>, now: Timestamp) -> Result<(), Error> {
    execute!(
        tx,
        "UPDATE outbox SET leased_until = 0, due_at = COALESCE($2, due_at), given_up_at = CASE WHEN $2 IS NULL THEN $3 END
         WHERE id = $1 AND sent_at IS NULL",
        id,
        due_at,
        now
    )?;
    Ok(())
}

/// Age of the oldest message that is due: the lag of the outbox.
pub async fn oldest_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let row = fetch_one!(
        tx,
        (Option<Timestamp>,),
        "SELECT MIN(due_at) FROM outbox WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= $1",
        now
    )?;
    Ok(row.0)
}

/// Removes messages long sent or given up.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM outbox WHERE id IN (
             SELECT id FROM outbox WHERE created_at < $1 AND (sent_at IS NOT NULL OR given_up_at IS NOT NULL) ORDER BY created_at LIMIT $2)",
        before,
        most
    )
}
