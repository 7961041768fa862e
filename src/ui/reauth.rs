//! Who is here: asking again, choosing between people, coming back.

use super::frame::Frame;
use super::page::{Trouble, page, say};
use super::sign_in::PasswordError;
use crate::protocol::locale::Locale;

/// Why somebody who is signed in must prove it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReauthWhy {
    /// The service asked for a fresh sign-in (`prompt=login`).
    ServiceAsks,
    /// The sign-in is older than the service accepts (`max_age`).
    TooLongAgo,
    /// A local account is about to be linked.
    BeforeLink {
        /// The service's name.
        service: String,
    },
    /// Something about the account's safety is about to change.
    BeforeChange,
}

/// Prove again who you are: says why.
#[derive(Clone, Debug)]
pub struct Reauth {
    /// Why.
    pub why: ReauthWhy,
    /// Masked name or address of the person signed in.
    pub person: String,
    /// They have a password; otherwise only a code is offered.
    pub has_password: bool,
    /// Offers a code by e-mail.
    pub may_use_code: bool,
    /// What was wrong.
    pub error: Option<PasswordError>,
}

impl Reauth {
    pub(super) fn reason(&self, f: &Frame) -> String {
        let asking = f.client.as_ref().map(|c| c.name.as_str());
        match (&self.why, asking) {
            (ReauthWhy::ServiceAsks, Some(name)) => f.t1("reauth-why-service", "service", name),
            (ReauthWhy::ServiceAsks, None) => f.t("reauth-why-asked"),
            (ReauthWhy::TooLongAgo, _) => f.t("reauth-why-age"),
            (ReauthWhy::BeforeLink { service }, _) => f.t1("reauth-why-link", "service", service),
            (ReauthWhy::BeforeChange, _) => f.t("reauth-why-change"),
        }
    }

    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        self.error.map(|e| e.trouble(f))
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let plain =
            Self {
                why: ReauthWhy::ServiceAsks, person: "a•••k@e•••.com".into(), has_password: true, may_use_code: true, error: None
            };
        let service = say(l, "Полярные баллы", "Polar Points", "极地积分");
        vec![
            ("service", plain.clone()),
            ("age", Self { why: ReauthWhy::TooLongAgo, ..plain.clone() }),
            ("link", Self { why: ReauthWhy::BeforeLink { service }, ..plain.clone() }),
            ("code-only", Self { why: ReauthWhy::BeforeChange, has_password: false, ..plain.clone() }),
            ("wrong", Self { error: Some(PasswordError::Wrong), may_use_code: false, ..plain }),
        ]
    }
}
page!(Reauth, "sign_in/reauth.html");

/// Somebody this browser knows.
#[derive(Clone, Debug)]
pub struct KnownPerson {
    /// The value of the button: an opaque handle.
    pub handle: String,
    /// How they want to be addressed.
    pub nickname: String,
    /// Masked address.
    pub address: String,
    /// Signed in now; otherwise they sign in again.
    pub signed_in: bool,
}

impl KnownPerson {
    pub(super) fn letter(&self) -> String {
        self.nickname.chars().find(|c| c.is_alphanumeric()).map_or_else(|| "•".into(), |c| c.to_uppercase().collect())
    }
}

/// Which of you is it (`prompt=select_account`, and "not you?").
#[derive(Clone, Debug)]
pub struct SelectAccount {
    /// Who this browser knows, the last first.
    pub people: Vec<KnownPerson>,
}

impl SelectAccount {
    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let anna = KnownPerson {
            handle: "one".into(),
            nickname: say(l, "Анна", "Anna", "安娜"),
            address: "a•••k@e•••.com".into(),
            signed_in: true,
        };
        let long = KnownPerson {
            handle: "two".into(),
            nickname: say(
                l,
                "Константин Константинович из соседнего подъезда",
                "Bartholomew Featherstonehaugh-Cholmondeley the Younger",
                "住在隔壁单元楼的康斯坦丁先生",
            ),
            address: "k•••v@m•••.example.org".into(),
            signed_in: false,
        };
        vec![("one", Self { people: vec![anna.clone()] }), ("two", Self { people: vec![anna, long] }), ("nobody", Self { people: vec![] })]
    }
}
page!(SelectAccount, "sign_in/select_account.html");
