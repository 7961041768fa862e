//! The person sees both accounts and decides about the link that the service proposed (C3, conventions 5).

use std::sync::Arc;

use super::{Core, Flow, Visitor, store};
use crate::clock::Timestamp;
use crate::model::flow::{Gathered, LinkDecision, Next};
use crate::storage::Error;
use crate::usecases::expression::Expression;
use crate::usecases::{identifiers, links, profile};

/// What the link page shows, masked where it must be.
pub struct LinkView {
    /// The local account, masked.
    pub local_account: String,
    /// What the person is called at Concord.
    pub nickname: String,
    /// Their address at Concord, masked.
    pub address: String,
    /// Their customer id.
    pub customer_id: String,
}

/// Puts together what the link page shows; `None` when it is not due.
pub async fn link_view(core: &Arc<Core>, flow: &Flow) -> Result<Option<LinkView>, Error> {
    let (Next::Link, Some(session), Some(proposal)) = (&flow.next, &flow.session, &flow.purposed.proposal) else { return Ok(None) };
    let mut tx = core.database.read().await?;
    let address = identifiers::of_customer(&mut tx, core, session.customer).await?.into_iter().next();
    Ok(Some(LinkView {
        local_account: crate::model::link::masked(&proposal.local_account),
        nickname: profile::nickname(&mut tx, core, session.customer).await?.unwrap_or_default(),
        address: address.map(|known| identifiers::masked(&known.value)).unwrap_or_default(),
        customer_id: session.customer.to_string(),
    }))
}

/// The person accepts: evidence, consent and the waiting link in one transaction. `false` for a stale page.
pub async fn accept_link(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, now: Timestamp) -> Result<bool, Error> {
    decide_link(core, visitor, flow, true, now).await
}

/// The person declines: recorded, and the answer says so. `false` for a stale page.
pub async fn decline_link(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, now: Timestamp) -> Result<bool, Error> {
    decide_link(core, visitor, flow, false, now).await
}

async fn decide_link(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, accepted: bool, now: Timestamp) -> Result<bool, Error> {
    let (Next::Link, Some(session), Some(asker), Some(proposal)) = (&flow.next, &flow.session, &flow.asker, &flow.purposed.proposal) else {
        return Ok(false);
    };
    let expression =
        Expression::on_page(session.id, visitor.locale, session.acr, session.auth_time).asked_by(&asker.client.document.client_id);
    let deciding = links::Deciding {
        customer: session.customer,
        service: Arc::clone(&asker.service),
        proposal: proposal.clone(),
        expression,
        // The flow goes on after this page; the code's own life follows.
        waits_until: flow.started + core.config.sessions.flow.get() + core.config.tokens.code.get(),
    };
    let (held, flow) = (Arc::clone(core), flow.clone());
    core.database
        .write(move |tx| {
            let (core, flow, deciding) = (Arc::clone(&held), flow.clone(), deciding.clone());
            Box::pin(async move {
                let decision = if accepted {
                    links::accept(tx, &core, &deciding, now).await?
                } else {
                    links::decline(tx, &core, &deciding, now).await?;
                    LinkDecision::Declined
                };
                store(tx, &core, &flow, &Gathered { link: Some(decision), ..flow.gathered.clone() }).await
            })
        })
        .await
}
