//! Grants from memory, true to one second, and their endings.

use std::sync::Arc;

use super::Core;
use crate::clock::Timestamp;
use crate::model::grant::GrantView;
use crate::model::ids::{CustomerId, GrantId};
use crate::storage::invalidations::Kind;
use crate::storage::{Error, Tx, families, grants};

/// A grant with the present truth about it; `None` when there is no such grant.
///
/// # Errors
/// The database could not be asked.
pub async fn view(core: &Core, id: GrantId) -> Result<Option<Arc<GrantView>>, Error> {
    if let Some(view) = core.grants.get(&id) {
        return Ok(Some(view));
    }
    let customer = grants::customer_of(&mut core.database.read().await?, id).await?;
    match customer {
        Some(customer) => load(core, id, customer).await,
        None => Ok(None),
    }
}

/// As [`view`], for a caller who knows whose grant it is: one statement when it is not in memory.
///
/// # Errors
/// The database could not be asked.
pub async fn view_of(core: &Core, id: GrantId, customer: CustomerId) -> Result<Option<Arc<GrantView>>, Error> {
    match core.grants.get(&id) {
        Some(view) => Ok(Some(view)),
        None => load(core, id, customer).await,
    }
}

async fn load(core: &Core, id: GrantId, customer: CustomerId) -> Result<Option<Arc<GrantView>>, Error> {
    // Before the load: whatever changes from here on makes the entry count no more.
    let stamp = core.truth.stamp(Kind::Customer, &customer.to_string());
    let loaded = core.loads.views.get(id).await?;
    Ok(loaded.filter(|view| view.grant.customer == customer).map(|view| core.grants.put(id, stamp, view)))
}

/// Ends one grant with its family, for itself; `false` when it had ended before.
///
/// # Errors
/// The database refused.
pub async fn end(tx: &mut Tx, id: GrantId, reason: &str, now: Timestamp) -> Result<bool, Error> {
    families::end_of_grant(tx, id, now).await?;
    let Some(ended) = grants::end(tx, id, reason, now).await? else { return Ok(false) };
    tx.invalidate(Kind::Customer, ended.customer_id, now).await?;
    Ok(true)
}
