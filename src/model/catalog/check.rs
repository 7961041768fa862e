//! The rules a catalogue must keep; broken ones stop the server's start.

use std::collections::HashMap;
use std::fmt::Display;

use super::{Catalog, Class, LINK, ProductDomain, SIGN_IN, Scope};
use crate::model::consent::ConsentKind;
use crate::model::service::LocalText;
use crate::protocol::scope::is_token;

/// What is wrong with a catalogue, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("catalogue, {place}: {problem}")]
pub struct CatalogError {
    /// The file, or the table and code.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
}

impl CatalogError {
    /// A problem at a place.
    pub fn new(place: &str, problem: &dyn Display) -> Self {
        Self { place: place.to_owned(), problem: problem.to_string() }
    }
}

/// Claims of the tokens themselves: no scope may carry them.
const TOKEN_CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
    "cnf",
    "act",
    "scope",
    "client_id",
    "events",
    "active",
    "_claim_names",
    "_claim_sources",
];

/// Registered names that mean the same in every domain and so carry no prefix.
const COMMON_CLAIMS: &[&str] = &["verified_claims"];

/// The longest consent, in months, and the longest for class D3 (domain.md 5.1).
const LONGEST: u32 = 60;
const LONGEST_SPECIAL: u32 = 12;

impl Catalog {
    pub(super) fn check(&self) -> Result<(), CatalogError> {
        for (code, domain) in &self.domains {
            check_domain(code, domain).map_err(|problem| CatalogError::new(&format!("domains.{code}"), &problem))?;
        }
        self.check_agreements()?;
        let mut carriers = HashMap::new();
        for (token, scope) in &self.scopes {
            let wrong = |problem: String| CatalogError::new(&format!("scopes.{token}"), &problem);
            self.check_scope(token, scope).map_err(wrong)?;
            for claim in scope.claims.keys() {
                if let Some(other) = carriers.insert(claim, token) {
                    return Err(wrong(format!("claim {claim} already belongs to scope {other}")));
                }
            }
        }
        Ok(())
    }

    fn check_agreements(&self) -> Result<(), CatalogError> {
        for (code, kind) in [(SIGN_IN, ConsentKind::SignIn), (LINK, ConsentKind::Link)] {
            if self.agreements.get(code).is_none_or(|agreement| agreement.kind != kind) {
                return Err(CatalogError::new("agreements", &format!("there must be an agreement {code} of kind {}", kind.as_str())));
            }
        }
        for (code, agreement) in &self.agreements {
            let wrong = |problem: &str| Err(CatalogError::new(&format!("agreements.{code}"), &problem));
            if agreement.version < 1 {
                return wrong("version starts at 1");
            }
            if !(1..=LONGEST).contains(&agreement.months) {
                return wrong("months must be 1 to 60");
            }
            if !is_complete(&agreement.text) {
                return wrong("the text is missing in one of ru, en, zh");
            }
            if agreement.kind != ConsentKind::Share && code != SIGN_IN && code != LINK {
                return wrong("only the agreements sign_in and link may be of their kind");
            }
        }
        Ok(())
    }

    fn check_scope(&self, token: &str, scope: &Scope) -> Result<(), String> {
        let domain = self.domains.get(&scope.domain).ok_or_else(|| format!("unknown domain {}", scope.domain))?;
        let named_after = token == scope.domain || token.strip_prefix(scope.domain.as_str()).is_some_and(|rest| rest.starts_with('.'));
        ensure(is_token(token) && !matches!(token, "openid" | "offline_access"), "cannot be used as a scope")?;
        ensure(domain.concord || named_after, "must be its domain's code, alone or followed by a dot and a word")?;
        ensure(is_complete(&scope.name) && is_complete(&scope.why), "name or why is missing in one of ru, en, zh")?;
        ensure(is_dotted_word(&scope.purpose), "purpose must be words like service.provision")?;
        let longest = if scope.class == Class::D3 { LONGEST_SPECIAL } else { LONGEST };
        ensure((1..=longest).contains(&scope.months), "months are out of range: 1 to 60, and at most 12 for class D3")?;
        let agreement = self.agreements.get(&scope.agreement).ok_or_else(|| format!("unknown agreement {}", scope.agreement))?;
        ensure(agreement.kind == ConsentKind::Share, "its agreement must be of kind share")?;
        ensure(!scope.claims.is_empty(), "has no claims")?;
        scope.claims.keys().try_for_each(|claim| check_claim(domain, scope, claim))
    }
}

fn ensure(holds: bool, problem: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem.to_owned()) }
}

fn check_domain(code: &str, domain: &ProductDomain) -> Result<(), String> {
    ensure(is_word(code) && domain.prefix.as_deref().is_none_or(is_word), "must be a lower-case word")?;
    ensure(is_complete(&domain.name), "the name is missing in one of ru, en, zh")
}

fn check_claim(domain: &ProductDomain, scope: &Scope, claim: &str) -> Result<(), String> {
    let prefix = domain.prefix.as_deref().unwrap_or(&scope.domain);
    let prefixed = claim.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('_') && rest.len() > 1);
    ensure(is_word(claim) && !TOKEN_CLAIMS.contains(&claim), &format!("{claim} cannot be used as a claim"))?;
    ensure(
        domain.concord || prefixed || COMMON_CLAIMS.contains(&claim),
        &format!("claim {claim} must begin with {prefix}_, because claims of all domains meet in one answer"),
    )?;
    let Some(entry) = scope.claims.get(claim) else { return Ok(()) };
    ensure(is_complete(&entry.name), &format!("the name of {claim} is missing in one of ru, en, zh"))?;
    ensure(entry.class.is_none_or(|class| class > scope.class), &format!("the class of {claim} must be higher than its scope's"))
}

fn is_complete(text: &LocalText) -> bool {
    [&text.ru, &text.en, &text.zh].into_iter().all(|text| !text.trim().is_empty())
}

/// A lower-case word: a letter, then letters, digits and underscores.
fn is_word(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_dotted_word(text: &str) -> bool {
    text.split('.').all(is_word)
}
