//! What a service may know of the person behind a grant beside the grant itself.

use std::collections::HashMap;

use super::batches::{Found, sixteen};
use super::{Error, Tx, links};
use crate::clock::Timestamp;
use crate::crypto::sealing::Sealer;
use crate::model::ids::{ConsentId, CustomerId, GrantId, SectorId, ServiceId};
use crate::model::link::Link;

/// Whose relation to which service, behind which grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Between {
    /// The grant.
    pub grant: GrantId,
    /// Whose it is.
    pub customer: CustomerId,
    /// The service that wants to know.
    pub service: ServiceId,
    /// The service's sector.
    pub sector: SectorId,
}

/// What is known, each statement of its own moment.
pub struct Known {
    /// The pairwise subject in the sector, once it was made.
    pub sub: Option<String>,
    /// Counts what the sector may notice.
    pub consent_epoch: i64,
    /// Until when the service may see the customer's global id: the consent for that, if it is given.
    pub customer_id_until: Option<Timestamp>,
    /// The service's own links that hold or are suspended, the oldest first.
    pub links: Vec<Link>,
    /// The consents behind the items of the grant, each once.
    pub consents: Vec<ConsentRow>,
}

/// A consent behind items of a grant.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ConsentRow {
    grant_id: GrantId,
    /// Its row.
    pub id: ConsentId,
    /// Purpose code.
    pub purpose: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
}

/// What is known in so many places: three statements for each service among them.
pub async fn of(tx: &mut Tx, sealer: &Sealer, mut places: Vec<Between>) -> Result<Found<Between, Known>, Error> {
    places.sort_by_key(|place| place.service);
    let mut found = Found::new();
    for places in places.chunk_by(|one, next| one.service == next.service) {
        found.extend(at_service(tx, sealer, places).await?);
    }
    Ok(found)
}

async fn at_service(tx: &mut Tx, sealer: &Sealer, places: &[Between]) -> Result<Found<Between, Known>, Error> {
    let customers: Vec<CustomerId> = places.iter().map(|place| place.customer).collect();
    let grants: Vec<GrantId> = places.iter().map(|place| place.grant).collect();
    let (Some(first), Some(customers), Some(grants)) = (places.first(), sixteen(&customers), sixteen(&grants)) else {
        return Ok(Found::new());
    };
    let mut words = HashMap::new();
    for row in words_for(tx, customers, first).await? {
        words.insert(row.id, row);
    }
    let mut held: HashMap<CustomerId, Result<Vec<Link>, Error>> = HashMap::new();
    for row in links_at(tx, customers, first.service).await? {
        let all = held.entry(row.customer_id).or_insert_with(|| Ok(Vec::new()));
        // One that does not open spoils the answer about its own customer only.
        match (row.open(sealer), all.as_mut()) {
            (Ok(link), Ok(links)) => links.push(link),
            (Err(error), _) => *all = Err(error),
            (Ok(_), Err(_)) => {}
        }
    }
    let mut consents: HashMap<GrantId, Vec<ConsentRow>> = HashMap::new();
    for row in consents_of(tx, grants).await? {
        consents.entry(row.grant_id).or_default().push(row);
    }
    let known = |place: &Between| {
        let word = words.get(&place.customer)?;
        let links = held.get(&place.customer).cloned().unwrap_or_else(|| Ok(Vec::new()));
        let known = links.map(|links| Known {
            sub: word.sub.clone(),
            consent_epoch: word.consent_epoch,
            customer_id_until: word.customer_id_until,
            links,
            consents: consents.get(&place.grant).cloned().unwrap_or_default(),
        });
        Some((*place, known))
    };
    Ok(places.iter().filter_map(known).collect())
}

#[derive(sqlx::FromRow)]
struct Words {
    id: CustomerId,
    sub: Option<String>,
    consent_epoch: i64,
    customer_id_until: Option<Timestamp>,
}

async fn words_for(tx: &mut Tx, customers: [CustomerId; 16], at: &Between) -> Result<Vec<Words>, Error> {
    fetch_among!(
        tx,
        Words,
        "SELECT c.id, p.sub, COALESCE(e.epoch, 0) AS consent_epoch, a.valid_until AS customer_id_until
         FROM customers c
         LEFT JOIN pairwise_subjects p ON p.customer_id = c.id AND p.sector_id = $17
         LEFT JOIN consent_epochs e ON e.customer_id = c.id AND e.sector_id = $17
         LEFT JOIN consents a ON a.customer_id = c.id AND a.recipient_id = $18
             AND a.kind = 'share' AND a.scope = 'customer_id' AND a.state = 'given'
         WHERE c.id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        customers,
        at.sector,
        at.service
    )
}

async fn links_at(tx: &mut Tx, customers: [CustomerId; 16], service: ServiceId) -> Result<Vec<links::Row>, Error> {
    fetch_among!(
        tx,
        links::Row,
        "SELECT id, service_id, customer_id, state, version, local_account, consent_id, evidence_id, reason, created_at, expires_at,
             activated_at, ended_at
         FROM links
         WHERE customer_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
             AND service_id = $17 AND state IN ('active', 'suspended')
         ORDER BY created_at, id",
        customers,
        service
    )
}

async fn consents_of(tx: &mut Tx, grants: [GrantId; 16]) -> Result<Vec<ConsentRow>, Error> {
    fetch_among!(
        tx,
        ConsentRow,
        "SELECT DISTINCT i.grant_id, c.id, c.purpose, c.since, c.valid_until
         FROM grant_items i JOIN consents c ON c.id = i.consent_id
         WHERE i.grant_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ORDER BY i.grant_id, c.id",
        grants
    )
}
