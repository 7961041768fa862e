//! The person's own history: what they agreed to, refused, took back and linked.

use std::sync::Arc;

use super::{Core, Known, words};
use crate::clock::Timestamp;
use crate::model::consent::{Consent, ConsentKind, ConsentState};
use crate::model::link::{Link, LinkState, masked};
use crate::model::service::{LocalText, Service};

/// How many are shown.
const MOST: usize = 8;

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// That a service may sign the person in; `false`: not any more.
    SignIn(bool),
    /// That a service may read this.
    Given(LocalText),
    /// That it may not read this.
    Refused(LocalText),
    /// That it may not read this any more.
    Withdrawn(LocalText),
    /// To link this account, masked.
    Linked(String),
    /// Not to link it.
    LinkRefused(String),
    /// To end the link with it.
    LinkEnded(String),
}

/// A decision in the past.
#[derive(Clone)]
pub struct Decision {
    /// What.
    pub decided: Decided,
    /// The service it concerns.
    pub service: Arc<Service>,
    /// When.
    pub at: Timestamp,
}

/// The latest decisions among these consents and links.
pub(super) fn latest(core: &Core, known: &Known, consents: &[Consent], links: &[Link]) -> Vec<Decision> {
    let mut found: Vec<Decision> = Vec::new();
    for consent in consents.iter().filter(|consent| consent.kind != ConsentKind::Link) {
        let Some(service) = known.get(&consent.recipient) else { continue };
        let mut note = |decided, at| found.push(Decision { decided, service: Arc::clone(service), at });
        let what = || words(core, known, &consent.scope).0;
        let ended = consent.ended_at.unwrap_or(consent.since);
        match (consent.kind, consent.state) {
            (_, ConsentState::Refused) => note(Decided::Refused(what()), ended),
            (ConsentKind::SignIn, state) => {
                note(Decided::SignIn(true), consent.since);
                if state == ConsentState::Withdrawn {
                    note(Decided::SignIn(false), ended);
                }
            }
            (_, state) => {
                note(Decided::Given(what()), consent.since);
                if state == ConsentState::Withdrawn {
                    note(Decided::Withdrawn(what()), ended);
                }
            }
        }
    }
    for link in links {
        let Some(service) = known.get(&link.service) else { continue };
        let mut note = |decided, at| found.push(Decision { decided, service: Arc::clone(service), at });
        let account = || link.local_account.as_deref().map(masked).unwrap_or_default();
        if link.state == LinkState::Declined {
            note(Decided::LinkRefused(account()), link.ended_at.unwrap_or(link.created_at));
        }
        if let Some(at) = link.activated_at {
            note(Decided::Linked(account()), at);
            if let Some(ended) = link.ended_at.filter(|_| link.state.is_terminal()) {
                note(Decided::LinkEnded(account()), ended);
            }
        }
    }
    found.sort_by_key(|decision| std::cmp::Reverse(decision.at));
    found.truncate(MOST);
    found
}
