//! Links and consents as operators see them: local accounts masked, nothing else that is personal.

use std::collections::HashMap;

use serde::Serialize;

use super::{Core, partners};
use crate::clock::Timestamp;
use crate::model::consent::{Consent, ConsentKind, ConsentState};
use crate::model::ids::{ConsentId, CustomerId, LinkId, ServiceId};
use crate::model::link::{Link, LinkState, masked};
use crate::storage::{Error, Tx, consents, evidence, links, services};

/// A link.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    /// Its id outside.
    pub id: LinkId,
    /// Whose.
    pub customer: CustomerId,
    /// Code of the service.
    pub service: String,
    /// The service's account, masked.
    pub local_account: String,
    /// Where it stands.
    pub state: LinkState,
    /// Why, when somebody or something said so.
    pub reason: Option<String>,
    /// When the ceremony began.
    pub created_at: String,
    /// When it became active.
    pub activated_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
}

/// A link with everything behind it.
#[derive(Clone, Debug, Serialize)]
pub struct LinkDetails {
    /// The link.
    #[serde(flatten)]
    pub link: LinkView,
    /// Its proof.
    pub evidence: Option<EvidenceView>,
    /// Its consent.
    pub consent: Option<ConsentView>,
    /// Its transitions, the first one first.
    pub history: Vec<TransitionView>,
}

/// A proof.
#[derive(Clone, Debug, Serialize)]
pub struct EvidenceView {
    /// What it counts for.
    pub level: String,
    /// How it was obtained.
    pub method: String,
    /// The level reached at the service.
    pub acr: String,
    /// When the person authenticated there.
    pub auth_time: String,
}

/// A transition.
#[derive(Clone, Debug, Serialize)]
pub struct TransitionView {
    /// When.
    pub at: String,
    /// From where.
    pub from: Option<String>,
    /// To where.
    pub to: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// A consent.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentView {
    /// Its id outside.
    pub id: ConsentId,
    /// Whose.
    pub customer: CustomerId,
    /// To what.
    pub kind: ConsentKind,
    /// Code of the service that receives.
    pub recipient: String,
    /// The scope, for a share.
    pub scope: String,
    /// What for.
    pub purpose: String,
    /// Where it stands.
    pub state: ConsentState,
    /// The text that was accepted: agreement and version.
    pub agreement: String,
    /// Since when.
    pub since: String,
    /// Until when.
    pub valid_until: String,
    /// When it ended.
    pub ended_at: Option<String>,
}

/// What to list; each only where it is set.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of one customer.
    pub customer: Option<CustomerId>,
    /// Of one service.
    pub service: Option<ServiceId>,
    /// In one state.
    pub state: Option<LinkState>,
}

/// Codes of services, asked for once each.
#[derive(Default)]
struct Codes(HashMap<ServiceId, String>);

impl Codes {
    async fn of(&mut self, tx: &mut Tx, id: ServiceId) -> Result<String, Error> {
        if let Some(code) = self.0.get(&id) {
            return Ok(code.clone());
        }
        let code = services::by_id(tx, id).await?.map(|service| service.document.code).unwrap_or_default();
        self.0.insert(id, code.clone());
        Ok(code)
    }
}

/// The id of a service by its code; `None` when there is no such service.
///
/// # Errors
/// The database could not be asked.
pub async fn service_id(core: &Core, code: &str) -> Result<Option<ServiceId>, Error> {
    Ok(partners::service_by_code(core, code).await?.map(|service| service.id))
}

/// Links, the newest first.
///
/// # Errors
/// The database could not be asked.
pub async fn list(core: &Core, filter: &Filter, most: u32) -> Result<Vec<LinkView>, Error> {
    let mut tx = core.database.read().await?;
    let found = links::list(&mut tx, &core.sealer, filter.customer, filter.service, filter.state, i64::from(most)).await?;
    let (mut codes, mut views) = (Codes::default(), Vec::with_capacity(found.len()));
    for link in found {
        views.push(link_view(&link, codes.of(&mut tx, link.service).await?));
    }
    Ok(views)
}

/// One link with its proof, its consent and its history.
///
/// # Errors
/// The database could not be asked.
pub async fn show(core: &Core, id: LinkId) -> Result<Option<LinkDetails>, Error> {
    let mut tx = core.database.read().await?;
    let Some(link) = links::by_id(&mut tx, &core.sealer, id).await? else { return Ok(None) };
    let code = Codes::default().of(&mut tx, link.service).await?;
    let proof = match link.evidence {
        Some(id) => evidence::by_id(&mut tx, id).await?,
        None => None,
    };
    let consent = match link.consent {
        Some(id) => consents::by_id(&mut tx, id).await?,
        None => None,
    };
    let history = links::transitions(&mut tx, id).await?;
    Ok(Some(LinkDetails {
        consent: consent.map(|consent| consent_view(consent, code.clone())),
        link: link_view(&link, code),
        evidence: proof.map(|proof| EvidenceView {
            level: proof.level,
            method: proof.method,
            acr: proof.acr,
            auth_time: proof.auth_time.rfc3339(),
        }),
        history: history
            .into_iter()
            .map(|step| TransitionView {
                at: step.at.rfc3339(),
                from: step.from_state,
                to: step.to_state,
                actor: step.actor,
                reason: step.reason,
            })
            .collect(),
    }))
}

/// A customer's consents, the latest decision first; those that ended only where they are asked for.
///
/// # Errors
/// The database could not be asked.
pub async fn consents_of(core: &Core, customer: CustomerId, ended_too: bool, now: Timestamp) -> Result<Vec<ConsentView>, Error> {
    let mut tx = core.database.read().await?;
    let found = consents::of_customer(&mut tx, customer).await?;
    let (mut codes, mut views) = (Codes::default(), Vec::new());
    for consent in found {
        let in_force = consent.state == ConsentState::Given && now < consent.valid_until;
        if in_force || ended_too {
            let code = codes.of(&mut tx, consent.recipient).await?;
            views.push(consent_view(consent, code));
        }
    }
    Ok(views)
}

/// One consent.
///
/// # Errors
/// The database could not be asked.
pub async fn consent(core: &Core, id: ConsentId) -> Result<Option<ConsentView>, Error> {
    let mut tx = core.database.read().await?;
    let Some(found) = consents::by_id(&mut tx, id).await? else { return Ok(None) };
    let code = Codes::default().of(&mut tx, found.recipient).await?;
    Ok(Some(consent_view(found, code)))
}

fn link_view(link: &Link, service: String) -> LinkView {
    LinkView {
        id: link.id,
        customer: link.customer,
        service,
        local_account: link.local_account.as_deref().map(masked).unwrap_or_default(),
        state: link.state,
        reason: link.reason.clone(),
        created_at: link.created_at.rfc3339(),
        activated_at: link.activated_at.map(Timestamp::rfc3339),
        ended_at: link.ended_at.map(Timestamp::rfc3339),
    }
}

fn consent_view(consent: Consent, recipient: String) -> ConsentView {
    ConsentView {
        id: consent.id,
        customer: consent.customer,
        kind: consent.kind,
        recipient,
        scope: consent.scope,
        purpose: consent.purpose,
        state: consent.state,
        agreement: format!("{} v{}", consent.agreement.0, consent.agreement.1),
        since: consent.since.rfc3339(),
        valid_until: consent.valid_until.rfc3339(),
        ended_at: consent.ended_at.map(Timestamp::rfc3339),
    }
}
