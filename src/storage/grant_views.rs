//! The whole present truth about grants in a single statement.

use std::collections::{HashMap, HashSet};

use super::batches::{Found, sixteen};
use super::{Error, Tx, revocations};
use crate::clock::Timestamp;
use crate::model::customer::CustomerState;
use crate::model::grant::{Grant, GrantView, Item, ItemView, Owner, Seen};
use crate::model::ids::{ClientKey, ConsentId, CustomerId, GrantId, LinkId, ServiceId, SessionId, TokenId};

/// A grant with the present truth about everything it depends on, of one moment.
pub async fn view(tx: &mut Tx, id: GrantId) -> Result<Option<GrantView>, Error> {
    views(tx, &[id]).await?.remove(&id).transpose()
}

/// As [`view`], of at most [`super::batches::MOST`] grants.
pub async fn views(tx: &mut Tx, ids: &[GrantId]) -> Result<Found<GrantId, GrantView>, Error> {
    let Some(all) = sixteen(ids) else { return Ok(Found::new()) };
    let rows = fetch_among!(
        tx,
        Row,
        "SELECT g.id, g.customer_id, g.client_key, g.session_id, g.offline, g.customer_epoch, g.client_epoch, g.service_epoch,
             g.connection_epoch, g.sign_in_consent, g.resources, g.claims, g.acr, g.amr, g.auth_time, g.created_at, g.ended_at,
             c.state AS customer_state, c.epoch AS customer_epoch_now, COALESCE(n.epoch, 0) AS connection_epoch_now,
             CASE WHEN a.state = 'given' THEN a.valid_until END AS sign_in_until,
             s.expires_at AS session_until, s.ended_at AS session_ended_at,
             EXISTS (SELECT 1 FROM token_revocations r WHERE r.holder = g.id) AS has_revocations,
             i.scope, i.consent_id, i.owner_id, i.owner_epoch, i.owner_link_id, i.owner_connection_epoch,
             CASE WHEN ic.state = 'given' THEN ic.valid_until END AS consent_until,
             l.state AS link_state, COALESCE(oc.epoch, 0) AS owner_connection_epoch_now
         FROM grants g
         JOIN customers c ON c.id = g.customer_id
         JOIN clients k ON k.id = g.client_key
         JOIN consents a ON a.id = g.sign_in_consent
         LEFT JOIN connections n ON n.customer_id = g.customer_id AND n.service_id = k.service_id
         LEFT JOIN sessions s ON s.id = g.session_id
         LEFT JOIN grant_items i ON i.grant_id = g.id
         LEFT JOIN consents ic ON ic.id = i.consent_id
         LEFT JOIN links l ON l.id = i.owner_link_id
         LEFT JOIN connections oc ON oc.customer_id = g.customer_id AND oc.service_id = i.owner_id
         WHERE g.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ORDER BY g.id, i.position",
        all
    )?;
    let mut revoked = revoked(tx, &rows).await?;
    let found = rows.chunk_by(|one, next| one.id == next.id).filter_map(|rows| {
        let first = rows.first()?;
        Some((first.id, assemble(first, rows, revoked.remove(&first.id).unwrap_or_default())))
    });
    Ok(found.collect())
}

/// The revoked tokens of those grants that have any.
async fn revoked(tx: &mut Tx, rows: &[Row]) -> Result<HashMap<GrantId, HashSet<TokenId>>, Error> {
    let mut with: Vec<_> = rows.iter().filter(|row| row.has_revocations).map(|row| row.id.uuid()).collect();
    with.dedup();
    let mut revoked: HashMap<GrantId, HashSet<TokenId>> = HashMap::new();
    if let Some(holders) = sixteen(&with) {
        for (holder, token) in revocations::of_holders(tx, holders).await? {
            revoked.entry(GrantId::new(holder)).or_default().insert(token);
        }
    }
    Ok(revoked)
}

#[derive(sqlx::FromRow)]
struct Row {
    id: GrantId,
    customer_id: CustomerId,
    client_key: ClientKey,
    session_id: Option<SessionId>,
    offline: bool,
    customer_epoch: i64,
    client_epoch: i64,
    service_epoch: i64,
    connection_epoch: i64,
    sign_in_consent: ConsentId,
    resources: String,
    claims: Option<String>,
    acr: String,
    amr: String,
    auth_time: Timestamp,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    customer_state: String,
    customer_epoch_now: i64,
    connection_epoch_now: i64,
    sign_in_until: Option<Timestamp>,
    session_until: Option<Timestamp>,
    session_ended_at: Option<Timestamp>,
    has_revocations: bool,
    scope: Option<String>,
    consent_id: Option<ConsentId>,
    owner_id: Option<ServiceId>,
    owner_epoch: Option<i64>,
    owner_link_id: Option<LinkId>,
    owner_connection_epoch: Option<i64>,
    consent_until: Option<Timestamp>,
    link_state: Option<String>,
    owner_connection_epoch_now: i64,
}

impl Row {
    /// The item of this row and the truth about it; `None` for a grant without items.
    fn item(&self) -> Option<(Item, ItemView)> {
        let owner = match (self.owner_id, self.owner_link_id, self.owner_epoch, self.owner_connection_epoch) {
            (Some(service), Some(link), Some(service_epoch), Some(connection_epoch)) => {
                Some(Owner { service, link, service_epoch, connection_epoch })
            }
            _ => None,
        };
        let item = Item { scope: self.scope.clone()?, consent: self.consent_id?, owner };
        let view = ItemView {
            consent_until: self.consent_until,
            link_active: self.link_state.as_deref() == Some("active"),
            owner_connection_epoch: self.owner_connection_epoch_now,
        };
        Some((item, view))
    }

    fn grant(&self, items: Vec<Item>) -> Result<Grant, Error> {
        Ok(Grant {
            id: self.id,
            customer: self.customer_id,
            client: self.client_key,
            session: self.session_id,
            offline: self.offline,
            seen: Seen {
                customer: self.customer_epoch,
                client: self.client_epoch,
                service: self.service_epoch,
                connection: self.connection_epoch,
            },
            sign_in_consent: self.sign_in_consent,
            resources: read(&self.resources, "grants.resources")?,
            claims: self.claims.as_deref().map(str::parse).transpose().map_err(|_| corrupt("grants.claims"))?,
            acr: self.acr.parse().map_err(|_| corrupt("grants.acr"))?,
            amr: read(&self.amr, "grants.amr")?,
            auth_time: self.auth_time,
            created_at: self.created_at,
            items,
        })
    }
}

/// A grant from its rows, one per item.
fn assemble(first: &Row, rows: &[Row], revoked: HashSet<TokenId>) -> Result<GrantView, Error> {
    let (items, views) = rows.iter().filter_map(Row::item).unzip();
    Ok(GrantView {
        grant: first.grant(items)?,
        ended: first.ended_at.is_some() || (!first.offline && first.session_ended_at.is_some()),
        until: first.session_until.filter(|_| !first.offline),
        customer_active: CustomerState::from_word(&first.customer_state) == Some(CustomerState::Active),
        customer_epoch: first.customer_epoch_now,
        connection_epoch: first.connection_epoch_now,
        sign_in_until: first.sign_in_until,
        items: views,
        revoked,
    })
}

fn corrupt(column: &str) -> Error {
    Error::Corrupt(format!("{column} cannot be read"))
}

fn read<T: serde::de::DeserializeOwned>(text: &str, column: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| corrupt(column))
}
