//! Services, their sectors, the versions of what they said of themselves, and who owns which product domain.

use std::collections::HashMap;

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{SectorId, ServiceId};
use crate::model::service::{Service, ServiceDocument};

/// The key under which the feed tells that the directory of audiences and product domains changed.
pub const DIRECTORY: &str = "directory";

#[derive(sqlx::FromRow)]
struct Row {
    id: ServiceId,
    sector_id: SectorId,
    enabled: bool,
    epoch: i64,
    version: i64,
    document: String,
}

impl Row {
    fn read(self) -> Result<Service, Error> {
        let document = serde_json::from_str(&self.document).map_err(|_| Error::Corrupt("a service's document cannot be read".into()))?;
        Ok(Service { id: self.id, sector: self.sector_id, enabled: self.enabled, epoch: self.epoch, version: self.version, document })
    }
}

#[derive(sqlx::FromRow)]
struct Id {
    id: ServiceId,
}

/// The service with this id.
pub async fn by_id(tx: &mut Tx, id: ServiceId) -> Result<Option<Service>, Error> {
    let row = fetch_optional!(tx, Row, "SELECT id, sector_id, enabled, epoch, version, document FROM services WHERE id = $1", id)?;
    row.map(Row::read).transpose()
}

/// The id behind a code. It never changes.
pub async fn id_of_code(tx: &mut Tx, code: &str) -> Result<Option<ServiceId>, Error> {
    let row = fetch_optional!(tx, Id, "SELECT id FROM services WHERE code = $1", code)?;
    Ok(row.map(|row| row.id))
}

/// The service whose API has this audience.
pub async fn id_of_audience(tx: &mut Tx, audience: &str) -> Result<Option<ServiceId>, Error> {
    let row = fetch_optional!(tx, Id, "SELECT id FROM services WHERE audience = $1", audience)?;
    Ok(row.map(|row| row.id))
}

/// Every service, by code.
pub async fn all(tx: &mut Tx) -> Result<Vec<Service>, Error> {
    let rows = fetch_all!(tx, Row, "SELECT id, sector_id, enabled, epoch, version, document FROM services ORDER BY code LIMIT 100000")?;
    rows.into_iter().map(Row::read).collect()
}

/// Where audiences and product domains lead.
#[derive(Debug, Default)]
pub struct Directory {
    /// Services by the audience of their API.
    pub audiences: HashMap<String, ServiceId>,
    /// Owners by product domain.
    pub domains: HashMap<String, ServiceId>,
}

#[derive(sqlx::FromRow)]
struct Entry {
    name: String,
    id: ServiceId,
}

/// The whole directory.
pub async fn directory(tx: &mut Tx) -> Result<Directory, Error> {
    let audiences = fetch_all!(tx, Entry, "SELECT audience AS name, id FROM services WHERE audience IS NOT NULL LIMIT 100000")?;
    let domains = fetch_all!(tx, Entry, "SELECT domain AS name, service_id AS id FROM service_domains LIMIT 100000")?;
    let map = |entries: Vec<Entry>| entries.into_iter().map(|entry| (entry.name, entry.id)).collect();
    Ok(Directory { audiences: map(audiences), domains: map(domains) })
}

#[derive(sqlx::FromRow)]
struct Sector {
    id: SectorId,
}

/// The sector with this code, made with `fresh` as its id when it is new.
pub async fn ensure_sector(tx: &mut Tx, code: &str, fresh: SectorId, now: Timestamp) -> Result<SectorId, Error> {
    execute!(tx, "INSERT INTO sectors (id, code, created_at) VALUES ($1, $2, $3) ON CONFLICT (code) DO NOTHING", fresh, code, now)?;
    Ok(fetch_one!(tx, Sector, "SELECT id FROM sectors WHERE code = $1", code)?.id)
}

/// Adds a service with version 1 of its document; `false` when the code or the audience is taken.
pub async fn insert(tx: &mut Tx, service: &Service, now: Timestamp) -> Result<bool, Error> {
    let document = written(&service.document)?;
    let rows = execute!(
        tx,
        "INSERT INTO services (id, code, sector_id, enabled, epoch, version, audience, document, created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT DO NOTHING",
        service.id,
        &service.document.code,
        service.sector,
        service.enabled,
        service.epoch,
        service.version,
        service.document.api.as_ref().map(|api| api.audience.as_str()),
        &document,
        now
    )?;
    if rows != 1 {
        return Ok(false);
    }
    keep_version(tx, service.id, service.version, &document, now).await?;
    tx.invalidate(Kind::Service, DIRECTORY, now).await?;
    Ok(true)
}

/// Replaces the document by the next version, and the epoch; `false` when the service is no longer at `seen`.
pub async fn update(tx: &mut Tx, service: &Service, seen: i64, now: Timestamp) -> Result<bool, Error> {
    let document = written(&service.document)?;
    let rows = execute!(
        tx,
        "UPDATE services SET epoch = $2, version = $3, audience = $4, document = $5, changed_at = $6 WHERE id = $1 AND version = $7",
        service.id,
        service.epoch,
        service.version,
        service.document.api.as_ref().map(|api| api.audience.as_str()),
        &document,
        now,
        seen
    )?;
    if rows != 1 {
        return Ok(false);
    }
    keep_version(tx, service.id, service.version, &document, now).await?;
    tx.invalidate(Kind::Service, service.id, now).await?;
    tx.invalidate(Kind::Service, DIRECTORY, now).await?;
    Ok(true)
}

async fn keep_version(tx: &mut Tx, id: ServiceId, version: i64, document: &str, now: Timestamp) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO service_versions (service_id, version, document, applied_at) VALUES ($1, $2, $3, $4)",
        id,
        version,
        document,
        now
    )?;
    Ok(())
}

/// Makes a service the owner of exactly these product domains; the first that another owns is returned.
pub async fn set_domains(tx: &mut Tx, id: ServiceId, domains: &[String]) -> Result<Option<String>, Error> {
    execute!(tx, "DELETE FROM service_domains WHERE service_id = $1", id)?;
    for domain in domains {
        let rows = execute!(
            tx,
            "INSERT INTO service_domains (domain, service_id) VALUES ($1, $2) ON CONFLICT (domain) DO NOTHING",
            domain.as_str(),
            id
        )?;
        if rows != 1 {
            return Ok(Some(domain.clone()));
        }
    }
    Ok(None)
}

/// Switches a service on or off; switching off bumps its epoch, which ends its grants for ever. `false`: it was so already.
pub async fn set_enabled(tx: &mut Tx, id: ServiceId, enabled: bool, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "UPDATE services SET enabled = $2, epoch = CASE WHEN $2 THEN epoch ELSE epoch + 1 END, changed_at = $3
         WHERE id = $1 AND enabled <> $2",
        id,
        enabled,
        now
    )?;
    if rows == 1 {
        tx.invalidate(Kind::Service, id, now).await?;
    }
    Ok(rows == 1)
}

fn written(document: &ServiceDocument) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|_| Error::Corrupt("a service's document cannot be written".into()))
}
