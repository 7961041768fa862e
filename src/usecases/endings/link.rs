//! Links: end, undo, suspend, reinstate.

use std::sync::Arc;
use std::time::Duration;

use super::super::expression::Expression;
use super::super::links::own_consent;
use super::super::{Core, backchannel, consents, note};
use super::Outcome;
use crate::clock::Timestamp;
use crate::model::consent::{Consent, ConsentState};
use crate::model::customer::CustomerState;
use crate::model::ids::{CustomerId, EventId, LinkId};
use crate::model::link::{Link, LinkState};
use crate::storage::invalidations::Kind;
use crate::storage::links::{self, Step};
use crate::storage::{Error, Tx, connections, consent_epochs, customers, services};

/// How long after its activation a link can be undone with one click (conventions 5).
pub const UNDO: Duration = Duration::from_hours(72);

/// How a link ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEnd {
    /// The customer takes the consent back (T11).
    Withdrawn,
    /// The same, within 72 hours, because it should never have been.
    Undone,
    /// The service or an operator ends it (T12).
    Unlinked,
}

impl LinkEnd {
    const fn state(self) -> LinkState {
        match self {
            Self::Withdrawn | Self::Undone => LinkState::Withdrawn,
            Self::Unlinked => LinkState::Unlinked,
        }
    }

    /// What becomes of the link's own consent.
    const fn consent(self) -> ConsentState {
        match self {
            Self::Withdrawn | Self::Undone => ConsentState::Withdrawn,
            Self::Unlinked => ConsentState::Terminated,
        }
    }

    fn reason(self, expression: &Expression) -> Option<&str> {
        if self == Self::Undone { Some("undone") } else { expression.reason.as_deref() }
    }

    const fn event(self) -> &'static str {
        match self {
            Self::Withdrawn | Self::Undone => "link.withdrawn",
            Self::Unlinked => "link.unlinked",
        }
    }
}

/// Ends a link, for ever: linking again is a new link with new proof and new consent (I5). `whose` limits it to one customer's.
///
/// # Errors
/// The database refused.
pub async fn end_link(
    core: &Arc<Core>,
    whose: Option<CustomerId>,
    id: LinkId,
    how: LinkEnd,
    expression: &Expression,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let (held, expression) = (Arc::clone(core), expression.clone());
    core.database
        .write(move |tx| {
            let (core, expression) = (Arc::clone(&held), expression.clone());
            Box::pin(async move {
                match of(tx, &core, whose, id).await? {
                    Some(link) => close(tx, &core, &link, how, &expression, now).await,
                    None => Ok(Outcome::Unknown),
                }
            })
        })
        .await
}

/// Ends a link made within the last 72 hours, at a click of its customer.
///
/// # Errors
/// The database refused.
pub async fn undo(core: &Arc<Core>, customer: CustomerId, id: LinkId, expression: &Expression, now: Timestamp) -> Result<Outcome, Error> {
    let (held, expression) = (Arc::clone(core), expression.clone());
    core.database
        .write(move |tx| {
            let (core, expression) = (Arc::clone(&held), expression.clone());
            Box::pin(async move {
                let Some(link) = of(tx, &core, Some(customer), id).await? else { return Ok(Outcome::Unknown) };
                if !link.state.is_terminal() && link.activated_at.is_none_or(|since| now >= since + UNDO) {
                    return Ok(Outcome::Impossible("too_late"));
                }
                close(tx, &core, &link, LinkEnd::Undone, &expression, now).await
            })
        })
        .await
}

async fn of(tx: &mut Tx, core: &Core, whose: Option<CustomerId>, id: LinkId) -> Result<Option<Link>, Error> {
    let link = links::by_id(tx, &core.sealer, id).await?;
    Ok(link.filter(|link| whose.is_none_or(|customer| link.customer == customer)))
}

/// Ends one link with its consent and everything that depends on it.
pub(super) async fn close(
    tx: &mut Tx,
    core: &Core,
    link: &Link,
    how: LinkEnd,
    expression: &Expression,
    now: Timestamp,
) -> Result<Outcome, Error> {
    if link.state.is_terminal() {
        return Ok(Outcome::Already);
    }
    let conveyed = link.activated_at.is_some();
    let event = conclude_own(tx, core, link, how.consent(), expression, now).await?;
    // One that was never active has nothing to take back: it just does not come about.
    let to = if link.state.may_become(how.state()) { how.state() } else { LinkState::Expired };
    let step = Step { to, actor: &expression.actor, reason: how.reason(expression), event, evidence: None, now };
    if !links::advance(tx, link, &step).await? {
        // Its consent has ended above: both or neither.
        return Err(Error::Unavailable("conflict with other work".into()));
    }
    if conveyed {
        let_go(tx, core, link, how.event(), now).await?;
    }
    let about = note::About { customer: Some(link.customer), service: Some(link.service), actor: &expression.actor };
    let id = link.id.to_string();
    let detail = [("link", id.as_str()), ("reason", how.reason(expression).unwrap_or_default())];
    note::happened(tx, core, how.event(), &about, &detail, now).await?;
    Ok(Outcome::Done)
}

async fn conclude_own(
    tx: &mut Tx,
    core: &Core,
    link: &Link,
    to: ConsentState,
    expression: &Expression,
    now: Timestamp,
) -> Result<Option<EventId>, Error> {
    let Some(consent) = own_consent(tx, link).await? else { return Ok(None) };
    let Some(service) = services::by_id(tx, link.service).await? else { return Ok(None) };
    consents::conclude(tx, core, &consent, &service.document.code, to, expression, now).await
}

/// What hung on a link that has ended for good. Where the service allows several accounts and another one is linked, that one
/// goes on carrying what it carried for others: what the ended link carried is dead with it, and never comes alive through the
/// other. The service's own grants end in any case.
async fn let_go(tx: &mut Tx, core: &Core, link: &Link, reason: &str, now: Timestamp) -> Result<(), Error> {
    let several = services::by_id(tx, link.service).await?.is_some_and(|service| service.document.links.multi_account);
    // Looked at only where it can matter: a range that was read collides with whoever writes into it meanwhile.
    if !several || !another_is_active(tx, core, link).await? {
        return cut(tx, core, link, reason, now).await;
    }
    consent_epochs::bump_around_link(tx, link.customer, link.service).await?;
    backchannel::connection_ended(tx, core, link.customer, link.service, reason, now).await
}

async fn another_is_active(tx: &mut Tx, core: &Core, link: &Link) -> Result<bool, Error> {
    let open = links::open_at_service(tx, &core.sealer, link.customer, link.service).await?;
    Ok(open.iter().any(|other| other.id != link.id && other.state == LinkState::Active))
}

/// First row of the table: grants of the link's service end, those of others lose the scopes of its product domains.
pub(super) async fn cut(tx: &mut Tx, core: &Core, link: &Link, reason: &str, now: Timestamp) -> Result<(), Error> {
    connections::bump(tx, link.customer, link.service).await?;
    consent_epochs::bump_around_link(tx, link.customer, link.service).await?;
    backchannel::connection_ended(tx, core, link.customer, link.service, reason, now).await
}

/// Blocks an active link and keeps it (T9).
///
/// # Errors
/// The database refused.
pub async fn suspend(core: &Arc<Core>, id: LinkId, reason: &str, expression: &Expression, now: Timestamp) -> Result<Outcome, Error> {
    let (held, reason, expression) = (Arc::clone(core), reason.to_owned(), expression.clone());
    core.database
        .write(move |tx| {
            let (core, reason, expression) = (Arc::clone(&held), reason.clone(), expression.clone());
            Box::pin(async move {
                let Some(link) = of(tx, &core, None, id).await? else { return Ok(Outcome::Unknown) };
                match link.state {
                    LinkState::Active => {}
                    LinkState::Suspended if link.reason.as_deref() == Some(&*reason) => return Ok(Outcome::Already),
                    other => return Ok(Outcome::Impossible(other.as_str())),
                }
                if !block(tx, &core, &link, &reason, &expression, now).await? {
                    return Ok(Outcome::Already);
                }
                cut(tx, &core, &link, "link.suspended", now).await?;
                Ok(Outcome::Done)
            })
        })
        .await
}

/// Moves one active link to `suspended`; what depends on it is for the caller.
pub(super) async fn block(
    tx: &mut Tx,
    core: &Core,
    link: &Link,
    reason: &str,
    expression: &Expression,
    now: Timestamp,
) -> Result<bool, Error> {
    let step = Step { to: LinkState::Suspended, actor: &expression.actor, reason: Some(reason), event: None, evidence: None, now };
    if !links::advance(tx, link, &step).await? {
        return Ok(false);
    }
    let about = note::About { customer: Some(link.customer), service: Some(link.service), actor: &expression.actor };
    note::happened(tx, core, "link.suspended", &about, &[("link", &link.id.to_string()), ("reason", reason)], now).await?;
    Ok(true)
}

/// The reason is gone: the link is active again, for new authorisations only (T10).
///
/// # Errors
/// The database refused.
pub async fn reinstate(core: &Arc<Core>, id: LinkId, expression: &Expression, now: Timestamp) -> Result<Outcome, Error> {
    let (held, expression) = (Arc::clone(core), expression.clone());
    core.database
        .write(move |tx| {
            let (core, expression) = (Arc::clone(&held), expression.clone());
            Box::pin(async move {
                let Some(link) = of(tx, &core, None, id).await? else { return Ok(Outcome::Unknown) };
                match link.state {
                    LinkState::Suspended => free(tx, &core, &link, &expression, now).await,
                    LinkState::Active => Ok(Outcome::Already),
                    other => Ok(Outcome::Impossible(other.as_str())),
                }
            })
        })
        .await
}

/// Moves one suspended link back to `active`, when its consent, its customer and its service allow it.
pub(super) async fn free(tx: &mut Tx, core: &Core, link: &Link, expression: &Expression, now: Timestamp) -> Result<Outcome, Error> {
    let customer = customers::find(tx, link.customer).await?;
    if customer.is_none_or(|customer| customer.state != CustomerState::Active) {
        return Ok(Outcome::Impossible("customer_not_active"));
    }
    let given = |consent: &Consent| consent.state == ConsentState::Given && now < consent.valid_until;
    if !own_consent(tx, link).await?.as_ref().is_some_and(given) {
        return Ok(Outcome::Impossible("consent_over"));
    }
    // No epoch of the connection goes back: what ended with the suspension stays ended.
    consent_epochs::bump_around_link(tx, link.customer, link.service).await?;
    let step = Step { to: LinkState::Active, actor: &expression.actor, reason: None, event: None, evidence: None, now };
    if !links::advance(tx, link, &step).await? {
        return Ok(Outcome::Already);
    }
    tx.invalidate(Kind::Customer, link.customer, now).await?;
    let about = note::About { customer: Some(link.customer), service: Some(link.service), actor: &expression.actor };
    note::happened(tx, core, "link.reinstated", &about, &[("link", &link.id.to_string())], now).await?;
    Ok(Outcome::Done)
}
