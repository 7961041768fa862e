//! The end of a flow: consumed by compare-and-set, answered once (conventions 4).

use std::sync::Arc;

use super::{Asker, Core, Flow, Undone, unless_stale};
use crate::clock::Timestamp;
use crate::model::account_page::AccountPage;
use crate::model::customer::Session;
use crate::model::flow::{Answer as Decided, LinkDecision, Next};
use crate::protocol::authorize::AuthorizeRequest;
use crate::protocol::authorize_response::Answer;
use crate::protocol::{self, ErrorCode};
use crate::storage::{Error, Tx, flows, sessions};
use crate::usecases::issue::{self, NewGrant};
use crate::usecases::{asked, links};

/// What the browser gets.
pub enum Finished {
    /// The answer for the client.
    Answer(Answer),
    /// To a page of the person's own.
    Account(AccountPage),
    /// It is not due, or another tab was quicker.
    Stale,
}

/// Gives the flow's answer, once.
pub async fn finish(core: &Arc<Core>, flow: &Flow, now: Timestamp) -> Result<Finished, Error> {
    let Next::Respond(answer) = flow.next else { return Ok(Finished::Stale) };
    match answer {
        Decided::Account => Ok(Finished::Account(flow.purposed.page.clone())),
        Decided::Error(code) => finish_with(core, flow, code, now).await,
        Decided::Grant => finish_with_grant(core, flow, now).await,
    }
}

async fn finish_with(core: &Arc<Core>, flow: &Flow, code: ErrorCode, now: Timestamp) -> Result<Finished, Error> {
    let Some(request) = &flow.purposed.request else { return Ok(Finished::Account(flow.purposed.page.clone())) };
    let (held, id, version, accepted) = (Arc::clone(core), flow.id, flow.version, flow.gathered.accepted());
    let finished = core
        .database
        .write(move |tx| {
            let core = Arc::clone(&held);
            Box::pin(async move {
                let finished = flows::finish(tx, id, version, now).await?;
                if let (true, Some(link)) = (finished, accepted) {
                    links::expire_one(tx, &core, link, now).await?;
                }
                Ok::<_, Error>(finished)
            })
        })
        .await?;
    if !finished {
        return Ok(Finished::Stale);
    }
    let error = protocol::Error::new(code, description(code)).to_redirect_uri();
    Ok(Finished::Answer(request.return_address().error(core.issuer(), &error)))
}

const fn description(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AccessDenied => "the person declined",
        ErrorCode::LoginRequired => "the person has to sign in",
        ErrorCode::ConsentRequired => "the person has to decide about consent",
        ErrorCode::InteractionRequired => "the person has to be asked",
        ErrorCode::UnmetAuthenticationRequirements => "the level of authentication asked for was not reached",
        _ => "the request cannot be granted",
    }
}

async fn finish_with_grant(core: &Arc<Core>, flow: &Flow, now: Timestamp) -> Result<Finished, Error> {
    let (Some(asker), Some(session), Some(request)) = (&flow.asker, &flow.session, &flow.purposed.request) else {
        return Ok(Finished::Stale);
    };
    if flow.wanted.refused_needs(asker) || flow.wanted.sign_in.is_none() {
        return finish_with(core, flow, ErrorCode::AccessDenied, now).await;
    }
    let (held, flow, asker, session, request) = (Arc::clone(core), flow.clone(), asker.clone(), session.clone(), request.clone());
    let address = request.return_address();
    let code = core
        .database
        .write_cas(move |tx| {
            let (core, flow, asker, session, request) = (Arc::clone(&held), flow.clone(), asker.clone(), session.clone(), request.clone());
            Box::pin(async move { grant(tx, &core, &flow, &asker, &session, &request, now).await })
        })
        .await;
    unless_stale(code.map(|code| Finished::Answer(address.success(core.issuer(), [("code", code)]))), Finished::Stale)
}

/// Flow consumed, grant and code made: one transaction, one commit. The session is held meanwhile: a sign-out either comes first, and
/// the flow asks again who is there, or finds the grant and tells its client.
async fn grant(
    tx: &mut Tx,
    core: &Core,
    flow: &Flow,
    asker: &Asker,
    session: &Session,
    request: &AuthorizeRequest,
    now: Timestamp,
) -> Result<String, Undone> {
    if !flows::finish(tx, flow.id, flow.version, now).await? || !sessions::hold(tx, session.id, now).await? {
        return Err(Undone::Stale);
    }
    let Some((sign_in_consent, items)) = flow.wanted.items() else { return Err(Undone::Stale) };
    let new = NewGrant {
        customer: session.customer,
        client: &asker.client,
        session: Some(session.id),
        sign_in_consent,
        items,
        acr: session.acr,
        amr: session.amr.clone(),
        auth_time: session.auth_time,
        resources: request.resource.iter().map(|resource| resource.as_str().to_owned()).collect(),
        claims: Some(asked::by_name_alone(&core.catalog.load(), request)),
    };
    let link = flow.gathered.link.or(flow.linked.then_some(LinkDecision::AlreadyActive));
    match issue::create_grant(tx, core, new, now).await? {
        Ok(grant) => Ok(issue::create_code(tx, core, &grant, flow.id, request, link, now).await?),
        // Something ended between the decision and now: nothing is kept, the person is asked to try again.
        Err(_) => Err(Error::Unavailable("the grant is not in force any more".into()).into()),
    }
}
