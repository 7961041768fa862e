//! Grants and their endings.

pub use super::grant_views::{view, views};
pub use super::new_grants::insert;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::grant::Seen;
use crate::model::ids::{ClientKey, CustomerId, GrantId, ServiceId, SessionId};

/// The epochs that a grant of this customer to this client would see now; `None` unless all of them are in force.
pub async fn seen_now(tx: &mut Tx, customer: CustomerId, client: ClientKey) -> Result<Option<Seen>, Error> {
    let row = fetch_optional!(
        tx,
        (i64, i64, i64, i64),
        "SELECT c.epoch, k.epoch, s.epoch, COALESCE(n.epoch, 0)
         FROM customers c
         JOIN clients k ON k.id = $2
         JOIN services s ON s.id = k.service_id
         LEFT JOIN connections n ON n.customer_id = c.id AND n.service_id = k.service_id
         WHERE c.id = $1 AND c.state = 'active' AND k.enabled AND s.enabled",
        customer,
        client
    )?;
    Ok(row.map(|(customer, client, service, connection)| Seen { customer, client, service, connection }))
}

/// Whose grant it is.
pub async fn customer_of(tx: &mut Tx, id: GrantId) -> Result<Option<CustomerId>, Error> {
    let row = fetch_optional!(tx, (CustomerId,), "SELECT customer_id FROM grants WHERE id = $1", id)?;
    Ok(row.map(|(customer,)| customer))
}

/// Where and from which browser a customer was let in, by grants that have not ended.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Use {
    /// The service.
    pub service_id: ServiceId,
    /// The browser session.
    pub session_id: Option<SessionId>,
    /// The last time.
    pub last_at: Timestamp,
}

/// Where a customer was let in, the last first.
pub async fn uses(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Use>, Error> {
    fetch_all!(
        tx,
        Use,
        "SELECT clients.service_id AS service_id, grants.session_id AS session_id, MAX(grants.created_at) AS last_at
         FROM grants JOIN clients ON clients.id = grants.client_key
         WHERE grants.customer_id = $1 AND grants.ended_at IS NULL
         GROUP BY clients.service_id, grants.session_id ORDER BY last_at DESC LIMIT 500",
        customer
    )
}

/// A grant that ended: whose, at which client, and in which browser session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Ended {
    /// The grant.
    pub id: GrantId,
    /// Whose.
    pub customer_id: CustomerId,
    /// At which client.
    pub client_key: ClientKey,
    /// The browser session it came from.
    pub session_id: Option<SessionId>,
}

/// Ends one grant, for itself; `None` when it had ended before. Its family, if it has one, is for the caller.
pub async fn end(tx: &mut Tx, id: GrantId, reason: &str, now: Timestamp) -> Result<Option<Ended>, Error> {
    fetch_optional!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL
         RETURNING id, customer_id, client_key, session_id",
        id,
        now,
        reason
    )
}

/// Ends what a customer granted to the clients of one service.
pub async fn end_at_service(
    tx: &mut Tx,
    customer: CustomerId,
    service: ServiceId,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $3, end_reason = $4
         WHERE customer_id = $1 AND ended_at IS NULL AND client_key IN (SELECT id FROM clients WHERE service_id = $2)
         RETURNING id, customer_id, client_key, session_id",
        customer,
        service,
        now,
        reason
    )
}

/// Ends everything a customer granted.
pub async fn end_of_customer(tx: &mut Tx, customer: CustomerId, reason: &str, now: Timestamp) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $2, end_reason = $3 WHERE customer_id = $1 AND ended_at IS NULL
         RETURNING id, customer_id, client_key, session_id",
        customer,
        now,
        reason
    )
}

/// Ends the grants that live with a browser session.
pub async fn end_of_session(tx: &mut Tx, session: SessionId, reason: &str, now: Timestamp) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $2, end_reason = $3 WHERE session_id = $1 AND ended_at IS NULL AND NOT offline
         RETURNING id, customer_id, client_key, session_id",
        session,
        now,
        reason
    )
}

/// The grants of a browser session that live on without it.
pub async fn offline_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "SELECT id, customer_id, client_key, session_id FROM grants WHERE session_id = $1 AND ended_at IS NULL AND offline",
        session
    )
}

/// The clients that a browser session signed in and that have not been told of its end.
pub async fn clients_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<ClientKey>, Error> {
    let rows = fetch_all!(
        tx,
        (ClientKey,),
        "SELECT DISTINCT client_key FROM grants WHERE session_id = $1 AND ended_at IS NULL ORDER BY client_key LIMIT 1000",
        session
    )?;
    Ok(rows.into_iter().map(|(client,)| client).collect())
}
