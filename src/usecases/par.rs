//! Pushed authorization requests (RFC 9126): the client hands its request over itself, before anybody's browser has seen it.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Core, links};
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::crypto::sealing::Purpose;
use crate::model::flow::Purposed;
use crate::model::ids::FlowId;
use crate::model::service::{Client, GrantType};
use crate::protocol::authorize::{AuthorizeRequest, Channel, read_client_id};
use crate::protocol::par::{PushedAuthorizationResponse, RequestUri};
use crate::protocol::params::Params;
use crate::protocol::response_type::ResponseType;
use crate::protocol::{Error, ErrorCode, redirect_uri};
use crate::storage::pushed_requests::{self, PushedRequest};
use crate::storage::{self, Tx};

/// Takes the request of an authenticated client and hands out its reference.
///
/// Whether the client is entitled to what it asks for is looked at when the browser brings the reference, as for any request.
///
/// # Errors
/// The errors of RFC 6749 4.1.2.1, as JSON.
pub async fn push(core: &Arc<Core>, client: &Client, params: &Params, now: Timestamp) -> Result<PushedAuthorizationResponse, Error> {
    if !client.may(GrantType::AuthorizationCode) {
        return Err(Error::new(ErrorCode::UnauthorizedClient, "this client may not use the authorization code grant"));
    }
    if params.get("request_uri").is_some() {
        return Err(Error::invalid_request("request_uri cannot be pushed"));
    }
    // A client that authenticates by an assertion need not name itself a second time.
    if params.get("client_id").is_some() && read_client_id(params)? != client.document.client_id {
        return Err(Error::invalid_request("client_id is another one"));
    }
    let requested = params.required_bounded("redirect_uri", 2048)?;
    let redirect_uri = redirect_uri::permitted(&client.document.redirect_uris, requested)?;
    let request = AuthorizeRequest::parse(params, &client.document.client_id, redirect_uri, Channel::Pushed)?;
    if request.response_type != ResponseType::CODE {
        return Err(Error::new(ErrorCode::UnsupportedResponseType, "only response_type code is switched on for this client"));
    }
    if client.document.require_pkce && request.code_challenge.is_none() {
        return Err(Error::invalid_request("code_challenge is missing"));
    }
    let proposal = match &request.link_assertion {
        Some(assertion) => Some(links::propose(core, client, assertion, now).await?),
        None => None,
    };
    let purposed = Purposed { request: Some(request), proposal, ..Purposed::default() };
    let reference = core.random.token();
    let digest = sha256(reference.as_bytes());
    let lifetime = core.config.tokens.pushed_request.get();
    let plain = serde_json::to_vec(&purposed)
        .map(Zeroizing::new)
        .map_err(|_| storage::Error::Corrupt("a request that cannot be written".into()))?;
    let row = PushedRequest {
        digest: digest.to_vec(),
        client_key: client.key,
        request: core.sealer.seal(Purpose::PushedRequest, &digest, &plain),
        flow_id: None,
        created_at: now,
        expires_at: now + lifetime,
    };
    let done: Result<(), storage::Error> = core
        .database
        .write(move |tx| {
            let row = row.clone();
            Box::pin(async move { pushed_requests::insert(tx, &row).await })
        })
        .await;
    done?;
    Ok(PushedAuthorizationResponse {
        request_uri: RequestUri::new(&reference)?,
        expires_in: u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX),
    })
}

/// A pushed request as the authorization endpoint finds it.
pub enum Pushed {
    /// Not used yet: make a flow and [`bind`] it.
    Fresh(Box<Purposed>),
    /// It became this flow: a reload goes on there, for as long as the flow says.
    Flow(FlowId),
}

/// Finds the request behind a reference of a client. It starts a flow until it expires; a flow it became outlives it.
///
/// # Errors
/// `invalid_request_uri` for one that is unknown, expired or another client's: all sound the same.
pub async fn find(tx: &mut Tx, core: &Core, client: &Client, uri: &RequestUri, now: Timestamp) -> Result<Pushed, Error> {
    let wrong = |detail: &'static str| Error::new(ErrorCode::InvalidRequestUri, "request_uri is not valid").with_detail(detail);
    let digest = sha256(uri.reference().as_bytes());
    let row = pushed_requests::find(tx, &digest).await?.ok_or_else(|| wrong("unknown"))?;
    if row.client_key != client.key {
        return Err(wrong("another client's"));
    }
    if let Some(flow) = row.flow_id {
        return Ok(Pushed::Flow(flow));
    }
    if now >= row.expires_at {
        return Err(wrong("expired"));
    }
    let plain = core.sealer.open(Purpose::PushedRequest, &digest, &row.request);
    let purposed = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    purposed.map(Pushed::Fresh).ok_or_else(|| storage::Error::Corrupt("pushed_requests.request cannot be opened".into()).into())
}

/// Binds a reference to the flow that it becomes; `false` when another request was quicker.
///
/// # Errors
/// The database refused.
pub async fn bind(tx: &mut Tx, uri: &RequestUri, flow: FlowId) -> Result<bool, storage::Error> {
    pushed_requests::bind(tx, &sha256(uri.reference().as_bytes()), flow).await
}
