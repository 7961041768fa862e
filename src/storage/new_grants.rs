//! Adding grants with their items.

use super::{Error, Tx};
use crate::model::grant::{Grant, Item};
use crate::model::ids::GrantId;

/// Adds a grant with its items.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let resources = text_of(&grant.resources)?;
    let amr = text_of(&grant.amr)?;
    let claims = grant.claims.as_ref().map(ToString::to_string);
    execute!(
        tx,
        "INSERT INTO grants (id, customer_id, client_key, session_id, offline, customer_epoch, client_epoch, service_epoch,
             connection_epoch, sign_in_consent, resources, claims, acr, amr, auth_time, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        grant.id,
        grant.customer,
        grant.client,
        grant.session,
        grant.offline,
        grant.seen.customer,
        grant.seen.client,
        grant.seen.service,
        grant.seen.connection,
        grant.sign_in_consent,
        &resources,
        &claims,
        grant.acr.as_str(),
        &amr,
        grant.auth_time,
        grant.created_at
    )?;
    let mut rest: &[Item] = &grant.items;
    let mut position = 0_i64;
    while let Some((four, after)) = rest.split_first_chunk() {
        insert_four(tx, grant.id, position, four).await?;
        (rest, position) = (after, position + 4);
    }
    for item in rest {
        insert_item(tx, grant.id, position, item).await?;
        position += 1;
    }
    Ok(())
}

/// Most grants have a handful of items: four of them cost what one costs.
async fn insert_four(tx: &mut Tx, grant: GrantId, position: i64, [a, b, c, d]: &[Item; 4]) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO grant_items (grant_id, position, scope, consent_id, owner_id, owner_epoch, owner_link_id, owner_connection_epoch)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8), ($1, $2 + 1, $9, $10, $11, $12, $13, $14),
                ($1, $2 + 2, $15, $16, $17, $18, $19, $20), ($1, $2 + 3, $21, $22, $23, $24, $25, $26)",
        grant,
        position,
        &a.scope,
        a.consent,
        a.owner.map(|owner| owner.service),
        a.owner.map(|owner| owner.service_epoch),
        a.owner.map(|owner| owner.link),
        a.owner.map(|owner| owner.connection_epoch),
        &b.scope,
        b.consent,
        b.owner.map(|owner| owner.service),
        b.owner.map(|owner| owner.service_epoch),
        b.owner.map(|owner| owner.link),
        b.owner.map(|owner| owner.connection_epoch),
        &c.scope,
        c.consent,
        c.owner.map(|owner| owner.service),
        c.owner.map(|owner| owner.service_epoch),
        c.owner.map(|owner| owner.link),
        c.owner.map(|owner| owner.connection_epoch),
        &d.scope,
        d.consent,
        d.owner.map(|owner| owner.service),
        d.owner.map(|owner| owner.service_epoch),
        d.owner.map(|owner| owner.link),
        d.owner.map(|owner| owner.connection_epoch)
    )?;
    Ok(())
}

async fn insert_item(tx: &mut Tx, grant: GrantId, position: i64, item: &Item) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO grant_items (grant_id, position, scope, consent_id, owner_id, owner_epoch, owner_link_id, owner_connection_epoch)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        grant,
        position,
        &item.scope,
        item.consent,
        item.owner.map(|owner| owner.service),
        item.owner.map(|owner| owner.service_epoch),
        item.owner.map(|owner| owner.link),
        item.owner.map(|owner| owner.connection_epoch)
    )?;
    Ok(())
}

fn text_of<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::Corrupt("a value that cannot be written".into()))
}
