//! What is stored of people for those who may read it: still sealed.

use std::collections::HashMap;

use super::batches::{Found, sixteen};
use super::identifiers::IdentifierRow;
use super::profile::ProfileRow;
use super::{Error, Tx};
use crate::model::customer::CustomerState;
use crate::model::ids::{CustomerId, ServiceId};

/// A person as they are stored.
pub struct Stored {
    /// Where the customer stands.
    pub state: CustomerState,
    /// Language tag.
    pub locale: String,
    /// The service they registered through.
    pub registered_in: Option<ServiceId>,
    /// Their data key; none once it was destroyed.
    pub wrapped_key: Option<Vec<u8>>,
    /// Profile values, at most one per claim.
    pub values: Vec<ProfileRow>,
    /// What they hold now, oldest first.
    pub identifiers: Vec<IdentifierRow>,
}

#[derive(sqlx::FromRow)]
struct CustomerRow {
    id: CustomerId,
    state: String,
    locale: String,
    registered_in: Option<ServiceId>,
    wrapped: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct ValueRow {
    customer_id: CustomerId,
    #[sqlx(flatten)]
    value: ProfileRow,
}

/// So many people, in three statements.
pub async fn of(tx: &mut Tx, customers: &[CustomerId]) -> Result<Found<CustomerId, Stored>, Error> {
    let Some(all) = sixteen(customers) else { return Ok(Found::new()) };
    let rows = fetch_among!(
        tx,
        CustomerRow,
        "SELECT c.id, c.state, c.locale, c.registered_in, k.wrapped
         FROM customers c LEFT JOIN customer_keys k ON k.customer_id = c.id
         WHERE c.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        all
    )?;
    let mut values: HashMap<CustomerId, Vec<ProfileRow>> = HashMap::new();
    for row in values_of(tx, all).await? {
        values.entry(row.customer_id).or_default().push(row.value);
    }
    let mut identifiers: HashMap<CustomerId, Vec<IdentifierRow>> = HashMap::new();
    for row in identifiers_of(tx, all).await? {
        identifiers.entry(row.customer_id).or_default().push(row);
    }
    let person = |row: CustomerRow| {
        let state = CustomerState::from_word(&row.state).ok_or_else(|| Error::Corrupt("customers.state".into()));
        let stored = state.map(|state| Stored {
            state,
            locale: row.locale,
            registered_in: row.registered_in,
            wrapped_key: row.wrapped,
            values: values.remove(&row.id).unwrap_or_default(),
            identifiers: identifiers.remove(&row.id).unwrap_or_default(),
        });
        (row.id, stored)
    };
    Ok(rows.into_iter().map(person).collect())
}

async fn values_of(tx: &mut Tx, customers: [CustomerId; 16]) -> Result<Vec<ValueRow>, Error> {
    fetch_among!(
        tx,
        ValueRow,
        "SELECT customer_id, claim, source_service, sealed, observed_at FROM profile_values
         WHERE customer_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ORDER BY customer_id, claim LIMIT 8000",
        customers
    )
}

async fn identifiers_of(tx: &mut Tx, customers: [CustomerId; 16]) -> Result<Vec<IdentifierRow>, Error> {
    fetch_among!(
        tx,
        IdentifierRow,
        "SELECT id, customer_id, kind, usage, blind_index, sealed, verified_at, valid_from, valid_to FROM identifiers
         WHERE customer_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         AND valid_to IS NULL ORDER BY customer_id, valid_from, id LIMIT 800",
        customers
    )
}
