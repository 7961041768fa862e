//! A code that nobody was given. `concord service doctor` brings one to a service's redirect URI, without a cookie and with a
//! `state` the service never made; a service whose client redeems it does not tie the answer to its own browser session, and
//! a link could be planted on somebody else's browser (conventions 5). The token endpoint notices.

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::sealing::Purpose;
use crate::model::ids::EventId;
use crate::model::service::Client;
use crate::storage::Error;
use crate::storage::events::{self, EventRow};
use uuid::Uuid;

/// Bound into the seal: this form of this kind of code.
const AAD: &[u8] = b"concord/planted/1";

/// A code to be brought somewhere, and the event that its redemption will be.
pub(super) struct Planted {
    pub code: String,
    event: EventId,
}

impl Planted {
    pub(super) fn make(core: &Core, now: Timestamp) -> Self {
        let event = core.random.uuid_v7(now);
        Self { code: core.sealer.seal_to_token(Purpose::PlantedCode, AAD, event.as_bytes()), event: EventId::new(event) }
    }

    /// Whether somebody tried to redeem it.
    pub(super) async fn was_redeemed(&self, core: &Core) -> Result<bool, Error> {
        events::exists(&mut core.database.read().await?, self.event).await
    }
}

/// For a code that is not known: a planted one becomes an event, once. Only our own keys can make one.
pub(super) async fn notice(core: &Core, client: &Client, code: &str, now: Timestamp) -> Result<(), Error> {
    let Some(opened) = core.sealer.open_token(Purpose::PlantedCode, AAD, code) else { return Ok(()) };
    let Ok(event) = Uuid::from_slice(&opened) else { return Ok(()) };
    tracing::warn!(kind = "code.planted", client = %client.key, "a code that was given to nobody was to be redeemed");
    let event = EventRow {
        id: EventId::new(event),
        kind: "code.planted".to_owned(),
        customer_id: None,
        service_id: Some(client.service),
        actor: format!("client:{}", client.document.client_id),
        detail: "{}".to_owned(),
        at: now,
    };
    core.database
        .write(move |tx| {
            let event = event.clone();
            Box::pin(async move { if events::exists(tx, event.id).await? { Ok(()) } else { events::insert(tx, &event).await } })
        })
        .await
}
