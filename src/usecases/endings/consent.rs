//! Consents: withdraw one, or disconnect a whole service.

use std::sync::Arc;

use super::super::expression::Expression;
use super::super::{Core, backchannel, consents, note, notices};
use super::Outcome;
use super::link::{LinkEnd, close};
use crate::clock::Timestamp;
use crate::model::consent::{Consent, ConsentKind, ConsentState};
use crate::model::ids::{ConsentId, CustomerId, ServiceId};
use crate::model::notice::About;
use crate::model::service::Service;
use crate::storage::{Error, Tx, connections, consent_epochs, consents as stored, links, services};

/// Takes a consent back. `whose` limits it to one customer's. A link's own consent ends the link, the consent to sign in
/// disconnects the service, a share ends what its recipient reads and nothing else (conventions 3).
///
/// # Errors
/// The database refused.
pub async fn withdraw(
    core: &Arc<Core>,
    whose: Option<CustomerId>,
    id: ConsentId,
    expression: &Expression,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let (held, expression) = (Arc::clone(core), expression.clone());
    core.database
        .write(move |tx| {
            let (core, expression) = (Arc::clone(&held), expression.clone());
            Box::pin(async move {
                let consent = stored::by_id(tx, id).await?;
                let consent = consent.filter(|consent| whose.is_none_or(|customer| consent.customer == customer));
                let Some(consent) = consent else { return Ok(Outcome::Unknown) };
                let Some(service) = services::by_id(tx, consent.recipient).await? else { return Ok(Outcome::Unknown) };
                if consent.state != ConsentState::Given {
                    return Ok(Outcome::Already);
                }
                match (consent.kind, consent.link) {
                    (ConsentKind::Share, _) => stop_sharing(tx, &core, &consent, &service, &expression, now).await,
                    (ConsentKind::SignIn, _) => end_all(tx, &core, consent.customer, &service, &expression, now).await,
                    (ConsentKind::Link, Some(link)) => match links::by_id(tx, &core.sealer, link).await? {
                        Some(link) => close(tx, &core, &link, LinkEnd::Withdrawn, &expression, now).await,
                        None => take_back(tx, &core, &consent, &service, &expression, now).await,
                    },
                    (ConsentKind::Link, None) => Ok(Outcome::Unknown),
                }
            })
        })
        .await
}

/// Withdraws one share, and tells the customer by mail.
async fn stop_sharing(
    tx: &mut Tx,
    core: &Core,
    consent: &Consent,
    service: &Service,
    expression: &Expression,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let outcome = take_back(tx, core, consent, service, expression, now).await?;
    let catalog = core.catalog.load();
    if let (Outcome::Done, Some(scope)) = (outcome, catalog.scopes.get(&consent.scope)) {
        let about = About::ConsentWithdrawn { service: service.document.name.clone(), what: scope.name.clone(), at: now };
        notices::tell_customer(tx, core, consent.customer, &about, now).await?;
    }
    Ok(outcome)
}

/// Withdraws one consent, with its event and what follows for those who notice.
async fn take_back(
    tx: &mut Tx,
    core: &Core,
    consent: &Consent,
    service: &Service,
    expression: &Expression,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let code = &service.document.code;
    if consents::conclude(tx, core, consent, code, ConsentState::Withdrawn, expression, now).await?.is_none() {
        return Ok(Outcome::Already);
    }
    let about = note::About { customer: Some(consent.customer), service: Some(service.id), actor: &expression.actor };
    let id = consent.id.to_string();
    let detail =
        [("consent", id.as_str()), ("scope", consent.scope.as_str()), ("reason", expression.reason.as_deref().unwrap_or_default())];
    note::happened(tx, core, "consent.withdrawn", &about, &detail, now).await?;
    Ok(Outcome::Done)
}

/// Disconnects a service: it may not sign the person in any more, its link is withdrawn, and what it could read is taken back,
/// so that a later sign-in asks for everything anew.
///
/// # Errors
/// The database refused.
pub async fn disconnect(
    core: &Arc<Core>,
    customer: CustomerId,
    service: ServiceId,
    expression: &Expression,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let (held, expression) = (Arc::clone(core), expression.clone());
    core.database
        .write(move |tx| {
            let (core, expression) = (Arc::clone(&held), expression.clone());
            Box::pin(async move {
                match services::by_id(tx, service).await? {
                    Some(service) => end_all(tx, &core, customer, &service, &expression, now).await,
                    None => Ok(Outcome::Unknown),
                }
            })
        })
        .await
}

async fn end_all(
    tx: &mut Tx,
    core: &Core,
    customer: CustomerId,
    service: &Service,
    expression: &Expression,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let mut ended = false;
    for link in links::open_at_service(tx, &core.sealer, customer, service.id).await? {
        ended |= close(tx, core, &link, LinkEnd::Withdrawn, expression, now).await? == Outcome::Done;
    }
    // What is left of them; those of links ended with their links.
    for consent in stored::given(tx, customer, service.id).await? {
        ended |= take_back(tx, core, &consent, service, expression, now).await? == Outcome::Done;
    }
    if !ended {
        return Ok(Outcome::Already);
    }
    connections::bump(tx, customer, service.id).await?;
    consent_epochs::bump_around_link(tx, customer, service.id).await?;
    backchannel::connection_ended(tx, core, customer, service.id, "disconnected", now).await?;
    let about = note::About { customer: Some(customer), service: Some(service.id), actor: &expression.actor };
    note::happened(tx, core, "service.disconnected", &about, &[], now).await?;
    Ok(Outcome::Done)
}
