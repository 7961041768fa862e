//! A waiting link becomes active with its code, or expires without it.

use std::sync::Arc;

use super::super::endings::UNDO;
use super::super::expression::Expression;
use super::super::one_by_one::one_by_one;
use super::super::{Core, consents, note, notices};
use crate::clock::Timestamp;
use crate::model::actor::Actor;
use crate::model::consent::{Consent, ConsentState};
use crate::model::customer::CustomerState;
use crate::model::ids::{CustomerId, LinkId};
use crate::model::link::{Link, LinkState, masked};
use crate::model::notice::About;
use crate::model::service::Service;
use crate::protocol::token::LinkStatus;
use crate::storage::invalidations::Kind;
use crate::storage::links::{self, Step};
use crate::storage::{Error, Tx, consent_epochs, consents as stored, customers, services};

/// How many waiting links one run of the job ends.
const BATCH: i64 = 200;
/// Who acts when nobody does.
const CEREMONY: &str = "link_ceremony";

/// The code was redeemed by the service's own browser session: the link that waited for it becomes active, in the same
/// transaction. Whatever stands in the way ends the link and its consent instead, and the tokens come without it (conventions 5).
/// A link of anybody but the customer of the tokens is left alone.
///
/// # Errors
/// The database refused.
pub async fn activate_pending(tx: &mut Tx, core: &Core, id: LinkId, customer: CustomerId, now: Timestamp) -> Result<LinkStatus, Error> {
    let link = links::by_id(tx, &core.sealer, id).await?.filter(|link| link.customer == customer);
    let Some(link) = link else { return Ok(LinkStatus::Error) };
    match link.state {
        LinkState::Active => return Ok(LinkStatus::Active),
        LinkState::PendingActivation => {}
        _ => return Ok(LinkStatus::Error),
    }
    let Some(service) = ready(tx, &link, now).await? else {
        expire(tx, core, id, "late", now).await?;
        return Ok(LinkStatus::Error);
    };
    // First, so that two activations of one customer meet here and not at a uniqueness rule.
    consent_epochs::bump_around_link(tx, link.customer, link.service).await?;
    let actor = Actor::Customer;
    let step = Step { to: LinkState::Active, actor: &actor, reason: None, event: None, evidence: link.evidence, now };
    if !links::activate(tx, &link, &step).await? {
        expire(tx, core, id, "collision", now).await?;
        return Ok(LinkStatus::Error);
    }
    tx.invalidate(Kind::Customer, link.customer, now).await?;
    let about = note::About { customer: Some(link.customer), service: Some(service.id), actor: &actor };
    note::happened(tx, core, "link.activated", &about, &[("link", &id.to_string())], now).await?;
    tell(tx, core, &link, &service, now).await?;
    Ok(LinkStatus::Active)
}

/// The customer hears of it at every address of theirs, with 72 hours to undo it; the service hears of it by `link_status` and
/// tells its own account.
async fn tell(tx: &mut Tx, core: &Core, link: &Link, service: &Service, now: Timestamp) -> Result<(), Error> {
    let about = About::LinkActivated {
        service: service.document.name.clone(),
        local_account: masked(link.local_account.as_deref().unwrap_or_default()),
        at: now,
        undo_until: now + UNDO,
    };
    notices::tell_customer(tx, core, link.customer, &about, now).await
}

/// The service of a waiting link, when everything that the link needs still holds.
async fn ready(tx: &mut Tx, link: &Link, now: Timestamp) -> Result<Option<Service>, Error> {
    if link.expires_at.is_none_or(|until| now >= until) {
        return Ok(None);
    }
    let customer = customers::find(tx, link.customer).await?;
    if customer.is_none_or(|customer| customer.state != CustomerState::Active) {
        return Ok(None);
    }
    let given = |consent: Consent| consent.state == ConsentState::Given && now < consent.valid_until;
    if !own_consent(tx, link).await?.is_some_and(given) {
        return Ok(None);
    }
    Ok(services::by_id(tx, link.service).await?.filter(|service| service.enabled))
}

/// The link's own consent.
pub(in crate::usecases) async fn own_consent(tx: &mut Tx, link: &Link) -> Result<Option<Consent>, Error> {
    match link.consent {
        Some(consent) => stored::by_id(tx, consent).await,
        None => Ok(None),
    }
}

/// Ends a link that waits, with its consent; one that does not wait any more stays as it is.
///
/// # Errors
/// The database refused.
pub async fn expire_one(tx: &mut Tx, core: &Core, id: LinkId, now: Timestamp) -> Result<(), Error> {
    expire(tx, core, id, "not_finished", now).await
}

async fn expire(tx: &mut Tx, core: &Core, id: LinkId, reason: &str, now: Timestamp) -> Result<(), Error> {
    match links::by_id(tx, &core.sealer, id).await? {
        Some(link) if link.state.may_become(LinkState::Expired) => end(tx, core, &link, LinkState::Expired, reason, now).await,
        _ => Ok(()),
    }
}

/// A newer proof takes the place of a link that conveys nothing.
pub(super) async fn supersede(tx: &mut Tx, core: &Core, id: LinkId, now: Timestamp) -> Result<(), Error> {
    let Some(link) = links::by_id(tx, &core.sealer, id).await? else { return Ok(()) };
    let to = if link.state == LinkState::Suspended { LinkState::Unlinked } else { LinkState::Expired };
    end(tx, core, &link, to, "superseded", now).await
}

async fn end(tx: &mut Tx, core: &Core, link: &Link, to: LinkState, reason: &str, now: Timestamp) -> Result<(), Error> {
    let mut event = None;
    if let Some(consent) = own_consent(tx, link).await?
        && let Some(service) = services::by_id(tx, link.service).await?
    {
        let nobody = Expression::by_system(CEREMONY);
        event = consents::conclude(tx, core, &consent, &service.document.code, ConsentState::Terminated, &nobody, now).await?;
    }
    let actor = Actor::System(CEREMONY);
    if !links::advance(tx, link, &Step { to, actor: &actor, reason: Some(reason), event, evidence: None, now }).await? {
        // Its consent has ended above: both or neither.
        return Err(Error::Unavailable("conflict with other work".into()));
    }
    Ok(())
}

/// Ends every waiting link whose time is over, each in a transaction of its own. Returns how many were done.
///
/// # Errors
/// The database refused.
pub async fn expire_pending(core: &Arc<Core>, now: Timestamp) -> Result<usize, Error> {
    let overdue = links::overdue(&mut core.database.read().await?, now, BATCH).await?;
    one_by_one("links", &overdue, |id| {
        let held = Arc::clone(core);
        core.database.write(move |tx| {
            let core = Arc::clone(&held);
            Box::pin(async move { expire_one(tx, &core, id, now).await })
        })
    })
    .await
}
