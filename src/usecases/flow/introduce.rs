//! From "who are you?" to a session: identifier, password, code, again.

use std::sync::Arc;

use secrecy::SecretString;

use super::{Core, Flow, Undone, Visitor, store, store_alone, unless_stale};
use crate::clock::Timestamp;
use crate::crypto::password::Verdict;
use crate::model::actor::Actor;
use crate::model::customer::CustomerState;
use crate::model::flow::{Gathered, LoginStep, Next, RegisterStep, Route};
use crate::model::identifier::Identifier;
use crate::model::ids::CustomerId;
use crate::protocol::acr::Amr;
use crate::storage::{Error, Tx, customers, passwords};
use crate::telemetry::metrics;
use crate::usecases::identifiers;
use crate::usecases::limits::{self, TooMany};
use crate::usecases::note::{self, About};
use crate::usecases::one_time_code::{self, Sending, Typed};
use crate::usecases::sessions::{self, Begun};

/// What became of an identifier that was typed.
pub enum Identified {
    /// Taken: see what is due.
    Taken,
    /// It is not an address that can be signed in with.
    Unreadable,
    /// Too many codes were asked for.
    TooMany(TooMany),
    /// The page was stale.
    Stale,
}

/// What became of an attempt to sign in.
pub enum SignedIn {
    /// A session: the browser's new cookie is inside.
    Session(Begun),
    /// The proof holds, but nobody is known by it yet: registration goes on.
    Unknown,
    /// The proof holds, and the account is locked: the flow says so.
    Locked,
    /// Wrong, or nobody is known by that identifier: both sound the same (PW9).
    Wrong,
    /// The code was wrong or is over.
    Code(Typed),
    /// Too many tries.
    TooMany(TooMany),
    /// All hashing threads are busy.
    Busy,
    /// The page was stale.
    Stale,
}

fn identifier_of(flow: &Flow) -> Option<Identifier> {
    flow.gathered.identifier.as_deref().and_then(|text| Identifier::parse(text).ok())
}

/// Takes the identifier. Whether anybody is known by it makes no difference to what follows.
pub async fn identify(
    core: &Arc<Core>,
    visitor: &Visitor,
    flow: &Flow,
    text: &str,
    route: Route,
    now: Timestamp,
) -> Result<Identified, Error> {
    if !matches!(flow.next, Next::Register(RegisterStep::Email) | Next::Login(_) | Next::VerifyContact) {
        return Ok(Identified::Stale);
    }
    let Ok(identifier) = Identifier::parse(text) else { return Ok(Identified::Unreadable) };
    let mails = matches!(identifier, Identifier::Email(_));
    if route != Route::Password && !mails {
        return Ok(Identified::Unreadable);
    }
    let gathered = Gathered { identifier: Some(text.to_owned()), route, proved: false, locked: false, ..flow.gathered.clone() };
    change(core, visitor, flow, gathered, (route != Route::Password).then_some(identifier), now).await
}

/// Goes another way with the same identifier: by code instead of by password, or back.
pub async fn switch_route(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, route: Route, now: Timestamp) -> Result<Identified, Error> {
    let (Next::Login(LoginStep::Password) | Next::VerifyContact, Some(identifier)) = (&flow.next, identifier_of(flow)) else {
        return Ok(Identified::Stale);
    };
    let sends = route == Route::Code && matches!(identifier, Identifier::Email(_));
    if route == Route::Code && !sends {
        return Ok(Identified::Unreadable);
    }
    let gathered = Gathered { route, proved: false, ..flow.gathered.clone() };
    change(core, visitor, flow, gathered, sends.then_some(identifier), now).await
}

/// Sends another code.
pub async fn resend_code(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, now: Timestamp) -> Result<Identified, Error> {
    let (Next::VerifyContact, Some(identifier)) = (&flow.next, identifier_of(flow)) else { return Ok(Identified::Stale) };
    change(core, visitor, flow, flow.gathered.clone(), Some(identifier), now).await
}

/// Forgets the identifier: somebody else wants to sign in.
pub async fn use_another(core: &Arc<Core>, flow: &Flow) -> Result<bool, Error> {
    store_alone(core, flow, Gathered { account_chosen: false, ..flow.gathered.clone().introduced() }).await
}

/// Goes on as the person of the session.
pub async fn choose_account(core: &Arc<Core>, flow: &Flow) -> Result<bool, Error> {
    if flow.next != Next::Login(LoginStep::SelectAccount) {
        return Ok(false);
    }
    store_alone(core, flow, Gathered { account_chosen: true, ..flow.gathered.clone() }).await
}

/// Stores facts and sends a code, if one is due, in one transaction. Where no more may be sent nothing is stored: nobody is led to a page
/// that waits for a code which is not on its way.
pub(super) async fn change(
    core: &Arc<Core>,
    visitor: &Visitor,
    flow: &Flow,
    gathered: Gathered,
    send_to: Option<Identifier>,
    now: Timestamp,
) -> Result<Identified, Error> {
    let (held, flow, visitor) = (Arc::clone(core), flow.clone(), visitor.clone());
    let changed = core
        .database
        .write(move |tx| {
            let (core, flow, visitor, gathered, send_to) =
                (Arc::clone(&held), flow.clone(), visitor.clone(), gathered.clone(), send_to.clone());
            Box::pin(async move {
                if let Some(identifier) = send_to {
                    let service = flow.asker.as_ref().map(|asker| asker.service.document.name.clone());
                    let sending =
                        Sending { flow: flow.id, identifier: &identifier, network: &visitor.network, locale: visitor.locale, service };
                    if let Err(refused) = one_time_code::send(tx, &core, &sending, now).await? {
                        return Ok(Identified::TooMany(refused));
                    }
                }
                if store(tx, &core, &flow, &gathered).await? { Ok(Identified::Taken) } else { Err(Undone::Stale) }
            })
        })
        .await;
    unless_stale(changed, Identified::Stale)
}

/// Signs in by password. Limits first, then the hash in its pool, then the session: nothing tells an unknown identifier from a wrong password.
pub async fn sign_in(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, password: SecretString, now: Timestamp) -> Result<SignedIn, Error> {
    let (Next::Login(LoginStep::Password), Some(identifier)) = (&flow.next, identifier_of(flow)) else { return Ok(SignedIn::Stale) };
    let mut tx = core.database.read().await?;
    let customer = identifiers::login_holder(&mut tx, core, &identifier).await?;
    drop(tx);
    prove_password(core, visitor, customer, identifier.normal_form(), password, now).await
}

/// Proves the password of the session's person again.
pub async fn reauthenticate(
    core: &Arc<Core>,
    visitor: &Visitor,
    flow: &Flow,
    password: SecretString,
    now: Timestamp,
) -> Result<SignedIn, Error> {
    let (Next::StepUp(_), Some(session)) = (&flow.next, &flow.session) else { return Ok(SignedIn::Stale) };
    prove_password(core, visitor, Some(session.customer), &session.customer.to_string(), password, now).await
}

async fn prove_password(
    core: &Arc<Core>,
    visitor: &Visitor,
    customer: Option<CustomerId>,
    counted_as: &str,
    password: SecretString,
    now: Timestamp,
) -> Result<SignedIn, Error> {
    if let Err(refused) = limits::take_password_try(core, counted_as, &visitor.network, now).await? {
        return Ok(SignedIn::TooMany(refused));
    }
    let stored = match customer {
        Some(customer) => {
            let mut tx = core.database.read().await?;
            passwords::find(&mut tx, customer).await?.map(|(phc, _)| phc)
        }
        None => None,
    };
    let again = password.clone();
    let Ok(verdict) = core.passwords.verify(password, stored.clone()).await else {
        limits::give_password_try_back(core, counted_as, &visitor.network, now).await?;
        return Ok(SignedIn::Busy);
    };
    let (Some(customer), Verdict::Right { needs_rehash }) = (customer, verdict) else {
        metrics::login("pwd", "refused");
        return Ok(SignedIn::Wrong);
    };
    let rehash = needs_rehash.then_some(again);
    let rehashed: Option<(String, String)> = match rehash {
        Some(password) => stored.zip(core.passwords.hash(password).await.ok()),
        None => None,
    };
    let (held, visitor, counted_as) = (Arc::clone(core), visitor.clone(), counted_as.to_owned());
    core.database
        .write(move |tx| {
            let (core, visitor, counted_as, rehashed) = (Arc::clone(&held), visitor.clone(), counted_as.clone(), rehashed.clone());
            Box::pin(async move {
                if let Some((old, new)) = &rehashed {
                    passwords::rehash(tx, customer, old, new).await?;
                }
                limits::password_was_right(tx, &counted_as, &visitor.network, now).await?;
                open_session(tx, &core, &visitor, customer, Amr::Pwd, now).await
            })
        })
        .await
}

async fn is_active(tx: &mut Tx, customer: CustomerId) -> Result<bool, Error> {
    Ok(customers::find(tx, customer).await?.is_some_and(|known| known.state == CustomerState::Active))
}

/// Begins the session of somebody who has just proved who they are; of nobody who is not `active`.
async fn open_session(
    tx: &mut Tx,
    core: &Core,
    visitor: &Visitor,
    customer: CustomerId,
    amr: Amr,
    now: Timestamp,
) -> Result<SignedIn, Error> {
    if !is_active(tx, customer).await? {
        return Ok(SignedIn::Wrong);
    }
    let begun = sessions::begin(tx, core, customer, visitor.session.as_deref(), amr, &visitor.device, now).await?;
    let about = About { customer: Some(customer), service: None, actor: &Actor::Customer };
    note::happened(tx, core, "session.established", &about, &[("amr", amr.as_str())], now).await?;
    metrics::login(amr.as_str(), "accepted");
    Ok(SignedIn::Session(begun))
}

/// Takes the digits of a code. Whoever is known by the address is signed in; somebody new goes on to registration.
pub async fn type_code(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, digits: &str, now: Timestamp) -> Result<SignedIn, Error> {
    let (Next::VerifyContact, Some(identifier)) = (&flow.next, identifier_of(flow)) else { return Ok(SignedIn::Stale) };
    let (held, visitor, flow, digits) = (Arc::clone(core), visitor.clone(), flow.clone(), digits.to_owned());
    let typed = core
        .database
        .write(move |tx| {
            let (core, visitor, flow, digits, identifier) =
                (Arc::clone(&held), visitor.clone(), flow.clone(), digits.clone(), identifier.clone());
            Box::pin(async move {
                let typed = one_time_code::check(tx, &core, flow.id, &identifier, &digits, now).await?;
                if typed != Typed::Right {
                    return Ok(SignedIn::Code(typed));
                }
                let holder = identifiers::login_holder(tx, &core, &identifier).await?;
                let known = flow.gathered.clone();
                let gathered = match holder {
                    None => Gathered { proved: true, ..known },
                    Some(customer) => Gathered { locked: !is_active(tx, customer).await?, ..known.introduced() },
                };
                if !store(tx, &core, &flow, &gathered).await? {
                    // The code is good for the page that is due now.
                    return Err(Undone::Stale);
                }
                match holder {
                    None => Ok(SignedIn::Unknown),
                    Some(_) if gathered.locked => Ok(SignedIn::Locked),
                    Some(customer) => Ok(open_session(tx, &core, &visitor, customer, Amr::Otp, now).await?),
                }
            })
        })
        .await;
    unless_stale(typed, SignedIn::Stale)
}
