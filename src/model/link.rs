//! Links: the consented mapping of a local account to a customer (domain.md 2.4, conventions 2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::{ConsentId, CustomerId, EvidenceId, LinkId, ServiceId};
use crate::clock::Timestamp;
use crate::protocol::acr::Acr;

/// How strongly control of a local account was proved (domain.md 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EvidenceLevel {
    /// A heuristic match.
    L0,
    /// The same verified identifier on both sides.
    L1,
    /// Control of the shared identifier proved now; also the cap of assisted ceremonies.
    L2,
    /// Authenticated at the service.
    L3,
    /// The same with several factors on both sides.
    L4,
}

impl EvidenceLevel {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
            Self::L4 => "L4",
        }
    }
}

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// A match offered to the customer.
    Suggested,
    /// Waiting for proof.
    PendingProof,
    /// Proved, waiting for consent.
    PendingConsent,
    /// Consented; becomes active when the service's own browser session redeems the code (C3).
    PendingActivation,
    /// The only state that conveys anything.
    Active,
    /// Kept, but blocked.
    Suspended,
    /// In conflict after a merge or move.
    Disputed,
    /// "Not mine."
    Rejected,
    /// Refused by the customer.
    Declined,
    /// Not finished in time.
    Expired,
    /// Consent withdrawn.
    Withdrawn,
    /// Ended by the service or staff.
    Unlinked,
    /// Went to another customer.
    Moved,
    /// Went to the survivor of a merge.
    Merged,
}

impl LinkState {
    /// Every state.
    pub const ALL: [Self; 14] = [
        Self::Suggested,
        Self::PendingProof,
        Self::PendingConsent,
        Self::PendingActivation,
        Self::Active,
        Self::Suspended,
        Self::Disputed,
        Self::Rejected,
        Self::Declined,
        Self::Expired,
        Self::Withdrawn,
        Self::Unlinked,
        Self::Moved,
        Self::Merged,
    ];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suggested => "suggested",
            Self::PendingProof => "pending_proof",
            Self::PendingConsent => "pending_consent",
            Self::PendingActivation => "pending_activation",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Disputed => "disputed",
            Self::Rejected => "rejected",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Unlinked => "unlinked",
            Self::Moved => "moved",
            Self::Merged => "merged",
        }
    }

    /// Whether nothing can follow (but a split, for `merged`).
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Rejected | Self::Declined | Self::Expired | Self::Withdrawn | Self::Unlinked | Self::Moved | Self::Merged)
    }

    /// Whether the state machine of domain.md 2.4 has this arrow.
    pub const fn may_become(self, next: Self) -> bool {
        use LinkState as S;
        match self {
            S::Suggested => matches!(next, S::PendingProof | S::Rejected | S::Expired),
            S::PendingProof => matches!(next, S::PendingConsent | S::Expired),
            S::PendingConsent => matches!(next, S::PendingActivation | S::Active | S::Declined | S::Expired | S::Disputed),
            S::PendingActivation => matches!(next, S::Active | S::Expired),
            S::Active => matches!(next, S::Suspended | S::Withdrawn | S::Unlinked | S::Moved | S::Merged),
            S::Suspended => matches!(next, S::Active | S::Withdrawn | S::Unlinked | S::Moved | S::Merged),
            S::Disputed => matches!(next, S::Active | S::Withdrawn | S::Unlinked),
            S::Merged => matches!(next, S::Active | S::Suspended),
            S::Rejected | S::Declined | S::Expired | S::Withdrawn | S::Unlinked | S::Moved => false,
        }
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a state of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown link state")]
pub struct UnknownLinkState;

impl FromStr for LinkState {
    type Err = UnknownLinkState;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownLinkState)
    }
}

/// A link as it stands; the local account is opened, so keep it out of logs.
#[derive(Clone)]
pub struct Link {
    /// Its row.
    pub id: LinkId,
    /// The service whose account it is.
    pub service: ServiceId,
    /// The customer.
    pub customer: CustomerId,
    /// Where it stands.
    pub state: LinkState,
    /// Counts its transitions.
    pub version: i64,
    /// The service's own account id, once proved.
    pub local_account: Option<String>,
    /// Its own consent.
    pub consent: Option<ConsentId>,
    /// Its own evidence.
    pub evidence: Option<EvidenceId>,
    /// Why it is suspended or ended.
    pub reason: Option<String>,
    /// When the ceremony began.
    pub created_at: Timestamp,
    /// Until when it waits, while it is not active yet.
    pub expires_at: Option<Timestamp>,
    /// When it became active.
    pub activated_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A local account that a service has proved and asks to connect (C3): checked when it was pushed, kept in the flow until the
/// person decides. It names an account, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct LinkProposal {
    /// The service.
    pub service: ServiceId,
    /// Its own account, exactly as it names it.
    pub local_account: String,
    /// What the proof counts for.
    pub level: EvidenceLevel,
    /// The level the person reached at the service.
    pub acr: Acr,
    /// When the person authenticated at the service.
    pub auth_time: Timestamp,
    /// When the proof reached us.
    pub proved_at: Timestamp,
    /// Until when it may be accepted.
    pub expires_at: Timestamp,
    /// The signed assertion itself: the evidence.
    pub assertion: String,
}

/// A local account as people may see it: the last symbols, never more than half of them; of an address the first and the end.
pub fn masked(local_account: &str) -> String {
    if let Some((name, host)) = local_account.split_once('@') {
        let first = name.chars().next().map(String::from).unwrap_or_default();
        let end = host.rsplit_once('.').map(|(_, end)| format!(".{end}")).unwrap_or_default();
        return format!("{first}***@***{end}");
    }
    let symbols: Vec<char> = local_account.chars().collect();
    let shown = (symbols.len() / 2).min(4);
    format!("•••• {}", symbols[symbols.len() - shown..].iter().collect::<String>()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_states_lead_nowhere_but_a_merge_undone() {
        for state in LinkState::ALL {
            let leads = LinkState::ALL.into_iter().any(|next| state.may_become(next));
            assert_eq!(leads, !state.is_terminal() || state == LinkState::Merged, "{state}");
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }

    #[test]
    fn i5_nothing_ended_becomes_active_again_except_by_a_split() {
        for state in
            [LinkState::Withdrawn, LinkState::Unlinked, LinkState::Expired, LinkState::Declined, LinkState::Rejected, LinkState::Moved]
        {
            assert!(!state.may_become(LinkState::Active));
        }
    }

    #[test]
    fn a_mask_shows_no_more_than_half() {
        for (account, shown) in [
            ("AB-20394417", "•••• 4417"),
            ("anna", "•••• na"),
            ("7", "••••"),
            ("", "••••"),
            ("дом-42", "•••• -42"),
            ("anna.petrova@example.com", "a***@***.com"),
            ("@", "***@***"),
        ] {
            assert_eq!(masked(account), shown);
        }
    }
}
