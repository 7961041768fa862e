//! Security events about tokens: who should look at them reads them from the log and from the events.

use super::Core;
use crate::clock::Timestamp;
use crate::model::actor::Actor;
use crate::model::ids::{CustomerId, EventId, GrantId, ServiceId};
use crate::model::service::Client;
use crate::storage::events::{self, EventRow};
use crate::storage::{Error, Tx, grants};
use crate::telemetry::metrics;

/// A client showed something that is not its own or does not fit. Committed by itself: there is nothing else to commit.
///
/// # Errors
/// The database refused.
pub(super) async fn refused(core: &Core, kind: &'static str, client: &Client, now: Timestamp) -> Result<(), Error> {
    tracing::warn!(kind, client = %client.key, "refused");
    let event = EventRow {
        id: EventId::new(core.random.uuid_v7(now)),
        kind: kind.to_owned(),
        customer_id: None,
        service_id: Some(client.service),
        actor: format!("client:{}", client.document.client_id),
        detail: "{}".to_owned(),
        at: now,
    };
    core.database
        .write(move |tx| {
            let event = event.clone();
            Box::pin(async move { events::insert(tx, &event).await })
        })
        .await
}

/// Something was used a second time, and its grant has ended for it.
///
/// # Errors
/// The database refused.
pub(super) async fn reuse(tx: &mut Tx, core: &Core, kind: &'static str, grant: GrantId, now: Timestamp) -> Result<(), Error> {
    tracing::warn!(kind, %grant, "used a second time: the grant has ended");
    let event = EventRow {
        id: EventId::new(core.random.uuid_v7(now)),
        kind: kind.to_owned(),
        customer_id: grants::customer_of(tx, grant).await?,
        service_id: None,
        actor: "system".to_owned(),
        detail: format!("{{\"grant\":\"{grant}\"}}"),
        at: now,
    };
    events::insert(tx, &event).await
}

/// What an event is about, and who acted.
pub(super) struct About<'a> {
    /// Whose.
    pub customer: Option<CustomerId>,
    /// At which service.
    pub service: Option<ServiceId>,
    /// Who did it.
    pub actor: &'a Actor,
}

/// Something happened to a customer's links or consents; `detail` holds nothing personal.
///
/// # Errors
/// The database refused.
pub(super) async fn happened(
    tx: &mut Tx,
    core: &Core,
    kind: &'static str,
    about: &About<'_>,
    detail: &[(&'static str, &str)],
    now: Timestamp,
) -> Result<(), Error> {
    if let (Some(action), Some(service)) = (kind.strip_prefix("link."), about.service) {
        metrics::link(action, &service.to_string());
    }
    tracing::info!(kind, service = about.service.map(tracing::field::display), "recorded");
    let members: serde_json::Map<_, _> = detail.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let event = EventRow {
        id: EventId::new(core.random.uuid_v7(now)),
        kind: kind.to_owned(),
        customer_id: about.customer,
        service_id: about.service,
        actor: about.actor.to_string(),
        detail: serde_json::Value::Object(members).to_string(),
        at: now,
    };
    events::insert(tx, &event).await
}
