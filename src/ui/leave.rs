//! Signing out.

use super::link::{aurora, kinograd};
use super::page::{page, say};
use crate::protocol::locale::Locale;

/// Sign out? Asked when the request did not prove who it comes from (OpenID Connect RP-Initiated Logout 1.0, section 2).
#[derive(Clone, Debug)]
pub struct SignOut {
    /// Masked name or address of the person.
    pub person: String,
    /// The services that are told.
    pub services: Vec<String>,
}

impl SignOut {
    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let full = Self { person: "a•••k@e•••.com".into(), services: vec![aurora(l).name, kinograd(l).name] };
        vec![("services", full.clone()), ("alone", Self { services: vec![], ..full })]
    }
}
page!(SignOut, "leave/sign_out.html");

/// Signed out.
#[derive(Clone, Debug)]
pub struct SignedOut {
    /// The services that were told.
    pub services: Vec<String>,
    /// Back to the service: name and address, when it registered one.
    pub back: Option<(String, String)>,
}

impl SignedOut {
    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let back = Some((kinograd(l).name, "http://cinema.localhost:8080/".to_owned()));
        vec![
            ("back", Self { services: vec![say(l, "Аврора Банк", "Aurora Bank", "极光银行"), kinograd(l).name], back }),
            ("plain", Self { services: vec![], back: None }),
        ]
    }
}
page!(SignedOut, "leave/signed_out.html");
