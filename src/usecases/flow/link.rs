//! The person sees both accounts and decides about the link that the service proposed (C3, conventions 5).

use std::sync::Arc;

use super::{Core, Flow, Undone, Visitor, store, unless_stale};
use crate::clock::Timestamp;
use crate::model::flow::{Gathered, LinkDecision, Next};
use crate::storage::{Error, Tx, flows};
use crate::usecases::expression::Expression;
use crate::usecases::links::{Refusal, Standing};
use crate::usecases::{identifiers, links, profile, sessions};

/// What the link page shows, masked where it must be.
pub struct LinkView {
    /// Why the account cannot be linked, when it cannot.
    pub refused: Option<Refusal>,
    /// The local account, masked.
    pub local_account: String,
    /// What the person is called at Concord.
    pub nickname: String,
    /// Their address at Concord, masked.
    pub address: String,
    /// Their customer id.
    pub customer_id: String,
}

/// What became of a decision on the link page.
pub enum LinkDone {
    /// It counts; the browser's session goes on under the cookie inside (P19).
    Decided(Option<String>),
    /// Nothing was changed: see what is due.
    Stale,
}

/// Puts together what the link page shows; `None` when it is not due.
pub async fn link_view(core: &Arc<Core>, flow: &Flow, now: Timestamp) -> Result<Option<LinkView>, Error> {
    let (Next::Link, Some(session), Some(asker), Some(proposal)) = (&flow.next, &flow.session, &flow.asker, &flow.purposed.proposal) else {
        return Ok(None);
    };
    let mut tx = core.database.read().await?;
    let standing = links::standing(&mut tx, core, session.customer, &asker.service, proposal, now).await?;
    let address = identifiers::of_customer(&mut tx, core, session.customer).await?.into_iter().next();
    Ok(Some(LinkView {
        refused: if let Standing::Refused(why) = standing { Some(why) } else { None },
        local_account: crate::model::link::masked(&proposal.local_account),
        nickname: profile::nickname(&mut tx, core, session.customer).await?.unwrap_or_default(),
        address: address.map(|known| identifiers::masked(&known.value)).unwrap_or_default(),
        customer_id: session.customer.to_string(),
    }))
}

/// The person accepts: evidence, consent and the waiting link in one transaction. Where the account cannot be linked nothing
/// changes, and the page says so.
pub async fn accept_link(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, now: Timestamp) -> Result<LinkDone, Error> {
    decide_link(core, visitor, flow, Choice::Accept, now).await
}

/// The person declines: recorded, and the answer says so.
pub async fn decline_link(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, now: Timestamp) -> Result<LinkDone, Error> {
    decide_link(core, visitor, flow, Choice::Decline, now).await
}

/// The person has read that the account cannot be linked, and goes on without.
pub async fn pass_link(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, now: Timestamp) -> Result<LinkDone, Error> {
    decide_link(core, visitor, flow, Choice::Pass, now).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Accept,
    Decline,
    Pass,
}

async fn decide_link(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, choice: Choice, now: Timestamp) -> Result<LinkDone, Error> {
    let (Next::Link, Some(session), Some(asker), Some(proposal)) = (&flow.next, &flow.session, &flow.asker, &flow.purposed.proposal) else {
        return Ok(LinkDone::Stale);
    };
    let expression =
        Expression::on_page(session.id, visitor.locale, session.acr, session.auth_time).asked_by(&asker.client.document.client_id);
    let deciding = links::Deciding {
        customer: session.customer,
        service: Arc::clone(&asker.service),
        proposal: proposal.clone(),
        expression,
        // The flow goes on after this page; once the code is made, its own life counts.
        waits_until: flow.started + core.config.sessions.flow.get() + core.config.tokens.code.get(),
    };
    let (held, flow, cookie) = (Arc::clone(core), flow.clone(), visitor.session.clone());
    let decided = core
        .database
        .write(move |tx| {
            let (core, flow, deciding, cookie) = (Arc::clone(&held), flow.clone(), deciding.clone(), cookie.clone());
            Box::pin(async move {
                // A second click, or another tab, leaves nothing on record.
                if !flows::is_at(tx, flow.id, flow.version).await? {
                    return Err(Undone::Stale);
                }
                let Some(decision) = decision(tx, &core, &deciding, choice, now).await? else { return Ok(LinkDone::Stale) };
                if !store(tx, &core, &flow, &Gathered { link: Some(decision), ..flow.gathered.clone() }).await? {
                    return Err(Undone::Stale);
                }
                let linked = matches!(decision, LinkDecision::Accepted(_));
                Ok(LinkDone::Decided(if linked { sessions::change_cookie(tx, &core, cookie.as_deref(), now).await? } else { None }))
            })
        })
        .await;
    unless_stale(decided, LinkDone::Stale)
}

/// What a choice comes to; `None` when it does not fit how the account stands, which the page tells, or there is nothing left to decide.
async fn decision(
    tx: &mut Tx,
    core: &Core,
    deciding: &links::Deciding,
    choice: Choice,
    now: Timestamp,
) -> Result<Option<LinkDecision>, Error> {
    match choice {
        Choice::Accept => Ok(Some(links::accept(tx, core, deciding, now).await?).filter(|done| matches!(done, LinkDecision::Accepted(_)))),
        Choice::Decline => links::decline(tx, core, deciding, now).await.map(|_| Some(LinkDecision::Declined)),
        Choice::Pass => links::pass(tx, core, deciding, now).await,
    }
}
