//! The demo ecosystem: its hub, and the pages of the partner services. A partner's page looks like the partner,
//! not like Concord: its colour, its name, its own sign-in.

use super::frame::{Frame, Logo};
use super::page::{Trouble, page};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// A partner service as it shows itself. Its colour is that of its mark.
#[derive(Clone, Debug)]
pub struct Brand {
    /// Its name.
    pub name: String,
    /// Its line of business in a word: banking, loyalty, media.
    pub domain: String,
    /// What it says of itself on its own page.
    pub tagline: String,
    /// What the hub says about it.
    pub about: String,
    /// Host and port.
    pub host: String,
    /// The address of its first page.
    pub url: String,
    /// Its mark.
    pub logo: Logo,
}

/// A step of "try this".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryThis {
    /// Register at the cinema through Concord.
    Register,
    /// Sign in locally at the loyalty service and connect that account.
    ConnectLoyalty,
    /// The same at the bank; sign out and come back without a password.
    ConnectBank,
    /// Let the bank read the points.
    Share,
    /// Withdraw that.
    Withdraw,
    /// End the bank's link.
    EndLink,
}

/// A step with where it begins and whether it is done.
#[derive(Clone, Debug)]
pub struct TryStep {
    /// Which.
    pub step: TryThis,
    /// The service's name; unused where the step is at Concord.
    pub service: String,
    /// Name and password of a local account to use.
    pub local_account: Option<(String, String)>,
    /// Where it begins.
    pub url: String,
    /// It happened.
    pub done: bool,
}

impl TryStep {
    pub(super) fn text(&self, f: &Frame) -> String {
        let service = &self.service;
        match self.step {
            TryThis::Register => f.t1("demo-try-register", "service", service),
            TryThis::ConnectLoyalty => f.t1("demo-try-connect", "service", service),
            TryThis::ConnectBank => f.t1("demo-try-connect-back", "service", service),
            TryThis::Share => f.t1("demo-try-share", "service", service),
            TryThis::Withdraw => f.t1("demo-try-withdraw", "service", service),
            TryThis::EndLink => f.t1("demo-try-end", "service", service),
        }
    }
}

/// Somebody to be, with one click.
#[derive(Clone, Debug)]
pub struct Persona {
    /// The value of the button `persona`.
    pub handle: String,
    /// Their name.
    pub name: String,
    /// What is special about them.
    pub about: String,
}

/// A mail that stayed on this machine.
#[derive(Clone, Debug)]
pub struct OutboxMail {
    /// To whom: in the clear, since these people are made up.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The code in it.
    pub code: Option<String>,
    /// The text.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// How many calls are shown at once; the others are folded away.
const LATEST: usize = 12;

/// How a logged call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Well.
    Good,
    /// Refused, as it should be.
    Bad,
    /// Neither.
    Info,
}

impl Tone {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Info => "info",
        }
    }
}

/// A call between the services, or an event.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// `14:03:11.412`.
    pub time: String,
    /// `POST /oauth2/introspect`, `link.activated`.
    pub call: String,
    /// Who asks whom for what, in words.
    pub about: String,
    /// `200`, `active`, `event`.
    pub outcome: String,
    /// How it went.
    pub tone: Tone,
    /// Title and text of what was sent and answered: JSON, decoded tokens; secrets are left out by the caller.
    pub parts: Vec<(String, String)>,
    /// The same call for a shell.
    pub curl: Option<String>,
    /// The specification it follows: name and address.
    pub specification: Option<(String, String)>,
}

/// The first page of the demo.
#[derive(Clone, Debug)]
pub struct Hub {
    /// The services.
    pub services: Vec<Brand>,
    /// The address of `/account`.
    pub account_url: String,
    /// Host and port of Concord.
    pub account_host: String,
    /// What to try.
    pub steps: Vec<TryStep>,
    /// Whom to be.
    pub personas: Vec<Persona>,
    /// Mails, the newest first.
    pub outbox: Vec<OutboxMail>,
    /// What happened, the newest first.
    pub log: Vec<LogEntry>,
    /// Reloads by itself (`?live=on`): the http layer sends `Refresh: 3` with the page.
    pub live: bool,
    /// Links at the foot: name and address (API description, metrics).
    pub more: Vec<(String, String)>,
}

impl Hub {
    /// The calls that are shown at once.
    pub(super) fn latest(&self) -> &[LogEntry] {
        &self.log[..self.log.len().min(LATEST)]
    }

    /// The calls that are folded away.
    pub(super) fn older(&self) -> &[LogEntry] {
        &self.log[self.log.len().min(LATEST)..]
    }

    pub(super) fn done_count(&self) -> usize {
        self.steps.iter().filter(|s| s.done).count()
    }

    pub(super) fn step_count(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn service_count(&self) -> usize {
        self.services.len()
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let full = super::demo_samples::hub(l);
        let fresh = Self {
            steps: full.steps.iter().cloned().map(|s| TryStep { done: false, ..s }).collect(),
            outbox: vec![],
            log: vec![],
            live: true,
            ..full.clone()
        };
        vec![("busy", full), ("fresh", fresh)]
    }
}
page!(Hub, "demo/hub.html");

/// What is simulated in the demo, and what is not.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Paragraphs, in the reader's language.
    pub paragraphs: Vec<String>,
    /// Back to the hub.
    pub hub_url: String,
}

impl Simulated {
    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let text = super::page::say(l, "Три сервиса выдуманы.", "The three services are invented.", "三家服务是虚构的。");
        vec![("plain", Self { paragraphs: vec![text.clone(), text], hub_url: "http://id.localhost:8080/demo".into() })]
    }
}
page!(Simulated, "demo/simulated.html");

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
    pub(super) fn key(self) -> &'static str {
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
    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        self.wrong.then(|| Trouble::new("login", f.t("error-credentials")))
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let [bank, loyalty, cinema] = super::demo_samples::brands(l);
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
    pub(super) fn rows(&self) -> &[(String, String)] {
        match &self.contents {
            PanelContents::Rows(rows) => rows,
            _ => &[],
        }
    }

    /// The sentence that stands instead of rows.
    pub(super) fn sentence(&self) -> Option<&'static str> {
        match self.contents {
            PanelContents::Rows(_) => None,
            PanelContents::Ask => Some("partner-panel-ask"),
            PanelContents::Withdrawn => Some("partner-panel-withdrawn"),
            PanelContents::NotLinked => Some("partner-panel-not-linked"),
            PanelContents::Unavailable => Some("partner-panel-unavailable"),
        }
    }

    pub(super) fn may_ask(&self) -> bool {
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
    pub(super) fn connected_since(&self) -> Option<&Timestamp> {
        match &self.concord {
            ConcordState::Connected { since } => Some(since),
            _ => None,
        }
    }

    pub(super) fn came_through(&self) -> bool {
        self.concord == ConcordState::CameThroughConcord
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        super::demo_samples::accounts(l)
    }
}
page!(PartnerAccount, "demo/partner_account.html");
