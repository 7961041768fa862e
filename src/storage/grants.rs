//! Grants and their items, and the whole present truth about one of them in a single statement.

use std::collections::HashSet;

pub use super::new_grants::insert;
use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::customer::CustomerState;
use crate::model::grant::{Grant, GrantView, Item, ItemView, Owner, Seen};
use crate::model::ids::{ClientKey, ConsentId, CustomerId, GrantId, LinkId, SectorId, ServiceId, SessionId, TokenId};

/// The epochs that a grant of this customer to this client would see now; `None` unless all of them are in force.
pub async fn seen_now(tx: &mut Tx, customer: CustomerId, client: ClientKey) -> Result<Option<Seen>, Error> {
    let row = fetch_optional!(
        tx,
        (i64, i64, i64, i64),
        "SELECT c.epoch, k.epoch, s.epoch, COALESCE(n.epoch, 0)
         FROM customers c
         JOIN clients k ON k.id = $2
         JOIN services s ON s.id = k.service_id
         LEFT JOIN connections n ON n.customer_id = c.id AND n.service_id = k.service_id
         WHERE c.id = $1 AND c.state = 'active' AND k.enabled AND s.enabled",
        customer,
        client
    )?;
    Ok(row.map(|(customer, client, service, connection)| Seen { customer, client, service, connection }))
}

/// Whose grant it is.
pub async fn customer_of(tx: &mut Tx, id: GrantId) -> Result<Option<CustomerId>, Error> {
    let row = fetch_optional!(tx, (CustomerId,), "SELECT customer_id FROM grants WHERE id = $1", id)?;
    Ok(row.map(|(customer,)| customer))
}

/// A grant with the present truth about everything it depends on, of one moment.
pub async fn view(tx: &mut Tx, id: GrantId) -> Result<Option<GrantView>, Error> {
    let rows = fetch_all!(
        tx,
        Row,
        "SELECT g.customer_id, g.client_key, g.session_id, g.offline, g.customer_epoch, g.client_epoch, g.service_epoch,
             g.connection_epoch, g.sign_in_consent, g.resources, g.claims, g.acr, g.amr, g.auth_time, g.created_at, g.ended_at,
             c.state AS customer_state, c.epoch AS customer_epoch_now, COALESCE(n.epoch, 0) AS connection_epoch_now,
             CASE WHEN a.state = 'given' THEN a.valid_until END AS sign_in_until,
             s.expires_at AS session_until, s.ended_at AS session_ended_at,
             (SELECT COUNT(*) FROM token_revocations r WHERE r.holder = g.id) AS revocations,
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
         WHERE g.id = $1
         ORDER BY i.position",
        id
    )?;
    let Some(first) = rows.first() else { return Ok(None) };
    let revoked = if first.revocations == 0 { HashSet::new() } else { super::revocations::of_holder(tx, id.uuid()).await? };
    assemble(id, &rows, revoked).map(Some)
}

#[derive(sqlx::FromRow)]
struct Row {
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
    revocations: i64,
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

    fn grant(&self, id: GrantId, items: Vec<Item>) -> Result<Grant, Error> {
        Ok(Grant {
            id,
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

fn assemble(id: GrantId, rows: &[Row], revoked: HashSet<TokenId>) -> Result<GrantView, Error> {
    let first = rows.first().ok_or_else(|| corrupt("grants"))?;
    let (items, views) = rows.iter().filter_map(Row::item).unzip();
    Ok(GrantView {
        grant: first.grant(id, items)?,
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

/// Where and from which browser a customer was let in, by grants that have not ended.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Use {
    /// The service.
    pub service_id: ServiceId,
    /// The browser session.
    pub session_id: Option<SessionId>,
    /// The last time.
    pub last_at: Timestamp,
}

/// Where a customer was let in, the last first.
pub async fn uses(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Use>, Error> {
    fetch_all!(
        tx,
        Use,
        "SELECT clients.service_id AS service_id, grants.session_id AS session_id, MAX(grants.created_at) AS last_at
         FROM grants JOIN clients ON clients.id = grants.client_key
         WHERE grants.customer_id = $1 AND grants.ended_at IS NULL
         GROUP BY clients.service_id, grants.session_id ORDER BY last_at DESC LIMIT 500",
        customer
    )
}

/// A grant that ended: whose, at which client, and in which browser session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Ended {
    /// The grant.
    pub id: GrantId,
    /// Whose.
    pub customer_id: CustomerId,
    /// At which client.
    pub client_key: ClientKey,
    /// The browser session it came from.
    pub session_id: Option<SessionId>,
}

/// Ends one grant, for itself; `None` when it had ended before. Its family, if it has one, is for the caller.
pub async fn end(tx: &mut Tx, id: GrantId, reason: &str, now: Timestamp) -> Result<Option<Ended>, Error> {
    fetch_optional!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL
         RETURNING id, customer_id, client_key, session_id",
        id,
        now,
        reason
    )
}

/// Ends what a customer granted to the clients of one service.
pub async fn end_at_service(
    tx: &mut Tx,
    customer: CustomerId,
    service: ServiceId,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $3, end_reason = $4
         WHERE customer_id = $1 AND ended_at IS NULL AND client_key IN (SELECT id FROM clients WHERE service_id = $2)
         RETURNING id, customer_id, client_key, session_id",
        customer,
        service,
        now,
        reason
    )
}

/// Ends everything a customer granted.
pub async fn end_of_customer(tx: &mut Tx, customer: CustomerId, reason: &str, now: Timestamp) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $2, end_reason = $3 WHERE customer_id = $1 AND ended_at IS NULL
         RETURNING id, customer_id, client_key, session_id",
        customer,
        now,
        reason
    )
}

/// Ends the grants that live with a browser session.
pub async fn end_of_session(tx: &mut Tx, session: SessionId, reason: &str, now: Timestamp) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "UPDATE grants SET ended_at = $2, end_reason = $3 WHERE session_id = $1 AND ended_at IS NULL AND NOT offline
         RETURNING id, customer_id, client_key, session_id",
        session,
        now,
        reason
    )
}

/// The grants of a browser session that live on without it.
pub async fn offline_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<Ended>, Error> {
    fetch_all!(
        tx,
        Ended,
        "SELECT id, customer_id, client_key, session_id FROM grants WHERE session_id = $1 AND ended_at IS NULL AND offline",
        session
    )
}

/// The clients that a browser session signed in and that have not been told of its end.
pub async fn clients_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<ClientKey>, Error> {
    let rows = fetch_all!(
        tx,
        (ClientKey,),
        "SELECT DISTINCT client_key FROM grants WHERE session_id = $1 AND ended_at IS NULL ORDER BY client_key LIMIT 1000",
        session
    )?;
    Ok(rows.into_iter().map(|(client,)| client).collect())
}

/// A consent behind items of a grant.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ConsentRow {
    /// Its row.
    pub id: ConsentId,
    /// Purpose code.
    pub purpose: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
}

/// The consents behind the items of a grant, each once.
pub async fn consents(tx: &mut Tx, id: GrantId) -> Result<Vec<ConsentRow>, Error> {
    fetch_all!(
        tx,
        ConsentRow,
        "SELECT id, purpose, since, valid_until FROM consents
         WHERE id IN (SELECT consent_id FROM grant_items WHERE grant_id = $1) ORDER BY id",
        id
    )
}

/// What a service and its sector know of a customer beside grants and links.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Known {
    /// The pairwise subject in the sector, once it was made.
    pub sub: Option<String>,
    /// Counts what the sector may notice.
    pub consent_epoch: i64,
    /// Until when the service may see the customer's global id: the consent for that, if it is given.
    pub customer_id_until: Option<Timestamp>,
}

/// What a service and its sector know of a customer.
pub async fn known_at(tx: &mut Tx, customer: CustomerId, service: ServiceId, sector: SectorId) -> Result<Known, Error> {
    fetch_one!(
        tx,
        Known,
        "SELECT (SELECT sub FROM pairwise_subjects WHERE customer_id = $1 AND sector_id = $3) AS sub,
             COALESCE((SELECT epoch FROM consent_epochs WHERE customer_id = $1 AND sector_id = $3), 0) AS consent_epoch,
             (SELECT valid_until FROM consents WHERE customer_id = $1 AND recipient_id = $2
                 AND kind = 'share' AND scope = 'customer_id' AND state = 'given') AS customer_id_until",
        customer,
        service,
        sector
    )
}
