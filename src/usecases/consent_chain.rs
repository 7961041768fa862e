//! The customer's chain of decisions (conventions 10, domain.md 4.5): how an event is made, opened and checked.
//!
//! record = canonical JSON of [`ConsentRecord`]; commitment = HMAC-SHA-256(salt, record) with 32 random bytes of salt per event;
//! head after the event = SHA-256(head before || commitment), with 32 zero bytes before the first. The record holds its own
//! number and the head before it, so that no event can be moved, left out or put in without every later commitment failing.
//! Record and salt are encrypted under the customer's key: once it is destroyed, commitments say nothing and still chain.

use zeroize::Zeroizing;

use super::Core;
use super::canonical_json::canonical;
use crate::clock::Timestamp;
use crate::crypto::digest::{equal, hex, hmac_sha256, sha256};
use crate::crypto::envelope::DataKey;
use crate::model::consent::{Consent, ConsentRecord, Proof};
use crate::model::ids::{CustomerId, EventId};
use crate::storage::consent_events::{self, ConsentEvent, START};
use crate::storage::{Error, Tx, customers};
use crate::telemetry::metrics;

/// The form of records made today.
const VERSION: &str = "v1";
/// How many events of one chain are read at a time.
const PAGE: i64 = 500;

/// What happened to a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Agreed to.
    Given,
    /// Agreed to again: the same consent lasts longer.
    Renewed,
    /// Said no.
    Refused,
    /// Taken back.
    Withdrawn,
    /// Over by time.
    Expired,
    /// Ended by something else.
    Terminated,
}

impl Happened {
    /// The word in record and row.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Renewed => "renewed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Terminated => "terminated",
        }
    }
}

/// Appends an event about a consent that is already as the event says, in the same transaction.
///
/// # Errors
/// The database refused, or the customer's key is gone.
pub(super) async fn append(
    tx: &mut Tx,
    core: &Core,
    consent: &Consent,
    recipient: &str,
    happened: Happened,
    proof: Proof,
    now: Timestamp,
) -> Result<EventId, Error> {
    metrics::consent(happened.as_str(), &consent.domain);
    let customer = consent.customer;
    let place = consent_events::take_place(tx, customer).await?;
    let (number, previous) = place.ok_or_else(|| Error::Corrupt("a consent of nobody".into()))?;
    let id = EventId::new(core.random.uuid_v7(now));
    let record = ConsentRecord {
        version: VERSION.to_owned(),
        event: id,
        consent: consent.id,
        customer,
        number,
        previous_hash: hex(&previous),
        kind: happened.as_str().to_owned(),
        at: now.rfc3339(),
        about: consent.kind.as_str().to_owned(),
        recipient: recipient.to_owned(),
        scope: consent.scope.clone(),
        purpose: consent.purpose.clone(),
        agreement: consent.agreement.0.clone(),
        agreement_version: consent.agreement.1,
        valid_until: consent.valid_until.rfc3339(),
        link: consent.link,
        proof,
    };
    let text = Zeroizing::new(canonical(&record).map_err(|error| Error::Corrupt(error.to_string()))?);
    let salt = Zeroizing::new(core.random.bytes::<32>());
    let commitment = hmac_sha256(salt.as_slice(), &[text.as_bytes()]);
    let key = data_key(tx, core, customer).await?.ok_or_else(|| Error::Corrupt("the customer's key is gone".into()))?;
    let event = ConsentEvent {
        id,
        customer_id: customer,
        number,
        consent_id: consent.id,
        kind: happened.as_str().to_owned(),
        at: now,
        record: encrypt(&key, RECORD, id, text.as_bytes()),
        salt: encrypt(&key, SALT, id, salt.as_slice()),
        commitment: commitment.to_vec(),
        previous_hash: previous.to_vec(),
    };
    consent_events::append(tx, &event, &next_head(&previous, &commitment)).await?;
    Ok(id)
}

fn next_head(previous: &[u8], commitment: &[u8]) -> [u8; 32] {
    sha256(&[previous, commitment].concat())
}

const RECORD: &[u8] = b"record";
const SALT: &[u8] = b"salt";

fn encrypt(key: &DataKey, column: &[u8], id: EventId, plain: &[u8]) -> Vec<u8> {
    key.encrypt(&[b"consent_events", column, id.uuid().as_bytes()], plain)
}

fn decrypt(key: &DataKey, column: &[u8], id: EventId, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    key.decrypt(&[b"consent_events", column, id.uuid().as_bytes()], sealed)
}

async fn data_key(tx: &mut Tx, core: &Core, customer: CustomerId) -> Result<Option<DataKey>, Error> {
    let Some(wrapped) = customers::wrapped_key(tx, customer).await? else { return Ok(None) };
    let key = DataKey::unwrap(&core.sealer, customer, &wrapped);
    key.map(Some).ok_or_else(|| Error::Corrupt("a customer's key does not open".into()))
}

/// An event with what was sealed in it.
#[derive(Clone)]
pub struct Opened {
    /// The row.
    pub event: ConsentEvent,
    /// The record, byte for byte as it was committed to.
    pub record: Vec<u8>,
    /// The salt.
    pub salt: Vec<u8>,
}

/// What is wrong with a chain, at which event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An event is missing, twice there, or out of order.
    #[error("event {0} is not in its place")]
    Place(i64),
    /// The row does not follow the event before.
    #[error("event {0} does not follow the one before")]
    Hash(i64),
    /// The record says something else than its row.
    #[error("event {0} and its row disagree")]
    Record(i64),
    /// The commitment is not the record's.
    #[error("event {0} is not what was committed to")]
    Commitment(i64),
    /// The events end elsewhere than the customer's head.
    #[error("the chain does not end at its head")]
    Head,
}

/// Checks a whole chain against the head kept with the customer.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify_chain(customer: CustomerId, events: &[Opened], head: (i64, Option<&[u8]>)) -> Result<(), Broken> {
    let mut running = START;
    for (expected, opened) in (1_i64..).zip(events) {
        let event = &opened.event;
        if event.number != expected || event.customer_id != customer {
            return Err(Broken::Place(expected));
        }
        if !equal(&event.previous_hash, &running) {
            return Err(Broken::Hash(expected));
        }
        if !equal(&event.commitment, &hmac_sha256(&opened.salt, &[&opened.record])) {
            return Err(Broken::Commitment(expected));
        }
        if !agrees(opened) {
            return Err(Broken::Record(expected));
        }
        running = next_head(&running, &event.commitment);
    }
    let ends = head.0 == i64::try_from(events.len()).unwrap_or(-1);
    let same = head.1.map_or(events.is_empty(), |head| equal(head, &running));
    if ends && same { Ok(()) } else { Err(Broken::Head) }
}

fn agrees(opened: &Opened) -> bool {
    let event = &opened.event;
    let Ok(record) = serde_json::from_slice::<ConsentRecord>(&opened.record) else { return false };
    record.event == event.id
        && record.customer == event.customer_id
        && record.consent == event.consent_id
        && record.number == event.number
        && record.previous_hash == hex(&event.previous_hash)
        && record.kind == event.kind
        && record.at == event.at.rfc3339()
        && canonical(&record).is_ok_and(|text| text.as_bytes() == opened.record)
}

/// A customer's whole chain, opened, and its head; all of one moment. Empty once the customer's key was destroyed.
///
/// # Errors
/// The database could not be asked, or a row does not open.
pub async fn read(core: &std::sync::Arc<Core>, customer: CustomerId) -> Result<(Vec<Opened>, (i64, Option<Vec<u8>>)), Error> {
    let shared = std::sync::Arc::clone(core);
    core.database
        .snapshot(move |tx| {
            Box::pin(async move {
                let head = consent_events::head(tx, customer).await?.unwrap_or((0, None));
                let Some(key) = data_key(tx, &shared, customer).await? else { return Ok((Vec::new(), head)) };
                let mut events = Vec::new();
                loop {
                    let seen = i64::try_from(events.len()).unwrap_or(i64::MAX);
                    let page = consent_events::after(tx, customer, seen, PAGE).await?;
                    let last = i64::try_from(page.len()).unwrap_or(0) < PAGE;
                    for event in page {
                        events.push(open(&key, event)?);
                    }
                    if last {
                        return Ok((events, head));
                    }
                }
            })
        })
        .await
}

fn open(key: &DataKey, event: ConsentEvent) -> Result<Opened, Error> {
    let record = decrypt(key, RECORD, event.id, &event.record);
    let salt = decrypt(key, SALT, event.id, &event.salt);
    match (record, salt) {
        (Some(record), Some(salt)) => Ok(Opened { record: record.to_vec(), salt: salt.to_vec(), event }),
        _ => Err(Error::Corrupt("a consent event does not open".into())),
    }
}
