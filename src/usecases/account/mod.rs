//! The person's own pages: what they hold, and what only they may change. Every query names its customer (AU2).

mod decisions;
mod safety;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Core, partners};
use crate::clock::Timestamp;
use crate::model::consent::{Consent, ConsentKind, ConsentState};
use crate::model::customer::Session;
use crate::model::ids::{ConsentId, CustomerId, LinkId, ServiceId};
use crate::model::link::{Link, LinkState, masked};
use crate::model::service::{LocalText, Service};
use crate::storage::grants::Use;
use crate::storage::{Error, consents, grants, links, sessions};

pub use decisions::{Decided, Decision};
pub use safety::{Changed, Credentials, change_password, credentials, end_others, end_session, may_choose_first, rename};

/// A service the person uses with Concord.
pub struct Connection {
    /// The service.
    pub service: Arc<Service>,
    /// An account of its own is linked and active.
    pub linked: bool,
    /// The last time it was let in, as far as what it was given then still lives.
    pub last_used: Option<Timestamp>,
}

/// A link that has not ended.
pub struct HeldLink {
    /// Its row.
    pub id: LinkId,
    /// Whose account is linked.
    pub service: Arc<Service>,
    /// That account, masked.
    pub local_account: String,
    /// Where it stands.
    pub state: LinkState,
    /// Since when.
    pub since: Timestamp,
    /// Who reads the service's data with the person's consent.
    pub readers: Vec<Arc<Service>>,
    /// Until when one click undoes it.
    pub undo_until: Option<Timestamp>,
}

/// A consent that is in force; those of links are shown as links.
pub struct HeldConsent {
    /// Its row.
    pub id: ConsentId,
    /// Who may.
    pub recipient: Arc<Service>,
    /// To what it is.
    pub kind: ConsentKind,
    /// Product domain of what may be read.
    pub domain: String,
    /// What may be read; the scope's token in every language when the catalogue does not know it.
    pub title: LocalText,
    /// What for.
    pub why: LocalText,
    /// The recipient says that it cannot serve anybody without.
    pub needed: bool,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A browser that is signed in.
pub struct HeldSession {
    /// The session.
    pub session: Session,
    /// The services it signed in to.
    pub services: Vec<Arc<Service>>,
}

/// Everything the account pages show about services, links and consents.
pub struct Overview {
    /// Services in use, by code.
    pub connections: Vec<Connection>,
    /// Links, the newest first.
    pub links: Vec<HeldLink>,
    /// Consents in force, the newest first.
    pub consents: Vec<HeldConsent>,
    /// The latest decisions, the newest first.
    pub decisions: Vec<Decision>,
    /// Browsers signed in, the last seen first.
    pub sessions: Vec<HeldSession>,
}

impl Overview {
    /// One of the links.
    pub fn link(&self, id: LinkId) -> Option<&HeldLink> {
        self.links.iter().find(|link| link.id == id)
    }

    /// A service in use, by its code.
    pub fn connection(&self, code: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.service.document.code == code)
    }

    /// Who reads a service's data.
    pub fn readers(&self, service: &Service) -> Vec<Arc<Service>> {
        readers(&self.consents, service)
    }
}

/// The person signed in on this browser; seen now, to the minute.
///
/// # Errors
/// The database could not be asked.
pub async fn signed_in(core: &Arc<Core>, cookie: Option<&str>, now: Timestamp) -> Result<Option<Session>, Error> {
    let mut tx = core.database.read().await?;
    let session = super::sessions::live(&mut tx, cookie, now).await?;
    drop(tx);
    if let Some(session) = &session {
        super::sessions::touch(core, session, now).await?;
    }
    Ok(session)
}

/// Loads what the pages show.
///
/// # Errors
/// The database could not be asked.
pub async fn overview(core: &Core, customer: CustomerId, now: Timestamp) -> Result<Overview, Error> {
    let mut tx = core.database.read().await?;
    let decided = consents::of_customer(&mut tx, customer).await?;
    let linked = links::of_customer(&mut tx, &core.sealer, customer).await?;
    let uses = grants::uses(&mut tx, customer).await?;
    let signed_in = sessions::of_customer(&mut tx, customer, now).await?;
    drop(tx);
    let of_consents = decided.iter().map(|consent| consent.recipient);
    let of_links = linked.iter().map(|link| link.service);
    let known = named(core, of_consents.chain(of_links).chain(uses.iter().map(|used| used.service_id)).collect()).await?;
    let consents: Vec<HeldConsent> =
        decided.iter().filter(|consent| in_force(consent, now)).filter_map(|consent| held_consent(core, &known, consent)).collect();
    let links: Vec<HeldLink> = linked.iter().filter_map(|link| held_link(&known, &consents, link, now)).collect();
    Ok(Overview {
        connections: connections(&known, &consents, &links, &uses),
        decisions: decisions::latest(core, &known, &decided, &linked),
        sessions: signed_in.into_iter().map(|session| held_session(&known, &uses, session)).collect(),
        links,
        consents,
    })
}

type Known = BTreeMap<ServiceId, Arc<Service>>;

async fn named(core: &Core, ids: BTreeSet<ServiceId>) -> Result<Known, Error> {
    let mut known = Known::new();
    for id in ids {
        if let Some(service) = partners::service(core, id).await? {
            known.insert(id, service);
        }
    }
    Ok(known)
}

fn in_force(consent: &Consent, now: Timestamp) -> bool {
    consent.state == ConsentState::Given && now < consent.valid_until && consent.kind != ConsentKind::Link
}

fn held_consent(core: &Core, known: &Known, consent: &Consent) -> Option<HeldConsent> {
    let recipient = Arc::clone(known.get(&consent.recipient)?);
    let (title, why) = words(core, known, &consent.scope);
    let needed = consent.kind == ConsentKind::SignIn
        || recipient.document.clients.iter().any(|client| client.required_scope.iter().any(|scope| scope == consent.scope));
    Some(HeldConsent {
        id: consent.id,
        kind: consent.kind,
        domain: consent.domain.clone(),
        since: consent.since,
        until: consent.valid_until,
        recipient,
        title,
        why,
        needed,
    })
}

/// What a scope is called and what it is for: by the catalogue, or by the service whose API has it.
fn words(core: &Core, known: &Known, scope: &str) -> (LocalText, LocalText) {
    if let Some(scope) = core.catalog.load().scopes.get(scope) {
        return (scope.name.clone(), scope.why.clone());
    }
    let of_api = known.values().find_map(|service| service.document.api.as_ref()?.scopes.get(scope).cloned());
    let bare = || LocalText { ru: scope.to_owned(), en: scope.to_owned(), zh: scope.to_owned() };
    (of_api.unwrap_or_else(bare), LocalText::default())
}

fn readers(consents: &[HeldConsent], service: &Service) -> Vec<Arc<Service>> {
    let mut found: Vec<Arc<Service>> = Vec::new();
    for consent in consents {
        let reads = service.document.owns.contains(&consent.domain) && consent.recipient.id != service.id;
        if reads && !found.iter().any(|reader| reader.id == consent.recipient.id) {
            found.push(Arc::clone(&consent.recipient));
        }
    }
    found
}

fn held_link(known: &Known, consents: &[HeldConsent], link: &Link, now: Timestamp) -> Option<HeldLink> {
    let shown = matches!(link.state, LinkState::Active | LinkState::Suspended | LinkState::Disputed | LinkState::PendingActivation);
    let waits = link.state == LinkState::PendingActivation;
    if !shown || (waits && link.expires_at.is_some_and(|until| now >= until)) {
        return None;
    }
    let service = Arc::clone(known.get(&link.service)?);
    let undo_until = link.activated_at.map(|since| since + super::endings::UNDO).filter(|until| now < *until);
    Some(HeldLink {
        id: link.id,
        local_account: link.local_account.as_deref().map(masked).unwrap_or_default(),
        // A service that is switched off counts as suspended (conventions 3).
        state: if service.enabled || link.state != LinkState::Active { link.state } else { LinkState::Suspended },
        since: link.activated_at.unwrap_or(link.created_at),
        readers: readers(consents, &service),
        undo_until,
        service,
    })
}

fn connections(known: &Known, consents: &[HeldConsent], links: &[HeldLink], uses: &[Use]) -> Vec<Connection> {
    let mut connections: Vec<Connection> = known
        .values()
        .filter_map(|service| {
            let here = |link: &&HeldLink| link.service.id == service.id;
            let signs_in = consents.iter().any(|consent| consent.kind == ConsentKind::SignIn && consent.recipient.id == service.id);
            let linked = links.iter().filter(here).any(|link| link.state == LinkState::Active);
            let last_used = uses.iter().filter(|used| used.service_id == service.id).map(|used| used.last_at).max();
            (signs_in || links.iter().any(|link| here(&link))).then(|| Connection { service: Arc::clone(service), linked, last_used })
        })
        .collect();
    connections.sort_by(|a, b| a.service.document.code.cmp(&b.service.document.code));
    connections
}

fn held_session(known: &Known, uses: &[Use], session: Session) -> HeldSession {
    let ids: BTreeSet<ServiceId> = uses.iter().filter(|used| used.session_id == Some(session.id)).map(|used| used.service_id).collect();
    HeldSession { session, services: ids.iter().filter_map(|id| known.get(id).map(Arc::clone)).collect() }
}

/// A consent of this customer, whatever became of it: its kind and its recipient. Somebody else's is none.
///
/// # Errors
/// The database could not be asked.
pub async fn consent_of(core: &Core, customer: CustomerId, id: ConsentId) -> Result<Option<(ConsentKind, Arc<Service>)>, Error> {
    let mut tx = core.database.read().await?;
    let consent = consents::by_id(&mut tx, id).await?.filter(|consent| consent.customer == customer);
    drop(tx);
    let Some(consent) = consent else { return Ok(None) };
    Ok(partners::service(core, consent.recipient).await?.map(|service| (consent.kind, service)))
}

/// The service of a link of this customer, whatever became of it. Somebody else's is none.
///
/// # Errors
/// The database could not be asked.
pub async fn service_of_link(core: &Core, customer: CustomerId, id: LinkId) -> Result<Option<Arc<Service>>, Error> {
    let mut tx = core.database.read().await?;
    let link = links::by_id(&mut tx, &core.sealer, id).await?.filter(|link| link.customer == customer);
    drop(tx);
    match link {
        Some(link) => partners::service(core, link.service).await,
        None => Ok(None),
    }
}
