//! Browser sessions: a reference of 256 random bits, of which only the digest is stored.

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::customer::Session;
use crate::model::ids::{CustomerId, SessionId};

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: SessionId,
    customer_id: CustomerId,
    auth_time: Timestamp,
    acr: String,
    amr: String,
    device: String,
    created_at: Timestamp,
    seen_at: Timestamp,
    expires_at: Timestamp,
}

impl SessionRow {
    fn read(self) -> Result<Session, Error> {
        Ok(Session {
            id: self.id,
            customer: self.customer_id,
            auth_time: self.auth_time,
            acr: self.acr.parse().map_err(|_| Error::Corrupt("sessions.acr".into()))?,
            amr: serde_json::from_str(&self.amr).map_err(|_| Error::Corrupt("sessions.amr".into()))?,
            device: self.device,
            created_at: self.created_at,
            seen_at: self.seen_at,
            expires_at: self.expires_at,
        })
    }
}

/// Adds a session; it lives only as long as the customer's present epoch.
pub async fn insert(tx: &mut Tx, digest: &[u8; 32], session: &Session, customer_epoch: i64) -> Result<(), Error> {
    let amr = serde_json::to_string(&session.amr).map_err(|_| Error::Corrupt("amr cannot be written".into()))?;
    execute!(
        tx,
        "INSERT INTO sessions (id, digest, customer_id, customer_epoch, auth_time, acr, amr, device, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        session.id,
        digest.as_slice(),
        session.customer,
        customer_epoch,
        session.auth_time,
        session.acr.as_str(),
        &amr,
        &session.device,
        session.created_at,
        session.seen_at,
        session.expires_at
    )?;
    Ok(())
}

/// The live session behind a cookie: not ended, not expired, its customer active and never locked since.
pub async fn live(tx: &mut Tx, digest: &[u8; 32], now: Timestamp) -> Result<Option<Session>, Error> {
    fetch_optional!(
        tx,
        SessionRow,
        "SELECT s.id, s.customer_id, s.auth_time, s.acr, s.amr, s.device, s.created_at, s.seen_at, s.expires_at
         FROM sessions s JOIN customers c ON c.id = s.customer_id
         WHERE s.digest = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND c.state = 'active' AND c.epoch = s.customer_epoch",
        digest.as_slice(),
        now
    )?
    .map(SessionRow::read)
    .transpose()
}

/// A customer's live sessions, latest first.
pub async fn of_customer(tx: &mut Tx, customer: CustomerId, now: Timestamp) -> Result<Vec<Session>, Error> {
    fetch_all!(
        tx,
        SessionRow,
        "SELECT s.id, s.customer_id, s.auth_time, s.acr, s.amr, s.device, s.created_at, s.seen_at, s.expires_at
         FROM sessions s JOIN customers c ON c.id = s.customer_id
         WHERE s.customer_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND c.epoch = s.customer_epoch
         ORDER BY s.seen_at DESC LIMIT 50",
        customer,
        now
    )?
    .into_iter()
    .map(SessionRow::read)
    .collect()
}

/// A session after a new authentication: a new reference, the old one is dead (SE2).
pub async fn renew(tx: &mut Tx, old: &[u8; 32], new: &[u8; 32], session: &Session) -> Result<bool, Error> {
    let amr = serde_json::to_string(&session.amr).map_err(|_| Error::Corrupt("amr cannot be written".into()))?;
    let renewed = execute!(
        tx,
        "UPDATE sessions SET digest = $2, auth_time = $3, acr = $4, amr = $5, seen_at = $6 WHERE digest = $1 AND ended_at IS NULL",
        old.as_slice(),
        new.as_slice(),
        session.auth_time,
        session.acr.as_str(),
        &amr,
        session.seen_at
    )?;
    Ok(renewed == 1)
}

/// Notes that a session was seen; called at most once a minute per session.
pub async fn touch(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<(), Error> {
    execute!(tx, "UPDATE sessions SET seen_at = $2 WHERE id = $1 AND ended_at IS NULL", id, now)?;
    Ok(())
}

/// Holds a live session until the transaction ends, by compare-and-set: whoever ends it meanwhile comes before or after. `false`: it is
/// over, or its customer was locked since.
pub async fn hold(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<bool, Error> {
    let held = execute!(
        tx,
        "UPDATE sessions SET seen_at = CASE WHEN seen_at < $2 THEN $2 ELSE seen_at END
         WHERE id = $1 AND ended_at IS NULL AND expires_at > $2
           AND customer_epoch = (SELECT epoch FROM customers WHERE customers.id = sessions.customer_id AND state = 'active')",
        id,
        now
    )?;
    Ok(held == 1)
}

/// Whether a session, live or not, is this customer's.
pub async fn belongs(tx: &mut Tx, customer: CustomerId, id: SessionId) -> Result<bool, Error> {
    let row = fetch_optional!(tx, (SessionId,), "SELECT id FROM sessions WHERE customer_id = $1 AND id = $2", customer, id)?;
    Ok(row.is_some())
}

/// Ends one session of a customer, by compare-and-set. What hangs on it is for the use case.
pub async fn end(tx: &mut Tx, customer: CustomerId, id: SessionId, now: Timestamp) -> Result<bool, Error> {
    let ended =
        execute!(tx, "UPDATE sessions SET ended_at = $3 WHERE customer_id = $1 AND id = $2 AND ended_at IS NULL", customer, id, now)?;
    if ended == 1 {
        tx.invalidate(Kind::Customer, customer, now).await?;
    }
    Ok(ended == 1)
}

/// Ends a batch of all sessions begun before a moment, whosever they are. The caller forgets what memory holds.
pub async fn end_before(tx: &mut Tx, now: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "UPDATE sessions SET ended_at = $1 WHERE id IN (
             SELECT id FROM sessions WHERE ended_at IS NULL AND created_at <= $1 LIMIT $2)",
        now,
        most
    )
}

/// Sessions whose time is over and that nobody has ended yet.
pub async fn overdue(tx: &mut Tx, now: Timestamp, most: i64) -> Result<Vec<SessionId>, Error> {
    let rows = fetch_all!(
        tx,
        (SessionId,),
        "SELECT id FROM sessions WHERE expires_at <= $1 AND ended_at IS NULL ORDER BY expires_at LIMIT $2",
        now,
        most
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whose session it is.
pub async fn owner(tx: &mut Tx, id: SessionId) -> Result<Option<CustomerId>, Error> {
    let row = fetch_optional!(tx, (CustomerId,), "SELECT customer_id FROM sessions WHERE id = $1", id)?;
    Ok(row.map(|(customer,)| customer))
}

/// Removes a batch of sessions long over that no grant names any more.
pub async fn forget_before(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64, Error> {
    execute!(
        tx,
        "DELETE FROM sessions WHERE id IN (
             SELECT s.id FROM sessions s WHERE s.expires_at < $1 AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.session_id = s.id)
             ORDER BY s.expires_at LIMIT $2)",
        before,
        most
    )
}
