//! Links: rows with sealed local accounts, and transitions that only one of several rivals makes.

use std::str::FromStr;

use super::{Error, Tx, profile};
use crate::clock::Timestamp;
use crate::crypto::sealing::{Purpose, Sealer};
use crate::model::actor::Actor;
use crate::model::ids::{ConsentId, CustomerId, EventId, EvidenceId, LinkId, ServiceId};
use crate::model::link::{Link, LinkState};

/// The most links of one customer that are ever read.
pub const MOST: i64 = 200;

/// A link to be made, with a proven account.
pub struct NewLink<'a> {
    /// Its row.
    pub id: LinkId,
    /// The service whose account it is.
    pub service: ServiceId,
    /// The customer.
    pub customer: CustomerId,
    /// Where it starts.
    pub state: LinkState,
    /// The account.
    pub local_account: &'a str,
    /// Its blind index at this service.
    pub index: &'a [u8; 32],
    /// The service allows several accounts per customer.
    pub multi_account: bool,
    /// The proof, when the link starts where it is kept already.
    pub evidence: Option<EvidenceId>,
    /// The consent, when the link starts where it is kept already.
    pub consent: Option<ConsentId>,
    /// When.
    pub now: Timestamp,
}

/// A step of a link.
pub struct Step<'a> {
    /// To where.
    pub to: LinkState,
    /// Who takes it.
    pub actor: &'a Actor,
    /// Why; needed for [`LinkState::Suspended`].
    pub reason: Option<&'a str>,
    /// The consent event behind it.
    pub event: Option<EventId>,
    /// The proof behind it.
    pub evidence: Option<EvidenceId>,
    /// When.
    pub now: Timestamp,
}

/// A link as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: LinkId,
    service_id: ServiceId,
    pub(super) customer_id: CustomerId,
    state: String,
    version: i64,
    local_account: Option<Vec<u8>>,
    consent_id: Option<ConsentId>,
    evidence_id: Option<EvidenceId>,
    reason: Option<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    activated_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl Row {
    pub(super) fn open(self, sealer: &Sealer) -> Result<Link, Error> {
        let local_account = self.local_account.map(|sealed| open_account(sealer, self.id, &sealed)).transpose()?;
        Ok(Link {
            state: state_of(&self.state)?,
            local_account,
            id: self.id,
            service: self.service_id,
            customer: self.customer_id,
            version: self.version,
            consent: self.consent_id,
            evidence: self.evidence_id,
            reason: self.reason,
            created_at: self.created_at,
            expires_at: self.expires_at,
            activated_at: self.activated_at,
            ended_at: self.ended_at,
        })
    }
}

fn state_of(word: &str) -> Result<LinkState, Error> {
    LinkState::from_str(word).map_err(|_| Error::Corrupt("a link has an unknown state".into()))
}

fn open_account(sealer: &Sealer, link: LinkId, sealed: &[u8]) -> Result<String, Error> {
    let opened = sealer.open(Purpose::LocalAccount, link.uuid().as_bytes(), sealed);
    let text = opened.and_then(|plain| String::from_utf8(plain.to_vec()).ok());
    text.ok_or_else(|| Error::Corrupt("a local account does not open".into()))
}

fn open_all(rows: Vec<Row>, sealer: &Sealer) -> Result<Vec<Link>, Error> {
    rows.into_iter().map(|row| row.open(sealer)).collect()
}

/// Makes a link with its first transition. `false` when another link stands in its way (domain.md 2.4), and nothing was written.
pub async fn insert(tx: &mut Tx, sealer: &Sealer, new: &NewLink<'_>, step: &Step<'_>) -> Result<bool, Error> {
    let sealed = sealer.seal(Purpose::LocalAccount, new.id.uuid().as_bytes(), new.local_account.as_bytes());
    // Without a target: whichever of the uniqueness rules refuses, the loser is a value.
    let made = execute!(
        tx,
        "INSERT INTO links (id, service_id, customer_id, state, version, local_account, local_account_index, multi_account, consent_id,
            evidence_id, created_at, ended_at)
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT DO NOTHING",
        new.id,
        new.service,
        new.customer,
        new.state.as_str(),
        &sealed[..],
        &new.index[..],
        new.multi_account,
        new.consent,
        new.evidence,
        new.now,
        new.state.is_terminal().then_some(new.now)
    )?;
    if made != 1 {
        return Ok(false);
    }
    note(tx, new.id, 1, None, step).await?;
    Ok(true)
}

/// The person agreed: the link gets its own consent and evidence and waits for the code to be redeemed until `expires_at`.
pub async fn agreed(
    tx: &mut Tx,
    link: LinkId,
    consent: ConsentId,
    evidence: EvidenceId,
    expires_at: Timestamp,
    step: &Step<'_>,
) -> Result<bool, Error> {
    let moved = execute!(
        tx,
        "UPDATE links SET state = 'pending_activation', version = 2, consent_id = $1, evidence_id = $2, expires_at = $3
         WHERE id = $4 AND version = 1 AND state = 'pending_consent'",
        consent,
        evidence,
        expires_at,
        link
    )?;
    if moved != 1 {
        return Ok(false);
    }
    note(tx, link, 2, Some(LinkState::PendingConsent), step).await?;
    Ok(true)
}

/// The code is made: the link waits no longer than it. One that does not wait any more stays as it is.
pub async fn wait_until(tx: &mut Tx, link: LinkId, expires_at: Timestamp) -> Result<bool, Error> {
    let waits = execute!(tx, "UPDATE links SET expires_at = $2 WHERE id = $1 AND state = 'pending_activation'", link, expires_at)?;
    Ok(waits == 1)
}

/// Takes a step by compare-and-set on the version. `false` when somebody was quicker, or the state machine has no such arrow.
/// With the last link of a service its values leave the profile, whatever ends it.
pub async fn advance(tx: &mut Tx, link: &Link, step: &Step<'_>) -> Result<bool, Error> {
    if !link.state.may_become(step.to) {
        return Ok(false);
    }
    let moved = execute!(
        tx,
        "UPDATE links SET state = $1, version = version + 1, reason = $2, expires_at = NULL, ended_at = $3
         WHERE id = $4 AND version = $5 AND state = $6",
        step.to.as_str(),
        step.reason,
        step.to.is_terminal().then_some(step.now),
        link.id,
        link.version,
        link.state.as_str()
    )?;
    if moved != 1 {
        return Ok(false);
    }
    if step.to.is_terminal() && link.activated_at.is_some() {
        profile::forget_source(tx, link.customer, link.service, step.now).await?;
    }
    note(tx, link.id, link.version + 1, Some(link.state), step).await?;
    Ok(true)
}

/// Makes a waiting link active, unless somebody holds the account or the customer holds another one (I2).
pub async fn activate(tx: &mut Tx, link: &Link, step: &Step<'_>) -> Result<bool, Error> {
    let moved = execute!(
        tx,
        "UPDATE links SET state = 'active', version = version + 1, activated_at = $1, expires_at = NULL
         WHERE id = $2 AND version = $3 AND state = 'pending_activation'
         AND NOT EXISTS (SELECT 1 FROM links AS held WHERE held.service_id = links.service_id AND held.state IN ('active', 'suspended')
            AND (held.local_account_index = links.local_account_index
                OR held.customer_id = links.customer_id AND NOT links.multi_account))",
        step.now,
        link.id,
        link.version
    )?;
    if moved != 1 {
        return Ok(false);
    }
    note(tx, link.id, link.version + 1, Some(link.state), step).await?;
    Ok(true)
}

async fn note(tx: &mut Tx, link: LinkId, version: i64, from: Option<LinkState>, step: &Step<'_>) -> Result<(), Error> {
    execute!(
        tx,
        "INSERT INTO link_transitions (link_id, version, from_state, to_state, actor, reason, consent_event_id, evidence_id, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        link,
        version,
        from.map(LinkState::as_str),
        step.to.as_str(),
        step.actor.to_string(),
        step.reason,
        step.event,
        step.evidence,
        step.now
    )?;
    Ok(())
}

/// One link.
pub async fn by_id(tx: &mut Tx, sealer: &Sealer, id: LinkId) -> Result<Option<Link>, Error> {
    let row: Option<Row> = fetch_optional!(
        tx,
        Row,
        "SELECT id, service_id, customer_id, state, version, local_account, consent_id, evidence_id, reason, created_at, expires_at,
            activated_at, ended_at
         FROM links WHERE id = $1",
        id
    )?;
    row.map(|row| row.open(sealer)).transpose()
}

/// Every link of a customer, the newest first.
pub async fn of_customer(tx: &mut Tx, sealer: &Sealer, customer: CustomerId) -> Result<Vec<Link>, Error> {
    let rows: Vec<Row> = fetch_all!(
        tx,
        Row,
        "SELECT id, service_id, customer_id, state, version, local_account, consent_id, evidence_id, reason, created_at, expires_at,
            activated_at, ended_at
         FROM links WHERE customer_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        customer,
        MOST
    )?;
    open_all(rows, sealer)
}

/// The links of a customer at one service that have not ended, the oldest first.
pub async fn open_at_service(tx: &mut Tx, sealer: &Sealer, customer: CustomerId, service: ServiceId) -> Result<Vec<Link>, Error> {
    let rows: Vec<Row> = fetch_all!(
        tx,
        Row,
        "SELECT id, service_id, customer_id, state, version, local_account, consent_id, evidence_id, reason, created_at, expires_at,
            activated_at, ended_at
         FROM links WHERE customer_id = $1 AND service_id = $2
         AND state IN ('pending_proof', 'pending_consent', 'pending_activation', 'active', 'suspended', 'disputed')
         ORDER BY created_at, id LIMIT $3",
        customer,
        service,
        MOST
    )?;
    open_all(rows, sealer)
}

/// The links of a customer in one state.
pub async fn in_state(tx: &mut Tx, sealer: &Sealer, customer: CustomerId, state: LinkState) -> Result<Vec<Link>, Error> {
    let rows: Vec<Row> = fetch_all!(
        tx,
        Row,
        "SELECT id, service_id, customer_id, state, version, local_account, consent_id, evidence_id, reason, created_at, expires_at,
            activated_at, ended_at
         FROM links WHERE customer_id = $1 AND state = $2 ORDER BY created_at, id LIMIT $3",
        customer,
        state.as_str(),
        MOST
    )?;
    open_all(rows, sealer)
}

/// Links of anybody, the newest first; each filter only where it is set. For operators.
pub async fn list(
    tx: &mut Tx,
    sealer: &Sealer,
    customer: Option<CustomerId>,
    service: Option<ServiceId>,
    state: Option<LinkState>,
    most: i64,
) -> Result<Vec<Link>, Error> {
    let rows: Vec<Row> = fetch_all!(
        tx,
        Row,
        "SELECT id, service_id, customer_id, state, version, local_account, consent_id, evidence_id, reason, created_at, expires_at,
            activated_at, ended_at
         FROM links WHERE ($1 IS NULL OR customer_id = $1) AND ($2 IS NULL OR service_id = $2) AND ($3 IS NULL OR state = $3)
         ORDER BY id DESC LIMIT $4",
        customer,
        service,
        state.map(LinkState::as_str),
        most.clamp(1, 10_000)
    )?;
    open_all(rows, sealer)
}

/// Who holds an account of a service: the link, whose, and whether it is active or suspended.
pub async fn holder(tx: &mut Tx, service: ServiceId, index: &[u8; 32]) -> Result<Option<(LinkId, CustomerId, LinkState)>, Error> {
    let row: Option<(LinkId, CustomerId, String)> = fetch_optional!(
        tx,
        (LinkId, CustomerId, String),
        "SELECT id, customer_id, state FROM links WHERE service_id = $1 AND local_account_index = $2 AND state IN ('active', 'suspended')",
        service,
        &index[..]
    )?;
    row.map(|(link, customer, state)| Ok((link, customer, state_of(&state)?))).transpose()
}

/// The link that waits for an account.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Waiting {
    /// Its row.
    pub id: LinkId,
    /// When its proof reached us; none while it is unproved.
    pub proved_at: Option<Timestamp>,
    /// Until when it waits.
    pub expires_at: Option<Timestamp>,
}

/// The link that waits for an account of a service.
pub async fn waiting(tx: &mut Tx, service: ServiceId, index: &[u8; 32]) -> Result<Option<Waiting>, Error> {
    fetch_optional!(
        tx,
        Waiting,
        "SELECT links.id, evidence.created_at AS proved_at, links.expires_at
         FROM links LEFT JOIN evidence ON evidence.id = links.evidence_id
         WHERE links.service_id = $1 AND links.local_account_index = $2
         AND links.state IN ('pending_proof', 'pending_consent', 'pending_activation')",
        service,
        &index[..]
    )
}

/// Links that wait and whose time is over, the longest over first.
pub async fn overdue(tx: &mut Tx, now: Timestamp, most: i64) -> Result<Vec<LinkId>, Error> {
    let rows: Vec<(LinkId,)> = fetch_all!(
        tx,
        (LinkId,),
        "SELECT id FROM links WHERE expires_at IS NOT NULL AND expires_at <= $1
         AND state IN ('pending_proof', 'pending_consent', 'pending_activation')
         ORDER BY expires_at LIMIT $2",
        now,
        most
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// One transition of a link, as it was noted.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Transition {
    /// Which one, from 1.
    pub version: i64,
    /// From where; none for the first.
    pub from_state: Option<String>,
    /// To where.
    pub to_state: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// The consent event behind it.
    pub consent_event_id: Option<EventId>,
    /// When.
    pub at: Timestamp,
}

/// Every transition of a link, in order.
pub async fn transitions(tx: &mut Tx, link: LinkId) -> Result<Vec<Transition>, Error> {
    fetch_all!(
        tx,
        Transition,
        "SELECT version, from_state, to_state, actor, reason, consent_event_id, at FROM link_transitions
         WHERE link_id = $1 ORDER BY version LIMIT 1000",
        link
    )
}
