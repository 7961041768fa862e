//! A person's values in memory, opened: userinfo is asked far more often than anything about a person changes.
//!
//! Only a process's own memory holds them so, for as long as nothing about the customer changes (conventions 8).

use std::sync::Arc;

use serde_json::Value;

use super::{Core, customer_key, identifiers, partners, profile};
use crate::model::ids::CustomerId;
use crate::storage::Error;
use crate::storage::invalidations::Kind;

/// What is known of a customer, by claim. Never logged.
pub struct Person {
    /// Claims of Concord's own domain and of the product domains, each once.
    pub values: Vec<(String, Value)>,
    /// `active`, `locked` ...
    pub status: &'static str,
}

impl Person {
    /// From memory or the database.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn of(core: &Core, customer: CustomerId) -> Result<Arc<Self>, Error> {
        if let Some(person) = core.memory.people.get(&customer) {
            return Ok(person);
        }
        let stamp = core.truth.stamp(Kind::Customer, &customer.to_string());
        let person = Self::load(core, customer).await?;
        Ok(core.memory.people.put(customer, stamp, person))
    }

    async fn load(core: &Core, customer: CustomerId) -> Result<Self, Error> {
        let stored = core.loads.people.get(customer).await?.ok_or_else(|| Error::Corrupt("no such customer".into()))?;
        let (opened, held) = if stored.values.is_empty() && stored.identifiers.is_empty() {
            (Vec::new(), Vec::new())
        } else {
            let key = customer_key::open(core, customer, stored.wrapped_key.as_deref())?;
            (profile::open(&key, stored.values.clone())?, identifiers::open(&key, stored.identifiers.clone())?)
        };
        let mut values: Vec<(String, Value)> = Vec::new();
        let changed = opened.iter().filter(|value| value.source.is_none()).map(|value| value.observed_at.seconds()).max();
        values.extend(opened.into_iter().map(|value| (value.claim, value.value)));
        let mut add = |name: &str, value: Value| {
            if !values.iter().any(|(known, _)| known == name) {
                values.push((name.to_owned(), value));
            }
        };
        for (kind, claim, flag) in [("email", "email", "email_verified"), ("phone", "phone_number", "phone_number_verified")] {
            if let Some(best) = best(&held, kind) {
                add(claim, best.value.clone().into());
                add(flag, best.verified.into());
            }
        }
        add("locale", stored.locale.as_str().into());
        if let Some(changed) = changed {
            add("updated_at", changed.into());
        }
        if let Some(service) = stored.registered_in
            && let Some(service) = partners::service(core, service).await?
        {
            add("registered_in", service.document.code.clone().into());
        }
        Ok(Self { values, status: stored.state.as_str() })
    }
}

/// The address to be given away: a proved one before others, one for contact before one for signing in.
fn best<'a>(held: &'a [identifiers::Opened], kind: &str) -> Option<&'a identifiers::Opened> {
    held.iter().filter(|one| one.kind == kind).max_by_key(|one| (one.verified, one.usage == "contact"))
}
