//! The pages of the partner services.

use super::super::frame::Frame;
use super::super::page::{Trouble, page};
use super::Brand;
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// What a partner's page says at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerNotice {
    /// Signed out here.
    SignedOut,
    /// Concord ended the sign-in: back-channel logout, or the link ended.
    EndedByConcord,
    /// The local account is connected now.
    Connected,
    /// The person chose not to connect.
    Declined,
    /// Concord could not connect it; signing in goes on as before.
    LinkFailed,
    /// The connection was ended.
    Disconnected,
    /// The person chose not to sign in with Concord.
    SignInDeclined,
    /// Signing in with Concord did not work.
    SignInFailed,
    /// The person chose not to share.
    ShareDeclined,
}

impl PartnerNotice {
    pub(in crate::ui) fn key(self) -> &'static str {
        match self {
            Self::SignedOut => "partner-signed-out",
            Self::EndedByConcord => "partner-ended-by-concord",
            Self::Connected => "partner-connected",
            Self::Declined => "partner-declined",
            Self::LinkFailed => "partner-link-failed",
            Self::Disconnected => "partner-disconnected",
            Self::SignInDeclined => "partner-sign-in-declined",
            Self::SignInFailed => "partner-sign-in-failed",
            Self::ShareDeclined => "partner-share-declined",
        }
    }
}

/// A partner's first page: its own sign-in, and "Continue with Concord".
#[derive(Clone, Debug)]
pub struct PartnerHome {
    /// The partner.
    pub brand: Brand,
    /// Said at the top.
    pub notice: Option<PartnerNotice>,
    /// The login name typed before.
    pub login: String,
    /// Name and password were wrong.
    pub wrong: bool,
    /// Local accounts to try: login, password.
    pub try_accounts: Vec<(String, String)>,
    /// Back to the hub.
    pub hub_url: String,
}

impl PartnerHome {
    pub(in crate::ui) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        self.wrong.then(|| Trouble::new("login", f.t("error-credentials")))
    }

    pub(in crate::ui) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let [bank, loyalty, cinema] = crate::ui::demo_samples::brands(l);
        let of = |brand| Self {
            brand,
            notice: None,
            login: String::new(),
            wrong: false,
            try_accounts: vec![("anna".into(), "polar".into()), ("boris".into(), "polar".into())],
            hub_url: "http://id.localhost:8080/demo".into(),
        };
        vec![
            ("bank", Self { notice: Some(PartnerNotice::SignedOut), ..of(bank) }),
            ("loyalty", of(loyalty)),
            ("cinema", Self { wrong: true, login: "anna".into(), try_accounts: vec![], ..of(cinema) }),
        ]
    }
}
page!(PartnerHome, "demo/partner_home.html");

/// How the person at a partner stands with Concord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConcordState {
    /// The local account is not connected.
    NotConnected,
    /// Connected.
    Connected {
        /// Since when.
        since: Timestamp,
    },
    /// Signed in with Concord; there was no local account before.
    CameThroughConcord,
}

/// A panel with data on a partner's page.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Its id: the value of the field `panel`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The other service the data come from, through Concord; `None`: the partner's own.
    pub from: Option<String>,
    /// What there is to see.
    pub contents: PanelContents,
}

/// What a panel holds.
#[derive(Clone, Debug)]
pub enum PanelContents {
    /// Names and values.
    Rows(Vec<(String, String)>),
    /// Nothing yet: a button asks for consent.
    Ask,
    /// It was shared and was taken back.
    Withdrawn,
    /// The other service's account is not linked.
    NotLinked,
    /// Concord or the other service does not answer.
    Unavailable,
}

impl Panel {
    pub(in crate::ui) fn rows(&self) -> &[(String, String)] {
        match &self.contents {
            PanelContents::Rows(rows) => rows,
            _ => &[],
        }
    }

    /// The sentence that stands instead of rows.
    pub(in crate::ui) fn sentence(&self) -> Option<&'static str> {
        match self.contents {
            PanelContents::Rows(_) => None,
            PanelContents::Ask => Some("partner-panel-ask"),
            PanelContents::Withdrawn => Some("partner-panel-withdrawn"),
            PanelContents::NotLinked => Some("partner-panel-not-linked"),
            PanelContents::Unavailable => Some("partner-panel-unavailable"),
        }
    }

    pub(in crate::ui) fn may_ask(&self) -> bool {
        matches!(self.contents, PanelContents::Ask | PanelContents::Withdrawn)
    }
}

/// A partner's page for somebody signed in.
#[derive(Clone, Debug)]
pub struct PartnerAccount {
    /// The partner.
    pub brand: Brand,
    /// Said at the top.
    pub notice: Option<PartnerNotice>,
    /// How the partner addresses the person.
    pub person: String,
    /// The partner's own account: its number.
    pub account: String,
    /// What the partner knows of the account: names and values.
    pub facts: Vec<(String, String)>,
    /// How it stands with Concord.
    pub concord: ConcordState,
    /// Panels with data.
    pub panels: Vec<Panel>,
    /// Signed in at Concord too: there is a way out of both.
    pub everywhere: bool,
    /// The tokens of this sign-in, decoded: title and text.
    pub tokens: Vec<(String, String)>,
    /// Where the person sees and ends the connection: `/account/links` at Concord.
    pub manage_url: String,
    /// Back to the hub.
    pub hub_url: String,
}

impl PartnerAccount {
    pub(in crate::ui) fn connected_since(&self) -> Option<&Timestamp> {
        match &self.concord {
            ConcordState::Connected { since } => Some(since),
            _ => None,
        }
    }

    pub(in crate::ui) fn came_through(&self) -> bool {
        self.concord == ConcordState::CameThroughConcord
    }

    pub(in crate::ui) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        crate::ui::demo_samples::accounts(l)
    }
}
page!(PartnerAccount, "demo/partner_account.html");
