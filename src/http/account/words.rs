//! From what a person holds to what the pages say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::http::pages::card;
use crate::model::consent::ConsentKind;
use crate::model::link::LinkState;
use crate::model::service::Service;
use crate::ui::account::{Decision, DecisionKind, LinkRow, LinkStatus, ServiceTile};
use crate::ui::frame::{ClientCard, Frame};
use crate::ui::privacy::{Cell, ConsentRow, MatrixRow, Withdrawal};
use crate::usecases::Core;
use crate::usecases::account::{Decided, Overview};

/// How long before its end a consent counts as ending soon.
const SOON: Duration = Duration::from_hours(30 * 24);

fn names(services: &[Arc<Service>], frame: &Frame) -> Vec<String> {
    services.iter().map(|service| service.document.name.get(frame.locale).to_owned()).collect()
}

fn disconnect_url(service: &Service) -> String {
    format!("/account/services/{}/disconnect", service.document.code)
}

pub(super) fn tiles(held: &Overview, frame: &Frame) -> Vec<ServiceTile> {
    let tile = |connection: &crate::usecases::account::Connection| ServiceTile {
        card: card(&connection.service, frame.locale),
        url: connection.service.document.homepage.clone(),
        linked: connection.linked,
        last_used: connection.last_used,
        disconnect_url: disconnect_url(&connection.service),
    };
    held.connections.iter().map(tile).collect()
}

pub(super) fn links(held: &Overview, frame: &Frame) -> Vec<LinkRow> {
    let row = |link: &crate::usecases::account::HeldLink| LinkRow {
        id: link.id.to_string(),
        service: card(&link.service, frame.locale),
        local_account: link.local_account.clone(),
        status: match link.state {
            LinkState::Active => LinkStatus::Active,
            LinkState::Suspended => LinkStatus::Suspended,
            LinkState::Disputed => LinkStatus::Disputed,
            _ => LinkStatus::Pending,
        },
        since: link.since,
        readers: names(&link.readers, frame),
        undo_until: link.undo_until,
        end_url: format!("/account/links/{}/end", link.id),
    };
    held.links.iter().map(row).collect()
}

/// Services in use that know no account of the person yet: linking begins on their own pages (C3).
pub(super) fn connectable(held: &Overview, frame: &Frame) -> Vec<(ClientCard, String)> {
    let links = &held.links;
    let open = held.connections.iter().filter(|connection| !links.iter().any(|link| link.service.id == connection.service.id));
    let takes =
        open.filter(|connection| connection.service.enabled && connection.service.document.jwks != serde_json::json!({ "keys": [] }));
    takes.map(|connection| (card(&connection.service, frame.locale), connection.service.document.homepage.clone())).collect()
}

pub(super) fn consents(held: &Overview, frame: &Frame) -> Vec<ConsentRow> {
    let row = |consent: &crate::usecases::account::HeldConsent| {
        let (what, purpose, withdrawal) = match consent.kind {
            ConsentKind::SignIn => {
                let (what, purpose) = ConsentRow::to_sign_in(frame);
                (what, purpose, Withdrawal::Confirm { url: disconnect_url(&consent.recipient) })
            }
            _ => (consent.title.get(frame.locale).to_owned(), consent.why.get(frame.locale).to_owned(), Withdrawal::OneClick),
        };
        ConsentRow {
            id: consent.id.to_string(),
            service: card(&consent.recipient, frame.locale),
            what,
            purpose,
            given_at: consent.since,
            until: Some(consent.until),
            withdrawal,
        }
    };
    held.consents.iter().map(row).collect()
}

pub(super) fn decisions(held: &Overview, frame: &Frame) -> Vec<Decision> {
    let line = |decision: &crate::usecases::account::Decision| {
        let (kind, what) = match &decision.decided {
            Decided::SignIn(given) => (if *given { DecisionKind::Given } else { DecisionKind::Withdrawn }, ConsentRow::to_sign_in(frame).0),
            Decided::Given(what) => (DecisionKind::Given, what.get(frame.locale).to_owned()),
            Decided::Withdrawn(what) => (DecisionKind::Withdrawn, what.get(frame.locale).to_owned()),
            Decided::Refused(what) => (DecisionKind::Refused, what.get(frame.locale).to_owned()),
            Decided::Linked(account) => (DecisionKind::Linked, account.clone()),
            Decided::LinkRefused(account) => (DecisionKind::Refused, account.clone()),
            Decided::LinkEnded(account) => (DecisionKind::LinkEnded, account.clone()),
        };
        Decision { kind, service: decision.service.document.name.get(frame.locale).to_owned(), what, at: decision.at }
    };
    held.decisions.iter().map(line).collect()
}

/// Who reads what: a row per service in use, a column per product domain that anybody reads or a used service owns.
pub(super) fn matrix(core: &Core, held: &Overview, frame: &Frame) -> (Vec<String>, Vec<MatrixRow>) {
    let catalog = core.catalog.load();
    let read = held.consents.iter().map(|consent| consent.domain.as_str());
    let owned = held.connections.iter().flat_map(|connection| connection.service.document.owns.iter().map(String::as_str));
    let present: BTreeSet<&str> = read.chain(owned).collect();
    // Concord's own domains first: identity and contacts are what nearly everybody asks for.
    let mut columns: Vec<_> = catalog.domains.iter().filter(|(code, _)| present.contains(code.as_str())).collect();
    columns.sort_by_key(|(_, domain)| !domain.concord);
    let row = |connection: &crate::usecases::account::Connection| MatrixRow {
        service: card(&connection.service, frame.locale),
        cells: columns.iter().map(|(code, _)| cell(held, &connection.service, code, frame)).collect(),
    };
    let rows = held.connections.iter().map(row).collect();
    (columns.iter().map(|(_, domain)| domain.name.get(frame.locale).to_owned()).collect(), rows)
}

fn cell(held: &Overview, service: &Service, domain: &str, frame: &Frame) -> Cell {
    if service.document.owns.iter().any(|owned| owned == domain) {
        return Cell::Own;
    }
    let here = |consent: &&crate::usecases::account::HeldConsent| consent.recipient.id == service.id && consent.domain == domain;
    let mut reads = held.consents.iter().filter(here).peekable();
    if reads.peek().is_none() {
        return Cell::Nothing;
    }
    let (mut needed, mut soon) = (false, false);
    for consent in reads {
        needed |= consent.needed;
        soon |= consent.until < frame.now + SOON;
    }
    match (soon, needed) {
        (true, _) => Cell::EndsSoon,
        (_, true) => Cell::Needed,
        _ => Cell::Chosen,
    }
}
