//! One-time codes: six digits, ten minutes, five tries, bound to their flow and to the address they went to (conventions 13).

use super::limits::{self, TooMany};
use super::{Core, notices};
use crate::clock::Timestamp;
use crate::crypto::digest::{equal, hmac_sha256};
use crate::model::identifier::Identifier;
use crate::model::ids::FlowId;
use crate::model::notice::{About, Notice};
use crate::model::service::LocalText;
use crate::protocol::locale::Locale;
use crate::storage::one_time_codes::OneTimeCode;
use crate::storage::{Error, Tx, one_time_codes};

/// The only purpose so far: the address typed belongs to the person.
const PURPOSE: &str = "contact";

/// Whom a code is sent to, and on whose behalf.
pub struct Sending<'a> {
    /// The flow it is bound to.
    pub flow: FlowId,
    /// The address.
    pub identifier: &'a Identifier,
    /// Network of the caller, for the limit.
    pub network: &'a str,
    /// Language of the mail.
    pub locale: Locale,
    /// The service that began the flow.
    pub service: Option<LocalText>,
}

/// What became of a code that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// It was the one.
    Right,
    /// It was not; this many tries are left.
    Wrong {
        /// Tries left.
        left: u32,
    },
    /// No try is left, or it was used: a new one is needed.
    Spent,
    /// Its time is over.
    Expired,
}

fn target(core: &Core, identifier: &Identifier) -> [u8; 32] {
    core.blind.index(identifier.kind().as_str(), identifier.normal_form())
}

/// The digits are few: the digest is keyed by the flow and the address, and worthless after ten minutes and five tries.
fn digest(core: &Core, flow: FlowId, identifier: &Identifier, digits: &str) -> [u8; 32] {
    hmac_sha256(&target(core, identifier), &[flow.uuid().as_bytes(), digits.as_bytes()])
}

/// Sends a new code in place of the one before. Limits count every sending, whether anybody is behind the address or not.
pub async fn send(tx: &mut Tx, core: &Core, sending: &Sending<'_>, now: Timestamp) -> Result<Result<(), TooMany>, Error> {
    let address = sending.identifier.normal_form();
    if let Err(refused) = limits::take_mail(tx, core, address, sending.network, now).await? {
        return Ok(Err(refused));
    }
    let life = core.config.limits.code.get();
    let digits = core.random.digits(6);
    let code = OneTimeCode {
        target: target(core, sending.identifier).to_vec(),
        digest: digest(core, sending.flow, sending.identifier, &digits).to_vec(),
        tries: 0,
        created_at: now,
        expires_at: now + life,
        used_at: None,
    };
    one_time_codes::put(tx, sending.flow, PURPOSE, &code).await?;
    let about = About::OneTimeCode {
        code: digits,
        valid_minutes: u32::try_from(life.as_secs() / 60).unwrap_or(10),
        service: sending.service.clone(),
    };
    let notice = Notice { to: sending.identifier.original().to_owned(), locale: sending.locale, about };
    notices::enqueue(tx, core, None, &notice, now).await?;
    Ok(Ok(()))
}

/// Checks a code that was typed. A try is taken before the comparison, so that parallel guesses cannot outnumber the limit.
pub async fn check(tx: &mut Tx, core: &Core, flow: FlowId, identifier: &Identifier, digits: &str, now: Timestamp) -> Result<Typed, Error> {
    let most = i64::from(core.config.limits.code_tries);
    let Some(code) = one_time_codes::find(tx, flow, PURPOSE).await? else { return Ok(Typed::Expired) };
    if code.expires_at <= now {
        return Ok(Typed::Expired);
    }
    if !one_time_codes::take_try(tx, flow, PURPOSE, most, now).await? {
        return Ok(Typed::Spent);
    }
    let shown = digest(core, flow, identifier, digits);
    if !equal(&code.target, &target(core, identifier)) || !equal(&code.digest, &shown) {
        let left = u32::try_from(most - code.tries - 1).unwrap_or(0);
        return Ok(if left == 0 { Typed::Spent } else { Typed::Wrong { left } });
    }
    Ok(if one_time_codes::consume(tx, flow, PURPOSE, &shown, now).await? { Typed::Right } else { Typed::Spent })
}

/// When the flow's present code was sent, if one was.
pub async fn sent_at(tx: &mut Tx, flow: FlowId, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let code = one_time_codes::find(tx, flow, PURPOSE).await?;
    Ok(code.filter(|code| code.expires_at > now && code.used_at.is_none()).map(|code| code.created_at))
}
