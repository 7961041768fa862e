//! Where the person is signed in, and with what.

use super::account::Notice;
use super::frame::Frame;
use super::link::{aurora, kinograd, polar};
use super::page::{days, minutes, page, say};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// A browser signed in at Concord.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id outside: the value of the field `session`.
    pub id: String,
    /// `Firefox on Linux`.
    pub device: String,
    /// City, approximate; `None` when not known.
    pub place: Option<String>,
    /// When it signed in.
    pub since: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// It is this browser.
    pub current: bool,
    /// The services it is signed in to.
    pub services: Vec<String>,
}

impl SessionRow {
    /// What a browser is called that does not say what it is.
    pub fn unknown_device(f: &Frame) -> String {
        f.t("unknown-browser")
    }
}

/// `/account/sessions`.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// Said at the top.
    pub notice: Option<Notice>,
    /// The sessions, this one first.
    pub sessions: Vec<SessionRow>,
}

impl Sessions {
    pub(super) fn nav(&self) -> &'static str {
        "/account/sessions"
    }

    pub(super) fn has_others(&self) -> bool {
        self.sessions.iter().any(|s| !s.current)
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let here = SessionRow {
            id: "ses_01".into(),
            device: say(l, "Firefox на Linux", "Firefox on Linux", "Linux 上的 Firefox"),
            place: None,
            since: minutes(-95),
            last_seen: minutes(0),
            current: true,
            services: vec![aurora(l).name, kinograd(l).name],
        };
        let phone = SessionRow {
            id: "ses_02".into(),
            device: say(l, "Chrome на Android", "Chrome on Android", "Android 上的 Chrome"),
            place: Some(say(l, "Новосибирск", "Novosibirsk", "新西伯利亚")),
            since: days(-12),
            last_seen: days(-2),
            current: false,
            services: vec![polar(l).name],
        };
        let old = SessionRow { id: "ses_03".into(), services: vec![], place: None, last_seen: minutes(-130), ..phone.clone() };
        vec![
            ("several", Self { notice: None, sessions: vec![here.clone(), phone.clone(), old] }),
            ("one-ended", Self { notice: Some(Notice::SessionEnded), sessions: vec![here.clone(), phone] }),
            ("only-this", Self { notice: Some(Notice::OthersEnded), sessions: vec![here] }),
        ]
    }
}
page!(Sessions, "account/sessions.html");

/// An address Concord may write to.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Masked.
    pub address: String,
    /// When it was proved; `None`: not yet.
    pub verified_at: Option<Timestamp>,
    /// Signs the person in.
    pub is_login: bool,
}

/// `/account/security`.
#[derive(Clone, Debug)]
pub struct Security {
    /// Said at the top.
    pub notice: Option<Notice>,
    /// When the password was set; `None`: there is none, codes only.
    pub password_set_at: Option<Timestamp>,
    /// Addresses and numbers.
    pub contacts: Vec<Contact>,
    /// How they want to be addressed: can be changed here.
    pub nickname: String,
    /// Their customer id as spoken.
    pub customer_id: String,
}

impl Security {
    pub(super) fn nav(&self) -> &'static str {
        "/account/security"
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let mail = Contact { address: "a•••k@e•••.com".into(), verified_at: Some(days(-120)), is_login: true };
        let phone = Contact { address: "+7 916 •••-••-67".into(), verified_at: None, is_login: false };
        let full = Self {
            notice: None,
            password_set_at: Some(days(-120)),
            contacts: vec![mail.clone(), phone],
            nickname: say(l, "Анна", "Anna", "安娜"),
            customer_id: "28T5-CY4T-QKFF-A".into(),
        };
        let bare = Self { password_set_at: None, contacts: vec![mail], ..full.clone() };
        vec![
            ("full", full.clone()),
            ("no-password", bare),
            ("changed", Self { notice: Some(Notice::PasswordSet), password_set_at: Some(minutes(0)), ..full.clone() }),
            ("renamed", Self { notice: Some(Notice::NicknameSet), ..full }),
        ]
    }
}
page!(Security, "account/security.html");
