//! The start of a flow: an authorize request, checked, becomes a row (conventions 4).

use std::sync::Arc;

use super::expected::Expected;
use super::{Asker, Core, Visitor, seal};
use crate::clock::Timestamp;
use crate::model::account_page::AccountPage;
use crate::model::flow::{Gathered, Purposed};
use crate::model::ids::FlowId;
use crate::model::service::GrantType;
use crate::protocol::authorize::{AuthorizeRequest, AuthorizeStart, Channel};
use crate::protocol::authorize_response::{Answer, ReturnAddress};
use crate::protocol::params::Params;
use crate::protocol::redirect_uri;
use crate::protocol::{self, ErrorCode};
use crate::storage::flows::{self, FlowRow, UNBOUND};
use crate::storage::{self, Apart, Error};
use crate::usecases::audience::may_name;
use crate::usecases::{par, partners};

/// What an authorize request led to.
pub enum Start {
    /// A flow: go on there.
    Flow(FlowId),
    /// An error for the client, at its checked address.
    Answer(Answer),
}

/// An error that is shown and never redirected (RFC 6749 4.1.2.1).
#[derive(Debug)]
pub enum StartError {
    /// The client is unknown or switched off.
    Client,
    /// The redirect URI is missing or not registered.
    RedirectUri,
    /// Anything else about a request whose return address is not known.
    Request(protocol::Error),
    /// The database could not be asked.
    Storage(Error),
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        Self::Storage(error)
    }
}

/// Starts a flow for an authorize request. `visitor` is none when the browser brought no cookie because another site posted the form.
pub async fn start(core: &Arc<Core>, visitor: Option<&Visitor>, params: &Params, now: Timestamp) -> Result<Start, StartError> {
    let begin = AuthorizeStart::read(params).map_err(|error| unreadable(params, error))?;
    let client_id = match &begin {
        AuthorizeStart::Pushed { client_id, .. } | AuthorizeStart::Plain { client_id, .. } => client_id,
    };
    let client = partners::client(core, client_id).await?.filter(|client| client.enabled).ok_or(StartError::Client)?;
    let service = partners::service(core, client.service).await?.filter(|service| service.enabled).ok_or(StartError::Client)?;
    let asker = Asker { client, service };
    match begin {
        AuthorizeStart::Plain { client_id, redirect_uri } => {
            let registered =
                redirect_uri::permitted(&asker.client.document.redirect_uris, &redirect_uri).map_err(|_| StartError::RedirectUri)?;
            let address = ReturnAddress::of(params, registered.clone());
            let checked = match AuthorizeRequest::parse(params, &client_id, registered, Channel::Browser) {
                Ok(request) => check(core, request, &asker, false, now).await?,
                Err(error) => Err(error),
            };
            match checked {
                Ok(request) => {
                    insert(core, visitor, &asker, Purposed { request: Some(request), ..Purposed::default() }, now).await.map(Start::Flow)
                }
                Err(error) => Ok(Start::Answer(address.error(core.issuer(), &error))),
            }
        }
        AuthorizeStart::Pushed { request_uri, .. } => resume_or_insert(core, visitor, &asker, &request_uri, now).await,
    }
}

fn unreadable(params: &Params, error: protocol::Error) -> StartError {
    match () {
        () if params.get("client_id").is_none() => StartError::Client,
        () if params.get("redirect_uri").is_none() && params.get("request_uri").is_none() => StartError::RedirectUri,
        () => StartError::Request(error),
    }
}

/// One `request_uri` is one flow: the first to come binds it, a reload goes on there.
async fn resume_or_insert(
    core: &Arc<Core>,
    visitor: Option<&Visitor>,
    asker: &Asker,
    request_uri: &protocol::par::RequestUri,
    now: Timestamp,
) -> Result<Start, StartError> {
    for _ in 0..2 {
        let mut tx = core.database.read().await?;
        let found = par::find(&mut tx, core, &asker.client, request_uri, now).await.map_err(StartError::Request)?;
        drop(tx);
        let purposed = match found {
            par::Pushed::Flow(flow) => return Ok(Start::Flow(flow)),
            par::Pushed::Fresh(purposed) => *purposed,
        };
        let Some(request) = purposed.request else { return Err(StartError::Client) };
        let address = request.return_address();
        let request = match check(core, request, asker, true, now).await? {
            Ok(request) => request,
            Err(error) => return Ok(Start::Answer(address.error(core.issuer(), &error))),
        };
        let row = row(core, visitor, Some(asker), &Purposed { request: Some(request), ..purposed }, now)?;
        let (id, uri) = (row.id, request_uri.clone());
        let done: Result<bool, Error> = core
            .database
            .write(move |tx| {
                let (row, uri) = (row.clone(), uri.clone());
                Box::pin(async move {
                    flows::insert(tx, &row).await?;
                    par::bind(tx, &uri, row.id).await
                })
            })
            .await;
        if done? {
            return Ok(Start::Flow(id));
        }
    }
    Err(StartError::Storage(Error::Unavailable("a pushed request changed hands".into())))
}

/// What the client may ask at all, and of whom; errors go back to it.
async fn check(
    core: &Core,
    request: AuthorizeRequest,
    asker: &Asker,
    pushed: bool,
    now: Timestamp,
) -> Result<Result<AuthorizeRequest, protocol::Error>, Error> {
    let request = match permitted(request, asker, pushed) {
        Ok(request) => request,
        Err(error) => return Ok(Err(error)),
    };
    Ok(match Expected::of(core, &request, asker.service.sector, now).await? {
        Expected::Stranger(why) => Err(protocol::Error::invalid_request(why)),
        Expected::Anybody | Expected::Only(_) => Ok(request),
    })
}

fn permitted(request: AuthorizeRequest, asker: &Asker, pushed: bool) -> Result<AuthorizeRequest, protocol::Error> {
    let document = &asker.client.document;
    let refuse = |code, text: &'static str| Err(protocol::Error::new(code, text));
    if !asker.client.may(GrantType::AuthorizationCode) {
        return refuse(ErrorCode::UnauthorizedClient, "this client may not use the authorization code grant");
    }
    if !request.response_type.code || request.response_type.id_token || request.response_type.token {
        return refuse(ErrorCode::UnsupportedResponseType, "only response_type code is switched on for this client");
    }
    if document.require_pushed_authorization_requests && !pushed {
        return refuse(ErrorCode::InvalidRequest, "this client must push its requests");
    }
    if request.code_challenge.is_none() && (document.require_pkce || !asker.client.is_confidential()) {
        return refuse(ErrorCode::InvalidRequest, "code_challenge is missing");
    }
    if request.link_assertion.is_some() && request.prompt.none {
        return refuse(ErrorCode::InvalidRequest, "prompt none cannot link an account");
    }
    if !request.resource.iter().all(|resource| may_name(&asker.client, &asker.service, resource.as_str())) {
        return refuse(ErrorCode::InvalidTarget, "this client may not ask for that resource");
    }
    Ok(request)
}

fn row(core: &Core, visitor: Option<&Visitor>, asker: Option<&Asker>, purposed: &Purposed, now: Timestamp) -> Result<FlowRow, Error> {
    let id = FlowId::new(core.random.uuid_v7(now));
    Ok(FlowRow {
        id,
        browser: visitor.map_or(UNBOUND, Visitor::browser_digest).to_vec(),
        client_key: asker.map(|asker| asker.client.key),
        request: seal(core, id, b"request", purposed)?,
        facts: seal(core, id, b"facts", &Gathered::default())?,
        version: 0,
        created_at: now,
        expires_at: now + core.config.sessions.flow.get(),
        finished_at: None,
    })
}

async fn insert(
    core: &Arc<Core>,
    visitor: Option<&Visitor>,
    asker: &Asker,
    purposed: Purposed,
    now: Timestamp,
) -> Result<FlowId, StartError> {
    let row = row(core, visitor, Some(asker), &purposed, now)?;
    Ok(add(core, row).await?)
}

/// Starts a flow for a person who came by themselves: it ends at the page of theirs that they came to. Before a `change` of the
/// account's safety they prove again who they are.
pub async fn start_for_account(
    core: &Arc<Core>,
    visitor: &Visitor,
    page: AccountPage,
    change: bool,
    now: Timestamp,
) -> Result<FlowId, storage::Error> {
    let row = row(core, Some(visitor), None, &Purposed { page, change, ..Purposed::default() }, now)?;
    add(core, row).await
}

async fn add(core: &Core, row: FlowRow) -> Result<FlowId, Error> {
    let id = row.id;
    core.database
        .write_apart(Apart::Single, move |tx| {
            let row = row.clone();
            Box::pin(async move { flows::insert(tx, &row).await.map(|()| id) })
        })
        .await
}
