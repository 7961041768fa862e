//! Browser sessions: begun by an authentication, found by a cookie of which only the digest is stored.

use std::time::Duration;

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::digest::sha256;
use crate::model::customer::Session;
use crate::model::ids::{CustomerId, SessionId};
use crate::protocol::acr::{Acr, Amr};
use crate::storage::{Error, Tx, customers, sessions};

/// How often at most a session notes that it was seen.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// A session that began or was renewed, with the cookie value that nobody else will ever see.
pub struct Begun {
    /// The session.
    pub session: Session,
    /// The value of the browser's cookie.
    pub cookie: String,
}

/// The live session behind a browser's cookie.
pub async fn live(tx: &mut Tx, cookie: Option<&str>, now: Timestamp) -> Result<Option<Session>, Error> {
    match cookie {
        Some(cookie) => sessions::live(tx, &sha256(cookie.as_bytes()), now).await,
        None => Ok(None),
    }
}

/// Begins a session after an authentication; one that the browser had already for the same person goes on under a new cookie (SE2).
///
/// # Errors
/// `Corrupt` when the customer does not exist.
pub async fn begin(
    tx: &mut Tx,
    core: &Core,
    customer: CustomerId,
    before: Option<&str>,
    amr: Amr,
    device: &str,
    now: Timestamp,
) -> Result<Begun, Error> {
    let cookie = core.random.token();
    let digest = sha256(cookie.as_bytes());
    let old = live(tx, before, now).await?;
    if let (Some(mut session), Some(before)) = (old.clone().filter(|old| old.customer == customer), before) {
        session.auth_time = now;
        session.acr = Acr::Aal1;
        session.amr = vec![amr];
        session.seen_at = now;
        if sessions::renew(tx, &sha256(before.as_bytes()), &digest, &session).await? {
            return Ok(Begun { session, cookie });
        }
    }
    // Somebody else was signed in here: that session ends, the browser has one.
    if let Some(old) = old
        && sessions::end(tx, old.customer, old.id, now).await?
    {
        super::backchannel::session_ended(tx, core, old.customer, old.id, now).await?;
    }
    let known = customers::find(tx, customer).await?.ok_or_else(|| Error::Corrupt("no such customer".into()))?;
    let session = Session {
        id: SessionId::new(core.random.uuid_v7(now)),
        customer,
        auth_time: now,
        acr: Acr::Aal1,
        amr: vec![amr],
        device: device.to_owned(),
        created_at: now,
        seen_at: now,
        expires_at: now + core.config.sessions.lifetime.get(),
    };
    sessions::insert(tx, &digest, &session, known.epoch).await?;
    Ok(Begun { session, cookie })
}

/// Gives a live session another cookie, after something that it must not be shared across (P19); `None` when it is not live any more.
pub async fn change_cookie(tx: &mut Tx, core: &Core, before: Option<&str>, now: Timestamp) -> Result<Option<String>, Error> {
    let (Some(session), Some(before)) = (live(tx, before, now).await?, before) else { return Ok(None) };
    let cookie = core.random.token();
    let changed = sessions::renew(tx, &sha256(before.as_bytes()), &sha256(cookie.as_bytes()), &session).await?;
    Ok(changed.then_some(cookie))
}

/// Notes that a session was seen, to the minute: most requests write nothing.
pub async fn touch(core: &Core, session: &Session, now: Timestamp) -> Result<(), Error> {
    if now.since(session.seen_at) < TOUCH_EVERY {
        return Ok(());
    }
    let id = session.id;
    core.database.write(move |tx| Box::pin(async move { sessions::touch(tx, id, now).await })).await
}
