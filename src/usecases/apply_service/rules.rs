//! What a service's document must keep to: everything that can be told without the other services.

mod client;

use std::collections::HashSet;

use url::{Host, Url};

use super::document::Problem;
use crate::config::closest;
use crate::crypto::jwk::JwkSet;
use crate::model::catalog::{Catalog, Class};
use crate::model::link::EvidenceLevel;
use crate::model::service::{LocalText, ServiceDocument};
use crate::protocol::resource::Resource;
use crate::protocol::scope::is_token;
use crate::usecases::profile_write::SCOPE as PROFILE_WRITE;

/// The longest name people see, in characters.
const LONGEST_NAME: usize = 60;
/// The longest explanation of an API scope, in characters.
const LONGEST_TEXT: usize = 200;
/// The most clients, scopes or addresses of one kind.
pub(super) const MOST: usize = 50;

/// Every broken rule of a document.
pub(super) fn check(document: &ServiceDocument, catalog: &Catalog, issuer: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let found = &mut problems;
    check_identity(document, found);
    check_owned(document, catalog, found);
    check_api(document, catalog, issuer, found);
    check_links(document, catalog, found);
    check_keys(&document.jwks, "jwks", found);
    let mut ids = HashSet::new();
    for (index, client) in document.clients.iter().enumerate() {
        if !ids.insert(client.client_id.as_str()) {
            found.push(Problem::new(format!("clients.{index}.client_id"), "another client of this document has the same"));
        }
        client::check(document, client, catalog, &format!("clients.{index}"), found);
    }
    if document.clients.len() > MOST {
        found.push(Problem::new("clients", "at most 50"));
    }
    problems
}

fn check_identity(document: &ServiceDocument, found: &mut Vec<Problem>) {
    for (key, code) in [("code", &document.code), ("sector", &document.sector)] {
        if !is_code(code) {
            found.push(Problem::new(key, "must be 2 to 40 lower-case letters, digits and hyphens, beginning with a letter"));
        }
    }
    check_text(&document.name, "name", LONGEST_NAME, found);
    check_address(&document.homepage, "homepage", found);
}

fn check_owned(document: &ServiceDocument, catalog: &Catalog, found: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    for (index, domain) in document.owns.iter().enumerate() {
        let key = format!("owns.{index}");
        match catalog.domains.get(domain) {
            None => found.push(Problem::new(key, unknown("product domain", domain, catalog.domains.keys()))),
            Some(known) if known.concord => found.push(Problem::new(key, format!("{domain} is owned by Concord itself"))),
            Some(_) if !seen.insert(domain) => found.push(Problem::new(key, format!("{domain} is listed twice"))),
            Some(_) => {}
        }
    }
}

fn check_api(document: &ServiceDocument, catalog: &Catalog, issuer: &str, found: &mut Vec<Problem>) {
    let Some(api) = &document.api else { return };
    if api.audience.parse::<Resource>().is_err() || api.audience == issuer {
        found.push(Problem::new("api.audience", "must be an absolute URI without fragment (RFC 8707), other than the issuer"));
    }
    for (scope, text) in &api.scopes {
        let key = format!("api.scopes.{scope}");
        if !is_token(scope) || matches!(scope.as_str(), "openid" | "offline_access" | PROFILE_WRITE) || catalog.scopes.contains_key(scope) {
            found.push(Problem::new(&key, "cannot be the name of an API scope: malformed, or taken by the catalogue"));
        }
        check_text(text, &key, LONGEST_TEXT, found);
    }
    if api.scopes.len() > MOST {
        found.push(Problem::new("api.scopes", "at most 50"));
    }
}

/// domain.md 2.3: what a link to a service conveys decides how well it must be proved.
fn check_links(document: &ServiceDocument, catalog: &Catalog, found: &mut Vec<Problem>) {
    let policy = &document.links;
    let confidential = document.owns.iter().any(|domain| catalog.scopes_of(domain).any(|(_, scope)| scope.class >= Class::D2));
    let least = if confidential { EvidenceLevel::L3 } else { EvidenceLevel::L2 };
    if policy.min_evidence < least {
        found.push(Problem::new("links.min_evidence", format!("must be at least {least:?} for the product domains this service owns")));
    }
    if policy.max_evidence < policy.min_evidence {
        found.push(Problem::new("links.max_evidence", "is lower than min_evidence: no account could ever be linked"));
    }
}

/// A JWK set whose keys meet the policy.
fn check_keys(jwks: &serde_json::Value, key: &str, found: &mut Vec<Problem>) {
    if let Err(error) = JwkSet::from_value(jwks) {
        found.push(Problem::new(key, error.to_string()));
    }
}

/// A text in all three languages that cannot fool the eye.
fn check_text(text: &LocalText, key: &str, longest: usize, found: &mut Vec<Problem>) {
    for (lang, text) in [("ru", &text.ru), ("en", &text.en), ("zh", &text.zh)] {
        let length = text.trim().chars().count();
        if length == 0 || length > longest || text.chars().any(is_treacherous) {
            found.push(Problem::new(format!("{key}.{lang}"), format!("must be 1 to {longest} visible characters")));
        }
    }
}

/// Control characters, and those that change the direction of writing or cannot be seen.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// An address of the partner that people or we visit: https, or http on this machine.
fn check_address(address: &str, key: &str, found: &mut Vec<Problem>) {
    if address.len() > 500 || web_address(address).is_none() {
        found.push(Problem::new(key, "must be an https address without user name and fragment (http only on loopback)"));
    }
}

/// The address, when it is https, or http on loopback, without user name, password and fragment.
pub(in crate::usecases) fn web_address(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let plain = url.username().is_empty() && url.password().is_none() && !address.contains('#');
    (secure && plain && !address.chars().any(|c| c.is_control() || c == '\\')).then_some(url)
}

/// Whether an address is on this machine.
pub(in crate::usecases) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_code(code: &str) -> bool {
    (2..=40).contains(&code.len())
        && code.starts_with(|c: char| c.is_ascii_lowercase())
        && !code.ends_with('-')
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// "there is no scope loyalti; did you mean loyalty?"
pub(super) fn unknown<'k>(what: &str, wrong: &str, known: impl Iterator<Item = &'k String> + Clone) -> String {
    match closest(wrong, known.map(String::as_str)) {
        Some(near) => format!("there is no {what} {wrong}; did you mean {near}?"),
        None => format!("there is no {what} {wrong}"),
    }
}

#[cfg(test)]
mod tests;
