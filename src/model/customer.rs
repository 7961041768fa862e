//! Customers and their browser sessions.

use serde::{Deserialize, Serialize};

use super::ids::{CustomerId, SessionId};
use crate::clock::Timestamp;
use crate::protocol::acr::{Acr, Amr};
use crate::protocol::locale::Locale;

/// Where a customer stands (conventions 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerState {
    /// Made by a service; nobody can sign in yet.
    Minted,
    /// Made with a seller.
    Light,
    /// In order.
    Active,
    /// Nobody can sign in; grants ended.
    Locked,
    /// A tombstone that names its survivor.
    Merged,
    /// To be erased; signing in cancels.
    Erasing,
    /// Gone.
    Erased,
}

impl CustomerState {
    /// Every state.
    pub const ALL: [Self; 7] = [Self::Minted, Self::Light, Self::Active, Self::Locked, Self::Merged, Self::Erasing, Self::Erased];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minted => "minted",
            Self::Light => "light",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Merged => "merged",
            Self::Erasing => "erasing",
            Self::Erased => "erased",
        }
    }

    /// The state with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A customer as it stands, without anything personal.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The global customer id.
    pub id: CustomerId,
    /// Where it stands.
    pub state: CustomerState,
    /// Bumped by every ending of the customer as a whole.
    pub epoch: i64,
    /// Language of pages and mails.
    pub locale: Locale,
    /// Since when.
    pub created_at: Timestamp,
}

/// A browser signed in at Concord.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its row.
    pub id: SessionId,
    /// Who.
    pub customer: CustomerId,
    /// When the person last authenticated.
    pub auth_time: Timestamp,
    /// Level reached.
    pub acr: Acr,
    /// Methods used.
    pub amr: Vec<Amr>,
    /// Browser and system family, for the person's own list.
    pub device: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Last seen, to the minute.
    pub seen_at: Timestamp,
    /// Until when, at the latest.
    pub expires_at: Timestamp,
}
