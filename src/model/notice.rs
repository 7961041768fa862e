//! Messages to people: what is said; ui words it, outbound carries it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::model::service::LocalText;
use crate::protocol::locale::Locale;

/// A message to one address. Personal: it is stored sealed only.
#[derive(Clone, Serialize, Deserialize)]
pub struct Notice {
    /// The e-mail address, as the person wrote it.
    pub to: String,
    /// The language it is worded in.
    pub locale: Locale,
    /// What it says.
    pub about: About,
}

/// What a message says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum About {
    /// A code to type.
    OneTimeCode {
        /// Six digits.
        code: String,
        /// How long it counts.
        valid_minutes: u32,
        /// The service that began the flow.
        service: Option<LocalText>,
    },
    /// A local account was linked.
    LinkActivated {
        /// The service.
        service: LocalText,
        /// The local account, masked.
        local_account: String,
        /// When.
        at: Timestamp,
        /// Until when one click undoes it.
        undo_until: Timestamp,
    },
    /// A consent was withdrawn.
    ConsentWithdrawn {
        /// Who may not read any more.
        service: LocalText,
        /// What.
        what: LocalText,
        /// When.
        at: Timestamp,
    },
    /// The password was changed, or a first one was set.
    PasswordChanged {
        /// Browser and system family.
        device: String,
        /// When.
        at: Timestamp,
    },
}
