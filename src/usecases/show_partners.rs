//! Services and clients as operators see them: whole, but for secrets.

use serde::Serialize;

use super::Core;
use crate::model::service::{Client, ClientDocument, Service, ServiceDocument};
use crate::storage::{Error, clients, services};

/// A service in a list and by itself.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceView {
    /// Its code.
    pub code: String,
    /// Its id outside.
    pub id: String,
    /// Its sector's id outside.
    pub sector: String,
    /// Switched on.
    pub enabled: bool,
    /// Version of its document.
    pub version: i64,
    /// Bumped when it was switched off.
    pub epoch: i64,
    /// What it says of itself.
    pub document: ServiceDocument,
    /// Its clients, those no longer listed too.
    pub clients: Vec<ClientView>,
}

/// A client in a list and by itself.
#[derive(Clone, Debug, Serialize)]
pub struct ClientView {
    /// Its `client_id`.
    pub client_id: String,
    /// Its service's code.
    pub service: String,
    /// Switched on.
    pub enabled: bool,
    /// Bumped when it was switched off.
    pub epoch: i64,
    /// Until when each live secret works, in RFC 3339; `null`: no end.
    pub secrets: Vec<Option<String>>,
    /// What its service says of it.
    pub document: ClientDocument,
}

/// Every service with its clients, by code; only one when it is named.
///
/// # Errors
/// The database failed.
pub async fn services(core: &Core, code: Option<&str>) -> Result<Vec<ServiceView>, Error> {
    let (now, mut tx) = (core.clock.now(), core.database.read().await?);
    let mut views = Vec::new();
    for service in services::all(&mut tx).await? {
        if code.is_none_or(|code| code == service.document.code) {
            let held = clients::all(&mut tx, Some(service.id), now).await?;
            views.push(view(service, held));
        }
    }
    Ok(views)
}

/// Every client, by service and id.
///
/// # Errors
/// The database failed.
pub async fn clients(core: &Core, service: Option<&str>) -> Result<Vec<ClientView>, Error> {
    Ok(services(core, service).await?.into_iter().flat_map(|service| service.clients).collect())
}

fn view(service: Service, held: Vec<Client>) -> ServiceView {
    let code = service.document.code.clone();
    ServiceView {
        id: service.id.to_string(),
        sector: service.sector.to_string(),
        enabled: service.enabled,
        version: service.version,
        epoch: service.epoch,
        document: service.document,
        clients: held.into_iter().map(|client| client_view(client, &code)).collect(),
        code,
    }
}

fn client_view(client: Client, service: &str) -> ClientView {
    ClientView {
        client_id: client.document.client_id.clone(),
        service: service.to_owned(),
        enabled: client.enabled,
        epoch: client.epoch,
        secrets: client.secrets.iter().map(|(_, ends_at)| ends_at.map(crate::clock::Timestamp::rfc3339)).collect(),
        document: client.document,
    }
}
