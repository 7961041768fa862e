//! Proving again who one is, in the ways that one has.

use std::sync::Arc;

use super::introduce::{self, Identified};
use super::{Core, Flow, Visitor};
use crate::clock::Timestamp;
use crate::model::flow::{Gathered, Next, Route};
use crate::model::identifier::Identifier;
use crate::model::ids::CustomerId;
use crate::storage::{Error, passwords};
use crate::usecases::identifiers;

/// How a person can prove again who they are.
#[derive(Clone, Debug)]
pub struct Ways {
    /// They have a password.
    pub password: bool,
    /// An e-mail address of theirs takes codes.
    pub code: bool,
}

/// What a person can prove who they are with.
///
/// # Errors
/// The database could not be asked.
pub async fn ways(core: &Core, customer: CustomerId) -> Result<Ways, Error> {
    let address = address(core, customer).await?;
    let password = passwords::find(&mut core.database.read().await?, customer).await?;
    Ok(Ways { password: password.is_some(), code: address.is_some() })
}

/// The first e-mail address that this person signs in with.
async fn address(core: &Core, customer: CustomerId) -> Result<Option<String>, Error> {
    let known = identifiers::of_customer(&mut core.database.read().await?, core, customer).await?;
    let login =
        known.into_iter().filter(|identifier| identifier.usage == "login" && identifier.verified).map(|identifier| identifier.value);
    Ok(login.into_iter().find(|text| matches!(Identifier::parse(text), Ok(Identifier::Email(_)))))
}

/// Sends a code to the address of the session's person, who proves by it that it is still them.
///
/// # Errors
/// The database refused.
pub async fn reauthenticate_by_code(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, now: Timestamp) -> Result<Identified, Error> {
    let (Next::StepUp(_), Some(session)) = (&flow.next, &flow.session) else { return Ok(Identified::Stale) };
    let Some(address) = address(core, session.customer).await? else { return Ok(Identified::Stale) };
    let identifier = Identifier::parse(&address).ok();
    let gathered = Gathered { identifier: Some(address), route: Route::Code, proved: false, ..flow.gathered.clone() };
    introduce::change(core, visitor, flow, gathered, identifier, now).await
}
