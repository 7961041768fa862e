//! `concord service apply`: a service's document becomes the truth, in one transaction, or nothing changes.

mod difference;
mod document;
mod others;
pub(super) mod rules;

use std::sync::Arc;

use serde::Serialize;

pub use self::difference::Change;
pub use self::document::Problem;
use self::others::Others;
use super::rotate_secret::NewSecret;
use super::{Core, backchannel};
use crate::clock::Timestamp;
use crate::crypto::digest;
use crate::crypto::random::Random;
use crate::model::actor::Actor;
use crate::model::catalog::Catalog;
use crate::model::ids::{ClientKey, EventId, SectorId, ServiceId};
use crate::model::service::{Client, ClientAuthentication, ClientDocument, Service, ServiceDocument};
use crate::storage::events::{self, EventRow};
use crate::storage::{Error, Tx, clients, services};

/// Why a document was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It breaks rules; all of those that could be found at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<Problem>),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] Error),
}

/// What became of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is new.
    Created,
    /// It has a new version.
    Changed,
    /// The document says what it said before.
    Unchanged,
}

/// What applying a document did, or with `dry_run` would do.
#[derive(Clone, Serialize)]
pub struct Applied {
    /// The service's code.
    pub service: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The version that is now in force.
    pub version: i64,
    /// Nothing was changed.
    pub dry_run: bool,
    /// What differs from the version before.
    pub changes: Vec<Change>,
    /// What follows for grants and clients, in words.
    pub consequences: Vec<String>,
    /// Secrets of new clients, shown this once.
    pub secrets: Vec<NewSecret>,
}

/// Everything the transaction needs, shared by its tries.
struct Work {
    document: ServiceDocument,
    catalog: Arc<Catalog>,
    random: Random,
    actor: Actor,
    dry_run: bool,
    now: Timestamp,
}

/// Reads and applies a document in TOML. `actor` goes into the event.
///
/// # Errors
/// [`ApplyError`]; then nothing has changed.
pub async fn apply(core: &Core, text: &str, dry_run: bool, actor: &Actor) -> Result<Applied, ApplyError> {
    let document = document::read(text).map_err(|problem| ApplyError::Refused(vec![problem]))?;
    let applied = apply_document(core, document, dry_run, actor).await;
    applied.map_err(|error| match error {
        ApplyError::Refused(mut problems) => {
            for problem in &mut problems {
                problem.line = document::line_of(text, &problem.key);
            }
            ApplyError::Refused(problems)
        }
        storage @ ApplyError::Storage(_) => storage,
    })
}

/// Applies a document that was read already.
///
/// # Errors
/// [`ApplyError`]; then nothing has changed.
pub async fn apply_document(core: &Core, document: ServiceDocument, dry_run: bool, actor: &Actor) -> Result<Applied, ApplyError> {
    let catalog = core.catalog();
    let problems = rules::check(&document, &catalog, core.config.issuer.as_str());
    if !problems.is_empty() {
        return Err(ApplyError::Refused(problems));
    }
    let (random, actor, now) = (core.random.clone(), actor.clone(), core.clock.now());
    let work = Arc::new(Work { document, catalog, random, actor, dry_run, now });
    core.database
        .write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { carry_out(tx, &work).await })
        })
        .await
}

async fn carry_out(tx: &mut Tx, work: &Work) -> Result<Applied, ApplyError> {
    let others = Others::read(tx, &work.document.code).await?;
    let before = others.same.clone();
    let held = match &before {
        Some(service) => clients::all(tx, Some(service.id), work.now).await?,
        None => Vec::new(),
    };
    let mut problems = others.check(&work.document, &work.catalog);
    for (index, client) in work.document.clients.iter().enumerate() {
        let elsewhere = clients::key_of(tx, &client.client_id).await?.is_some_and(|key| held.iter().all(|own| own.key != key));
        if elsewhere {
            problems.push(Problem::new(format!("clients.{index}.client_id"), "is a client of another service"));
        }
    }
    if !problems.is_empty() {
        return Err(ApplyError::Refused(problems));
    }
    let mut applied = Applied {
        service: work.document.code.clone(),
        outcome: Outcome::Created,
        version: 1,
        dry_run: work.dry_run,
        changes: difference::between(before.as_ref().map(|service| &service.document), &work.document),
        consequences: Vec::new(),
        secrets: Vec::new(),
    };
    if let Some(service) = &before {
        let same = service.document == work.document;
        (applied.outcome, applied.version) =
            if same { (Outcome::Unchanged, service.version) } else { (Outcome::Changed, service.version + 1) };
    }
    if applied.outcome == Outcome::Unchanged {
        return Ok(applied);
    }
    let id = write_service(tx, work, before.as_ref(), &held, &mut applied).await?;
    write_clients(tx, work, id, before.as_ref(), &held, &mut applied).await?;
    note(tx, work, id, &applied).await?;
    Ok(applied)
}

/// Writes the next version of the service. A service that loses a product domain or its API loses what was granted on them:
/// its epoch goes up.
async fn write_service(
    tx: &mut Tx,
    work: &Work,
    before: Option<&Service>,
    held: &[Client],
    applied: &mut Applied,
) -> Result<ServiceId, Error> {
    let document = work.document.clone();
    let Some(before) = before else {
        let id = ServiceId::new(work.random.uuid_v7(work.now));
        if work.dry_run {
            return Ok(id);
        }
        let fresh = SectorId::new(work.random.uuid_v7(work.now));
        let sector = services::ensure_sector(tx, &document.sector, fresh, work.now).await?;
        let owns = document.owns.clone();
        let service = Service { id, sector, enabled: true, epoch: 0, version: 1, document };
        must(services::insert(tx, &service, work.now).await?)?;
        must(services::set_domains(tx, id, &owns).await?.is_none())?;
        return Ok(id);
    };
    let lost: Vec<_> = before.document.owns.iter().filter(|domain| !document.owns.contains(domain)).cloned().collect();
    let moved = before.document.api.as_ref().is_some_and(|api| document.api.as_ref().is_none_or(|new| new.audience != api.audience));
    if !lost.is_empty() {
        applied.consequences.push(format!("no longer owns {}: every grant of this service ends", lost.join(", ")));
    }
    if moved {
        applied.consequences.push("its API has another audience, or none: tokens for the old one are no longer active".to_owned());
    }
    if !work.dry_run {
        let epoch = before.epoch + i64::from(!lost.is_empty());
        let owns = document.owns.clone();
        let service = Service { epoch, version: before.version + 1, document, ..before.clone() };
        must(services::update(tx, &service, before.version, work.now).await?)?;
        must(services::set_domains(tx, before.id, &owns).await?.is_none())?;
        if epoch != before.epoch {
            backchannel::switched_off(tx, &work.random, held, work.now).await?;
        }
    }
    Ok(before.id)
}

async fn write_clients(
    tx: &mut Tx,
    work: &Work,
    id: ServiceId,
    before: Option<&Service>,
    held: &[Client],
    applied: &mut Applied,
) -> Result<(), Error> {
    for document in &work.document.clients {
        match held.iter().find(|client| client.document.client_id == document.client_id) {
            Some(client) => change_client(tx, work, before, client, document, applied).await?,
            None => add_client(tx, work, id, document, applied).await?,
        }
    }
    let listed = |client: &Client| work.document.clients.iter().any(|document| document.client_id == client.document.client_id);
    for client in held.iter().filter(|client| client.enabled && !listed(client)) {
        applied
            .consequences
            .push(format!("client {} is no longer listed: it is switched off and its grants end", client.document.client_id));
        if !work.dry_run {
            clients::set_enabled(tx, client.key, false, work.now).await?;
            backchannel::switched_off(tx, &work.random, std::slice::from_ref(client), work.now).await?;
        }
    }
    Ok(())
}

async fn add_client(tx: &mut Tx, work: &Work, id: ServiceId, document: &ClientDocument, applied: &mut Applied) -> Result<(), Error> {
    applied.consequences.push(format!("client {} is added", document.client_id));
    if work.dry_run {
        return Ok(());
    }
    let key = ClientKey::new(work.random.uuid_v7(work.now));
    must(clients::insert(tx, key, id, document, work.now).await?)?;
    if needs_secret(document) { give_secret(tx, work, key, document, applied).await } else { Ok(()) }
}

async fn change_client(
    tx: &mut Tx,
    work: &Work,
    before: Option<&Service>,
    client: &Client,
    document: &ClientDocument,
    applied: &mut Applied,
) -> Result<(), Error> {
    let was_listed = before.is_some_and(|service| service.document.clients.iter().any(|other| other.client_id == document.client_id));
    let (has, needs) = (!client.secrets.is_empty(), needs_secret(document));
    if !was_listed {
        applied.consequences.push(format!("client {} is listed again: it is switched on", document.client_id));
    }
    if has && !needs {
        applied.consequences.push(format!("the secrets of client {} end", document.client_id));
    }
    if needs && !has {
        applied.consequences.push(format!("client {} gets a secret", document.client_id));
    }
    if work.dry_run {
        return Ok(());
    }
    if client.document != *document {
        clients::update(tx, client.key, document, work.now).await?;
    }
    if !was_listed {
        clients::set_enabled(tx, client.key, true, work.now).await?;
    }
    match (has, needs) {
        (true, false) => clients::remove_secrets(tx, client.key, work.now).await,
        (false, true) => give_secret(tx, work, client.key, document, applied).await,
        _ => Ok(()),
    }
}

/// Whether a client authenticates with a secret.
pub(super) fn needs_secret(document: &ClientDocument) -> bool {
    matches!(document.authentication, ClientAuthentication::ClientSecretBasic | ClientAuthentication::ClientSecretPost)
}

async fn give_secret(tx: &mut Tx, work: &Work, key: ClientKey, document: &ClientDocument, applied: &mut Applied) -> Result<(), Error> {
    let secret = NewSecret { client_id: document.client_id.clone(), client_secret: work.random.token(), old_ends_at: None };
    let id = work.random.uuid_v7(work.now);
    clients::add_secret(tx, key, id, &digest::sha256(secret.client_secret.as_bytes()), work.now, work.now).await?;
    applied.secrets.push(secret);
    Ok(())
}

async fn note(tx: &mut Tx, work: &Work, id: ServiceId, applied: &Applied) -> Result<(), Error> {
    if work.dry_run {
        return Ok(());
    }
    let event = EventRow {
        id: EventId::new(work.random.uuid_v7(work.now)),
        kind: "service.applied".to_owned(),
        customer_id: None,
        service_id: Some(id),
        actor: work.actor.to_string(),
        detail: serde_json::json!({ "version": applied.version, "changes": applied.changes.len() }).to_string(),
        at: work.now,
    };
    events::insert(tx, &event).await
}

/// What the same transaction has just made sure of.
fn must(done: bool) -> Result<(), Error> {
    if done { Ok(()) } else { Err(Error::Corrupt("a service changed while it was being applied".into())) }
}
