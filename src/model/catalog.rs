//! The catalogue: product domains, scopes, claims, agreements. Data in `catalog/`, loaded and versioned by the server.

mod check;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::check::CatalogError;
use super::consent::ConsentKind;
use super::service::LocalText;
use crate::protocol::acr::Acr;

/// The agreement behind signing in at a service: `openid` and `offline_access`.
pub const SIGN_IN: &str = "sign_in";
/// The agreement behind a link.
pub const LINK: &str = "link";

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
#[serde(default, deny_unknown_fields)]
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
    /// What its claims begin with (before `_`), when that is not its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// Who may be entitled to a scope at all, beside what the contract says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Services that are members of the ecosystem (domain.md 3.2).
    EcosystemMember,
    /// Concord's own apps: the service with the code `concord`.
    OwnApps,
}

/// One scope: what it lets a recipient read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its product domain.
    pub domain: String,
    /// The name people see.
    pub name: LocalText,
    /// Its class; single claims may be of a higher one, and are then left out where only the scope's class is met.
    pub class: Class,
    /// Purpose code: `service.provision`, `loyalty.participation` ...
    pub purpose: String,
    /// The purpose in words.
    pub why: LocalText,
    /// The agreement a consent to it accepts.
    pub agreement: String,
    /// How long a consent lasts, in months.
    pub months: u32,
    /// Who may be entitled to it; everybody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// Its claims by name.
    pub claims: BTreeMap<String, Claim>,
}

impl Scope {
    /// The class of one of its claims; the scope's own for a claim it does not have.
    pub fn class_of(&self, claim: &str) -> Class {
        self.claims.get(claim).and_then(|claim| claim.class).unwrap_or(self.class)
    }

    /// The claims that an authentication of this level lets through (domain.md 5.1).
    pub fn readable(&self, acr: Acr) -> impl Iterator<Item = (&str, &Claim)> {
        let passes = move |claim: &Claim| acr >= claim.class.unwrap_or(self.class).least_acr();
        self.claims.iter().filter(move |(_, claim)| passes(claim)).map(|(name, claim)| (name.as_str(), claim))
    }
}

/// The JSON type of a claim's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonType {
    /// A text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An object.
    Object,
    /// A list.
    Array,
}

impl JsonType {
    /// The word, as the catalogue writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }

    const fn is(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::String, Value::String(_))
                | (Self::Number, Value::Number(_))
                | (Self::Boolean, Value::Bool(_))
                | (Self::Object, Value::Object(_))
                | (Self::Array, Value::Array(_))
        )
    }
}

/// One claim.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// JSON type a value must have.
    #[serde(rename = "type")]
    pub kind: JsonType,
    /// Its class, when it is higher than the scope's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The form of the value: `date`, `date-time`, `e164`, `uri`, `money`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The only values it may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Where its meaning comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// The name people see.
    pub name: LocalText,
}

impl Claim {
    /// Whether a value has the type, and is one of the values, that the catalogue asks for.
    pub fn accepts(&self, value: &Value) -> bool {
        self.kind.is(value) && (self.values.is_empty() || self.values.iter().any(|known| Some(known.as_str()) == value.as_str()))
    }
}

/// A versioned text that a consent accepts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Counts changes of the text.
    pub version: i64,
    /// What it is an agreement to.
    pub kind: ConsentKind,
    /// How long a consent to it lasts, in months; a consent to a scope lasts as long as the scope says.
    #[serde(default = "two_years")]
    pub months: u32,
    /// The text.
    pub text: LocalText,
}

const fn two_years() -> u32 {
    24
}

impl Catalog {
    /// Reads the files of a catalogue (name and text of each) into one and checks it whole.
    ///
    /// # Errors
    /// The first file that cannot be read or breaks a rule, with its place in it.
    pub fn from_files<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Result<Self, CatalogError> {
        let mut whole = Self::default();
        for (name, text) in files {
            let part: Self = toml::from_str(text).map_err(|error| CatalogError::new(name, &error))?;
            whole.add(name, part)?;
        }
        whole.check()?;
        Ok(whole)
    }

    fn add(&mut self, file: &str, part: Self) -> Result<(), CatalogError> {
        take_in(file, "domains", &mut self.domains, part.domains)?;
        take_in(file, "scopes", &mut self.scopes, part.scopes)?;
        take_in(file, "agreements", &mut self.agreements, part.agreements)
    }

    /// The scope that carries a claim, when there is one.
    pub fn scope_of_claim(&self, claim: &str) -> Option<(&str, &Scope)> {
        self.scopes.iter().find(|(_, scope)| scope.claims.contains_key(claim)).map(|(token, scope)| (token.as_str(), scope))
    }

    /// The agreement behind a kind of consent; for a share, the scope's own.
    pub fn agreement_for(&self, kind: ConsentKind, scope: &str) -> Option<(&str, &Agreement)> {
        let code = match kind {
            ConsentKind::SignIn => SIGN_IN,
            ConsentKind::Link => LINK,
            ConsentKind::Share => &self.scopes.get(scope)?.agreement,
        };
        self.agreements.get_key_value(code).map(|(code, agreement)| (code.as_str(), agreement))
    }

    /// Whether Concord itself owns a scope, so that it needs no link; `None` when there is no such scope.
    pub fn is_concords_own(&self, scope: &str) -> Option<bool> {
        let scope = self.scopes.get(scope)?;
        Some(self.domains.get(&scope.domain).is_some_and(|domain| domain.concord))
    }

    /// The scopes of one product domain.
    pub fn scopes_of<'c>(&'c self, domain: &'c str) -> impl Iterator<Item = (&'c str, &'c Scope)> {
        self.scopes.iter().filter(move |(_, scope)| scope.domain == domain).map(|(token, scope)| (token.as_str(), scope))
    }

    /// Whether Concord may keep values of a claim: class D3 stays with its owner (domain.md 5.1). False for an unknown claim.
    pub fn may_store(&self, claim: &str) -> bool {
        self.scope_of_claim(claim).is_some_and(|(_, scope)| scope.class_of(claim) < Class::D3)
    }
}

fn take_in<T>(file: &str, table: &str, whole: &mut BTreeMap<String, T>, part: BTreeMap<String, T>) -> Result<(), CatalogError> {
    for (code, entry) in part {
        if whole.contains_key(&code) {
            return Err(CatalogError::new(file, &format!("{table}.{code} is already defined by another file")));
        }
        whole.insert(code, entry);
    }
    Ok(())
}
