//! OAuth clients, the digests of their secrets, and the revocations of their own tokens.

use std::collections::HashSet;

use uuid::Uuid;

use super::invalidations::Kind;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::ids::{ClientKey, ServiceId, TokenId};
use crate::model::service::{Client, ClientDocument};

#[derive(sqlx::FromRow)]
struct Row {
    id: ClientKey,
    service_id: ServiceId,
    enabled: bool,
    epoch: i64,
    document: String,
}

#[derive(sqlx::FromRow)]
struct Secret {
    digest: Vec<u8>,
    ends_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Revoked {
    token_id: TokenId,
}

#[derive(sqlx::FromRow)]
struct Id {
    id: ClientKey,
}

/// The row behind a `client_id`. It never changes.
pub async fn key_of(tx: &mut Tx, client_id: &str) -> Result<Option<ClientKey>, Error> {
    let row = fetch_optional!(tx, Id, "SELECT id FROM clients WHERE client_id = $1", client_id)?;
    Ok(row.map(|row| row.id))
}

/// A client with its live secrets and revocations.
pub async fn by_key(tx: &mut Tx, key: ClientKey, now: Timestamp) -> Result<Option<Client>, Error> {
    let row = fetch_optional!(tx, Row, "SELECT id, service_id, enabled, epoch, document FROM clients WHERE id = $1", key)?;
    match row {
        Some(row) => whole(tx, row, now).await.map(Some),
        None => Ok(None),
    }
}

/// Every client, by `client_id`; of one service, when one is named.
pub async fn all(tx: &mut Tx, service: Option<ServiceId>, now: Timestamp) -> Result<Vec<Client>, Error> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT id, service_id, enabled, epoch, document FROM clients WHERE $1 IS NULL OR service_id = $1 ORDER BY client_id LIMIT 100000",
        service
    )?;
    let mut clients = Vec::with_capacity(rows.len());
    for row in rows {
        clients.push(whole(tx, row, now).await?);
    }
    Ok(clients)
}

async fn whole(tx: &mut Tx, row: Row, now: Timestamp) -> Result<Client, Error> {
    let document = serde_json::from_str(&row.document).map_err(|_| Error::Corrupt("a client's document cannot be read".into()))?;
    let secrets = fetch_all!(
        tx,
        Secret,
        "SELECT digest, ends_at FROM client_secrets WHERE client_key = $1 AND (ends_at IS NULL OR ends_at > $2)
         ORDER BY CASE WHEN ends_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 2",
        row.id,
        now
    )?;
    // Whole, whatever their number: what is not in it counts as not revoked.
    let revoked = fetch_all!(tx, Revoked, "SELECT token_id FROM token_revocations WHERE holder = $1 AND expires_at > $2", row.id, now)?;
    let digest = |secret: Secret| -> Result<_, Error> {
        let digest = <[u8; 32]>::try_from(secret.digest).map_err(|_| Error::Corrupt("a secret's digest has not 32 bytes".into()))?;
        Ok((digest, secret.ends_at))
    };
    Ok(Client {
        key: row.id,
        service: row.service_id,
        enabled: row.enabled,
        epoch: row.epoch,
        document,
        secrets: secrets.into_iter().map(digest).collect::<Result<_, _>>()?,
        revoked: revoked.into_iter().map(|row| row.token_id).collect::<HashSet<_>>(),
    })
}

/// Adds a client, enabled; `false` when the `client_id` is taken.
pub async fn insert(tx: &mut Tx, key: ClientKey, service: ServiceId, document: &ClientDocument, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "INSERT INTO clients (id, client_id, service_id, enabled, epoch, document, created_at, changed_at)
         VALUES ($1, $2, $3, TRUE, 0, $4, $5, $5) ON CONFLICT DO NOTHING",
        key,
        &document.client_id,
        service,
        written(document)?,
        now
    )?;
    Ok(rows == 1)
}

/// Replaces what a client's service says of it.
pub async fn update(tx: &mut Tx, key: ClientKey, document: &ClientDocument, now: Timestamp) -> Result<(), Error> {
    execute!(tx, "UPDATE clients SET document = $2, changed_at = $3 WHERE id = $1", key, written(document)?, now)?;
    tx.invalidate(Kind::Client, key, now).await
}

/// Switches a client on or off; switching off bumps its epoch, which ends its grants for ever. `false`: it was so already.
pub async fn set_enabled(tx: &mut Tx, key: ClientKey, enabled: bool, now: Timestamp) -> Result<bool, Error> {
    let rows = execute!(
        tx,
        "UPDATE clients SET enabled = $2, epoch = CASE WHEN $2 THEN epoch ELSE epoch + 1 END, changed_at = $3
         WHERE id = $1 AND enabled <> $2",
        key,
        enabled,
        now
    )?;
    if rows == 1 {
        tx.invalidate(Kind::Client, key, now).await?;
    }
    Ok(rows == 1)
}

/// Adds a secret by its digest. What was live stays until `others_end` at the latest, and only the newest of it:
/// two are live at a time.
pub async fn add_secret(
    tx: &mut Tx,
    key: ClientKey,
    id: Uuid,
    digest: &[u8; 32],
    others_end: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    execute!(
        tx,
        "DELETE FROM client_secrets WHERE client_key = $1 AND (ends_at <= $2 OR id NOT IN
            (SELECT id FROM client_secrets WHERE client_key = $1 AND (ends_at IS NULL OR ends_at > $2)
             ORDER BY CASE WHEN ends_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1))",
        key,
        now
    )?;
    execute!(tx, "UPDATE client_secrets SET ends_at = $2 WHERE client_key = $1 AND (ends_at IS NULL OR ends_at > $2)", key, others_end)?;
    execute!(
        tx,
        "INSERT INTO client_secrets (id, client_key, digest, created_at, ends_at) VALUES ($1, $2, $3, $4, NULL)",
        id,
        key,
        digest.as_slice(),
        now
    )?;
    tx.invalidate(Kind::Client, key, now).await
}

/// Removes every secret: the client authenticates in another way now.
pub async fn remove_secrets(tx: &mut Tx, key: ClientKey, now: Timestamp) -> Result<(), Error> {
    execute!(tx, "DELETE FROM client_secrets WHERE client_key = $1", key)?;
    tx.invalidate(Kind::Client, key, now).await
}

fn written(document: &ClientDocument) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|_| Error::Corrupt("a client's document cannot be written".into()))
}
