//! Grants: what one client may do for one customer since one authorization, and how much of it is still true.

use std::collections::HashSet;

use super::catalog::{Catalog, Class};
use super::ids::{ClientKey, ConsentId, CustomerId, GrantId, LinkId, ServiceId, SessionId, TokenId};
use super::service::{Client, Service};
use crate::clock::Timestamp;
use crate::protocol::acr::{Acr, Amr};
use crate::protocol::claims::ClaimsRequest;

/// The epochs a grant saw when it was made; any difference later is inactive for ever (conventions 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Of the customer.
    pub customer: i64,
    /// Of the client.
    pub client: i64,
    /// Of the client's service.
    pub service: i64,
    /// Of the customer's connection to that service: its links and its sign-in consent.
    pub connection: i64,
}

/// A grant as it was made.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its row.
    pub id: GrantId,
    /// For whom.
    pub customer: CustomerId,
    /// To whom.
    pub client: ClientKey,
    /// The browser session it came from.
    pub session: Option<SessionId>,
    /// Outlives the session (`offline_access`).
    pub offline: bool,
    /// What it saw.
    pub seen: Seen,
    /// The consent to sign in at the service.
    pub sign_in_consent: ConsentId,
    /// Resources it may ask tokens for, beside Concord.
    pub resources: Vec<String>,
    /// The `claims` parameter.
    pub claims: Option<ClaimsRequest>,
    /// Level reached.
    pub acr: Acr,
    /// Methods used.
    pub amr: Vec<Amr>,
    /// When the person authenticated.
    pub auth_time: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it holds, at most 63, in the order tokens count them.
    pub items: Vec<Item>,
}

/// One scope of a grant, and what carries it.
#[derive(Clone, Debug)]
pub struct Item {
    /// The scope token.
    pub scope: String,
    /// The consent that carries it.
    pub consent: ConsentId,
    /// The owner service's link it depends on; none for Concord's own scopes and the client's own service.
    pub owner: Option<Owner>,
}

/// The owner of a product domain as a grant item saw it.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The owner service.
    pub service: ServiceId,
    /// Its link to the customer.
    pub link: LinkId,
    /// Its epoch then.
    pub service_epoch: i64,
    /// The customer's connection to it then.
    pub connection_epoch: i64,
}

/// A grant with the present truth about everything it depends on but clients and services, which have caches of their own.
#[derive(Clone, Debug)]
pub struct GrantView {
    /// As it was made.
    pub grant: Grant,
    /// Ended for itself: revoked, its code used twice, its family ended, its session over.
    pub ended: bool,
    /// The end of its browser session, for a grant that lives no longer than that.
    pub until: Option<Timestamp>,
    /// The customer is `active`.
    pub customer_active: bool,
    /// The customer's epoch now.
    pub customer_epoch: i64,
    /// The connection's epoch now.
    pub connection_epoch: i64,
    /// The sign-in consent is given, until then.
    pub sign_in_until: Option<Timestamp>,
    /// One per item of the grant.
    pub items: Vec<ItemView>,
    /// Access tokens of this grant that were revoked and have not expired: loaded whole, so that it proves an absence.
    pub revoked: HashSet<TokenId>,
}

/// The present truth about one item.
#[derive(Clone, Copy, Debug)]
pub struct ItemView {
    /// Its consent is given, until then.
    pub consent_until: Option<Timestamp>,
    /// Its owner's link is active.
    pub link_active: bool,
    /// The connection to its owner now.
    pub owner_connection_epoch: i64,
}

/// Why a grant conveys nothing any more; for logs and events, never for the caller of introspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// Revoked, or its code or family ended it.
    Ended,
    /// The customer is not active, or was not at some time since.
    Customer,
    /// The client is switched off, or was.
    Client,
    /// The service is switched off, or was.
    Service,
    /// A link of the service or the sign-in consent ended.
    Connection,
    /// The sign-in consent is over.
    Consent,
}

/// Which items of a grant are in force: bit `n` is the item at position `n`.
pub type Mask = u64;

/// Everything the decision needs beside the grant.
pub struct Surroundings<'a> {
    /// The grant's client.
    pub client: &'a Client,
    /// The client's service.
    pub service: &'a Service,
    /// Any service, by id: for the owners of items.
    pub owner: &'a dyn Fn(ServiceId) -> Option<std::sync::Arc<Service>>,
    /// The catalogue.
    pub catalog: &'a Catalog,
    /// The moment the answer is about.
    pub now: Timestamp,
}

impl GrantView {
    /// The central rule (conventions 3): `Err` when the grant is inactive, else the items in force.
    ///
    /// Starts from "no"; every check is one line, and their order is the security argument.
    pub fn effective(&self, around: &Surroundings<'_>) -> Result<Mask, Inactive> {
        let seen = &self.grant.seen;
        refuse(self.ended || self.until.is_some_and(|until| until <= around.now), Inactive::Ended)?;
        refuse(!self.customer_active || self.customer_epoch != seen.customer, Inactive::Customer)?;
        refuse(!around.client.enabled || around.client.epoch != seen.client, Inactive::Client)?;
        refuse(!around.service.enabled || around.service.epoch != seen.service, Inactive::Service)?;
        refuse(self.connection_epoch != seen.connection, Inactive::Connection)?;
        refuse(!is_given(self.sign_in_until, around.now), Inactive::Consent)?;
        let items = self.grant.items.iter().zip(&self.items).enumerate();
        Ok(items.fold(0, |mask, (position, (item, view))| if self.holds(item, view, around) { mask | 1 << position } else { mask }))
    }

    fn holds(&self, item: &Item, view: &ItemView, around: &Surroundings<'_>) -> bool {
        is_given(view.consent_until, around.now)
            && around.client.document.scope.contains(&item.scope)
            && item.owner.is_none_or(|owner| owner_holds(&owner, view, around))
            && around.catalog.scopes.get(&item.scope).is_none_or(|scope| self.grant.acr >= scope.class.least_acr())
    }

    /// The scope tokens of a mask, in order.
    pub fn scopes(&self, mask: Mask) -> impl Iterator<Item = &str> {
        self.grant.items.iter().enumerate().filter(move |(position, _)| mask >> position & 1 == 1).map(|(_, item)| item.scope.as_str())
    }

    /// The mask of those items whose scope passes.
    pub fn mask_of(&self, mut keep: impl FnMut(&str) -> bool) -> Mask {
        let items = self.grant.items.iter().enumerate();
        items.fold(0, |mask, (position, item)| if keep(&item.scope) { mask | 1 << position } else { mask })
    }
}

fn refuse(when: bool, why: Inactive) -> Result<(), Inactive> {
    if when { Err(why) } else { Ok(()) }
}

fn is_given(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_some_and(|until| now < until)
}

fn owner_holds(owner: &Owner, view: &ItemView, around: &Surroundings<'_>) -> bool {
    view.link_active
        && view.owner_connection_epoch == owner.connection_epoch
        && (around.owner)(owner.service).is_some_and(|service| service.enabled && service.epoch == owner.service_epoch)
}

/// Whether a class may stand in a JWT access token (conventions 7).
pub const fn fits_a_jwt(class: Class) -> bool {
    matches!(class, Class::D0 | Class::D1)
}
