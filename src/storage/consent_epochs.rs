//! Counters per customer and sector: every change of a consent or link that the sector may notice (conventions 3).

use super::{Error, Tx};
use crate::model::ids::{CustomerId, SectorId, ServiceId};

/// The counter as a sector sees it.
pub async fn epoch(tx: &mut Tx, customer: CustomerId, sector: SectorId) -> Result<i64, Error> {
    let row: Option<(i64,)> =
        fetch_optional!(tx, (i64,), "SELECT epoch FROM consent_epochs WHERE customer_id = $1 AND sector_id = $2", customer, sector)?;
    Ok(row.map_or(0, |(epoch,)| epoch))
}

/// Something that this sector may notice changed.
pub async fn bump(tx: &mut Tx, customer: CustomerId, sector: SectorId) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO consent_epochs (customer_id, sector_id, epoch) VALUES ($1, $2, 1)
         ON CONFLICT (customer_id, sector_id) DO UPDATE SET epoch = consent_epochs.epoch + 1",
        customer,
        sector
    )?;
    Ok(())
}

/// As [`bump`], for the sector of a service.
pub async fn bump_of_service(tx: &mut Tx, customer: CustomerId, service: ServiceId) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO consent_epochs (customer_id, sector_id, epoch) SELECT $1, sector_id, 1 FROM services WHERE id = $2
         ON CONFLICT (customer_id, sector_id) DO UPDATE SET epoch = consent_epochs.epoch + 1",
        customer,
        service
    )?;
    Ok(())
}

/// As [`bump`], for every recipient that may read a product domain of the customer: what its owner's link does, they notice.
pub async fn bump_of_readers(tx: &mut Tx, customer: CustomerId, domain: &str) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO consent_epochs (customer_id, sector_id, epoch)
         SELECT DISTINCT consents.customer_id, services.sector_id, 1 FROM consents JOIN services ON services.id = consents.recipient_id
         WHERE consents.customer_id = $1 AND consents.domain = $2 AND consents.kind = 'share' AND consents.state = 'given'
         ON CONFLICT (customer_id, sector_id) DO UPDATE SET epoch = consent_epochs.epoch + 1",
        customer,
        domain
    )?;
    Ok(())
}

/// As [`bump`], for everybody who ever noticed anything of the customer: locking concerns them all.
pub async fn bump_all(tx: &mut Tx, customer: CustomerId) -> Result<(), Error> {
    execute!(tx, "UPDATE consent_epochs SET epoch = epoch + 1 WHERE customer_id = $1", customer)?;
    Ok(())
}
