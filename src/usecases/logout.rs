//! Signing out at the wish of a client (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use super::id_token_hint::{self, Hint};
use super::{Core, backchannel, pairwise, partners};
use crate::clock::Timestamp;
use crate::model::customer::Session;
use crate::model::ids::{CustomerId, SessionId};
use crate::model::service::{Client, Service};
use crate::protocol::Error;
use crate::protocol::logout::LogoutRequest;
use crate::storage::{self, grants, sessions};

/// What is to be done about a request to sign out.
pub enum Decision {
    /// The client proved that it means this session: end it without asking.
    End,
    /// Ask the person first.
    Ask,
    /// Nobody is signed in.
    Nobody,
}

/// A request to sign out, understood.
pub struct Leaving {
    /// What is to be done.
    pub decision: Decision,
    /// The client that asks, when it is known.
    pub client: Option<Arc<Client>>,
    /// Where to go afterwards: registered, with the client's state.
    pub destination: Option<String>,
}

/// Understands a request: its hint, its client, where it wants to go, and whether the person must be asked.
///
/// # Errors
/// `invalid_request`, shown on a page and never redirected: a hint that is not ours, two clients, an address that is not registered.
pub async fn understand(core: &Core, request: &LogoutRequest, session: Option<&Session>, now: Timestamp) -> Result<Leaving, Error> {
    let hint = match &request.id_token_hint {
        Some(text) => {
            Some(id_token_hint::read(core, text, now).await?.ok_or_else(|| Error::invalid_request("id_token_hint is not valid"))?)
        }
        None => None,
    };
    let named = match (&hint, &request.client_id) {
        (Some(hint), Some(client_id)) if hint.client_id != *client_id => {
            return Err(Error::invalid_request("client_id and id_token_hint are of two clients"));
        }
        (Some(hint), _) => Some(hint.client_id.as_str()),
        (None, client_id) => client_id.as_deref(),
    };
    let client = match named {
        Some(client_id) => {
            let known = partners::client(core, client_id).await?.filter(|client| client.enabled);
            Some(known.ok_or_else(|| Error::invalid_request("unknown client"))?)
        }
        None => None,
    };
    let registered = client.as_ref().map_or(&[][..], |client| &client.document.post_logout_redirect_uris);
    let destination = request.destination(registered)?;
    let decision = match (session, &hint, &client) {
        (None, ..) => Decision::Nobody,
        (Some(session), Some(hint), Some(client)) if means(core, hint, client, session).await? => Decision::End,
        _ => Decision::Ask,
    };
    Ok(Leaving { decision, client, destination })
}

/// Whether a hint is about the very session of this browser.
async fn means(core: &Core, hint: &Hint, client: &Client, session: &Session) -> Result<bool, Error> {
    let Some(service) = partners::service(core, client.service).await? else { return Ok(false) };
    let sid = pairwise::session_id(core, session.id, service.sector);
    Ok(hint.customer == session.customer && hint.sid.as_deref() == Some(sid.as_str()))
}

/// The services that are told when a browser session ends.
///
/// # Errors
/// The database could not be asked.
pub async fn told(core: &Core, session: SessionId) -> Result<Vec<Arc<Service>>, storage::Error> {
    let keys = grants::clients_of_session(&mut core.database.read().await?, session).await?;
    let mut told: Vec<Arc<Service>> = Vec::new();
    for key in keys {
        let Some(client) = partners::client_by_key(core, key).await? else { continue };
        if client.document.backchannel_logout_uri.is_some() && !told.iter().any(|service| service.id == client.service) {
            told.extend(partners::service(core, client.service).await?);
        }
    }
    Ok(told)
}

/// Ends a browser session of a customer and tells the clients it signed in; `false` when it had ended before.
///
/// # Errors
/// The database could not be asked.
pub async fn end_session(core: &Arc<Core>, customer: CustomerId, session: SessionId, now: Timestamp) -> Result<bool, storage::Error> {
    let held = Arc::clone(core);
    core.database
        .write(move |tx| {
            let core = Arc::clone(&held);
            Box::pin(async move {
                let ended = sessions::end(tx, customer, session, now).await?;
                if ended {
                    backchannel::session_ended(tx, &core, customer, session, now).await?;
                }
                Ok(ended)
            })
        })
        .await
}
