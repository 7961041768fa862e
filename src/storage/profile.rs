//! Profile values: one survivor per claim, encrypted under the customer's key.

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, ServiceId};

/// A value as it is stored.
#[derive(Clone, sqlx::FromRow)]
pub struct ProfileRow {
    /// The claim's name.
    pub claim: String,
    /// The owner service that wrote it; none for Concord itself.
    pub source_service: Option<ServiceId>,
    /// The value as JSON, encrypted.
    pub sealed: Vec<u8>,
    /// When the source observed it.
    pub observed_at: Timestamp,
}

/// Writes a value unless a later observation is there already.
pub async fn put(tx: &mut Tx, customer: CustomerId, row: &ProfileRow, now: Timestamp) -> Result<bool, Error> {
    let written = execute!(
        tx,
        "INSERT INTO profile_values (customer_id, claim, source_service, sealed, observed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (customer_id, claim) DO UPDATE SET source_service = excluded.source_service, sealed = excluded.sealed,
             observed_at = excluded.observed_at
         WHERE profile_values.observed_at <= excluded.observed_at",
        customer,
        &row.claim,
        row.source_service,
        &row.sealed,
        row.observed_at
    )?;
    if written == 1 {
        tx.invalidate(Kind::Customer, customer, now).await?;
    }
    Ok(written == 1)
}

/// Removes a value.
pub async fn remove(tx: &mut Tx, customer: CustomerId, claim: &str, now: Timestamp) -> Result<bool, Error> {
    let removed = execute!(tx, "DELETE FROM profile_values WHERE customer_id = $1 AND claim = $2", customer, claim)?;
    if removed == 1 {
        tx.invalidate(Kind::Customer, customer, now).await?;
    }
    Ok(removed == 1)
}

/// Removes a value unless a later observation is there; `false` when one is.
pub async fn take_back(tx: &mut Tx, customer: CustomerId, claim: &str, observed_at: Timestamp, now: Timestamp) -> Result<bool, Error> {
    let removed = execute!(
        tx,
        "DELETE FROM profile_values WHERE customer_id = $1 AND claim = $2 AND observed_at <= $3",
        customer,
        claim,
        observed_at
    )?;
    if removed == 1 {
        tx.invalidate(Kind::Customer, customer, now).await?;
        return Ok(true);
    }
    let left: Option<(Timestamp,)> =
        fetch_optional!(tx, (Timestamp,), "SELECT observed_at FROM profile_values WHERE customer_id = $1 AND claim = $2", customer, claim)?;
    Ok(left.is_none())
}

/// A link of a service has ended for good: what the service wrote goes with the customer's last one that is active or suspended
/// (domain.md 2.4, T11). Values belong to the customer, whichever of several accounts they were written by.
pub(super) async fn forget_source(tx: &mut Tx, customer: CustomerId, service: ServiceId, now: Timestamp) -> Result<(), Error> {
    let removed = execute!(
        tx,
        "DELETE FROM profile_values WHERE customer_id = $1 AND source_service = $2
         AND NOT EXISTS (SELECT 1 FROM links WHERE links.customer_id = $1 AND links.service_id = $2 AND links.state IN ('active', 'suspended'))",
        customer,
        service
    )?;
    if removed > 0 {
        tx.invalidate(Kind::Customer, customer, now).await?;
    }
    Ok(())
}

/// All values of a customer: at most one per claim of the catalogue.
pub async fn of_customer(tx: &mut Tx, customer: CustomerId) -> Result<Vec<ProfileRow>, Error> {
    fetch_all!(
        tx,
        ProfileRow,
        "SELECT claim, source_service, sealed, observed_at FROM profile_values WHERE customer_id = $1 ORDER BY claim LIMIT 500",
        customer
    )
}
