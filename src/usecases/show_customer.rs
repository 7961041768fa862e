//! A customer as an operator sees them: everything masked.

use serde::Serialize;

use super::{Core, identifiers, profile};
use crate::model::identifier::{Identifier, IdentifierKind};
use crate::model::ids::CustomerId;
use crate::storage::{Error, Tx, customers, sessions};

/// A customer, masked.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerView {
    /// The customer id.
    pub id: CustomerId,
    /// Where the customer stands.
    pub state: &'static str,
    /// Language of pages and mails.
    pub locale: &'static str,
    /// Since when, RFC 3339.
    pub created_at: String,
    /// What they sign in with or are reached by.
    pub identifiers: Vec<IdentifierView>,
    /// Which claims have a value.
    pub profile: Vec<ProfileView>,
    /// Browsers signed in.
    pub sessions: usize,
}

/// An identifier, masked.
#[derive(Clone, Debug, Serialize)]
pub struct IdentifierView {
    /// `email`, `phone` or `login`.
    pub kind: String,
    /// `login` or `contact`.
    pub usage: String,
    /// `a•••@example.com`.
    pub masked: String,
    /// Whether its holder proved it.
    pub verified: bool,
}

/// That a claim has a value, not which.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileView {
    /// The claim.
    pub claim: String,
    /// The owner service's id; none for Concord's own values.
    pub source: Option<String>,
    /// When it was observed, RFC 3339.
    pub observed_at: String,
}

/// The customer; `None` when there is none with this id.
///
/// # Errors
/// The database failed.
pub async fn show(core: &Core, id: CustomerId) -> Result<Option<CustomerView>, Error> {
    let mut tx = core.database.read().await?;
    let Some(known) = customers::find(&mut tx, id).await? else { return Ok(None) };
    Ok(Some(CustomerView {
        id,
        state: known.state.as_str(),
        locale: known.locale.as_str(),
        created_at: known.created_at.rfc3339(),
        identifiers: held(&mut tx, core, id).await?,
        profile: values(&mut tx, core, id).await?,
        sessions: sessions::of_customer(&mut tx, id, core.clock.now()).await?.len(),
    }))
}

async fn held(tx: &mut Tx, core: &Core, id: CustomerId) -> Result<Vec<IdentifierView>, Error> {
    let view =
        |held: identifiers::Opened| IdentifierView { masked: masked(&held), kind: held.kind, usage: held.usage, verified: held.verified };
    Ok(identifiers::of_customer(tx, core, id).await?.into_iter().map(view).collect())
}

fn masked(held: &identifiers::Opened) -> String {
    let kind = IdentifierKind::from_word(&held.kind);
    kind.and_then(|kind| Identifier::read(kind, &held.value).ok()).map(|identifier| identifier.masked()).unwrap_or_default()
}

async fn values(tx: &mut Tx, core: &Core, id: CustomerId) -> Result<Vec<ProfileView>, Error> {
    let view = |value: profile::Opened| ProfileView {
        claim: value.claim,
        source: value.source.map(|service| service.to_string()),
        observed_at: value.observed_at.rfc3339(),
    };
    Ok(profile::of_customer(tx, core, id).await?.into_iter().map(view).collect())
}
