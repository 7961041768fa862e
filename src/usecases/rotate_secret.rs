//! A new secret for a client, beside the old one for a while.

use std::time::Duration;

use serde::Serialize;

use super::Core;
use super::apply_service::needs_secret;
use super::switch_partner::{SwitchError, event};
use crate::crypto::digest;
use crate::model::actor::Actor;
use crate::storage::{clients, events};

/// How long the old secret goes on when nobody says otherwise.
pub const OVERLAP: Duration = Duration::from_hours(24);

/// A secret, shown this once: the database keeps its digest only.
#[derive(Clone, Serialize)]
pub struct NewSecret {
    /// Whose.
    pub client_id: String,
    /// The secret, 256 bits in base64url.
    pub client_secret: String,
    /// When the one before stops working, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_ends_at: Option<String>,
}

/// Makes a new secret; the one before works for `overlap` more, older ones end now.
///
/// # Errors
/// [`SwitchError`]: no such client, or one without secrets.
pub async fn rotate(core: &Core, client_id: &str, overlap: Duration, actor: &Actor) -> Result<NewSecret, SwitchError> {
    let (random, now, actor, client_id) = (core.random.clone(), core.clock.now(), actor.clone(), client_id.to_owned());
    core.database
        .write(move |tx| {
            let (random, actor, client_id) = (random.clone(), actor.clone(), client_id.clone());
            Box::pin(async move {
                let unknown = || SwitchError::UnknownClient(client_id.clone());
                let key = clients::key_of(tx, &client_id).await?.ok_or_else(unknown)?;
                let client = clients::by_key(tx, key, now).await?.ok_or_else(unknown)?;
                if !needs_secret(&client.document) {
                    return Err(SwitchError::NoSecrets(client_id));
                }
                let (secret, ends) = (random.token(), now + overlap);
                clients::add_secret(tx, key, random.uuid_v7(now), &digest::sha256(secret.as_bytes()), ends, now).await?;
                events::insert(tx, &event(&random, "client.secret_rotated", client.service, &actor, &client_id, now)).await?;
                let old_ends_at = (!client.secrets.is_empty()).then(|| ends.rfc3339());
                Ok(NewSecret { client_id, client_secret: secret, old_ends_at })
            })
        })
        .await
}
