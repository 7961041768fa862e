//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): whoever ends something tells the clients it concerns,
//! by a message written in the same transaction and sent afterwards.
//!
//! The endings themselves are derived from epochs; marking the grants here only says which clients have been told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::token::{id_token_algorithm, sign};
use super::{Core, pairwise, partners};
use crate::clock::Timestamp;
use crate::crypto::random::Random;
use crate::crypto::sealing::Purpose;
use crate::model::ids::{ClientKey, CustomerId, MessageId, ServiceId, SessionId};
use crate::model::service::Client;
use crate::outbound::guarded::{CallError, GuardedClient};
use crate::protocol::jwt::typ;
use crate::protocol::logout::{LogoutEvents, LogoutTokenClaims};
use crate::storage::grants::{self, Ended};
use crate::storage::invalidations::Kind;
use crate::storage::{Error, Tx, clients, grants_over, outbox, services};
use crate::telemetry::metrics;

/// The kind of these messages in the outbox.
pub const KIND: &str = "backchannel_logout";

/// The kind of messages that name a client whose grants ended because it, or its service, was switched off.
pub const SWITCHED_OFF: &str = "switched_off";

/// The kind of the messages that come of it: as [`KIND`], in a line of their own, because there may be a hundred thousand of them and
/// a person who signs out must not wait for them.
pub const AFTER_SWITCHED_OFF: &str = "backchannel_logout_after_switched_off";

/// How many batches of grants one handling of such a message works off.
const BATCHES: usize = 20;

/// What one client is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Notice {
    client: ClientKey,
    sub: String,
    sid: Option<String>,
}

/// A browser session has ended: its grants without `offline_access` end with it, and every client that it signed in is told.
///
/// # Errors
/// The database refused.
pub async fn session_ended(tx: &mut Tx, core: &Core, customer: CustomerId, session: SessionId, now: Timestamp) -> Result<(), Error> {
    let mut concerned = grants::end_of_session(tx, session, "session_ended", now).await?;
    concerned.extend(grants::offline_of_session(tx, session).await?);
    tx.invalidate(Kind::Customer, customer, now).await?;
    tell(tx, core, KIND, &concerned, now).await
}

/// A link or the sign-in consent of a customer at a service has ended, and with it what was granted to that service's clients.
///
/// # Errors
/// The database refused.
pub async fn connection_ended(
    tx: &mut Tx,
    core: &Core,
    customer: CustomerId,
    service: ServiceId,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let concerned = grants::end_at_service(tx, customer, service, reason, now).await?;
    tx.invalidate(Kind::Customer, customer, now).await?;
    tell(tx, core, KIND, &concerned, now).await
}

/// A customer was locked, merged or is being erased: everything granted ends.
///
/// # Errors
/// The database refused.
pub async fn customer_ended(tx: &mut Tx, core: &Core, customer: CustomerId, reason: &str, now: Timestamp) -> Result<(), Error> {
    let concerned = grants::end_of_customer(tx, customer, reason, now).await?;
    tx.invalidate(Kind::Customer, customer, now).await?;
    tell(tx, core, KIND, &concerned, now).await
}

/// A client, or the service of these clients, was switched off: everything granted to them has ended with their epoch. Whoever
/// has an address for it is told afterwards, since there may be millions of grants.
///
/// # Errors
/// The database refused.
pub async fn switched_off(tx: &mut Tx, random: &Random, clients: &[Client], now: Timestamp) -> Result<(), Error> {
    for client in clients.iter().filter(|client| client.document.backchannel_logout_uri.is_some()) {
        // Names a client, and nobody: there is nothing to seal.
        outbox::insert(tx, MessageId::new(random.uuid_v7(now)), SWITCHED_OFF, None, client.key.uuid().as_bytes(), now).await?;
    }
    Ok(())
}

/// Notes the end of the grants that such a message is about and writes the messages to their client; `false` when there are more.
///
/// # Errors
/// The database refused.
pub async fn tell_switched_off(core: &Arc<Core>, payload: &[u8], now: Timestamp) -> Result<bool, Error> {
    let Ok(client) = uuid::Uuid::from_slice(payload).map(ClientKey::new) else { return Ok(true) };
    for _ in 0..BATCHES {
        let held = Arc::clone(core);
        let ended: Result<bool, Error> = core
            .database
            .write(move |tx| {
                let core = Arc::clone(&held);
                Box::pin(async move {
                    let ended = grants_over::end_left_behind(tx, client, SWITCHED_OFF, now).await?;
                    tell(tx, &core, AFTER_SWITCHED_OFF, &ended, now).await?;
                    Ok(ended.is_empty())
                })
            })
            .await;
        if ended? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One message for each customer, client and session that has an address for it. Grants of many customers may be concerned, some
/// without a session: what is told of one says nothing of another.
async fn tell(tx: &mut Tx, core: &Core, kind: &str, concerned: &[Ended], now: Timestamp) -> Result<(), Error> {
    let mut told: Vec<(CustomerId, ClientKey, Option<SessionId>)> = Vec::new();
    for ended in concerned {
        let whom = (ended.customer_id, ended.client_key, ended.session_id);
        if told.contains(&whom) {
            continue;
        }
        told.push(whom);
        let Some(client) = clients::by_key(tx, ended.client_key, now).await? else { continue };
        if client.document.backchannel_logout_uri.is_none() {
            continue;
        }
        let Some(service) = services::by_id(tx, client.service).await? else { continue };
        let notice = Notice {
            client: client.key,
            sub: pairwise::subject_in(tx, core, ended.customer_id, service.sector, now).await?,
            sid: ended.session_id.map(|session| pairwise::session_id(core, session, service.sector)),
        };
        enqueue(tx, core, kind, ended.customer_id, &notice, now).await?;
    }
    Ok(())
}

async fn enqueue(tx: &mut Tx, core: &Core, kind: &str, customer: CustomerId, notice: &Notice, now: Timestamp) -> Result<(), Error> {
    let id = MessageId::new(core.random.uuid_v7(now));
    let plain = serde_json::to_vec(notice).map_err(|_| Error::Corrupt("a notice that cannot be written".into()))?;
    let payload = core.sealer.seal(Purpose::Outbox, id.uuid().as_bytes(), &plain);
    outbox::insert(tx, id, kind, Some(customer), &payload, now).await
}

/// How an attempt to tell a client went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The client has it.
    Done,
    /// Nobody to tell any more, or never will be: do not try again.
    Pointless,
    /// Try again later.
    Failed,
}

/// Sends one message of the outbox: the token is made now, because it lives two minutes only.
///
/// # Errors
/// The database could not be asked, or nothing can be signed: try again later.
pub async fn deliver(
    core: &Core,
    http: &GuardedClient,
    id: MessageId,
    payload: &[u8],
    now: Timestamp,
) -> Result<Delivery, crate::protocol::Error> {
    let plain = core.sealer.open(Purpose::Outbox, id.uuid().as_bytes(), payload);
    let Some(notice) = plain.and_then(|plain| serde_json::from_slice::<Notice>(&plain).ok()) else { return Ok(Delivery::Pointless) };
    let Some(client) = partners::client_by_key(core, notice.client).await? else { return Ok(Delivery::Pointless) };
    let Some(uri) = client.document.backchannel_logout_uri.as_deref() else { return Ok(Delivery::Pointless) };
    let claims = LogoutTokenClaims {
        iss: core.config.issuer.as_str().to_owned(),
        aud: client.document.client_id.clone(),
        iat: now.into(),
        exp: (now + core.config.tokens.logout_token.get()).into(),
        jti: core.random.token(),
        events: LogoutEvents,
        sub: Some(notice.sub),
        sid: notice.sid,
    };
    let token = sign(core, id_token_algorithm(&client), typ::LOGOUT_TOKEN, &claims)?;
    // Base64url and dots: nothing to encode.
    let outcome = http.post_form(uri, format!("logout_token={token}")).await;
    let delivery = match &outcome {
        Ok(()) => Delivery::Done,
        Err(CallError::Forbidden) => Delivery::Pointless,
        Err(CallError::NoAnswer | CallError::Status(_)) => Delivery::Failed,
    };
    metrics::logout_delivery(match delivery {
        Delivery::Done => "delivered",
        Delivery::Pointless => "given_up",
        Delivery::Failed => "failed",
    });
    match outcome {
        Ok(()) => tracing::info!(event = "backchannel_logout.delivered", client = %client.key),
        Err(error) => tracing::warn!(event = "backchannel_logout.failed", client = %client.key, %error),
    }
    Ok(delivery)
}
