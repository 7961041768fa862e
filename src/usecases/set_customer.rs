//! Values of the standard claims, a phone number and a login name, set by an operator: until people do it on their own pages.

use std::sync::Arc;

use serde_json::Value;

use super::{Core, identifiers, note, profile};
use crate::clock::Timestamp;
use crate::model::actor::Actor;
use crate::model::catalog::{Catalog, JsonType};
use crate::model::identifier::{Identifier, IdentifierKind};
use crate::model::ids::CustomerId;
use crate::storage::invalidations::Kind;
use crate::storage::{self, Error, Tx, customers};

/// The claims of these scopes belong to Concord itself.
const SCOPES: [&str; 2] = ["profile", "address"];
/// Derived from the others.
const DERIVED: [&str; 1] = ["updated_at"];

/// Why nothing was set. No value is repeated.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] Error),
    /// Not of the form `CLAIM=VALUE`.
    #[error("{0}: write CLAIM=VALUE, like given_name=Anna")]
    Form(String),
    /// Not a claim that can be set.
    #[error("{0} cannot be set: the claims of profile and address can, and phone_number and login")]
    Claim(String),
    /// Not a value of its type.
    #[error("{0}: the value is not {1}")]
    Value(String, &'static str),
    /// Somebody else signs in with it.
    #[error("{0}: somebody else has it")]
    Taken(String),
    /// No such customer.
    #[error("there is no customer {0}")]
    Unknown(CustomerId),
}

/// One thing to set; no value takes it away.
#[derive(Clone)]
enum Setting {
    Claim(String, Option<Value>),
    Identifier(IdentifierKind, Option<Identifier>),
}

/// Sets or takes away `CLAIM=VALUE`s, all of them or none. Returns how many there were.
///
/// # Errors
/// See [`SetError`].
pub async fn set(core: &Arc<Core>, customer: CustomerId, values: &[String], actor: &Actor, now: Timestamp) -> Result<usize, SetError> {
    let catalog = core.catalog();
    let settings: Arc<Vec<Setting>> = Arc::new(values.iter().map(|text| read(&catalog, text)).collect::<Result<_, _>>()?);
    let (held, wanted, actor) = (Arc::clone(core), Arc::clone(&settings), actor.clone());
    core.database
        .write(move |tx| {
            let (core, settings, actor) = (Arc::clone(&held), Arc::clone(&wanted), actor.clone());
            Box::pin(async move {
                if customers::find(tx, customer).await?.is_none() {
                    return Err(SetError::Unknown(customer));
                }
                for setting in settings.iter() {
                    apply(tx, &core, customer, setting, now).await?;
                }
                tx.invalidate(Kind::Customer, customer, now).await?;
                let about = note::About { customer: Some(customer), service: None, actor: &actor };
                Ok(note::happened(tx, &core, "customer.set", &about, &[], now).await?)
            })
        })
        .await?;
    Ok(settings.len())
}

fn read(catalog: &Catalog, text: &str) -> Result<Setting, SetError> {
    let (claim, value) = text.split_once('=').ok_or_else(|| SetError::Form(text.chars().take(40).collect()))?;
    let identifier = match claim {
        "login" => Some((IdentifierKind::Login, "a login name")),
        "phone_number" => Some((IdentifierKind::Phone, "a telephone number")),
        _ => None,
    };
    if let Some((kind, what)) = identifier {
        let read = (!value.is_empty()).then(|| Identifier::read(kind, value)).transpose();
        return Ok(Setting::Identifier(kind, read.map_err(|_| SetError::Value(claim.to_owned(), what))?));
    }
    let known = SCOPES.iter().filter_map(|scope| catalog.scopes.get(*scope)).find_map(|scope| scope.claims.get(claim));
    let known = known.filter(|_| !DERIVED.contains(&claim)).ok_or_else(|| SetError::Claim(claim.to_owned()))?;
    if value.is_empty() {
        return Ok(Setting::Claim(claim.to_owned(), None));
    }
    let parsed = match known.kind {
        JsonType::String => Some(Value::String(value.to_owned())),
        JsonType::Number | JsonType::Boolean | JsonType::Object | JsonType::Array => serde_json::from_str(value).ok(),
    };
    let parsed = parsed.filter(|value| known.accepts(value) && value.to_string().len() <= 4096);
    Ok(Setting::Claim(claim.to_owned(), Some(parsed.ok_or_else(|| SetError::Value(claim.to_owned(), known.kind.as_str()))?)))
}

async fn apply(tx: &mut Tx, core: &Core, customer: CustomerId, setting: &Setting, now: Timestamp) -> Result<(), SetError> {
    match setting {
        Setting::Claim(claim, Some(value)) => {
            profile::put(tx, core, customer, claim, value, None, now).await?;
        }
        Setting::Claim(claim, None) => {
            storage::profile::remove(tx, customer, claim, now).await?;
        }
        Setting::Identifier(kind, identifier) => {
            // A login name is given, not proved; a phone number stays unproved until its holder types a code.
            let (usage, verified) = if *kind == IdentifierKind::Login { ("login", Some(now)) } else { ("contact", None) };
            storage::identifiers::end(tx, customer, kind.as_str(), usage, now).await?;
            if let Some(identifier) = identifier
                && !identifiers::add(tx, core, customer, identifier, usage, verified, now).await?
            {
                return Err(SetError::Taken(kind.as_str().to_owned()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_concords_own_claims_of_the_right_type_can_be_set() {
        let catalog = crate::usecases::catalog::built_in().unwrap();
        let accepted = |text| read(&catalog, text).is_ok();
        for good in
            ["given_name=Anna", "given_name=", "address={\"country\":\"RU\"}", "phone_number=+79161234567", "login=anna.k", "phone_number="]
        {
            assert!(accepted(good), "{good}");
        }
        for bad in [
            "given_name",
            "address=Moscow",
            "updated_at=1",
            "email=a@example.com",
            "loyalty_tier=gold",
            "login=a b",
            "phone_number=12",
            "=x",
        ] {
            assert!(!accepted(bad), "{bad}");
        }
    }
}
