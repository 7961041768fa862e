//! Password hashes.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::CustomerId;

/// A customer's password hash and since when it holds.
pub async fn find(tx: &mut Tx, customer: CustomerId) -> Result<Option<(String, Timestamp)>, Error> {
    fetch_optional!(tx, (String, Timestamp), "SELECT phc, changed_at FROM passwords WHERE customer_id = $1", customer)
}

/// Sets a customer's password hash.
pub async fn set(tx: &mut Tx, customer: CustomerId, phc: &str, now: Timestamp) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO passwords (customer_id, phc, changed_at) VALUES ($1, $2, $3)
         ON CONFLICT (customer_id) DO UPDATE SET phc = excluded.phc, changed_at = excluded.changed_at",
        customer,
        phc,
        now
    )?;
    Ok(())
}

/// Replaces a hash by one of the same password with present parameters, unless the password was changed meanwhile.
pub async fn rehash(tx: &mut Tx, customer: CustomerId, old: &str, new: &str) -> Result<(), Error> {
    execute!(tx, "UPDATE passwords SET phc = $3 WHERE customer_id = $1 AND phc = $2", customer, old, new)?;
    Ok(())
}
