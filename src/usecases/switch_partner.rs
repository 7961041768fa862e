//! Switching services and clients off and on. Off ends what was granted, for ever; on begins anew.

use super::{Core, backchannel};
use crate::clock::Timestamp;
use crate::crypto::random::Random;
use crate::model::actor::Actor;
use crate::model::ids::{EventId, ServiceId};
use crate::storage::events::{self, EventRow};
use crate::storage::{Error, clients, services};

/// Why nothing was switched.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// No service has this code.
    #[error("there is no service {0}")]
    UnknownService(String),
    /// No client has this id.
    #[error("there is no client {0}")]
    UnknownClient(String),
    /// The client authenticates in another way.
    #[error("client {0} does not authenticate with a secret")]
    NoSecrets(String),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] Error),
}

/// Switches a service on or off (conventions 3, "service disabled"). `false`: it was so already.
///
/// # Errors
/// [`SwitchError`].
pub async fn service(core: &Core, code: &str, enabled: bool, actor: &Actor) -> Result<bool, SwitchError> {
    let (random, now, actor, code) = (core.random.clone(), core.clock.now(), actor.clone(), code.to_owned());
    core.database
        .write(move |tx| {
            let (random, actor, code) = (random.clone(), actor.clone(), code.clone());
            Box::pin(async move {
                let known = services::id_of_code(tx, &code).await?;
                let id = known.ok_or_else(|| SwitchError::UnknownService(code.clone()))?;
                let changed = services::set_enabled(tx, id, enabled, now).await?;
                if changed {
                    let kind = if enabled { "service.enabled" } else { "service.disabled" };
                    events::insert(tx, &event(&random, kind, id, &actor, &code, now)).await?;
                }
                if changed && !enabled {
                    let clients = clients::all(tx, Some(id), now).await?;
                    backchannel::switched_off(tx, &random, &clients, now).await?;
                }
                Ok(changed)
            })
        })
        .await
}

/// Switches a client on or off (conventions 3, "client disabled"). `false`: it was so already.
///
/// # Errors
/// [`SwitchError`].
pub async fn client(core: &Core, client_id: &str, enabled: bool, actor: &Actor) -> Result<bool, SwitchError> {
    let (random, now, actor, client_id) = (core.random.clone(), core.clock.now(), actor.clone(), client_id.to_owned());
    core.database
        .write(move |tx| {
            let (random, actor, client_id) = (random.clone(), actor.clone(), client_id.clone());
            Box::pin(async move {
                let unknown = || SwitchError::UnknownClient(client_id.clone());
                let key = clients::key_of(tx, &client_id).await?.ok_or_else(unknown)?;
                let client = clients::by_key(tx, key, now).await?.ok_or_else(unknown)?;
                let changed = clients::set_enabled(tx, key, enabled, now).await?;
                if changed {
                    let kind = if enabled { "client.enabled" } else { "client.disabled" };
                    events::insert(tx, &event(&random, kind, client.service, &actor, &client_id, now)).await?;
                }
                if changed && !enabled {
                    backchannel::switched_off(tx, &random, &[client], now).await?;
                }
                Ok(changed)
            })
        })
        .await
}

/// An event about a service or one of its clients.
pub(super) fn event(random: &Random, kind: &str, service: ServiceId, actor: &Actor, about: &str, now: Timestamp) -> EventRow {
    EventRow {
        id: EventId::new(random.uuid_v7(now)),
        kind: kind.to_owned(),
        customer_id: None,
        service_id: Some(service),
        actor: actor.to_string(),
        detail: serde_json::json!({ "about": about }).to_string(),
        at: now,
    }
}
