//! The customer's chain: append-only, its head in the customer's own row (conventions 10).

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{ConsentId, CustomerId, EventId};

/// What precedes the first event of every chain.
pub const START: [u8; 32] = [0; 32];

/// One event as it is stored: record and salt sealed under the customer's key.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ConsentEvent {
    /// Its row.
    pub id: EventId,
    /// Whose chain.
    pub customer_id: CustomerId,
    /// Its place in it, from 1.
    pub number: i64,
    /// The consent it is about.
    pub consent_id: ConsentId,
    /// `given`, `withdrawn` ...
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The sealed record.
    pub record: Vec<u8>,
    /// The sealed salt.
    pub salt: Vec<u8>,
    /// HMAC-SHA-256 of the record under the salt.
    pub commitment: Vec<u8>,
    /// The chain's head before this event.
    pub previous_hash: Vec<u8>,
}

/// Takes the next place in a chain: its number and the head before it. First of all statements of a decision, so that rivals
/// wait here; `None` when there is no such customer.
pub async fn take_place(tx: &mut Tx, customer: CustomerId) -> Result<Option<(i64, [u8; 32])>, Error> {
    let row: Option<(i64, Option<Vec<u8>>)> = fetch_optional!(
        tx,
        (i64, Option<Vec<u8>>),
        "UPDATE customers SET chain_number = chain_number + 1 WHERE id = $1 RETURNING chain_number, chain_head",
        customer
    )?;
    let Some((number, head)) = row else { return Ok(None) };
    let head = match head {
        None if number == 1 => START,
        Some(head) => head.try_into().map_err(|_| Error::Corrupt("the head of a chain is not a hash".into()))?,
        None => return Err(Error::Corrupt("a chain has events and no head".into())),
    };
    Ok(Some((number, head)))
}

/// Puts an event into the place that was taken, and its hash at the head.
pub async fn append(tx: &mut Tx, event: &ConsentEvent, head: &[u8; 32]) -> Result<(), Error> {
    let moved = execute!(
        tx,
        "UPDATE customers SET chain_head = $1 WHERE id = $2 AND chain_number = $3",
        &head[..],
        event.customer_id,
        event.number
    )?;
    if moved != 1 {
        return Err(Error::Corrupt("a chain moved under its own transaction".into()));
    }
    execute!(
        tx,
        "INSERT INTO consent_events (id, customer_id, number, consent_id, kind, at, record, salt, commitment, previous_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        event.id,
        event.customer_id,
        event.number,
        event.consent_id,
        &event.kind,
        event.at,
        &event.record[..],
        &event.salt[..],
        &event.commitment[..],
        &event.previous_hash[..]
    )?;
    Ok(())
}

/// Events of a chain after a number, in order.
pub async fn after(tx: &mut Tx, customer: CustomerId, number: i64, most: i64) -> Result<Vec<ConsentEvent>, Error> {
    fetch_all!(
        tx,
        ConsentEvent,
        "SELECT id, customer_id, number, consent_id, kind, at, record, salt, commitment, previous_hash FROM consent_events
         WHERE customer_id = $1 AND number > $2 ORDER BY number LIMIT $3",
        customer,
        number,
        most
    )
}

/// The newest events of a chain, the newest first.
pub async fn newest(tx: &mut Tx, customer: CustomerId, most: i64) -> Result<Vec<ConsentEvent>, Error> {
    fetch_all!(
        tx,
        ConsentEvent,
        "SELECT id, customer_id, number, consent_id, kind, at, record, salt, commitment, previous_hash FROM consent_events
         WHERE customer_id = $1 ORDER BY number DESC LIMIT $2",
        customer,
        most
    )
}

/// Number and hash at the head of a chain; `None` when there is no such customer.
pub async fn head(tx: &mut Tx, customer: CustomerId) -> Result<Option<(i64, Option<Vec<u8>>)>, Error> {
    fetch_optional!(tx, (i64, Option<Vec<u8>>), "SELECT chain_number, chain_head FROM customers WHERE id = $1", customer)
}
