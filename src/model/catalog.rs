//! The catalogue: product domains, scopes, claims, agreements. Data in `catalog/`, loaded and versioned by the server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::service::LocalText;
use crate::protocol::acr::Acr;

/// How confidential a claim is (domain.md 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Pseudonymous or public.
    D0,
    /// Ordinary personal data.
    D1,
    /// Confidential: money, places, behaviour.
    D2,
    /// Special or regulated.
    D3,
}

impl Class {
    /// The level of authentication that data of this class asks for.
    pub const fn least_acr(self) -> Acr {
        match self {
            Self::D0 | Self::D1 => Acr::Aal1,
            Self::D2 => Acr::Aal2,
            Self::D3 => Acr::Aal3,
        }
    }
}

/// The whole catalogue, immutable; a change makes another.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Catalog {
    /// Product domains by code.
    pub domains: BTreeMap<String, ProductDomain>,
    /// Scopes by token.
    pub scopes: BTreeMap<String, Scope>,
    /// Agreements by code.
    pub agreements: BTreeMap<String, Agreement>,
}

/// A group of scopes with one owner service; `concord` owns identity and contacts, and needs no link.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductDomain {
    /// The name people see.
    pub name: LocalText,
    /// Concord itself is the owner.
    #[serde(default)]
    pub concord: bool,
}

/// One scope: what it lets a recipient read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its product domain.
    pub domain: String,
    /// The name people see.
    pub name: LocalText,
    /// The highest class among its claims.
    pub class: Class,
    /// Purpose code: `service.provision`, `loyalty.participation` ...
    pub purpose: String,
    /// The purpose in words.
    pub why: LocalText,
    /// The agreement a consent to it accepts.
    pub agreement: String,
    /// How long a consent lasts, in months.
    pub months: u32,
    /// Its claims by name.
    pub claims: BTreeMap<String, Claim>,
}

/// One claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// JSON type a value must have: `string`, `number`, `boolean`, `object`, `array`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its class, when it differs from the scope's.
    #[serde(default)]
    pub class: Option<Class>,
    /// The name people see.
    pub name: LocalText,
}

/// A versioned text that a consent accepts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Counts changes of the text.
    pub version: i64,
    /// Its kind: `sign_in`, `link` or `share`.
    pub kind: String,
    /// The text.
    pub text: LocalText,
}

impl Catalog {
    /// The scope that carries a claim, when there is one.
    pub fn scope_of_claim(&self, claim: &str) -> Option<(&str, &Scope)> {
        self.scopes.iter().find(|(_, scope)| scope.claims.contains_key(claim)).map(|(token, scope)| (token.as_str(), scope))
    }
}
