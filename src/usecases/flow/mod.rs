//! The sign-in transaction as a use case: facts in, next step out, each step one verb (conventions 4).

mod again;
mod consent;
mod decide;
mod expected;
mod finish;
mod introduce;
mod link;
mod register;
mod start;
mod wanted;

use std::sync::Arc;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Core, identifiers, links, one_time_code, partners, profile, sessions};
use crate::clock::Timestamp;
use crate::crypto::digest::{equal, sha256};
use crate::crypto::sealing::Purpose;
use crate::model::customer::Session;
use crate::model::flow::{Gathered, Next, Purposed};
use crate::model::ids::{CustomerId, FlowId, LinkId};
use crate::model::service::{Client, Service};
use crate::protocol::locale::Locale;
use crate::storage::flows::{self, FlowRow, UNBOUND};
use crate::storage::{Apart, Error, Tx};

pub use again::{Ways, reauthenticate_by_code, ways};
pub use consent::{ConsentView, ScopeView, consent_view, decide_consent};
pub use finish::{Finished, finish};
pub use introduce::{
    Identified, SignedIn, choose_account, identify, reauthenticate, resend_code, sign_in, switch_route, type_code, use_another,
};
pub use link::{LinkDone, LinkView, accept_link, decline_link, link_view, pass_link};
pub use register::{Registered, name, register};
pub use start::{Start, StartError, start, start_for_account};
pub use wanted::{LeftOut, Wanted, Why as WhyLeftOut};

/// The browser in front of us.
#[derive(Clone)]
pub struct Visitor {
    /// Value of the cookie that binds flows to this browser.
    pub browser: String,
    /// Value of the session cookie, if it has one.
    pub session: Option<String>,
    /// Its network, coarse: for limits.
    pub network: String,
    /// Browser and system family, for the person's list of sessions.
    pub device: String,
    /// The language of the pages.
    pub locale: Locale,
}

impl Visitor {
    fn browser_digest(&self) -> [u8; 32] {
        sha256(self.browser.as_bytes())
    }
}

/// A flow with everything around it, and what is due.
#[derive(Clone)]
pub struct Flow {
    /// Its row.
    pub id: FlowId,
    /// Counts changes of its facts.
    pub version: i64,
    /// What it was started for.
    pub purposed: Purposed,
    /// Who asks.
    pub asker: Option<Asker>,
    /// What the person did.
    pub gathered: Gathered,
    /// When it began.
    pub started: Timestamp,
    /// The browser's live session.
    pub session: Option<Session>,
    /// The account that the service proposed is linked with the session's customer already.
    pub linked: bool,
    /// What the client wants, as far as it may have it.
    pub wanted: Wanted,
    /// What is due.
    pub next: Next,
}

/// A client and its service.
#[derive(Clone)]
pub struct Asker {
    /// The client.
    pub client: Arc<Client>,
    /// Its service.
    pub service: Arc<Service>,
}

/// What a flow's address led to.
pub enum Opened {
    /// The flow, for this browser.
    Here(Box<Flow>),
    /// It belongs to another browser.
    Elsewhere,
    /// There is none.
    Unknown,
}

/// Opens a flow for the browser it belongs to and decides what is due. An unbound flow is bound to the first browser that brings it.
pub async fn open(core: &Arc<Core>, visitor: &Visitor, id: FlowId, now: Timestamp) -> Result<Opened, Error> {
    let mut tx = core.database.read().await?;
    let Some(row) = flows::find(&mut tx, id).await? else { return Ok(Opened::Unknown) };
    drop(tx);
    let browser = visitor.browser_digest();
    if row.browser == UNBOUND {
        let bound = core.database.write_apart(Apart::Single, move |tx| Box::pin(async move { flows::bind(tx, id, &browser).await })).await;
        if !bound.map_err(|error: Error| error)? {
            return Ok(Opened::Elsewhere);
        }
    } else if !equal(&row.browser, &browser) {
        return Ok(Opened::Elsewhere);
    }
    Ok(Opened::Here(Box::new(load(core, visitor, row, now).await?)))
}

async fn load(core: &Arc<Core>, visitor: &Visitor, mut row: FlowRow, now: Timestamp) -> Result<Flow, Error> {
    let mut tx = core.database.read().await?;
    let session = sessions::live(&mut tx, visitor.session.as_deref(), now).await?;
    drop(tx);
    let asker = match row.client_key {
        Some(key) => Some(asker(core, key).await?),
        None => None,
    };
    let mut gathered: Gathered = unseal(core, row.id, b"facts", &row.facts)?;
    if let Some(session) = &session {
        let theirs = gathered.clone().for_person(session.customer);
        if let (Some(left), None) = (gathered.accepted(), theirs.accepted()) {
            row.version += i64::from(leave_link(core, &row, &theirs, left, now).await?);
        }
        gathered = theirs;
    }
    let mut flow = Flow {
        id: row.id,
        version: row.version,
        purposed: unseal(core, row.id, b"request", &row.request)?,
        asker,
        gathered,
        started: row.created_at,
        session,
        linked: false,
        wanted: Wanted::default(),
        next: Next::Expired,
    };
    decide::decide_next(core, &mut flow, &row, now).await?;
    Ok(flow)
}

/// Somebody else is here now: the link that another person accepted in this flow waits no more. `false` when another tab saw to it.
async fn leave_link(core: &Arc<Core>, row: &FlowRow, theirs: &Gathered, left: LinkId, now: Timestamp) -> Result<bool, Error> {
    let (held, id, version, sealed) = (Arc::clone(core), row.id, row.version, seal(core, row.id, b"facts", theirs)?);
    core.database
        .write(move |tx| {
            let (core, sealed) = (Arc::clone(&held), sealed.clone());
            Box::pin(async move {
                let first = flows::replace_facts(tx, id, version, &sealed).await?;
                if first {
                    links::expire_one(tx, &core, left, now).await?;
                }
                Ok(first)
            })
        })
        .await
}

async fn asker(core: &Core, key: crate::model::ids::ClientKey) -> Result<Asker, Error> {
    let gone = || Error::Corrupt("a flow's client is gone".into());
    let client = partners::client_by_key(core, key).await?.ok_or_else(gone)?;
    let service = partners::service(core, client.service).await?.ok_or_else(gone)?;
    Ok(Asker { client, service })
}

fn aad(id: FlowId, column: &[u8]) -> Vec<u8> {
    [id.uuid().as_bytes().as_slice(), column].concat()
}

fn seal(core: &Core, id: FlowId, column: &[u8], value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(value).map(Zeroizing::new).map_err(|_| Error::Corrupt("a flow cannot be written".into()))?;
    Ok(core.sealer.seal(Purpose::Flow, &aad(id, column), &plain))
}

fn unseal<T: serde::de::DeserializeOwned>(core: &Core, id: FlowId, column: &[u8], sealed: &[u8]) -> Result<T, Error> {
    let plain = core.sealer.open(Purpose::Flow, &aad(id, column), sealed);
    plain.and_then(|plain| serde_json::from_slice(&plain).ok()).ok_or_else(|| Error::Corrupt("a flow cannot be opened".into()))
}

/// Why nothing of a transaction is kept.
enum Undone {
    /// Another tab was quicker, or the session ended meanwhile: what is due is another thing now.
    Stale,
    /// The database refused.
    Failed(Error),
}

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What became of a transaction; `stale` when nothing of it was kept.
fn unless_stale<T>(done: Result<T, Undone>, stale: T) -> Result<T, Error> {
    done.or_else(|undone| match undone {
        Undone::Stale => Ok(stale),
        Undone::Failed(error) => Err(error),
    })
}

/// Stores changed facts in a transaction; `false` when another tab was quicker: nothing is changed then.
async fn store(tx: &mut Tx, core: &Core, flow: &Flow, gathered: &Gathered) -> Result<bool, Error> {
    let sealed = seal(core, flow.id, b"facts", gathered)?;
    flows::replace_facts(tx, flow.id, flow.version, &sealed).await
}

/// Stores changed facts, in a transaction of their own.
async fn store_alone(core: &Arc<Core>, flow: &Flow, gathered: Gathered) -> Result<bool, Error> {
    let sealed = seal(core, flow.id, b"facts", &gathered)?;
    let (id, version) = (flow.id, flow.version);
    core.database
        .write_apart(Apart::Single, move |tx| {
            let sealed = sealed.clone();
            Box::pin(async move { flows::replace_facts(tx, id, version, &sealed).await })
        })
        .await
}

/// The person turns back: the client gets `access_denied`. A stale page changes nothing.
pub async fn turn_back(core: &Arc<Core>, flow: &Flow) -> Result<bool, Error> {
    store_alone(core, flow, Gathered { refused: true, ..flow.gathered.clone() }).await
}

/// When the flow's present code was sent, if one was.
pub async fn code_sent_at(core: &Core, flow: &Flow, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    one_time_code::sent_at(&mut core.database.read().await?, flow.id, now).await
}

/// What a customer is called, and their first address, masked: for their own pages.
pub async fn shown_as(core: &Core, customer: CustomerId) -> Result<(String, String), Error> {
    let mut tx = core.database.read().await?;
    let nickname = profile::nickname(&mut tx, core, customer).await?;
    let known = identifiers::of_customer(&mut tx, core, customer).await?;
    let address = known.first().map(|identifier| identifiers::masked(&identifier.value)).unwrap_or_default();
    Ok((nickname.unwrap_or_else(|| address.clone()), address))
}
