//! Consents: giving, renewing, refusing and concluding them, each decision with its event in the same transaction.
//!
//! What a withdrawal ends is in [`super::endings`].

use std::sync::Arc;

use super::Core;
use super::consent_chain::{self, Happened};
use super::expression::Expression;
use crate::clock::Timestamp;
use crate::crypto::digest::{hex, sha256};
use crate::model::consent::{Consent, ConsentKind, ConsentState};
use crate::model::ids::{ConsentId, CustomerId, EventId, LinkId, ServiceId};
use crate::model::service::Service;
use crate::storage::invalidations::Kind;
use crate::storage::{Error, Tx, consent_epochs, consents};

/// How long a refused or withdrawn purpose is not asked for again, unless the person starts it (I21).
const QUIET_MONTHS: u32 = 12;
/// The scope under which signing in is consented to.
pub const SIGN_IN_SCOPE: &str = "openid";
/// The agreement and terms of scopes that are a service's own and not in the catalogue.
const SHARE: &str = "share";
const SHARE_PURPOSE: &str = "service.provision";
const SHARE_MONTHS: u32 = 24;

/// A decision about to be recorded.
#[derive(Clone)]
pub struct NewConsent {
    /// Whose.
    pub customer: CustomerId,
    /// Who receives.
    pub recipient: Arc<Service>,
    /// To what.
    pub kind: ConsentKind,
    /// The scope, for [`ConsentKind::Share`]; not looked at otherwise.
    pub scope: String,
    /// The link, for [`ConsentKind::Link`].
    pub link: Option<LinkId>,
    /// How it was expressed.
    pub expression: Expression,
}

impl NewConsent {
    /// Signing in at a service.
    pub fn to_sign_in(customer: CustomerId, recipient: Arc<Service>, expression: Expression) -> Self {
        Self { customer, recipient, kind: ConsentKind::SignIn, scope: String::new(), link: None, expression }
    }

    /// A recipient reads a scope.
    pub fn to_share(customer: CustomerId, recipient: Arc<Service>, scope: &str, expression: Expression) -> Self {
        Self { customer, recipient, kind: ConsentKind::Share, scope: scope.to_owned(), link: None, expression }
    }
}

/// What the catalogue says about a consent at this moment.
struct Terms {
    scope: String,
    domain: String,
    agreement: (String, i64),
    text_sha256: String,
    purpose: String,
    valid_until: Timestamp,
}

impl Terms {
    fn of(core: &Core, new: &NewConsent, now: Timestamp) -> Result<Self, Error> {
        let catalog = core.catalog.load();
        let missing = || Error::Corrupt("the catalogue has no agreement for a consent".into());
        let scope = if new.kind == ConsentKind::Share { catalog.scopes.get(&new.scope) } else { None };
        let known = catalog.agreement_for(new.kind, &new.scope);
        let own = || catalog.agreements.get_key_value(SHARE).map(|(code, agreement)| (code.as_str(), agreement));
        let (code, agreement) = known.or_else(own).ok_or_else(missing)?;
        let (name, purpose, months) = match (new.kind, scope) {
            (ConsentKind::SignIn, _) => (SIGN_IN_SCOPE, "authentication", agreement.months),
            (ConsentKind::Link, _) => ("", "account.link", agreement.months),
            (ConsentKind::Share, Some(scope)) => (new.scope.as_str(), scope.purpose.as_str(), scope.months),
            (ConsentKind::Share, None) => (new.scope.as_str(), SHARE_PURPOSE, SHARE_MONTHS),
        };
        Ok(Self {
            scope: name.to_owned(),
            domain: scope.map(|scope| scope.domain.clone()).unwrap_or_default(),
            agreement: (code.to_owned(), agreement.version),
            text_sha256: hex(&sha256(agreement.text.get(new.expression.language).as_bytes())),
            purpose: purpose.to_owned(),
            valid_until: now.plus_months(months),
        })
    }
}

/// Records that a person agreed. What is given already is renewed: the same consent lasts longer, its items with it (T15).
///
/// # Errors
/// The database refused, or the catalogue has no agreement for it.
pub async fn give(tx: &mut Tx, core: &Core, new: &NewConsent, now: Timestamp) -> Result<ConsentId, Error> {
    give_with_event(tx, core, new, now).await.map(|(id, _)| id)
}

/// As [`give`], with the event.
pub(super) async fn give_with_event(tx: &mut Tx, core: &Core, new: &NewConsent, now: Timestamp) -> Result<(ConsentId, EventId), Error> {
    let terms = Terms::of(core, new, now)?;
    let before = consents::given_one(tx, new.customer, new.recipient.id, new.kind, &terms.scope).await?;
    if let Some(before) = before {
        if now < before.valid_until {
            return renew(tx, core, new, before, terms, now).await;
        }
        // Its time was over: what is given now is another consent and revives nothing (conventions 3).
        let nobody = Expression::by_system("expiry");
        conclude(tx, core, &before, &new.recipient.document.code, ConsentState::Expired, &nobody, now).await?;
    }
    let consent = build(core, new, &terms, ConsentState::Given, now);
    if !consents::insert(tx, &consent).await? {
        // Not seen a moment ago and there now: only another transaction can have done that, and this one cannot go on.
        return Err(Error::Unavailable("conflict with other work".into()));
    }
    let event = record(tx, core, new, &consent, &terms, Happened::Given, now).await?;
    Ok((consent.id, event))
}

async fn renew(
    tx: &mut Tx,
    core: &Core,
    new: &NewConsent,
    before: Consent,
    terms: Terms,
    now: Timestamp,
) -> Result<(ConsentId, EventId), Error> {
    consents::renew(tx, before.id, &terms.agreement, terms.valid_until).await?;
    let renewed = Consent { agreement: terms.agreement.clone(), valid_until: terms.valid_until, ..before };
    let event = record(tx, core, new, &renewed, &terms, Happened::Renewed, now).await?;
    Ok((renewed.id, event))
}

/// Records that a person said no: it is not asked again for a year unless they start it. What was given before stays given.
///
/// # Errors
/// The database refused, or the catalogue has no agreement for it.
pub async fn refuse(tx: &mut Tx, core: &Core, new: &NewConsent, now: Timestamp) -> Result<ConsentId, Error> {
    refuse_with_event(tx, core, new, now).await.map(|(id, _)| id)
}

/// As [`refuse`], with the event.
pub(super) async fn refuse_with_event(tx: &mut Tx, core: &Core, new: &NewConsent, now: Timestamp) -> Result<(ConsentId, EventId), Error> {
    let terms = Terms::of(core, new, now)?;
    let consent = build(core, new, &terms, ConsentState::Refused, now);
    consents::insert(tx, &consent).await?;
    let event = record(tx, core, new, &consent, &terms, Happened::Refused, now).await?;
    Ok((consent.id, event))
}

fn build(core: &Core, new: &NewConsent, terms: &Terms, state: ConsentState, now: Timestamp) -> Consent {
    let given = state == ConsentState::Given;
    Consent {
        id: ConsentId::new(core.random.uuid_v7(now)),
        customer: new.customer,
        kind: new.kind,
        recipient: new.recipient.id,
        scope: terms.scope.clone(),
        domain: terms.domain.clone(),
        link: new.link,
        agreement: terms.agreement.clone(),
        purpose: terms.purpose.clone(),
        state,
        since: now,
        valid_until: if given { terms.valid_until } else { now },
        ended_at: (!given).then_some(now),
    }
}

async fn record(
    tx: &mut Tx,
    core: &Core,
    new: &NewConsent,
    consent: &Consent,
    terms: &Terms,
    happened: Happened,
    now: Timestamp,
) -> Result<EventId, Error> {
    let proof = new.expression.proof(terms.text_sha256.clone());
    let event = consent_chain::append(tx, core, consent, &new.recipient.document.code, happened, proof, now).await?;
    noticed(tx, consent, now).await?;
    Ok(event)
}

/// Ends a given consent with its event; `None` when it was not given any more, and nothing was written.
///
/// # Errors
/// The database refused.
pub(super) async fn conclude(
    tx: &mut Tx,
    core: &Core,
    consent: &Consent,
    recipient: &str,
    to: ConsentState,
    expression: &Expression,
    now: Timestamp,
) -> Result<Option<EventId>, Error> {
    let happened = match to {
        ConsentState::Withdrawn => Happened::Withdrawn,
        ConsentState::Expired => Happened::Expired,
        ConsentState::Terminated => Happened::Terminated,
        // Neither is an end of something given.
        ConsentState::Given | ConsentState::Refused => return Ok(None),
    };
    if consent.state != ConsentState::Given || !consents::end(tx, consent.id, to, now).await? {
        return Ok(None);
    }
    let event = consent_chain::append(tx, core, consent, recipient, happened, expression.proof(String::new()), now).await?;
    noticed(tx, consent, now).await?;
    Ok(Some(event))
}

/// Tells whoever may see the consent that something changed: its recipient, and the owner of what is shared.
async fn noticed(tx: &mut Tx, consent: &Consent, now: Timestamp) -> Result<(), Error> {
    consent_epochs::bump_around_consent(tx, consent.customer, consent.recipient, &consent.domain).await?;
    tx.invalidate(Kind::Customer, consent.customer, now).await
}

/// What a customer gives to one recipient and whose time is not over.
///
/// # Errors
/// The database could not be asked.
pub async fn given(tx: &mut Tx, customer: CustomerId, recipient: ServiceId, now: Timestamp) -> Result<Vec<Consent>, Error> {
    let all = consents::given(tx, customer, recipient).await?;
    Ok(all.into_iter().filter(|consent| now < consent.valid_until).collect())
}

/// What is not to be asked again for now: refused or taken back within a year, and not given since (I21). The person may still
/// start it, and a service may ask for what it cannot do without.
///
/// # Errors
/// The database could not be asked.
pub async fn quiet(tx: &mut Tx, customer: CustomerId, recipient: ServiceId, now: Timestamp) -> Result<Vec<(ConsentKind, String)>, Error> {
    let declined = consents::declined_since(tx, customer, recipient, now.minus_months(QUIET_MONTHS)).await?;
    let given = given(tx, customer, recipient, now).await?;
    let again = |one: &Consent| given.iter().any(|other| other.kind == one.kind && other.scope == one.scope);
    let mut quiet: Vec<_> = declined.into_iter().filter(|one| !again(one)).map(|one| (one.kind, one.scope)).collect();
    quiet.sort_by(|one, other| (one.0.as_str(), &one.1).cmp(&(other.0.as_str(), &other.1)));
    quiet.dedup();
    Ok(quiet)
}
