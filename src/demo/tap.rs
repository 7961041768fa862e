//! The protocol log: what the parties say to each other, as it happens.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::party::Party;
use crate::clock::Timestamp;

/// How many entries are kept.
const KEPT: usize = 200;

/// What a call is for: said in words on the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Reads the metadata.
    Discovers,
    /// Reads the signing keys.
    Keys,
    /// Hands over an authorization request.
    Pushes,
    /// The same with an account to connect.
    PushesLink,
    /// Sends the browser to sign in.
    Authorizes,
    /// The browser comes back.
    Returns,
    /// Redeems a code.
    Redeems,
    /// Refreshes.
    Refreshes,
    /// Asks for a token of its own.
    OwnToken,
    /// Asks who a person is.
    Userinfo,
    /// Asks about a token.
    Introspects,
    /// Gives a token back.
    Revokes,
    /// Writes what it knows about its customer.
    Writes,
    /// Calls another service's API.
    Calls,
    /// Tells that a session or grant ended.
    Ends,
    /// Looks at a page.
    Looks,
    /// Sends a form.
    Sends,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    /// Well.
    Good,
    /// Refused.
    Bad,
    /// Neither.
    Neutral,
}

/// What a part of an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// What was sent.
    Sent,
    /// What was answered.
    Answered,
    /// A token, decoded; its name.
    Token(String),
}

/// A call between two parties.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who called.
    pub from: Party,
    /// Whom.
    pub to: Party,
    /// What for.
    pub deed: Deed,
    /// `POST /oauth2/token`.
    pub call: String,
    /// A status, or a word that says more.
    pub outcome: String,
    /// How it went.
    pub went: Went,
    /// What was said; secrets are cut short.
    pub parts: Vec<(Part, String)>,
    /// The same call for a shell, with names of variables where secrets were.
    pub curl: Option<String>,
}

/// The log; clones share it.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<VecDeque<Entry>>>);

impl Tap {
    /// Adds an entry; the oldest makes room.
    pub fn note(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == KEPT {
            entries.pop_back();
        }
        entries.push_front(entry);
    }

    /// Everything that is kept, the newest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Deed {
    /// The deed of a call by its path, where the path says it all.
    pub fn of_path(path: &str) -> Self {
        match path {
            "/.well-known/openid-configuration" => Self::Discovers,
            "/oauth2/jwks" | "/.well-known/jwks.json" => Self::Keys,
            "/oauth2/par" => Self::Pushes,
            "/oauth2/authorize" => Self::Authorizes,
            "/oauth2/token" => Self::Redeems,
            "/oauth2/userinfo" => Self::Userinfo,
            "/oauth2/introspect" => Self::Introspects,
            "/oauth2/revoke" => Self::Revokes,
            "/oidc/callback" => Self::Returns,
            "/oidc/backchannel-logout" => Self::Ends,
            path if path.starts_with("/api/partner/") => Self::Writes,
            path if path.starts_with("/api/") => Self::Calls,
            _ => Self::Looks,
        }
    }

    /// The specification a call follows: name and address.
    pub const fn specification(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Discovers => ("OpenID Connect Discovery 1.0", "https://openid.net/specs/openid-connect-discovery-1_0.html"),
            Self::Keys => ("RFC 7517", "https://www.rfc-editor.org/rfc/rfc7517"),
            Self::Pushes | Self::PushesLink => ("RFC 9126", "https://www.rfc-editor.org/rfc/rfc9126"),
            Self::Authorizes => ("OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest"),
            Self::Returns => ("RFC 9207", "https://www.rfc-editor.org/rfc/rfc9207"),
            Self::Redeems => ("RFC 6749", "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3"),
            Self::Refreshes => ("RFC 6749", "https://www.rfc-editor.org/rfc/rfc6749#section-6"),
            Self::OwnToken => ("RFC 6749", "https://www.rfc-editor.org/rfc/rfc6749#section-4.4"),
            Self::Userinfo => ("OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html#UserInfo"),
            Self::Introspects => ("RFC 7662", "https://www.rfc-editor.org/rfc/rfc7662"),
            Self::Revokes => ("RFC 7009", "https://www.rfc-editor.org/rfc/rfc7009"),
            Self::Ends => ("OpenID Connect Back-Channel Logout 1.0", "https://openid.net/specs/openid-connect-backchannel-1_0.html"),
            Self::Calls => ("RFC 8707", "https://www.rfc-editor.org/rfc/rfc8707"),
            Self::Writes | Self::Looks | Self::Sends => return None,
        })
    }
}
