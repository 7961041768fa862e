//! Pairwise subjects: made once, stored for ever (OpenID Connect Core 8.1).

use super::batches::{Found, sixteen};
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, SectorId};

/// The stored subject of a customer in a sector.
pub async fn find(tx: &mut Tx, customer: CustomerId, sector: SectorId) -> Result<Option<String>, Error> {
    let row =
        fetch_optional!(tx, (String,), "SELECT sub FROM pairwise_subjects WHERE customer_id = $1 AND sector_id = $2", customer, sector)?;
    Ok(row.map(|(sub,)| sub))
}

/// The stored subjects of so many customers, each in a sector: a statement for each sector among them.
pub async fn found(tx: &mut Tx, mut wanted: Vec<(CustomerId, SectorId)>) -> Result<Found<(CustomerId, SectorId), String>, Error> {
    wanted.sort_by_key(|(_, sector)| *sector);
    let mut found = Found::new();
    for wanted in wanted.chunk_by(|one, next| one.1 == next.1) {
        let customers: Vec<CustomerId> = wanted.iter().map(|(customer, _)| *customer).collect();
        let (Some((_, sector)), Some(customers)) = (wanted.first(), sixteen(&customers)) else { continue };
        let rows = fetch_among!(
            tx,
            (CustomerId, String),
            "SELECT customer_id, sub FROM pairwise_subjects
             WHERE customer_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AND sector_id = $17",
            customers,
            *sector
        )?;
        found.extend(rows.into_iter().map(|(customer, sub)| ((customer, *sector), Ok(sub))));
    }
    Ok(found)
}

/// Stores the first subject of a customer in a sector; one that is there already stays.
pub async fn insert(tx: &mut Tx, customer: CustomerId, sector: SectorId, sub: &str, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "INSERT INTO pairwise_subjects (sector_id, customer_id, sub, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (customer_id, sector_id) DO NOTHING",
        sector,
        customer,
        sub,
        now
    )?;
    Ok(rows == 1)
}

/// Whose subject it is, and in which sector.
pub async fn customer_of(tx: &mut Tx, sub: &str) -> Result<Option<(CustomerId, SectorId)>, Error> {
    fetch_optional!(tx, (CustomerId, SectorId), "SELECT customer_id, sector_id FROM pairwise_subjects WHERE sub = $1", sub)
}
