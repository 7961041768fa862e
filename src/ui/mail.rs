//! Mails, as plain text. Codes are typed, never clicked; a link in a mail leads to a page and signs nobody in.

use super::link::{kinograd, polar};
use super::page::{SAMPLE_NOW, days, say};
use super::text::{self, Arg};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// What every mail needs to know.
#[derive(Clone, Debug)]
pub struct Letterhead {
    /// The reader's language.
    pub locale: Locale,
    /// Concord's own host.
    pub issuer_host: String,
    /// The zone in which times are written, minutes east of UTC.
    pub utc_offset_minutes: i32,
}

impl Letterhead {
    fn say(&self, key: &str, args: &[(&'static str, &dyn Arg)]) -> String {
        text::message(self.locale, key, args)
    }

    fn moment(&self, at: Timestamp) -> String {
        text::moment(self.locale, at, self.utc_offset_minutes)
    }

    /// Paragraphs, an empty line between them, and at the end who wrote.
    fn letter(&self, paragraphs: &[String]) -> String {
        format!("{}\n\n--\n{}\n", paragraphs.join("\n\n"), self.say("mail-signature", &[("host", &self.issuer_host)]))
    }
}

/// A one-time code.
#[derive(Clone)]
pub struct OneTimeCode {
    /// Six digits.
    pub code: String,
    /// For how many minutes it is good.
    pub valid_minutes: u32,
    /// The service the person is on the way to.
    pub service: Option<String>,
}

impl OneTimeCode {
    /// The subject; the code is in it, so that a notification is enough.
    pub fn subject(&self, head: &Letterhead) -> String {
        head.say("mail-code-subject", &[("code", &self.code)])
    }

    /// The text.
    pub fn body(&self, head: &Letterhead) -> String {
        let why = match &self.service {
            Some(service) => head.say("mail-code-service", &[("service", service)]),
            None => head.say("mail-code-plain", &[]),
        };
        let valid = head.say("mail-code-valid", &[("minutes", &self.valid_minutes)]);
        head.letter(&[why, format!("    {}", self.code), valid, head.say("mail-code-warning", &[])])
    }
}

/// A link became active.
#[derive(Clone)]
pub struct LinkActivated {
    /// The service.
    pub service: String,
    /// Its own account, masked.
    pub local_account: String,
    /// When.
    pub at: Timestamp,
    /// Until when it can be undone.
    pub undo_until: Timestamp,
    /// Where: a page at Concord that asks to sign in.
    pub undo_url: String,
}

impl LinkActivated {
    /// The subject.
    pub fn subject(&self, head: &Letterhead) -> String {
        head.say("mail-link-subject", &[("service", &self.service)])
    }

    /// The text.
    pub fn body(&self, head: &Letterhead) -> String {
        let what =
            head.say("mail-link-what", &[("service", &self.service), ("account", &self.local_account), ("at", &head.moment(self.at))]);
        let undo = head.say("mail-link-undo", &[("until", &head.moment(self.undo_until))]);
        head.letter(&[what, head.say("mail-link-yours", &[]), format!("{undo}\n{}", self.undo_url)])
    }
}

/// A consent was withdrawn.
#[derive(Clone)]
pub struct ConsentWithdrawn {
    /// Who can no longer read.
    pub service: String,
    /// What.
    pub what: String,
    /// When.
    pub at: Timestamp,
    /// The privacy page.
    pub privacy_url: String,
}

impl ConsentWithdrawn {
    /// The subject.
    pub fn subject(&self, head: &Letterhead) -> String {
        head.say("mail-withdrawn-subject", &[("service", &self.service)])
    }

    /// The text.
    pub fn body(&self, head: &Letterhead) -> String {
        let what = head.say("mail-withdrawn-what", &[("service", &self.service), ("what", &self.what), ("at", &head.moment(self.at))]);
        head.letter(&[what, head.say("mail-withdrawn-after", &[]), format!("{}\n{}", head.say("mail-see-privacy", &[]), self.privacy_url)])
    }
}

/// The password was changed, or a first one was set.
#[derive(Clone)]
pub struct PasswordChanged {
    /// `Firefox, Linux`; empty: not known.
    pub device: String,
    /// When.
    pub at: Timestamp,
    /// The sessions page.
    pub sessions_url: String,
}

impl PasswordChanged {
    /// The subject.
    pub fn subject(&self, head: &Letterhead) -> String {
        head.say("mail-password-subject", &[])
    }

    /// The text.
    pub fn body(&self, head: &Letterhead) -> String {
        let mut facts = vec![head.say("mail-fact-time", &[("at", &head.moment(self.at))])];
        if !self.device.is_empty() {
            facts.insert(0, head.say("mail-fact-device", &[("device", &self.device)]));
        }
        let otherwise = format!("{}\n{}", head.say("mail-password-otherwise", &[]), self.sessions_url);
        head.letter(&[head.say("mail-password-what", &[]), facts.join("\n"), otherwise])
    }
}

/// Every mail as a sample: name, subject, text.
pub fn samples(head: &Letterhead) -> Vec<(&'static str, String, String)> {
    let l = head.locale;
    let code = OneTimeCode { code: "492017".into(), valid_minutes: 10, service: Some(kinograd(l).name) };
    let plain = OneTimeCode { service: None, ..code.clone() };
    let link = LinkActivated {
        service: polar(l).name,
        local_account: "•••• 4417".into(),
        at: SAMPLE_NOW,
        undo_until: days(3),
        undo_url: "https://id.example.com/account/links".into(),
    };
    let consent = ConsentWithdrawn {
        service: kinograd(l).name,
        what: say(l, "Адрес электронной почты", "Email address", "电子邮箱"),
        at: SAMPLE_NOW,
        privacy_url: "https://id.example.com/account/privacy".into(),
    };
    let password = PasswordChanged {
        device: say(l, "Firefox на Linux", "Firefox on Linux", "Linux 上的 Firefox"),
        at: SAMPLE_NOW,
        sessions_url: "https://id.example.com/account/sessions".into(),
    };
    vec![
        ("code", code.subject(head), code.body(head)),
        ("code-plain", plain.subject(head), plain.body(head)),
        ("link-activated", link.subject(head), link.body(head)),
        ("consent-withdrawn", consent.subject(head), consent.body(head)),
        ("password-changed", password.subject(head), password.body(head)),
    ]
}
