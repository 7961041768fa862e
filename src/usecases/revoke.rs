//! Revocation (RFC 7009): a client gives back what is its own; about everything else it learns nothing.

use std::sync::Arc;

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::access_token::{self, AccessToken, Holder};
use super::refresh_token::RefreshToken;
use super::{Core, grants};
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, GrantId};
use crate::model::service::Client;
use crate::protocol::Error;
use crate::protocol::introspect::MAX_TOKEN;
use crate::protocol::revoke::RevocationRequest;
use crate::storage::invalidations::Kind;
use crate::storage::{self, Tx, revocations};

/// Revokes a token of the client: an access token alone, with a refresh token its family, its grant and all that came from it.
///
/// # Errors
/// The database could not be asked. An unknown token, and another client's, is no error (RFC 7009 2.2).
pub async fn revoke(core: &Arc<Core>, client: &Client, request: &RevocationRequest, now: Timestamp) -> Result<(), Error> {
    let shown = request.token.expose_secret();
    if shown.len() > MAX_TOKEN {
        return Ok(());
    }
    if let Some(token) = access_token::open(core, shown, now).await? {
        return access(core, client, &token, now).await;
    }
    match RefreshToken::open(core, shown).await? {
        Some(token) => grant(core, client, token.grant, token.customer, now).await,
        None => Ok(()),
    }
}

async fn access(core: &Core, client: &Client, token: &AccessToken, now: Timestamp) -> Result<(), Error> {
    let (holder, kind, key) = match &token.holder {
        Holder::Client { client: holder, .. } if *holder == client.key => (holder.uuid(), Kind::Client, holder.to_string()),
        Holder::Grant { grant, customer, .. } => match grants::view_of(core, *grant, *customer).await? {
            Some(view) if view.grant.client == client.key => (grant.uuid(), Kind::Customer, customer.to_string()),
            _ => return Ok(()),
        },
        Holder::Client { .. } => return Ok(()),
    };
    let token = (token.id, token.expires_at);
    let done: Result<(), storage::Error> = core
        .database
        .write(move |tx| {
            let key = key.clone();
            Box::pin(async move { keep(tx, token, holder, kind, key, now).await })
        })
        .await;
    Ok(done?)
}

async fn keep(
    tx: &mut Tx,
    (token, expires): (crate::model::ids::TokenId, Timestamp),
    holder: Uuid,
    kind: Kind,
    key: String,
    now: Timestamp,
) -> Result<(), storage::Error> {
    if revocations::insert(tx, token, holder, expires, now).await? {
        tx.invalidate(kind, key, now).await?;
    }
    Ok(())
}

async fn grant(core: &Core, client: &Client, grant: GrantId, customer: CustomerId, now: Timestamp) -> Result<(), Error> {
    let own = grants::view_of(core, grant, customer).await?.is_some_and(|view| view.grant.client == client.key);
    if !own {
        return Ok(());
    }
    let done: Result<bool, storage::Error> =
        core.database.write(move |tx| Box::pin(async move { grants::end(tx, grant, "revoked", now).await })).await;
    done?;
    Ok(())
}
