//! Customers and their data keys.

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::customer::{Customer, CustomerState};
use crate::model::ids::{CustomerId, ServiceId};
use crate::protocol::locale::Locale;

#[derive(sqlx::FromRow)]
struct CustomerRow {
    id: CustomerId,
    state: String,
    epoch: i64,
    locale: String,
    created_at: Timestamp,
}

impl CustomerRow {
    fn read(self) -> Result<Customer, Error> {
        let state = CustomerState::from_word(&self.state).ok_or_else(|| Error::Corrupt("customers.state".into()))?;
        let locale = self.locale.parse().map_err(|_| Error::Corrupt("customers.locale".into()))?;
        Ok(Customer { id: self.id, state, epoch: self.epoch, locale, created_at: self.created_at })
    }
}

/// Adds an `active` customer with its wrapped data key. `false` when the id is taken: draw another.
pub async fn insert(
    tx: &mut Tx,
    id: CustomerId,
    wrapped_key: &[u8],
    registered_in: Option<ServiceId>,
    locale: Locale,
    now: Timestamp,
) -> Result<bool, Error> {
    let added = execute!(
        tx,
        "INSERT INTO customers (id, state, epoch, registered_in, locale, created_at, changed_at)
         VALUES ($1, 'active', 0, $2, $3, $4, $4) ON CONFLICT (id) DO NOTHING",
        id,
        registered_in,
        locale.as_str(),
        now
    )?;
    if added == 1 {
        execute!(tx, "INSERT INTO customer_keys (customer_id, wrapped, created_at) VALUES ($1, $2, $3)", id, wrapped_key, now)?;
    }
    Ok(added == 1)
}

/// A customer.
pub async fn find(tx: &mut Tx, id: CustomerId) -> Result<Option<Customer>, Error> {
    fetch_optional!(tx, CustomerRow, "SELECT id, state, epoch, locale, created_at FROM customers WHERE id = $1", id)?
        .map(CustomerRow::read)
        .transpose()
}

/// A customer's wrapped data key; none once it was destroyed.
pub async fn wrapped_key(tx: &mut Tx, id: CustomerId) -> Result<Option<Vec<u8>>, Error> {
    Ok(fetch_optional!(tx, (Vec<u8>,), "SELECT wrapped FROM customer_keys WHERE customer_id = $1", id)?.map(|(wrapped,)| wrapped))
}

/// Moves a customer from one state to another by compare-and-set; an ending bumps the epoch and so ends every grant and session.
pub async fn change_state(tx: &mut Tx, id: CustomerId, from: CustomerState, to: CustomerState, now: Timestamp) -> Result<bool, Error> {
    let ends = i64::from(to != CustomerState::Active);
    let changed = execute!(
        tx,
        "UPDATE customers SET state = $3, epoch = epoch + $4, changed_at = $5 WHERE id = $1 AND state = $2",
        id,
        from.as_str(),
        to.as_str(),
        ends,
        now
    )?;
    if changed == 1 {
        tx.invalidate(Kind::Customer, id, now).await?;
    }
    Ok(changed == 1)
}

/// Remembers the language a customer chose.
pub async fn set_locale(tx: &mut Tx, id: CustomerId, locale: Locale, now: Timestamp) -> Result<(), Error> {
    let changed =
        execute!(tx, "UPDATE customers SET locale = $2, changed_at = $3 WHERE id = $1 AND locale <> $2", id, locale.as_str(), now)?;
    if changed == 1 {
        tx.invalidate(Kind::Customer, id, now).await?;
    }
    Ok(())
}
