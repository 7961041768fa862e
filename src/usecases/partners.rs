//! Who the partners are: clients and services from memory, true to one second (conventions 8).
//!
//! A client or service never changes its code and never goes away, so those two maps hold for good; what the rows say is
//! cached under stamps. Unknown codes are asked of the database each time: a partner added a moment ago is known at once.

use std::sync::Arc;

use dashmap::DashMap;

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::jwk::JwkSet;
use crate::model::ids::{ClientKey, ServiceId};
use crate::model::service::{Client, Service};
use crate::storage::cache::{Cache, Truth};
use crate::storage::invalidations::Kind;
use crate::storage::services::{DIRECTORY, Directory};
use crate::storage::{Error, clients, services};

/// How many clients are kept in memory.
const CLIENTS_IN_MEMORY: usize = 20_000;
/// How many services are kept in memory.
const SERVICES_IN_MEMORY: usize = 10_000;

/// What a node remembers of its partners.
pub struct Partners {
    client_keys: DashMap<Box<str>, ClientKey>,
    clients: Cache<ClientKey, Client>,
    service_ids: DashMap<Box<str>, ServiceId>,
    services: Cache<ServiceId, Service>,
    directory: Cache<(), Directory>,
    client_jwks: Cache<ClientKey, JwkSet>,
    service_jwks: Cache<ServiceId, JwkSet>,
    throttled: DashMap<ClientKey, Timestamp>,
}

impl Partners {
    /// Empty memory that `truth` keeps true.
    pub fn new(truth: &Arc<Truth>) -> Self {
        Self {
            client_keys: DashMap::new(),
            clients: Cache::new(Arc::clone(truth), CLIENTS_IN_MEMORY),
            service_ids: DashMap::new(),
            services: Cache::new(Arc::clone(truth), SERVICES_IN_MEMORY),
            directory: Cache::new(Arc::clone(truth), 1),
            client_jwks: Cache::new(Arc::clone(truth), CLIENTS_IN_MEMORY),
            service_jwks: Cache::new(Arc::clone(truth), SERVICES_IN_MEMORY),
            throttled: DashMap::new(),
        }
    }

    /// Whether wrong secrets of a client are no longer counted one by one.
    pub(super) fn is_throttled(&self, key: ClientKey, now: Timestamp) -> bool {
        self.throttled.get(&key).is_some_and(|until| now < *until)
    }

    /// Too many wrong secrets: nothing is written for more of them until then.
    pub(super) fn throttle(&self, key: ClientKey, until: Timestamp) {
        self.throttled.insert(key, until);
    }
}

/// The client with this `client_id`, enabled or not.
///
/// # Errors
/// The database could not be asked.
pub async fn client(core: &Core, client_id: &str) -> Result<Option<Arc<Client>>, Error> {
    let known = core.partners.client_keys.get(client_id).map(|key| *key);
    if let Some(key) = known {
        return client_by_key(core, key).await;
    }
    let found = clients::key_of(&mut core.database.read().await?, client_id).await?;
    let Some(key) = found else { return Ok(None) };
    core.partners.client_keys.insert(client_id.into(), key);
    client_by_key(core, key).await
}

/// The client with this row id, enabled or not.
///
/// # Errors
/// The database could not be asked.
pub async fn client_by_key(core: &Core, key: ClientKey) -> Result<Option<Arc<Client>>, Error> {
    if let Some(client) = core.partners.clients.get(&key) {
        return Ok(Some(client));
    }
    let stamp = core.truth.stamp(Kind::Client, &key.to_string());
    let loaded = clients::by_key(&mut core.database.read().await?, key, core.clock.now()).await?;
    Ok(loaded.map(|client| core.partners.clients.put(key, stamp, client)))
}

/// The service with this id, enabled or not.
///
/// # Errors
/// The database could not be asked.
pub async fn service(core: &Core, id: ServiceId) -> Result<Option<Arc<Service>>, Error> {
    if let Some(service) = core.partners.services.get(&id) {
        return Ok(Some(service));
    }
    let stamp = core.truth.stamp(Kind::Service, &id.to_string());
    let loaded = services::by_id(&mut core.database.read().await?, id).await?;
    Ok(loaded.map(|service| core.partners.services.put(id, stamp, service)))
}

/// The service with this code, enabled or not.
///
/// # Errors
/// The database could not be asked.
pub async fn service_by_code(core: &Core, code: &str) -> Result<Option<Arc<Service>>, Error> {
    let known = core.partners.service_ids.get(code).map(|id| *id);
    if let Some(id) = known {
        return service(core, id).await;
    }
    // A code from a path may be anything; PostgreSQL has no text with NUL.
    if code.contains('\0') {
        return Ok(None);
    }
    let found = services::id_of_code(&mut core.database.read().await?, code).await?;
    let Some(id) = found else { return Ok(None) };
    core.partners.service_ids.insert(code.into(), id);
    service(core, id).await
}

/// The service whose API has this audience (RFC 8707), enabled or not.
///
/// # Errors
/// The database could not be asked.
pub async fn service_by_audience(core: &Core, audience: &str) -> Result<Option<Arc<Service>>, Error> {
    let known = directory(core).await?.audiences.get(audience).copied();
    let found = match known {
        Some(id) => Some(id),
        // Another node may have added it less than a poll ago.
        None => services::id_of_audience(&mut core.database.read().await?, audience).await?,
    };
    match found {
        Some(id) => service(core, id).await,
        None => Ok(None),
    }
}

/// The service that owns a product domain, enabled or not; none for Concord's own domains and for those nobody owns yet.
///
/// # Errors
/// The database could not be asked.
pub async fn owner_of_domain(core: &Core, domain: &str) -> Result<Option<Arc<Service>>, Error> {
    let owner = directory(core).await?.domains.get(domain).copied();
    match owner {
        Some(id) => service(core, id).await,
        None => Ok(None),
    }
}

async fn directory(core: &Core) -> Result<Arc<Directory>, Error> {
    if let Some(directory) = core.partners.directory.get(&()) {
        return Ok(directory);
    }
    let stamp = core.truth.stamp(Kind::Service, DIRECTORY);
    let loaded = services::directory(&mut core.database.read().await?).await?;
    Ok(core.partners.directory.put((), stamp, loaded))
}

/// The public keys of a client for `private_key_jwt`, parsed; an empty set when it has none that meets the policy.
///
/// # Errors
/// The database could not be asked.
pub async fn client_keys(core: &Core, key: ClientKey) -> Result<Arc<JwkSet>, Error> {
    if let Some(keys) = core.partners.client_jwks.get(&key) {
        return Ok(keys);
    }
    // The stamp comes before the client is looked at: what it says then is at least as young as the stamp.
    let stamp = core.truth.stamp(Kind::Client, &key.to_string());
    let keys = client_by_key(core, key).await?.map(|client| parsed(&client.document.jwks)).unwrap_or_default();
    Ok(core.partners.client_jwks.put(key, stamp, keys))
}

/// The public keys of a service for its link assertions, parsed; an empty set when it has none that meets the policy.
///
/// # Errors
/// The database could not be asked.
pub async fn service_keys(core: &Core, id: ServiceId) -> Result<Arc<JwkSet>, Error> {
    if let Some(keys) = core.partners.service_jwks.get(&id) {
        return Ok(keys);
    }
    let stamp = core.truth.stamp(Kind::Service, &id.to_string());
    let keys = service(core, id).await?.map(|service| parsed(&service.document.jwks)).unwrap_or_default();
    Ok(core.partners.service_jwks.put(id, stamp, keys))
}

/// Registered sets met the policy then; should it have become stricter since, such a set verifies nothing.
fn parsed(jwks: &serde_json::Value) -> JwkSet {
    JwkSet::from_value(jwks).unwrap_or_default()
}
