//! Signing in: who are you, prove it, prove it again.

use super::frame::Frame;
use super::page::{Trouble, minutes, page};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// Why the first step was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierError {
    /// Nothing was typed.
    Empty,
    /// It does not look like what the field takes.
    NotAnAddress,
    /// Its holder proved it, and the account is locked.
    Locked,
    /// Too many tries, from this place or with this name.
    TooManyTries {
        /// When the next one is possible.
        again_at: Timestamp,
    },
}

/// The first page: one field. Says nothing about whether the person is known.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// What was typed before, or `login_hint`.
    pub value: String,
    /// Offers to create a Concord ID.
    pub may_register: bool,
    /// What was wrong.
    pub error: Option<IdentifierError>,
}

impl Identifier {
    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        let field = "identifier";
        Some(match self.error? {
            IdentifierError::Empty => Trouble::new(field, f.t("error-identifier-empty")),
            IdentifierError::NotAnAddress => Trouble::new(field, f.t("error-identifier-shape")),
            IdentifierError::Locked => Trouble::new(field, f.t("error-identifier-locked")),
            IdentifierError::TooManyTries { again_at } => Trouble::too_many(f, field, again_at),
        })
    }

    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        let plain = Self { value: String::new(), may_register: true, error: None };
        vec![
            ("plain", plain.clone()),
            ("hinted", Self { value: "anna.k@example.com".into(), ..plain.clone() }),
            ("closed", Self { may_register: false, ..plain.clone() }),
            ("empty", Self { error: Some(IdentifierError::Empty), ..plain.clone() }),
            ("wrong", Self { value: "anna.k@".into(), error: Some(IdentifierError::NotAnAddress), ..plain.clone() }),
            ("locked", Self { error: Some(IdentifierError::Locked), ..plain.clone() }),
            ("waiting", Self { error: Some(IdentifierError::TooManyTries { again_at: minutes(12) }), ..plain }),
        ]
    }
}
page!(Identifier, "sign_in/identifier.html");

/// Why a password was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// Nothing was typed.
    Empty,
    /// Unknown person or wrong password: one text for both.
    Wrong,
    /// Too many tries.
    TooManyTries {
        /// When the next one is possible.
        again_at: Timestamp,
    },
    /// The server is too busy to check one now.
    Busy,
}

impl PasswordError {
    pub(super) fn trouble(self, f: &Frame) -> Trouble {
        let field = "password";
        match self {
            Self::Empty => Trouble::new(field, f.t("error-password-empty")),
            Self::Wrong => Trouble::new(field, f.t("error-credentials")),
            Self::TooManyTries { again_at } => Trouble::too_many(f, field, again_at),
            Self::Busy => Trouble::new(field, f.t("error-busy")),
        }
    }
}

/// The password page; the same for a person we do not know.
#[derive(Clone, Debug)]
pub struct Password {
    /// The identifier as this person typed it a moment ago.
    pub identifier: String,
    /// Offers a code by e-mail instead.
    pub may_use_code: bool,
    /// What was wrong.
    pub error: Option<PasswordError>,
}

impl Password {
    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        self.error.map(|e| e.trouble(f))
    }

    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        let plain = Self { identifier: "anna.k@example.com".into(), may_use_code: true, error: None };
        vec![
            ("plain", plain.clone()),
            ("empty", Self { error: Some(PasswordError::Empty), may_use_code: false, ..plain.clone() }),
            ("wrong", Self { error: Some(PasswordError::Wrong), ..plain.clone() }),
            ("waiting", Self { error: Some(PasswordError::TooManyTries { again_at: minutes(45) }), ..plain.clone() }),
            (
                "long",
                Self {
                    identifier: "a.very.long.and.rather.unlikely.address.of.somebody@mail.department.example.com".into(),
                    error: Some(PasswordError::Busy),
                    ..plain
                },
            ),
        ]
    }
}
page!(Password, "sign_in/password.html");

/// What a typed code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// Signing in, or creating a Concord ID when there is none: the page does not tell which.
    SignIn,
    /// The second step of registration.
    Register,
    /// Proving again who is here.
    Reauth,
}

/// Why a code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Nothing was typed.
    Empty,
    /// Not six digits.
    NotSixDigits,
    /// Not the code that was sent.
    Wrong {
        /// Tries that remain.
        tries_left: u32,
    },
    /// Older than its ten minutes.
    Expired,
    /// Five wrong tries: this code is void.
    Spent,
    /// Too many codes or tries.
    TooManyTries {
        /// When the next one is possible.
        again_at: Timestamp,
    },
}

/// The page that takes a one-time code.
#[derive(Clone, Debug)]
pub struct Code {
    /// What the code is for.
    pub purpose: CodePurpose,
    /// Where it was sent, masked.
    pub sent_to: String,
    /// For how many minutes a code is good.
    pub valid_minutes: u32,
    /// Another one was sent just now.
    pub resent: bool,
    /// Offers the password instead.
    pub may_use_password: bool,
    /// What was wrong.
    pub error: Option<CodeError>,
}

impl Code {
    pub(super) fn heading(&self) -> &'static str {
        match self.purpose {
            CodePurpose::SignIn => "code-title",
            CodePurpose::Register => "code-title-contact",
            CodePurpose::Reauth => "code-title-reauth",
        }
    }

    pub(super) fn registering(&self) -> bool {
        self.purpose == CodePurpose::Register
    }

    /// A new code is the only way on.
    pub(super) fn over(&self) -> bool {
        matches!(self.error, Some(CodeError::Expired | CodeError::Spent))
    }

    pub(super) fn trouble(&self, f: &Frame) -> Option<Trouble> {
        let field = "code";
        Some(match self.error? {
            CodeError::Empty => Trouble::new(field, f.t("error-code-empty")),
            CodeError::NotSixDigits => Trouble::new(field, f.t("error-code-shape")),
            CodeError::Wrong { tries_left } => Trouble::new(field, f.t1("error-code-wrong", "left", tries_left)),
            CodeError::Expired => Trouble::new("resend", f.t("error-code-expired")),
            CodeError::Spent => Trouble::new("resend", f.t("error-code-spent")),
            CodeError::TooManyTries { again_at } => Trouble::too_many(f, field, again_at),
        })
    }

    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        let plain = Self {
            purpose: CodePurpose::SignIn,
            sent_to: "a•••k@e•••.com".into(),
            valid_minutes: 10,
            resent: false,
            may_use_password: true,
            error: None,
        };
        let with = |error| Self { error: Some(error), ..plain.clone() };
        vec![
            ("plain", plain.clone()),
            ("register", Self { purpose: CodePurpose::Register, may_use_password: false, ..plain.clone() }),
            ("reauth", Self { purpose: CodePurpose::Reauth, ..plain.clone() }),
            ("resent", Self { resent: true, ..plain.clone() }),
            ("empty", with(CodeError::Empty)),
            ("shape", with(CodeError::NotSixDigits)),
            ("wrong", with(CodeError::Wrong { tries_left: 3 })),
            ("last-try", with(CodeError::Wrong { tries_left: 1 })),
            ("expired", with(CodeError::Expired)),
            ("spent", with(CodeError::Spent)),
            ("waiting", with(CodeError::TooManyTries { again_at: minutes(30) })),
        ]
    }
}
page!(Code, "sign_in/code.html");
