//! Creating a Concord ID: an address, its proof (the code page), a name to be called by, a password.

use super::frame::Frame;
use super::page::{Trouble, minutes, page, say};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// Why an address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailError {
    /// Nothing was typed.
    Empty,
    /// Not an e-mail address.
    NotAnAddress,
    /// Too many codes were sent, to it or from here.
    TooManyTries {
        /// When the next one is possible.
        again_at: Timestamp,
    },
}

/// Step 1: the address. Whether it is known is not said; the code that follows signs in or registers.
#[derive(Clone, Debug)]
pub struct RegisterEmail {
    /// What was typed before.
    pub value: String,
    /// What was wrong.
    pub error: Option<EmailError>,
}

impl RegisterEmail {
    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        let field = "email";
        Some(match self.error? {
            EmailError::Empty => Trouble::new(field, f.t("error-email-empty")),
            EmailError::NotAnAddress => Trouble::new(field, f.t("error-email-shape")),
            EmailError::TooManyTries { again_at } => Trouble::too_many(f, field, again_at),
        })
    }

    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        let with = |value: &str, error| Self { value: value.into(), error };
        vec![
            ("plain", with("", None)),
            ("empty", with("", Some(EmailError::Empty))),
            ("wrong", with("anna.k example.com", Some(EmailError::NotAnAddress))),
            ("waiting", with("anna.k@example.com", Some(EmailError::TooManyTries { again_at: minutes(60) }))),
        ]
    }
}
page!(RegisterEmail, "register/email.html");

/// Why a nickname was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NicknameError {
    /// Nothing was typed.
    Empty,
    /// Longer than `max` characters.
    TooLong {
        /// The limit.
        max: u32,
    },
    /// Has characters that cannot be shown: control or direction marks.
    NotShowable,
}

/// Step 3: how may we address you?
#[derive(Clone, Debug)]
pub struct Nickname {
    /// What was typed before.
    pub value: String,
    /// What was wrong.
    pub error: Option<NicknameError>,
}

impl Nickname {
    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        let field = "nickname";
        Some(match self.error? {
            NicknameError::Empty => Trouble::new(field, f.t("error-nickname-empty")),
            NicknameError::TooLong { max } => Trouble::new(field, f.t1("error-nickname-long", "max", max)),
            NicknameError::NotShowable => Trouble::new(field, f.t("error-nickname-signs")),
        })
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let with = |value: String, error| Self { value, error };
        vec![
            ("plain", with(String::new(), None)),
            ("empty", with(String::new(), Some(NicknameError::Empty))),
            ("long", with(say(l, "Анна", "Anna", "安娜").repeat(20), Some(NicknameError::TooLong { max: 64 }))),
            ("signs", with(say(l, "Анна", "Anna", "安娜"), Some(NicknameError::NotShowable))),
        ]
    }
}
page!(Nickname, "register/nickname.html");

/// The field for the present password.
const CURRENT: &str = "current-password";

/// When a password is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordChoice {
    /// Step 4 of registration.
    Registering,
    /// The first one, later, from the account page.
    First,
    /// Instead of another, which is asked for.
    Change,
}

/// Why a new password was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPasswordError {
    /// Nothing was typed.
    Empty,
    /// Shorter than the page's `min_length`.
    TooShort,
    /// Longer than the page's `max_length`.
    TooLong,
    /// Among those that are tried first.
    TooCommon,
    /// The server is too busy to store one now.
    Busy,
    /// The present password was not typed.
    CurrentEmpty,
    /// The present password is wrong.
    CurrentWrong,
    /// Too many wrong ones.
    TooManyTries {
        /// When the next one counts again.
        again_at: Timestamp,
    },
}

/// A new password, typed once (it can be shown by the browser, and managers fill it).
#[derive(Clone, Debug)]
pub struct ChoosePassword {
    /// When it is chosen.
    pub choice: PasswordChoice,
    /// The address it belongs to, as the person typed it: for password managers.
    pub identifier: String,
    /// The least number of characters.
    pub min_length: usize,
    /// The greatest.
    pub max_length: usize,
    /// What was wrong.
    pub error: Option<NewPasswordError>,
}

impl ChoosePassword {
    pub(super) fn heading(&self) -> &'static str {
        match self.choice {
            PasswordChoice::Registering | PasswordChoice::First => "choose-password-title",
            PasswordChoice::Change => "change-password-title",
        }
    }

    pub(super) fn registering(&self) -> bool {
        self.choice == PasswordChoice::Registering
    }

    /// Asks for the present password, too.
    pub fn asks_current(&self) -> bool {
        self.choice == PasswordChoice::Change
    }

    /// Which of the two fields the trouble is about.
    pub(super) fn trouble_with(&self, f: &Frame, field: &str) -> bool {
        self.trouble(f).is_some_and(|trouble| trouble.field == field)
    }

    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        let field = "new-password";
        Some(match self.error? {
            NewPasswordError::Empty => Trouble::new(field, f.t("error-new-password-empty")),
            NewPasswordError::TooShort => Trouble::new(field, f.t1("error-new-password-short", "min", self.min_length)),
            NewPasswordError::TooLong => Trouble::new(field, f.t1("error-new-password-long", "max", self.max_length)),
            NewPasswordError::TooCommon => Trouble::new(field, f.t("error-new-password-common")),
            NewPasswordError::Busy => Trouble::new(field, f.t("error-busy")),
            NewPasswordError::CurrentEmpty => Trouble::new(CURRENT, f.t("error-current-password-empty")),
            NewPasswordError::CurrentWrong => Trouble::new(CURRENT, f.t("error-current-password-wrong")),
            NewPasswordError::TooManyTries { again_at } => Trouble::too_many(f, CURRENT, again_at),
        })
    }

    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        let (choice, identifier) = (PasswordChoice::Registering, "anna.k@example.com".into());
        let plain = Self { choice, identifier, min_length: 15, max_length: 128, error: None };
        let with = |error| Self { error: Some(error), ..plain.clone() };
        let change = |error| Self { choice: PasswordChoice::Change, error, ..plain.clone() };
        vec![
            ("plain", plain.clone()),
            ("first", Self { choice: PasswordChoice::First, ..plain.clone() }),
            ("change", change(None)),
            ("current-empty", change(Some(NewPasswordError::CurrentEmpty))),
            ("current-wrong", change(Some(NewPasswordError::CurrentWrong))),
            ("current-tries", change(Some(NewPasswordError::TooManyTries { again_at: minutes(15) }))),
            ("empty", with(NewPasswordError::Empty)),
            ("short", with(NewPasswordError::TooShort)),
            ("long", with(NewPasswordError::TooLong)),
            ("common", with(NewPasswordError::TooCommon)),
            ("busy", with(NewPasswordError::Busy)),
        ]
    }
}
page!(ChoosePassword, "register/password.html");
