//! What the owner of a product domain writes about its own customers, found by its own account id (domain.md 3.6).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::partner_access::Caller;
use super::{Core, profile};
use crate::clock::Timestamp;
use crate::model::catalog::{Catalog, Class};
use crate::model::ids::CustomerId;
use crate::model::link::LinkState;
use crate::model::service::Service;
use crate::storage::{self, Tx, links};

/// The scope of a client that may write and read what its service wrote.
pub const SCOPE: &str = "profile.write";
/// The most values of one call.
const MOST_VALUES: usize = 100;
/// The longest value, in bytes of JSON.
const LONGEST_VALUE: usize = 16 * 1024;
/// The longest account id, in bytes.
const LONGEST_ACCOUNT: usize = 255;
/// How far a partner's clock may be ahead, in milliseconds.
const AHEAD: i64 = 60_000;

/// What a service observed about one of its accounts.
#[derive(Clone)]
pub struct Observation {
    /// The service's own account id.
    pub local_account: String,
    /// Claims and values; `null` takes a value away.
    pub values: BTreeMap<String, Value>,
    /// When the service observed them.
    pub observed_at: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Claims that are as they were sent now.
    pub written: Vec<String>,
    /// Claims of which a later observation was there already.
    pub outdated: Vec<String>,
}

/// One value as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The claim.
    pub claim: String,
    /// Its value.
    pub value: Value,
    /// When it was observed.
    pub observed_at: Timestamp,
}

/// Why nothing was written or read.
#[derive(Debug)]
pub enum Refusal {
    /// The service does not own this product domain, or there is none of this name.
    NotOwner,
    /// No customer has linked such an account: the same whether the account does not exist or nobody linked it.
    Unknown,
    /// The account id is empty, too long, or no text.
    Account,
    /// The observation lies in the future.
    TooEarly,
    /// Too many values.
    TooMany,
    /// A value that may not be written.
    Value(String, BadValue),
    /// Our fault: the database could not be asked.
    Failed(crate::protocol::Error),
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadValue {
    /// No scope of the domain has this claim.
    UnknownClaim,
    /// The type, or the set of values, is another.
    WrongType,
    /// More than fits.
    TooLong,
    /// Class D3 stays with its owner and is never kept here (domain.md 5.1).
    NotKept,
}

impl From<storage::Error> for Refusal {
    fn from(error: storage::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Writes values of a domain, each unless a later observation of it is there.
///
/// # Errors
/// [`Refusal`]; then nothing was written.
pub async fn put(core: &Arc<Core>, caller: &Caller, domain: &str, seen: Observation, now: Timestamp) -> Result<Written, Refusal> {
    owned(&caller.service, domain)?;
    account(&seen.local_account)?;
    if seen.observed_at.millis() > now.millis() + AHEAD {
        return Err(Refusal::TooEarly);
    }
    if seen.values.len() > MOST_VALUES {
        return Err(Refusal::TooMany);
    }
    let catalog = core.catalog.load();
    for (claim, value) in &seen.values {
        acceptable(&catalog, domain, claim, value).map_err(|bad| Refusal::Value(claim.clone(), bad))?;
    }
    let (held, service) = (Arc::clone(core), Arc::clone(&caller.service));
    core.database
        .write(move |tx| {
            let (core, service, seen) = (Arc::clone(&held), Arc::clone(&service), seen.clone());
            Box::pin(async move { write(tx, &core, &service, &seen, now).await })
        })
        .await
}

async fn write(tx: &mut Tx, core: &Core, service: &Service, seen: &Observation, now: Timestamp) -> Result<Written, Refusal> {
    let customer = customer_of(tx, core, service, &seen.local_account).await?.ok_or(Refusal::Unknown)?;
    let mut outcome = Written::default();
    for (claim, value) in &seen.values {
        let taken = if value.is_null() {
            storage::profile::take_back(tx, customer, claim, seen.observed_at, now).await?
        } else {
            profile::put(tx, core, customer, claim, value, Some(service.id), seen.observed_at).await?
        };
        if taken { &mut outcome.written } else { &mut outcome.outdated }.push(claim.clone());
    }
    Ok(outcome)
}

/// What the service itself has written about one of its accounts in a domain.
///
/// # Errors
/// [`Refusal`].
pub async fn read(core: &Core, caller: &Caller, domain: &str, local_account: &str) -> Result<Vec<Standing>, Refusal> {
    owned(&caller.service, domain)?;
    account(local_account)?;
    let mut tx = core.database.read().await?;
    let customer = customer_of(&mut tx, core, &caller.service, local_account).await?.ok_or(Refusal::Unknown)?;
    let catalog = core.catalog.load();
    let values = profile::of_customer(&mut tx, core, customer).await?;
    let own = values.into_iter().filter(|value| {
        let here = catalog.scope_of_claim(&value.claim).is_some_and(|(_, scope)| scope.domain == domain);
        here && value.source == Some(caller.service.id)
    });
    Ok(own.map(|value| Standing { claim: value.claim, value: value.value, observed_at: value.observed_at }).collect())
}

fn owned(service: &Service, domain: &str) -> Result<(), Refusal> {
    if service.document.owns.iter().any(|known| known == domain) { Ok(()) } else { Err(Refusal::NotOwner) }
}

fn account(text: &str) -> Result<(), Refusal> {
    let fine = !text.is_empty() && text.len() <= LONGEST_ACCOUNT && !text.chars().any(char::is_control);
    if fine { Ok(()) } else { Err(Refusal::Account) }
}

fn acceptable(catalog: &Catalog, domain: &str, claim: &str, value: &Value) -> Result<(), BadValue> {
    let found = catalog.scope_of_claim(claim).filter(|(_, scope)| scope.domain == domain);
    let (_, scope) = found.ok_or(BadValue::UnknownClaim)?;
    if scope.class_of(claim) == Class::D3 {
        return Err(BadValue::NotKept);
    }
    if value.is_null() {
        return Ok(());
    }
    if !scope.claims.get(claim).is_some_and(|known| known.accepts(value)) {
        return Err(BadValue::WrongType);
    }
    if value.to_string().len() > LONGEST_VALUE { Err(BadValue::TooLong) } else { Ok(()) }
}

/// The customer who has linked an account of this service; a suspended link conveys nothing in this direction either.
async fn customer_of(tx: &mut Tx, core: &Core, service: &Service, local_account: &str) -> Result<Option<CustomerId>, storage::Error> {
    let index = core.blind.local_account(&service.document.code, local_account);
    let holder = links::holder(tx, service.id, &index).await?;
    Ok(holder.filter(|(_, _, state)| *state == LinkState::Active).map(|(_, customer, _)| customer))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalog() -> Catalog {
        let text = r#"{"domains": {}, "agreements": {}, "scopes": {"loyalty": {"domain": "loyalty", "name": {"ru": "", "en": "", "zh": ""},
            "class": "D1", "purpose": "p", "why": {"ru": "", "en": "", "zh": ""}, "agreement": "share", "months": 24, "claims": {
            "loyalty_tier": {"type": "string", "values": ["silver", "gold"], "name": {"ru": "", "en": "", "zh": ""}},
            "loyalty_points": {"type": "number", "name": {"ru": "", "en": "", "zh": ""}},
            "loyalty_secret": {"type": "string", "class": "D3", "name": {"ru": "", "en": "", "zh": ""}}}}}}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_value_fits_its_claim_or_is_refused() {
        let catalog = catalog();
        let tried = |domain: &str, claim: &str, value: Value| acceptable(&catalog, domain, claim, &value);
        assert_eq!(tried("loyalty", "loyalty_tier", json!("gold")), Ok(()));
        assert_eq!(tried("loyalty", "loyalty_tier", Value::Null), Ok(()));
        assert_eq!(tried("loyalty", "loyalty_tier", json!("tin")), Err(BadValue::WrongType));
        assert_eq!(tried("loyalty", "loyalty_points", json!("12")), Err(BadValue::WrongType));
        assert_eq!(tried("banking", "loyalty_points", json!(12)), Err(BadValue::UnknownClaim));
        assert_eq!(tried("loyalty", "email", json!("a@b.test")), Err(BadValue::UnknownClaim));
        assert_eq!(tried("loyalty", "loyalty_secret", json!("x")), Err(BadValue::NotKept));
    }

    #[test]
    fn an_account_id_is_a_short_text() {
        assert!(account("дом-42").is_ok());
        for wrong in ["", "a\nb", &"x".repeat(256)] {
            assert!(account(wrong).is_err());
        }
    }
}
