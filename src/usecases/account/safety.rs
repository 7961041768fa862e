//! Sessions, password and name: what a person changes about their own safety.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::super::limits::{self, TooMany};
use super::super::note::{self, About};
use super::super::sessions::{self as browser_sessions, Begun};
use super::super::{Core, backchannel, identifiers, logout, notices, profile};
use crate::clock::Timestamp;
use crate::crypto::password::{Verdict, Weakness};
use crate::model::actor::Actor;
use crate::model::customer::Session;
use crate::model::flow::CHANGE_FRESHNESS;
use crate::model::ids::{CustomerId, SessionId};
use crate::model::notice;
use crate::protocol::acr::Amr;
use crate::storage::{Error, Tx, passwords, sessions};

/// What the person signs in with and is called.
pub struct Credentials {
    /// When the password was set; none: codes only.
    pub password_set_at: Option<Timestamp>,
    /// Addresses, phones and login names, opened.
    pub identifiers: Vec<identifiers::Opened>,
    /// How they want to be addressed; empty when not known.
    pub nickname: String,
}

/// Loads them.
///
/// # Errors
/// The database could not be asked.
pub async fn credentials(core: &Core, customer: CustomerId) -> Result<Credentials, Error> {
    let mut tx = core.database.read().await?;
    Ok(Credentials {
        password_set_at: passwords::find(&mut tx, customer).await?.map(|(_, since)| since),
        identifiers: identifiers::of_customer(&mut tx, core, customer).await?,
        nickname: profile::nickname(&mut tx, core, customer).await?.unwrap_or_default(),
    })
}

/// Whether the sign-in is fresh enough for a first password, where there is none to ask for.
pub fn may_choose_first(session: &Session, now: Timestamp) -> bool {
    now.since(session.auth_time) <= CHANGE_FRESHNESS
}

/// Changes how the person is addressed.
///
/// # Errors
/// The database refused.
pub async fn rename(core: &Arc<Core>, customer: CustomerId, nickname: &str, now: Timestamp) -> Result<(), Error> {
    let (held, nickname) = (Arc::clone(core), nickname.to_owned());
    core.database
        .write(move |tx| {
            let (core, nickname) = (Arc::clone(&held), nickname.clone());
            Box::pin(async move {
                profile::put(tx, &core, customer, "nickname", &Value::String(nickname), None, now).await?;
                let about = About { customer: Some(customer), service: None, actor: &Actor::Customer };
                note::happened(tx, &core, "profile.changed", &about, &[("claim", "nickname")], now).await
            })
        })
        .await
}

/// Ends one session of this customer: `Some(false)` when it had ended before, `None` when it is not theirs.
///
/// # Errors
/// The database refused.
pub async fn end_session(core: &Arc<Core>, customer: CustomerId, id: SessionId, now: Timestamp) -> Result<Option<bool>, Error> {
    let mut tx = core.database.read().await?;
    let theirs = sessions::belongs(&mut tx, customer, id).await?;
    drop(tx);
    if !theirs {
        return Ok(None);
    }
    logout::end_session(core, customer, id, now).await.map(Some)
}

/// Ends every session of this customer but one: how many.
///
/// # Errors
/// The database refused.
pub async fn end_others(core: &Arc<Core>, customer: CustomerId, keep: SessionId, now: Timestamp) -> Result<usize, Error> {
    let held = Arc::clone(core);
    core.database
        .write(move |tx| {
            let core = Arc::clone(&held);
            Box::pin(async move { end_others_in(tx, &core, customer, keep, now).await })
        })
        .await
}

async fn end_others_in(tx: &mut Tx, core: &Core, customer: CustomerId, keep: SessionId, now: Timestamp) -> Result<usize, Error> {
    let mut ended = 0;
    // The list is read in portions.
    loop {
        let before = ended;
        for other in sessions::of_customer(tx, customer, now).await? {
            if other.id != keep && sessions::end(tx, customer, other.id, now).await? {
                backchannel::session_ended(tx, core, customer, other.id, now).await?;
                ended += 1;
            }
        }
        if ended == before {
            return Ok(ended);
        }
    }
}

/// What became of a password change.
pub enum Changed {
    /// It holds; the browser goes on under a new cookie, all others are signed out.
    Done(Begun),
    /// The present password is wrong.
    WrongCurrent,
    /// There is no present password, and the sign-in is too old to do without.
    NotFresh,
    /// The new one is too weak.
    Weak(Weakness),
    /// Too many wrong tries.
    TooMany(TooMany),
    /// All hashing threads are busy.
    Busy,
    /// It was changed meanwhile, or the session ended.
    Stale,
}

/// Whose password is to change, on which browser.
pub struct Change<'a> {
    session: &'a Session,
    cookie: &'a str,
    network: &'a str,
}

/// Changes the password, or sets the first one: the present one is asked for, and other sessions end (security.md 2n).
///
/// # Errors
/// The database refused.
pub async fn change_password(
    core: &Arc<Core>,
    session: &Session,
    (cookie, network): (&str, &str),
    (current, chosen): (SecretString, SecretString),
    now: Timestamp,
) -> Result<Changed, Error> {
    let change = Change { session, cookie, network };
    let mut tx = core.database.read().await?;
    let stored = passwords::find(&mut tx, session.customer).await?.map(|(phc, _)| phc);
    let known = identifiers::of_customer(&mut tx, core, session.customer).await?;
    let nickname = profile::nickname(&mut tx, core, session.customer).await?.unwrap_or_default();
    drop(tx);
    match &stored {
        Some(_) => {
            if let Some(refused) = prove(core, &change, current, stored.clone(), now).await? {
                return Ok(refused);
            }
        }
        None if !may_choose_first(session, now) => return Ok(Changed::NotFresh),
        None => {}
    }
    let mut context: Vec<&str> = known.iter().map(|identifier| identifier.value.as_str()).collect();
    context.extend([nickname.as_str(), core.config.brand.name.as_str()]);
    context.retain(|word| !word.is_empty());
    let refused = match core.password_rules.check(chosen.expose_secret(), &context) {
        Err(weakness) => Changed::Weak(weakness),
        Ok(()) => match core.passwords.hash(chosen).await {
            Ok(phc) => return set(core, &change, stored, phc, now).await,
            Err(_) => Changed::Busy,
        },
    };
    // The present password was right, and whoever knows it is not guessing it.
    if stored.is_some() {
        limits::give_password_try_back(core, &session.customer.to_string(), network, now).await?;
    }
    Ok(refused)
}

/// Takes a try and checks the present password; `None`: right.
async fn prove(
    core: &Arc<Core>,
    change: &Change<'_>,
    current: SecretString,
    stored: Option<String>,
    now: Timestamp,
) -> Result<Option<Changed>, Error> {
    let of = change.session.customer.to_string();
    let taken = limits::take_password_try(core, &of, change.network, now).await?;
    if let Err(refused) = taken {
        return Ok(Some(Changed::TooMany(refused)));
    }
    Ok(match core.passwords.verify(current, stored).await {
        Err(_) => {
            limits::give_password_try_back(core, &of, change.network, now).await?;
            Some(Changed::Busy)
        }
        Ok(Verdict::Wrong) => Some(Changed::WrongCurrent),
        Ok(Verdict::Right { .. }) => None,
    })
}

async fn set(core: &Arc<Core>, change: &Change<'_>, before: Option<String>, phc: String, now: Timestamp) -> Result<Changed, Error> {
    let (held, session, cookie, network) = (Arc::clone(core), change.session.clone(), change.cookie.to_owned(), change.network.to_owned());
    core.database
        .write(move |tx| {
            let (core, session, cookie, network) = (Arc::clone(&held), session.clone(), cookie.clone(), network.clone());
            let (before, phc) = (before.clone(), phc.clone());
            Box::pin(async move {
                let customer = session.customer;
                let present = passwords::find(tx, customer).await?.map(|(phc, _)| phc);
                let live = browser_sessions::live(tx, Some(&cookie), now).await?;
                if before.is_some() {
                    limits::password_was_right(tx, &customer.to_string(), &network, now).await?;
                }
                if present != before || live.is_none_or(|live| live.id != session.id) {
                    return Ok(Changed::Stale);
                }
                passwords::set(tx, customer, &phc, now).await?;
                end_others_in(tx, &core, customer, session.id, now).await?;
                let about = About { customer: Some(customer), service: None, actor: &Actor::Customer };
                note::happened(tx, &core, "password.changed", &about, &[], now).await?;
                let told = notice::About::PasswordChanged { device: session.device.clone(), at: now };
                notices::tell_customer(tx, &core, customer, &told, now).await?;
                browser_sessions::begin(tx, &core, customer, Some(&cookie), Amr::Pwd, &session.device, now).await.map(Changed::Done)
            })
        })
        .await
}
