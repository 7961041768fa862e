//! E-mail addresses, phones and login names: sealed, and found by blind index.

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, IdentifierId};

/// An identifier as it is stored.
#[derive(Clone, sqlx::FromRow)]
pub struct IdentifierRow {
    /// Its row; part of what the sealing is bound to.
    pub id: IdentifierId,
    /// Whose.
    pub customer_id: CustomerId,
    /// `email`, `phone` or `login`.
    pub kind: String,
    /// `login` or `contact`.
    pub usage: String,
    /// Finds it.
    pub blind_index: Vec<u8>,
    /// Its spelling, encrypted under the customer's key.
    pub sealed: Vec<u8>,
    /// When its holder proved it.
    pub verified_at: Option<Timestamp>,
    /// Since when it holds.
    pub valid_from: Timestamp,
    /// Until when it held.
    pub valid_to: Option<Timestamp>,
}

/// Adds an identifier. `false` when another customer signs in with it already.
pub async fn insert(tx: &mut Tx, row: &IdentifierRow) -> Result<bool, Error> {
    let added = execute!(
        tx,
        "INSERT INTO identifiers (id, customer_id, kind, usage, blind_index, sealed, verified_at, valid_from, valid_to)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (kind, blind_index) WHERE usage = 'login' AND verified_at IS NOT NULL AND valid_to IS NULL DO NOTHING",
        row.id,
        row.customer_id,
        &row.kind,
        &row.usage,
        &row.blind_index,
        &row.sealed,
        row.verified_at,
        row.valid_from,
        row.valid_to
    )?;
    if added == 1 {
        tx.invalidate(Kind::Customer, row.customer_id, row.valid_from).await?;
    }
    Ok(added == 1)
}

/// Who signs in with an identifier.
pub async fn login_holder(tx: &mut Tx, kind: &str, blind_index: &[u8; 32]) -> Result<Option<CustomerId>, Error> {
    let row = fetch_optional!(
        tx,
        (CustomerId,),
        "SELECT customer_id FROM identifiers
         WHERE kind = $1 AND blind_index = $2 AND usage = 'login' AND verified_at IS NOT NULL AND valid_to IS NULL",
        kind,
        blind_index.as_slice()
    )?;
    Ok(row.map(|(customer,)| customer))
}

/// What a customer holds now, oldest first.
pub async fn of_customer(tx: &mut Tx, customer: CustomerId) -> Result<Vec<IdentifierRow>, Error> {
    fetch_all!(
        tx,
        IdentifierRow,
        "SELECT id, customer_id, kind, usage, blind_index, sealed, verified_at, valid_from, valid_to FROM identifiers
         WHERE customer_id = $1 AND valid_to IS NULL ORDER BY valid_from, id LIMIT 50",
        customer
    )
}

/// Ends a customer's identifiers of one kind and usage, for a new value.
pub async fn end(tx: &mut Tx, customer: CustomerId, kind: &str, usage: &str, now: Timestamp) -> Result<u64, Error> {
    let ended = execute!(
        tx,
        "UPDATE identifiers SET valid_to = $4 WHERE customer_id = $1 AND kind = $2 AND usage = $3 AND valid_to IS NULL",
        customer,
        kind,
        usage,
        now
    )?;
    if ended > 0 {
        tx.invalidate(Kind::Customer, customer, now).await?;
    }
    Ok(ended)
}
