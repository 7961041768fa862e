//! The person's own pages: home, linked accounts, sessions, safety.

use super::frame::{ClientCard, Frame};
use super::link::{aurora, kinograd, polar};
use super::page::{days, minutes, page, say};
use super::privacy::{ConsentRow, sample_consents};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// What was done a moment ago, said once at the top of the page after a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A consent was withdrawn.
    ConsentWithdrawn {
        /// Who may no longer read it.
        service: String,
    },
    /// A link was ended.
    LinkEnded {
        /// The service whose account it was.
        service: String,
    },
    /// A service was disconnected: sign-in consent, link and grants.
    Disconnected {
        /// The service.
        service: String,
    },
    /// One session was signed out.
    SessionEnded,
    /// All other sessions were signed out.
    OthersEnded,
    /// The password was set or changed.
    PasswordSet,
    /// The nickname was changed.
    NicknameSet,
    /// It was over before: somebody was quicker, or the page was old.
    NothingChanged,
}

impl Notice {
    /// Says it.
    pub fn text(&self, f: &Frame) -> String {
        match self {
            Self::ConsentWithdrawn { service } => f.t1("notice-consent-withdrawn", "service", service),
            Self::LinkEnded { service } => f.t1("notice-link-ended", "service", service),
            Self::Disconnected { service } => f.t1("notice-disconnected", "service", service),
            Self::SessionEnded => f.t("notice-session-ended"),
            Self::OthersEnded => f.t("notice-others-ended"),
            Self::PasswordSet => f.t("notice-password-set"),
            Self::NicknameSet => f.t("notice-nickname-set"),
            Self::NothingChanged => f.t("notice-nothing-changed"),
        }
    }
}

/// A service the person uses with Concord.
#[derive(Clone, Debug)]
pub struct ServiceTile {
    /// The service.
    pub card: ClientCard,
    /// Where its pages are.
    pub url: String,
    /// Its own account is linked.
    pub linked: bool,
    /// The last time Concord signed the person in there.
    pub last_used: Option<Timestamp>,
    /// Where it can be disconnected: the confirm page.
    pub disconnect_url: String,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionKind {
    /// A consent was given.
    Given,
    /// A consent was withdrawn.
    Withdrawn,
    /// A consent was refused.
    Refused,
    /// A link became active.
    Linked,
    /// A link ended.
    LinkEnded,
}

/// A line of the history.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What was decided.
    pub kind: DecisionKind,
    /// The service it concerns.
    pub service: String,
    /// What may be read, or which account; empty when the kind says all.
    pub what: String,
    /// When.
    pub at: Timestamp,
}

impl Decision {
    pub(super) fn word(&self) -> &'static str {
        match self.kind {
            DecisionKind::Given => "decision-given",
            DecisionKind::Withdrawn => "decision-withdrawn",
            DecisionKind::Refused => "decision-refused",
            DecisionKind::Linked => "decision-linked",
            DecisionKind::LinkEnded => "decision-link-ended",
        }
    }

    pub(super) fn tone(&self) -> &'static str {
        match self.kind {
            DecisionKind::Given | DecisionKind::Linked => "good",
            DecisionKind::Withdrawn | DecisionKind::LinkEnded => "bad",
            DecisionKind::Refused => "warn",
        }
    }
}

/// `/account`.
#[derive(Clone, Debug)]
pub struct Home {
    /// Said at the top.
    pub notice: Option<Notice>,
    /// How the person is addressed.
    pub nickname: String,
    /// Their customer id as spoken.
    pub customer_id: String,
    /// The services they use.
    pub services: Vec<ServiceTile>,
    /// The links, as `/account/links` shows them.
    pub links: Vec<LinkRow>,
    /// The consents, as `/account/privacy` shows them; the newest few.
    pub consents: Vec<ConsentRow>,
    /// How many consents there are in all.
    pub consent_count: u32,
    /// How many browsers are signed in, this one included.
    pub session_count: u32,
    /// The last decisions, the newest first.
    pub decisions: Vec<Decision>,
}

impl Home {
    pub(super) fn nav(&self) -> &'static str {
        "/account"
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let tile = |card: ClientCard, linked, last| ServiceTile {
            url: format!("http://{}:8080/", card.host),
            disconnect_url: format!("/account/services/{}/disconnect", card.logo.colour),
            card,
            linked,
            last_used: last,
        };
        let tier = say(l, "Уровень и баланс баллов", "Tier and points", "会员等级和积分");
        let full = Self {
            notice: None,
            nickname: say(l, "Анна", "Anna", "安娜"),
            customer_id: "28T5-CY4T-QKFF-A".into(),
            services: vec![tile(aurora(l), true, Some(minutes(-12))), tile(polar(l), true, Some(days(-2))), tile(kinograd(l), false, None)],
            links: Links::sample_rows(l),
            consents: sample_consents(l),
            consent_count: 9,
            session_count: 2,
            decisions: vec![
                Decision { kind: DecisionKind::Given, service: aurora(l).name, what: tier.clone(), at: minutes(-3) },
                Decision { kind: DecisionKind::Linked, service: polar(l).name, what: "•••• 4417".into(), at: minutes(-40) },
                Decision {
                    kind: DecisionKind::Withdrawn,
                    service: kinograd(l).name,
                    what: say(l, "Адрес электронной почты", "Email address", "电子邮箱"),
                    at: days(-3),
                },
                Decision { kind: DecisionKind::Refused, service: kinograd(l).name, what: tier, at: days(-9) },
                Decision { kind: DecisionKind::LinkEnded, service: aurora(l).name, what: "•••• 0921".into(), at: days(-40) },
            ],
        };
        let empty = Self {
            services: vec![],
            links: vec![],
            consents: vec![],
            consent_count: 0,
            session_count: 1,
            decisions: vec![],
            ..full.clone()
        };
        let done = Self { notice: Some(Notice::Disconnected { service: kinograd(l).name }), ..full.clone() };
        vec![("full", full), ("empty", empty), ("notice", done)]
    }
}
page!(Home, "account/home.html");

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkStatus {
    /// Works.
    Active,
    /// Blocked for now: safety, a request of the service, or the service is switched off.
    Suspended,
    /// Agreed to, and waits until the service has finished.
    Pending,
    /// Two people claim it; nothing flows until it is decided.
    Disputed,
}

/// A linked account.
#[derive(Clone, Debug)]
pub struct LinkRow {
    /// Its id outside (`lnk_...`): the value of the field `link`.
    pub id: String,
    /// The service.
    pub service: ClientCard,
    /// The service's own account, masked.
    pub local_account: String,
    /// How it stands.
    pub status: LinkStatus,
    /// Since when.
    pub since: Timestamp,
    /// Who reads this service's data with the person's consent.
    pub readers: Vec<String>,
    /// Made a short time ago: until when it can be undone with one click.
    pub undo_until: Option<Timestamp>,
    /// The confirm page that ends it.
    pub end_url: String,
}

impl LinkRow {
    pub(super) fn word(&self) -> &'static str {
        match self.status {
            LinkStatus::Active => "link-active",
            LinkStatus::Suspended => "link-suspended",
            LinkStatus::Pending => "link-pending",
            LinkStatus::Disputed => "link-disputed",
        }
    }

    pub(super) fn tone(&self) -> &'static str {
        match self.status {
            LinkStatus::Active => "good",
            LinkStatus::Pending => "info",
            LinkStatus::Suspended | LinkStatus::Disputed => "warn",
        }
    }
}

/// `/account/links`.
#[derive(Clone, Debug)]
pub struct Links {
    /// Said at the top.
    pub notice: Option<Notice>,
    /// The links, the newest first.
    pub links: Vec<LinkRow>,
    /// Services that could be connected, with the address where that begins: their own page.
    pub connectable: Vec<(ClientCard, String)>,
}

impl Links {
    pub(super) fn nav(&self) -> &'static str {
        "/account/links"
    }

    pub(super) fn sample_rows(l: Locale) -> Vec<LinkRow> {
        let row = |id: &str, service: ClientCard, local: &str, since| LinkRow {
            id: id.into(),
            service,
            local_account: local.into(),
            status: LinkStatus::Active,
            since,
            readers: vec![],
            undo_until: None,
            end_url: format!("/account/links/{id}/end"),
        };
        vec![
            LinkRow {
                readers: vec![aurora(l).name], undo_until: Some(days(3)), ..row("lnk_01", polar(l), "•••• 4417", minutes(-40))
            },
            row("lnk_02", aurora(l), "AB-•••-0921", days(-120)),
        ]
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let mut links = Self::sample_rows(l);
        let second = links[1].clone();
        for status in [LinkStatus::Suspended, LinkStatus::Pending, LinkStatus::Disputed] {
            links.push(LinkRow {
                status,
                id: format!("lnk_{status:?}"),
                service: kinograd(l),
                local_account: "KG-•••-118".into(),
                ..second.clone()
            });
        }
        let connectable = vec![(kinograd(l), "http://cinema.localhost:8080/".to_owned())];
        vec![
            ("few", Self { notice: None, links: Self::sample_rows(l), connectable: connectable.clone() }),
            ("many", Self { notice: Some(Notice::NothingChanged), links, connectable: vec![] }),
            ("none", Self { notice: Some(Notice::LinkEnded { service: polar(l).name }), links: vec![], connectable }),
        ]
    }
}
page!(Links, "account/links.html");
