//! Consents: a person's recorded decisions (domain.md 4.3, conventions 10).

use serde::{Deserialize, Serialize};

use super::ids::{ConsentId, CustomerId, EventId, LinkId, ServiceId};
use crate::clock::Timestamp;

/// What a consent is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// Signing in at a service with Concord: `openid` and `offline_access`.
    SignIn,
    /// Mapping a local account to the customer.
    Link,
    /// "Recipient R reads scope X".
    Share,
}

impl ConsentKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::SignIn, Self::Link, Self::Share];

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Link => "link",
            Self::Share => "share",
        }
    }
}

/// Where a consent stands (DPV states).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// In force until `valid_until`.
    Given,
    /// Refused; not asked again for 12 months unless the person starts it.
    Refused,
    /// Taken back.
    Withdrawn,
    /// Over by time.
    Expired,
    /// Ended by something else, such as a ceremony that was not finished.
    Terminated,
}

impl ConsentState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Given, Self::Refused, Self::Withdrawn, Self::Expired, Self::Terminated];

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Terminated => "terminated",
        }
    }
}

/// A consent as it stands.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Its row.
    pub id: ConsentId,
    /// Whose decision.
    pub customer: CustomerId,
    /// To what.
    pub kind: ConsentKind,
    /// Who receives.
    pub recipient: ServiceId,
    /// The scope, for [`ConsentKind::Share`]; `openid` for signing in; empty for a link.
    pub scope: String,
    /// The product domain of the scope.
    pub domain: String,
    /// The link, for [`ConsentKind::Link`].
    pub link: Option<LinkId>,
    /// Agreement code and version accepted.
    pub agreement: (String, i64),
    /// Purpose code.
    pub purpose: String,
    /// Where it stands.
    pub state: ConsentState,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub valid_until: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How the person expressed a decision: kept with it, sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// `button`, `checkbox`, `cli` ...
    pub method: String,
    /// `web`, `cli` ...
    pub channel: String,
    /// Language of the text shown.
    pub language: String,
    /// SHA-256 of the agreement text shown, in hexadecimal.
    pub text_sha256: String,
    /// The client that asked, when one did.
    pub client_id: Option<String>,
    /// The session in which it was expressed.
    pub session: Option<String>,
    /// Level of authentication at that moment.
    pub acr: String,
    /// When the person had authenticated.
    pub auth_time: i64,
    /// Who acted: `self`, or the operator's name for the CLI.
    pub expressed_by: String,
}

/// The record behind one consent event; its canonical JSON is what the commitment commits to (domain.md 4.5).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// Version of this form: `v1`.
    pub version: String,
    /// The event.
    pub event: EventId,
    /// The consent.
    pub consent: ConsentId,
    /// Whose.
    pub customer: CustomerId,
    /// Number in the customer's chain, from 1.
    pub number: i64,
    /// Hash of the record before, in hexadecimal.
    pub previous_hash: String,
    /// `given`, `withdrawn` ...
    pub kind: String,
    /// When, in RFC 3339.
    pub at: String,
    /// `sign_in`, `link` or `share`.
    pub about: String,
    /// Recipient service code.
    pub recipient: String,
    /// Scope, for sharing.
    pub scope: String,
    /// Purpose code.
    pub purpose: String,
    /// Agreement code.
    pub agreement: String,
    /// Agreement version.
    pub agreement_version: i64,
    /// Until when the consent is valid, in RFC 3339.
    pub valid_until: String,
    /// The link, for a link's own consent.
    pub link: Option<LinkId>,
    /// How it was expressed.
    pub proof: Proof,
}
