//! Login names.

use std::str::FromStr;

use super::{IdentifierError, ends, tidy};
use crate::model::ids::CustomerId;

/// Names nobody may sign in with, because they could be taken for the house or for a place in it.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "agent",
    "anonymous",
    "api",
    "concord",
    "everyone",
    "guest",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "login",
    "logout",
    "mail",
    "me",
    "moderator",
    "nobody",
    "noreply",
    "no-reply",
    "null",
    "nil",
    "none",
    "oauth",
    "oauth2",
    "operator",
    "owner",
    "postmaster",
    "register",
    "root",
    "security",
    "self",
    "service",
    "staff",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "test",
    "undefined",
    "unknown",
    "user",
    "webmaster",
    "well-known",
];

/// A login name: lower-case ASCII, so that no two look alike.
#[derive(Clone)]
pub struct LoginName(String);

impl LoginName {
    /// The name, which is its own normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `a•••e`
    pub fn masked(&self) -> String {
        ends(&self.0)
    }
}

impl FromStr for LoginName {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let name = tidy(text)?.to_lowercase();
        let symbols = name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        let doubled = name.as_bytes().windows(2).any(|pair| pair.iter().all(|b| !b.is_ascii_alphanumeric()));
        let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !symbols || doubled || !ends || !(3..=32).contains(&name.len()) {
            return Err(if RESERVED.contains(&name.trim_start_matches('.')) { IdentifierError::Reserved } else { IdentifierError::Login });
        }
        // A name must not be somebody's customer id either.
        if RESERVED.contains(&name.as_str()) || name.parse::<CustomerId>().is_ok() {
            return Err(IdentifierError::Reserved);
        }
        Ok(Self(name))
    }
}

identity_by_normal_form!(LoginName, as_str, as_str);
