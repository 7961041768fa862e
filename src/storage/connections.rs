//! A customer at a service, and the counters that make endings derived (conventions 3).

use super::{Error, Tx};
use crate::model::ids::{CustomerId, ServiceId};

/// The epoch of a customer's connection to a service; 0 as long as nothing there ever ended.
pub async fn epoch(tx: &mut Tx, customer: CustomerId, service: ServiceId) -> Result<i64, Error> {
    let row: Option<(i64,)> =
        fetch_optional!(tx, (i64,), "SELECT epoch FROM connections WHERE customer_id = $1 AND service_id = $2", customer, service)?;
    Ok(row.map_or(0, |(epoch,)| epoch))
}

/// Ends every grant of that service for that customer, and every item of other grants that its link carries.
pub async fn bump(tx: &mut Tx, customer: CustomerId, service: ServiceId) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO connections (customer_id, service_id, epoch) VALUES ($1, $2, 1)
         ON CONFLICT (customer_id, service_id) DO UPDATE SET epoch = connections.epoch + 1",
        customer,
        service
    )?;
    Ok(())
}
