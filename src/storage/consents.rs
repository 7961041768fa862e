//! Consents and the customer's chain of decisions (conventions 10). What is sealed arrives sealed: the keys are the use case's.

use super::{Error, Tx};
use crate::clock::Timestamp;
use crate::model::consent::{Consent, ConsentKind, ConsentState};
use crate::model::ids::{ConsentId, CustomerId, LinkId, ServiceId};

/// The most consents of one customer that are ever read.
pub const MOST: i64 = 1000;

#[derive(sqlx::FromRow)]
struct Row {
    id: ConsentId,
    customer_id: CustomerId,
    kind: String,
    recipient_id: ServiceId,
    scope: String,
    domain: String,
    link_id: Option<LinkId>,
    agreement: String,
    agreement_version: i64,
    purpose: String,
    state: String,
    since: Timestamp,
    valid_until: Timestamp,
    ended_at: Option<Timestamp>,
}

impl TryFrom<Row> for Consent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            kind: ConsentKind::from_word(&row.kind).ok_or_else(|| Error::Corrupt("a consent has an unknown kind".into()))?,
            state: ConsentState::from_word(&row.state).ok_or_else(|| Error::Corrupt("a consent has an unknown state".into()))?,
            id: row.id,
            customer: row.customer_id,
            recipient: row.recipient_id,
            scope: row.scope,
            domain: row.domain,
            link: row.link_id,
            agreement: (row.agreement, row.agreement_version),
            purpose: row.purpose,
            since: row.since,
            valid_until: row.valid_until,
            ended_at: row.ended_at,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Consent>, Error> {
    rows.into_iter().map(Consent::try_from).collect()
}

/// Keeps a decision. `false` when the same thing is already given: nothing was written.
pub async fn insert(tx: &mut Tx, consent: &Consent) -> Result<bool, Error> {
    let made = execute!(
        tx,
        "INSERT INTO consents (id, customer_id, kind, recipient_id, scope, domain, link_id, agreement, agreement_version, purpose, state,
            since, valid_until, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (customer_id, recipient_id, kind, scope) WHERE state = 'given' AND kind <> 'link' DO NOTHING",
        consent.id,
        consent.customer,
        consent.kind.as_str(),
        consent.recipient,
        &consent.scope,
        &consent.domain,
        consent.link,
        &consent.agreement.0,
        consent.agreement.1,
        &consent.purpose,
        consent.state.as_str(),
        consent.since,
        consent.valid_until,
        consent.ended_at
    )?;
    Ok(made == 1)
}

/// Ends a given consent by compare-and-set: `false` when it is not given any more.
pub async fn end(tx: &mut Tx, id: ConsentId, to: ConsentState, now: Timestamp) -> Result<bool, Error> {
    let ended = execute!(tx, "UPDATE consents SET state = $1, ended_at = $2 WHERE id = $3 AND state = 'given'", to.as_str(), now, id)?;
    Ok(ended == 1)
}

/// Lets a given consent last longer, under the agreement as it is now; `false` when it is not given any more.
pub async fn renew(tx: &mut Tx, id: ConsentId, agreement: &(String, i64), valid_until: Timestamp) -> Result<bool, Error> {
    let renewed = execute!(
        tx,
        "UPDATE consents SET agreement = $1, agreement_version = $2, valid_until = $3 WHERE id = $4 AND state = 'given'",
        &agreement.0,
        agreement.1,
        valid_until,
        id
    )?;
    Ok(renewed == 1)
}

/// One consent.
pub async fn by_id(tx: &mut Tx, id: ConsentId) -> Result<Option<Consent>, Error> {
    let row: Option<Row> = fetch_optional!(
        tx,
        Row,
        "SELECT id, customer_id, kind, recipient_id, scope, domain, link_id, agreement, agreement_version, purpose, state, since,
            valid_until, ended_at
         FROM consents WHERE id = $1",
        id
    )?;
    row.map(Consent::try_from).transpose()
}

/// What is given to one recipient; whether its time is over is for the caller to see.
pub async fn given(tx: &mut Tx, customer: CustomerId, recipient: ServiceId) -> Result<Vec<Consent>, Error> {
    let rows: Vec<Row> = fetch_all!(
        tx,
        Row,
        "SELECT id, customer_id, kind, recipient_id, scope, domain, link_id, agreement, agreement_version, purpose, state, since,
            valid_until, ended_at
         FROM consents WHERE customer_id = $1 AND recipient_id = $2 AND state = 'given' ORDER BY since, id LIMIT $3",
        customer,
        recipient,
        MOST
    )?;
    all(rows)
}

/// The given consent of one kind and scope to one recipient, when there is one. Links have consents of their own, each found by its id.
pub async fn given_one(
    tx: &mut Tx,
    customer: CustomerId,
    recipient: ServiceId,
    kind: ConsentKind,
    scope: &str,
) -> Result<Option<Consent>, Error> {
    let row: Option<Row> = fetch_optional!(
        tx,
        Row,
        "SELECT id, customer_id, kind, recipient_id, scope, domain, link_id, agreement, agreement_version, purpose, state, since,
            valid_until, ended_at
         FROM consents WHERE customer_id = $1 AND recipient_id = $2 AND kind = $3 AND scope = $4 AND state = 'given' AND kind <> 'link'",
        customer,
        recipient,
        kind.as_str(),
        scope
    )?;
    row.map(Consent::try_from).transpose()
}

/// Every decision of a customer as it stands, the newest first.
pub async fn of_customer(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Consent>, Error> {
    let rows: Vec<Row> = fetch_all!(
        tx,
        Row,
        "SELECT id, customer_id, kind, recipient_id, scope, domain, link_id, agreement, agreement_version, purpose, state, since,
            valid_until, ended_at
         FROM consents WHERE customer_id = $1 ORDER BY COALESCE(ended_at, since) DESC, id DESC LIMIT $2",
        customer,
        MOST
    )?;
    all(rows)
}

/// What a customer refused this recipient, or took back from it, after a moment.
pub async fn declined_since(tx: &mut Tx, customer: CustomerId, recipient: ServiceId, since: Timestamp) -> Result<Vec<Consent>, Error> {
    let rows: Vec<Row> = fetch_all!(
        tx,
        Row,
        "SELECT id, customer_id, kind, recipient_id, scope, domain, link_id, agreement, agreement_version, purpose, state, since,
            valid_until, ended_at
         FROM consents WHERE customer_id = $1 AND recipient_id = $2 AND state IN ('refused', 'withdrawn') AND ended_at > $3
         ORDER BY ended_at DESC, id LIMIT $4",
        customer,
        recipient,
        since,
        MOST
    )?;
    all(rows)
}

/// Consents whose time is over and that still stand as given, the longest over first.
pub async fn overdue(tx: &mut Tx, now: Timestamp, most: i64) -> Result<Vec<ConsentId>, Error> {
    let rows: Vec<(ConsentId,)> = fetch_all!(
        tx,
        (ConsentId,),
        "SELECT id FROM consents WHERE state = 'given' AND valid_until <= $1 ORDER BY valid_until LIMIT $2",
        now,
        most
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
