//! Notices go through the outbox, in the transaction of what they tell: existence of an account adds no latency, nothing is lost.

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::sealing::Purpose;
use crate::model::ids::{CustomerId, MessageId};
use crate::model::notice::{About, Notice};
use crate::storage::{Error, Tx, customers, outbox};

/// The word for notices by mail in the outbox.
pub const KIND: &str = "mail";

/// Adds a notice to the outbox, sealed and bound to its row.
pub async fn enqueue(tx: &mut Tx, core: &Core, customer: Option<CustomerId>, notice: &Notice, now: Timestamp) -> Result<(), Error> {
    let id = MessageId::new(core.random.uuid_v7(now));
    let plain = serde_json::to_vec(notice).map_err(|_| Error::Corrupt("a notice cannot be written".into()))?;
    let payload = core.sealer.seal(Purpose::Outbox, id.uuid().as_bytes(), &plain);
    outbox::insert(tx, id, KIND, customer, &payload, now).await
}

/// Opens a notice taken from the outbox; `None` when it was tampered with.
pub fn open(core: &Core, id: MessageId, payload: &[u8]) -> Option<Notice> {
    let plain = core.sealer.open(Purpose::Outbox, id.uuid().as_bytes(), payload)?;
    serde_json::from_slice(&plain).ok()
}

/// Tells a customer something, at every e-mail address they sign in or are reached with.
pub async fn tell_customer(tx: &mut Tx, core: &Core, customer: CustomerId, about: &About, now: Timestamp) -> Result<(), Error> {
    let Some(known) = customers::find(tx, customer).await? else { return Ok(()) };
    for contact in super::identifiers::of_customer(tx, core, customer).await? {
        if contact.kind == "email" {
            let notice = Notice { to: contact.value, locale: known.locale, about: about.clone() };
            enqueue(tx, core, Some(customer), &notice, now).await?;
        }
    }
    Ok(())
}
