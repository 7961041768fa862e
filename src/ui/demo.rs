//! The demo ecosystem: its hub, and the pages of the partner services. A partner's page looks like the partner,
//! not like Concord: its colour, its name, its own sign-in.

mod partner;

pub use partner::{ConcordState, Panel, PanelContents, PartnerAccount, PartnerHome, PartnerNotice};

use super::frame::{Frame, Logo};
use super::page::page;
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
