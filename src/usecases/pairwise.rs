//! The `sub` of a customer in a sector: made once, stored, the stored one counts ever after (OpenID Connect Core 8.1).

use std::sync::Arc;

use super::Core;
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, SectorId, SessionId};
use crate::storage::invalidations::Kind;
use crate::storage::{Error, Tx, pairwise};

/// The `sub` of a customer in a sector, from memory, the database, or made now.
///
/// # Errors
/// The database could not be asked.
pub async fn subject(core: &Core, customer: CustomerId, sector: SectorId, now: Timestamp) -> Result<Arc<String>, Error> {
    let key = (customer, sector);
    if let Some(sub) = core.memory.subjects.get(&key) {
        return Ok(sub);
    }
    let stamp = core.truth.stamp(Kind::Customer, &customer.to_string());
    let sub = match core.loads.subjects.get(key).await? {
        Some(sub) => sub,
        None => {
            let fresh = core.pairwise.subject(sector, customer);
            core.database
                .write(move |tx| {
                    let fresh = fresh.clone();
                    Box::pin(async move { stored(tx, customer, sector, fresh, now).await })
                })
                .await?
                .into()
        }
    };
    Ok(core.memory.subjects.put(key, stamp, sub))
}

/// As [`subject`], inside a transaction.
///
/// # Errors
/// The database refused.
pub async fn subject_in(tx: &mut Tx, core: &Core, customer: CustomerId, sector: SectorId, now: Timestamp) -> Result<String, Error> {
    if let Some(sub) = pairwise::find(tx, customer, sector).await? {
        return Ok(sub);
    }
    stored(tx, customer, sector, core.pairwise.subject(sector, customer), now).await
}

async fn stored(tx: &mut Tx, customer: CustomerId, sector: SectorId, fresh: String, now: Timestamp) -> Result<String, Error> {
    if pairwise::insert(tx, customer, sector, &fresh, now).await? {
        return Ok(fresh);
    }
    // Somebody else was quicker, with another pepper perhaps: theirs counts.
    Ok(pairwise::find(tx, customer, sector).await?.unwrap_or(fresh))
}

/// The `sid` under which the clients of a sector know a browser session: another one in each sector.
pub fn session_id(core: &Core, session: SessionId, sector: SectorId) -> String {
    let digest = core.blind.index("sid", &format!("{sector}|{session}"));
    crate::crypto::digest::base64url(&digest[..16])
}
