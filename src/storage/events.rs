//! Security and identity events: what happened, to whom, by whom; never a personal value.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, EventId, ServiceId};

/// An event to be recorded, or as it was.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EventRow {
    /// Its row.
    pub id: EventId,
    /// `customer.registered`, `session.established`, `grant.reuse_detected` ...
    pub kind: String,
    /// Whom it is about.
    pub customer_id: Option<CustomerId>,
    /// Which service it is about.
    pub service_id: Option<ServiceId>,
    /// Who did it: `customer`, `system`, `client:<client_id>`, `operator:<name>`.
    pub actor: String,
    /// What else there is to say, as JSON without personal data.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// Whether an event was recorded.
pub async fn exists(tx: &mut Tx, id: EventId) -> Result<bool, Error> {
    let (count,) = fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM events WHERE id = $1", id)?;
    Ok(count > 0)
}

/// Records an event in the transaction of what it tells.
pub async fn insert(tx: &mut Tx, event: &EventRow) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO events (id, kind, customer_id, service_id, actor, detail, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        event.id,
        &event.kind,
        event.customer_id,
        event.service_id,
        &event.actor,
        &event.detail,
        event.at
    )?;
    Ok(())
}

/// A customer's latest events.
pub async fn of_customer(tx: &mut Tx, customer: CustomerId, most: i64) -> Result<Vec<EventRow>, Error> {
    fetch_all!(
        tx,
        EventRow,
        "SELECT id, kind, customer_id, service_id, actor, detail, at FROM events WHERE customer_id = $1 ORDER BY at DESC, id DESC LIMIT $2",
        customer,
        most
    )
}
