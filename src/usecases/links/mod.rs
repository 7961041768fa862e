//! Links, ceremony C3 (conventions 5): a service proposes an account of its own, the person decides, and the link becomes
//! active when the service's own browser session redeems the code.
//!
//! What ends a link is in [`super::endings`].

mod activate;
mod propose;

use std::sync::Arc;

pub(super) use activate::own_consent;
pub use activate::{activate_pending, expire_one, expire_pending};
pub use propose::propose;

use super::consents::{self, NewConsent};
use super::endings::CONSENT_EXPIRED;
use super::expression::Expression;
use super::{Core, note};
use crate::clock::Timestamp;
use crate::model::consent::ConsentKind;
use crate::model::customer::CustomerState;
use crate::model::flow::{LINK_FRESHNESS, LinkDecision};
use crate::model::ids::{CustomerId, EvidenceId, LinkId, ServiceId};
use crate::model::link::{Link, LinkProposal, LinkState};
use crate::model::service::Service;
use crate::storage::evidence::{self, NewEvidence};
use crate::storage::links::{self, NewLink, Step};
use crate::storage::{Error, Tx, customers};

/// How the proof of C3 is called in evidence.
const METHOD: &str = "link_assertion";

/// A decision of a person about a proposed link.
#[derive(Clone)]
pub struct Deciding {
    /// Who decides.
    pub customer: CustomerId,
    /// The service that proposed.
    pub service: Arc<Service>,
    /// What it proposed.
    pub proposal: LinkProposal,
    /// How the decision was expressed.
    pub expression: Expression,
    /// Until when the code can be redeemed at the latest; the code itself will say it closer.
    pub waits_until: Timestamp,
}

/// Whether a proposed account can be linked to a customer.
#[derive(Clone)]
pub enum Standing {
    /// Nothing stands in the way.
    Free,
    /// A link that waits was proved earlier, or the customer's own has lapsed: accepting this one ends it (domain.md 2.4).
    Supersedes(LinkId),
    /// It is linked to this very customer.
    Active(LinkId),
    /// It cannot be linked.
    Refused(Refusal),
}

/// Why an account cannot be linked. The person, whom the service has just vouched for, is told; never who holds the account (P12, P13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another customer holds it.
    Held,
    /// This customer holds it, and it is suspended.
    Suspended,
    /// This customer has linked another account, and the service allows one.
    AnotherAccount,
    /// A link that was proved later waits.
    Superseded,
    /// The proof does not count for enough.
    Weak,
    /// The proof or the person's own sign-in is too old.
    Late,
    /// The customer or the service is not in order.
    Inactive,
}

impl Refusal {
    /// The word in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Suspended => "suspended",
            Self::AnotherAccount => "another_account",
            Self::Superseded => "superseded",
            Self::Weak => "weak",
            Self::Late => "late",
            Self::Inactive => "inactive",
        }
    }
}

/// How a proposed link stands, before the person is asked and again when they accept.
///
/// # Errors
/// The database could not be asked.
pub async fn standing(
    tx: &mut Tx,
    core: &Core,
    customer: CustomerId,
    service: &Service,
    proposal: &LinkProposal,
    now: Timestamp,
) -> Result<Standing, Error> {
    let refused = |why| Ok(Standing::Refused(why));
    let known = customers::find(tx, customer).await?;
    if !service.enabled || known.is_none_or(|known| known.state != CustomerState::Active) {
        return refused(Refusal::Inactive);
    }
    if proposal.service != service.id || proposal.level < service.document.links.min_evidence {
        return refused(Refusal::Weak);
    }
    let index = index_of(core, service, &proposal.local_account);
    let holder = links::holder(tx, service.id, &index).await?;
    // Whoever is linked already need not prove it again in time.
    if let Some((link, holder, LinkState::Active)) = &holder
        && *holder == customer
    {
        return Ok(Standing::Active(*link));
    }
    if now >= proposal.expires_at {
        return refused(Refusal::Late);
    }
    match holder {
        None => {}
        Some((_, holder, _)) if holder != customer => return refused(Refusal::Held),
        Some((link, ..)) => return suspended(tx, core, link).await,
    }
    if !service.document.links.multi_account {
        let own = links::open_at_service(tx, &core.sealer, customer, service.id).await?;
        if own.iter().any(|link| matches!(link.state, LinkState::Active | LinkState::Suspended)) {
            return refused(Refusal::AnotherAccount);
        }
    }
    let Some(waiting) = links::waiting(tx, service.id, &index).await? else { return Ok(Standing::Free) };
    let over = waiting.expires_at.is_some_and(|until| now >= until);
    if over || waiting.proved_at.is_none_or(|proved| proved < proposal.proved_at) {
        return Ok(Standing::Supersedes(waiting.id));
    }
    refused(Refusal::Superseded)
}

/// The customer's own suspended link: only where its consent had run out do new proof and new consent replace it.
async fn suspended(tx: &mut Tx, core: &Core, id: LinkId) -> Result<Standing, Error> {
    let link = links::by_id(tx, &core.sealer, id).await?;
    let lapsed = link.is_some_and(|link| link.reason.as_deref() == Some(CONSENT_EXPIRED));
    Ok(if lapsed { Standing::Supersedes(id) } else { Standing::Refused(Refusal::Suspended) })
}

fn index_of(core: &Core, service: &Service, local_account: &str) -> [u8; 32] {
    core.blind.local_account(&service.document.code, local_account)
}

/// The person accepts: evidence, consent and the waiting link, all in the caller's transaction.
///
/// A refusal is a value and writes no more than an event.
///
/// # Errors
/// The database refused.
pub async fn accept(tx: &mut Tx, core: &Core, deciding: &Deciding, now: Timestamp) -> Result<LinkDecision, Error> {
    if !is_fresh(deciding, now) {
        return refuse(tx, core, deciding, Refusal::Late, now).await;
    }
    match standing(tx, core, deciding.customer, &deciding.service, &deciding.proposal, now).await? {
        Standing::Free => {}
        Standing::Supersedes(earlier) => activate::supersede(tx, core, earlier, now).await?,
        Standing::Active(_) => return Ok(LinkDecision::AlreadyActive),
        Standing::Refused(why) => return refuse(tx, core, deciding, why, now).await,
    }
    make_waiting(tx, core, deciding, now).await
}

/// Both sides authenticated within five minutes; the service's side was looked at when it proposed (CO7).
fn is_fresh(deciding: &Deciding, now: Timestamp) -> bool {
    deciding.expression.auth_time.is_some_and(|auth_time| now.since(auth_time) <= LINK_FRESHNESS)
}

async fn refuse(tx: &mut Tx, core: &Core, deciding: &Deciding, why: Refusal, now: Timestamp) -> Result<LinkDecision, Error> {
    let about = note::About { customer: Some(deciding.customer), service: Some(deciding.service.id), actor: &deciding.expression.actor };
    note::happened(tx, core, "link.refused", &about, &[("why", why.as_str())], now).await?;
    Ok(LinkDecision::Refused)
}

/// The person was told that the account cannot be linked, and goes on without: on record. `None` when it can be linked by now.
///
/// # Errors
/// The database refused.
pub async fn pass(tx: &mut Tx, core: &Core, deciding: &Deciding, now: Timestamp) -> Result<Option<LinkDecision>, Error> {
    match standing(tx, core, deciding.customer, &deciding.service, &deciding.proposal, now).await? {
        Standing::Refused(why) => refuse(tx, core, deciding, why, now).await.map(Some),
        _ => Ok(None),
    }
}

async fn make_waiting(tx: &mut Tx, core: &Core, deciding: &Deciding, now: Timestamp) -> Result<LinkDecision, Error> {
    let id = LinkId::new(core.random.uuid_v7(now));
    let evidence = EvidenceId::new(core.random.uuid_v7(now));
    let actor = &deciding.expression.actor;
    let step = |to, event| Step { to, actor, reason: None, event, evidence: Some(evidence), now };
    keep_evidence(tx, core, deciding, id, evidence).await?;
    if !insert(tx, core, deciding, id, LinkState::PendingConsent, None, &step(LinkState::PendingConsent, None)).await? {
        // Free a moment ago: a rival committed since, so this transaction cannot stand and is done again.
        return Err(Error::Unavailable("conflict with other work".into()));
    }
    let (consent, event) = consents::give_with_event(tx, core, &consent_of(deciding, id), now).await?;
    let agreed = links::agreed(tx, id, consent, evidence, deciding.waits_until, &step(LinkState::PendingActivation, Some(event))).await?;
    if !agreed {
        return Err(Error::Corrupt("a link moved under its own transaction".into()));
    }
    Ok(LinkDecision::Accepted(id))
}

/// The person declines: kept, and not asked again for a year unless the service or the person starts it (T7).
///
/// # Errors
/// The database refused.
pub async fn decline(tx: &mut Tx, core: &Core, deciding: &Deciding, now: Timestamp) -> Result<LinkId, Error> {
    let id = LinkId::new(core.random.uuid_v7(now));
    let evidence = EvidenceId::new(core.random.uuid_v7(now));
    keep_evidence(tx, core, deciding, id, evidence).await?;
    let (consent, event) = consents::refuse_with_event(tx, core, &consent_of(deciding, id), now).await?;
    let actor = &deciding.expression.actor;
    let step = Step { to: LinkState::Declined, actor, reason: None, event: Some(event), evidence: Some(evidence), now };
    insert(tx, core, deciding, id, LinkState::Declined, Some((consent, evidence)), &step).await?;
    Ok(id)
}

fn consent_of(deciding: &Deciding, link: LinkId) -> NewConsent {
    NewConsent {
        customer: deciding.customer,
        recipient: Arc::clone(&deciding.service),
        kind: ConsentKind::Link,
        scope: String::new(),
        link: Some(link),
        expression: deciding.expression.clone(),
    }
}

async fn keep_evidence(tx: &mut Tx, core: &Core, deciding: &Deciding, link: LinkId, id: EvidenceId) -> Result<(), Error> {
    let proposal = &deciding.proposal;
    let new = NewEvidence {
        id,
        link,
        customer: deciding.customer,
        level: proposal.level,
        method: METHOD,
        acr: proposal.acr,
        auth_time: proposal.auth_time,
        document: proposal.assertion.as_bytes(),
        created_at: proposal.proved_at,
        expires_at: proposal.expires_at,
    };
    evidence::insert(tx, &core.sealer, &new).await
}

async fn insert(
    tx: &mut Tx,
    core: &Core,
    deciding: &Deciding,
    id: LinkId,
    state: LinkState,
    carried: Option<(crate::model::ids::ConsentId, EvidenceId)>,
    step: &Step<'_>,
) -> Result<bool, Error> {
    let service = &deciding.service;
    let new = NewLink {
        id,
        service: service.id,
        customer: deciding.customer,
        state,
        local_account: &deciding.proposal.local_account,
        index: &index_of(core, service, &deciding.proposal.local_account),
        multi_account: service.document.links.multi_account,
        consent: carried.map(|(consent, _)| consent),
        evidence: carried.map(|(_, evidence)| evidence),
        now: step.now,
    };
    links::insert(tx, &core.sealer, &new, step).await
}

/// The active link of a customer at a service; the oldest, where there are several.
///
/// # Errors
/// The database could not be asked.
pub async fn active_link(tx: &mut Tx, core: &Core, customer: CustomerId, service: ServiceId) -> Result<Option<Link>, Error> {
    let open = links::open_at_service(tx, &core.sealer, customer, service).await?;
    Ok(open.into_iter().find(|link| link.state == LinkState::Active))
}

/// Whose account of a service this is: the customer and the link, when it is active. For the service itself, about its own accounts.
///
/// # Errors
/// The database could not be asked.
pub async fn customer_of(tx: &mut Tx, core: &Core, service: &Service, local_account: &str) -> Result<Option<(CustomerId, LinkId)>, Error> {
    let holder = links::holder(tx, service.id, &index_of(core, service, local_account)).await?;
    Ok(holder.filter(|(_, _, state)| *state == LinkState::Active).map(|(link, customer, _)| (customer, link)))
}
