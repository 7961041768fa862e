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

/// As [`bump`], for the sectors of a recipient and of the owner of the product domain it reads; each once.
pub async fn bump_around_consent(tx: &mut Tx, customer: CustomerId, recipient: ServiceId, domain: &str) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO consent_epochs (customer_id, sector_id, epoch)
         SELECT DISTINCT customers.id, services.sector_id, 1 FROM customers CROSS JOIN services
         WHERE customers.id = $1 AND (services.id = $2 OR services.id IN (SELECT service_id FROM service_domains WHERE domain = $3))
         ON CONFLICT (customer_id, sector_id) DO UPDATE SET epoch = consent_epochs.epoch + 1",
        customer,
        recipient,
        domain
    )?;
    Ok(())
}

/// As [`bump`], for the sector of a service and of everybody who may read the product domains that it owns: what becomes of its
/// link, they notice.
pub async fn bump_around_link(tx: &mut Tx, customer: CustomerId, service: ServiceId) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO consent_epochs (customer_id, sector_id, epoch)
         SELECT DISTINCT customers.id, services.sector_id, 1 FROM customers CROSS JOIN services
         WHERE customers.id = $1 AND (services.id = $2 OR services.id IN (
            SELECT recipient_id FROM consents WHERE customer_id = $1 AND kind = 'share' AND state = 'given'
            AND domain IN (SELECT domain FROM service_domains WHERE service_id = $2)))
         ON CONFLICT (customer_id, sector_id) DO UPDATE SET epoch = consent_epochs.epoch + 1",
        customer,
        service
    )?;
    Ok(())
}

/// As [`bump`], for everybody who ever noticed anything of the customer: locking concerns them all.
pub async fn bump_all(tx: &mut Tx, customer: CustomerId) -> Result<(), Error> {
    execute!(tx, "UPDATE consent_epochs SET epoch = epoch + 1 WHERE customer_id = $1", customer)?;
    Ok(())
}
