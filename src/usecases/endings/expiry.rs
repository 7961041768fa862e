//! Consents that are over by time. Whatever they carried ended at that moment already, because every answer looks at the time;
//! here the rows, the chain and the clients hear of it.

use std::sync::Arc;

use super::super::expression::Expression;
use super::super::one_by_one::one_by_one;
use super::super::{Core, backchannel, consents};
use super::link::{block, cut};
use crate::clock::Timestamp;
use crate::model::consent::{ConsentKind, ConsentState};
use crate::model::ids::ConsentId;
use crate::model::link::LinkState;
use crate::storage::{Error, Tx, connections, consents as stored, links, services};

/// How many consents one run ends.
const BATCH: i64 = 200;
/// Who acts, and why a link is suspended.
pub(in crate::usecases) const CONSENT_EXPIRED: &str = "consent_expired";

/// Notes every consent whose time is over, each in a transaction of its own. Returns how many were done.
///
/// # Errors
/// The database refused.
pub async fn expire_consents(core: &Arc<Core>, now: Timestamp) -> Result<usize, Error> {
    let overdue = stored::overdue(&mut core.database.read().await?, now, BATCH).await?;
    one_by_one("consents", &overdue, |id| {
        let held = Arc::clone(core);
        core.database.write(move |tx| {
            let core = Arc::clone(&held);
            Box::pin(async move { expire(tx, &core, id, now).await })
        })
    })
    .await
}

async fn expire(tx: &mut Tx, core: &Core, id: ConsentId, now: Timestamp) -> Result<(), Error> {
    let consent = stored::by_id(tx, id).await?.filter(|consent| now >= consent.valid_until);
    let Some(consent) = consent else { return Ok(()) };
    let Some(service) = services::by_id(tx, consent.recipient).await? else { return Ok(()) };
    let nobody = Expression::by_system(CONSENT_EXPIRED);
    let ended = consents::conclude(tx, core, &consent, &service.document.code, ConsentState::Expired, &nobody, now).await?;
    if ended.is_none() {
        return Ok(());
    }
    match (consent.kind, consent.link) {
        (ConsentKind::SignIn, _) => {
            connections::bump(tx, consent.customer, consent.recipient).await?;
            backchannel::connection_ended(tx, core, consent.customer, consent.recipient, CONSENT_EXPIRED, now).await
        }
        (ConsentKind::Link, Some(link)) => {
            let link = links::by_id(tx, &core.sealer, link).await?.filter(|link| link.state == LinkState::Active);
            let Some(link) = link else { return Ok(()) };
            block(tx, core, &link, CONSENT_EXPIRED, &nobody, now).await?;
            cut(tx, core, &link, "link.suspended", now).await
        }
        (ConsentKind::Share | ConsentKind::Link, _) => Ok(()),
    }
}
